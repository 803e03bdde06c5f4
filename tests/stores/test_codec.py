"""Documents carry the public names, and everything comes back as it was."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import StoreError, UsageError
from penchant.ports import State
from penchant.stores import codec
from penchant.types import Event, Item, Pick, Query, Slate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
values = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3).map(tuple),
)
mappings = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, max_size=4)
times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone(timedelta(hours=5))))


def there_and_back(value, there, back):
    return back(codec.unpack(codec.pack(there(value))))


@given(mappings, times | st.none())
def test_items_come_back(attributes, created):
    item = Item(id="a", title="T", attributes=attributes, created=created, available=False)
    assert there_and_back(item, codec.from_item, codec.to_item) == item


@given(mappings, times | st.none(), st.floats(allow_nan=False, allow_infinity=False) | st.none())
def test_events_come_back(context, time, value):
    event = Event(id="e", user="u", kind="cart", time=time, value=value, context=context)
    assert there_and_back(event, codec.from_event, codec.to_event) == event


@given(mappings, times | st.none(), st.lists(st.text("ab"), max_size=3).map(tuple) | st.none())
def test_queries_come_back(context, at, candidates):
    query = Query(user="u", context=context, at=at, candidates=candidates, exclude=("x",), k=0)
    assert there_and_back(query, codec.from_query, codec.to_query) == query


def test_scores_come_back_even_when_infinite():
    picks = tuple(Pick(item="i", score=score) for score in (0.1, -np.inf, np.float32(0.5), 1e-300))
    slate = Slate(id="s", time=NOON, query=Query(user="u"), picks=picks, release="r", position=1)
    assert there_and_back(slate, codec.from_slate, codec.to_slate) == slate


def test_chances_come_back_and_slates_without_them_were_certain():
    picks = (Pick(item="i", score=1.0), Pick(item="j", score=0.5, propensity=1 / 3))
    slate = Slate(id="s", time=NOON, query=Query(user="u"), picks=picks, release="r", position=1)
    document = codec.from_slate(slate)
    assert [item["propensity"] for item in document["items"]] == [1.0, 1 / 3]
    assert there_and_back(slate, codec.from_slate, codec.to_slate) == slate
    old = {**document, "items": [{"item_id": "i", "score": 1.0, "reasons": []}]}
    assert codec.to_slate(old).picks == picks[:1]


def test_documents_have_the_public_names():
    event = codec.from_event(Event(id="e", user="u", item="i", time=NOON, slate="s"))
    assert event == {
        "event_id": "e",
        "user_id": "u",
        "item_id": "i",
        "event_type": "view",
        "timestamp": "2026-03-01T12:00:00Z",
        "value": None,
        "text": None,
        "slate_id": "s",
        "context": {},
    }


def test_columns_of_a_file_become_attributes():
    item = codec.to_item(
        {"item_id": "a", "title": None, "price": 3, "tags": ["x"], "colour": None, "attributes": "odd"}
    )
    assert item == Item(id="a", attributes={"price": 3, "tags": ("x",), "attributes": "odd"})


def test_a_time_without_offset_is_utc():
    assert codec.to_time("2026-03-01T12:00:00") == codec.to_time("2026-03-01T14:00:00+02:00") == NOON


@pytest.mark.parametrize("text", ["yesterday", "", None, 12])
def test_other_times_are_refused(text):
    with pytest.raises(UsageError, match="ISO 8601"):
        codec.to_time(text)


@pytest.mark.parametrize("document", [{}, {"user_id": ""}, {"user_id": 7}])
def test_a_missing_user_is_named(document):
    for read in (codec.to_event, codec.to_query):
        with pytest.raises(UsageError, match="user_id"):
            read(document)


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(StoreError, match="price = nan"):
        codec.from_item(Item(id="a", attributes={"price": float("nan")}))
    with pytest.raises(StoreError, match="time zone"):
        codec.from_event(Event(user="u", time=datetime(2026, 1, 1)))


def test_states_are_little_endian_and_read_only():
    column = np.array([1, 2], dtype=">i4")
    data = codec.from_state(State(position=1, version="v", folds={"f": {"c": column}}))
    assert b"\x01\0\0\0\x02\0\0\0" in data
    found = codec.to_state(data).folds["f"]["c"]
    assert found.tolist() == [1, 2]
    assert not found.flags.writeable
    assert found.flags.aligned


@pytest.mark.parametrize("cut", [0, 3, 12, -8])
def test_a_damaged_state_is_an_error(cut):
    data = codec.from_state(State(position=1, version="v", folds={"f": {"c": np.arange(9)}}))
    with pytest.raises(StoreError):
        codec.to_state(data[:cut])


def test_a_state_with_objects_inside_is_never_read():
    data = codec.from_state(State(position=1, version="v", folds={"f": {"c": np.arange(3)}}))
    with pytest.raises(StoreError, match="O"):
        codec.to_state(data.replace(b'"<i8"', b'"|O8"'))


@pytest.mark.parametrize("key", ["timestamp", "query", "items", "release", "position"])
@pytest.mark.parametrize("value", [None, 7, "x", [7], {"a": 7}])
def test_a_damaged_slate_is_an_error_of_the_store_that_quotes_nothing(key, value):
    slate = {
        "slate_id": "s",
        "timestamp": "2026-01-01T00:00:00Z",
        "query": {"user_id": "anna"},
        "items": [{"item_id": "a", "score": 1.0}],
        "release": "r",
        "position": 3,
    }
    assert codec.to_slate(slate).id == "s"
    missing = {name: found for name, found in slate.items() if name != key}
    with pytest.raises(StoreError, match="damaged slate in the store"):
        codec.to_slate(missing)
    with suppress(StoreError, UsageError):
        codec.to_slate({**slate, key: value})


@pytest.mark.parametrize("head", [b"{}", b"[]", b"7", b'{"folds": 7}', b'{"folds": [], "columns": [[1]]}'])
def test_a_damaged_head_of_a_state_is_an_error_of_the_store(head):
    with pytest.raises(StoreError):
        codec.to_state(b"PST1" + len(head).to_bytes(4, "little") + head)


@pytest.mark.parametrize(
    "column", [["f", "c", "nonsense", [1]], ["f", "c", "<f8", [-1]], ["f", "c", "<f8", ["x"]], ["g"]]
)
def test_a_damaged_column_of_a_state_is_an_error_of_the_store(column):
    head = codec.pack({"position": 1, "version": "v", "folds": ["f"], "columns": [column]})
    with pytest.raises(StoreError):
        codec.to_state(b"PST1" + len(head).to_bytes(4, "little") + head + b"\0" * 64)
