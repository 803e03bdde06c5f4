"""Names of columns: what is known, what wins, what is refused."""

import pytest

from penchant.catalogue.spellings import EVENTS, ITEMS, USERS, resolve, squeezed
from penchant.errors import UsageError


def found(names, table=EVENTS, required=("user_id", "item_id"), given=None):
    mapped = resolve(names, table, required, given or {}, "f.csv")
    return {field: name for field, name in mapped.columns.items() if name in names}


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        ("userId movieId rating timestamp", "user_id item_id value timestamp"),
        ("USER_ID ITEM_ID TIMESTAMP EVENT_TYPE EVENT_VALUE", "user_id item_id timestamp event_type value"),
        ("user_id:token item_id:token rating:float timestamp:float", "user_id item_id value timestamp"),
        ("FeedbackType UserId ItemId Timestamp Comment", "event_type user_id item_id timestamp text"),
        ("timestamp visitorid event itemid", "timestamp user_id event_type item_id"),
        ("user parent_asin overall unixReviewTime reviewText", "user_id item_id value timestamp text"),
        ("CustomerID StockCode InvoiceDate", "user_id item_id timestamp"),
        ("customer_id article_id datetime weight", "user_id item_id timestamp value"),
        ("session_id product_id date behavior search", "user_id item_id timestamp event_type text"),
    ],
)
def test_known_spellings_of_events(names, fields):
    assert found(names.split()) == dict(zip(fields.split(), names.split(), strict=True))


def test_known_spellings_of_items():
    names = "movieId movie_title genres"
    assert found(names.split(), ITEMS, ("item_id",)) == {
        "item_id": "movieId",
        "title": "movie_title",
        "category": "genres",
    }
    names = ["item_id:token", "title:token_seq", "class:token_seq"]
    assert found(names, ITEMS, ("item_id",)) == dict(zip(("item_id", "title", "category"), names, strict=True))


def test_the_exact_name_wins_then_the_nearer_one():
    assert found(["userId", "user_id", "asin", "parent_asin"])["user_id"] == "user_id"
    assert found(["user", "userId", "item_id"])["user_id"] == "userId"
    assert found(["user_id", "asin", "parent_asin"])["item_id"] == "parent_asin"


def test_two_equally_good_guesses_are_refused_and_a_mapping_settles_it():
    names = ["user_id", "movieId", "product_id"]
    with pytest.raises(UsageError, match="columns movieId and product_id could both be item_id"):
        found(names)
    assert found(names, given={"product_id": "item_id"})["item_id"] == "product_id"


def test_what_is_missing_or_wrong_is_named():
    with pytest.raises(UsageError, match=r"f\.csv: no column for item_id; found user_id, x; allowed: item_id"):
        found(["user_id", "x"])
    with pytest.raises(UsageError, match="no column 'y' to read as value; found item_id, user_id"):
        found(["user_id", "item_id"], given={"y": "value"})
    with pytest.raises(UsageError, match="cannot be read as 'colour'; allowed: event_id"):
        found(["user_id", "item_id"], given={"user_id": "colour"})
    with pytest.raises(UsageError, match="found columns a and b for value, wanted one"):
        found(["user_id", "item_id", "a", "b"], given={"a": "value", "b": "value"})


@pytest.mark.parametrize("table", [EVENTS, ITEMS, USERS])
def test_a_spelling_means_one_field(table):
    words = [word for ranks in table.values() for rank in ranks for word in rank.split()]
    words += [squeezed(field) for field in table]
    assert len(words) == len(set(words))
    assert all(squeezed(word) == word for word in words)
