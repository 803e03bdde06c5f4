"""Values of every feature column, worked out by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from penchant.features.item import ItemFacts
from penchant.features.match import Match
from penchant.features.person import Moment, Person
from penchant.features.repeats import Repeats
from penchant.features.standings import Standings
from penchant.testing import worlds
from penchant.testing.worlds import START
from penchant.types import DAY, Candidates, Item, micros

DAYS = 1_440  # minutes


def columns(stage, context, rows, given=None):
    """What a stage adds for these rows."""
    rows = np.array(rows, dtype=np.int32)
    found = stage.apply(context, Candidates(rows=rows, scores=np.zeros(len(rows), np.float32), columns=given or {}))
    return {name: c.tolist() for name, c in found.columns.items() if name not in (given or {})}


def close(*values):
    return pytest.approx(list(values), rel=1e-5, nan_ok=True)


def test_facts_of_the_item():
    born = datetime(2026, 2, 20, tzinfo=UTC)
    known = [Item(id="a", created=born, attributes={"price": 2.5}), Item(id="b"), Item(id="c"), Item(id="d")]
    happened = [("u", 1, 0, "purchase"), ("u", 1, 25 * DAYS, "purchase"), ("v", 2, 39 * DAYS, "cart")]
    context = worlds.context(worlds.world(known, happened), now=START + 40 * DAY)
    found = columns(ItemFacts(), context, [0, 1, 2, 3])
    assert found["item_age"] == close(np.log1p(10 + 40), np.log1p(40), np.log1p(1), 0)  # 20 February to 2 March
    assert found["item_events"] == close(0, np.log1p(4), np.log1p(1), 0)
    assert found["item_price"] == close(2.5, np.nan, np.nan, np.nan)
    assert found["item_trend"] == close(0, np.log(1 / (1 + 2)), np.log((1 + 4.3) / (1 + 1)), 0)


def test_an_item_from_the_future_has_no_age():
    later = Item(id="a", created=datetime(2027, 1, 1, tzinfo=UTC))
    assert columns(ItemFacts(), worlds.context(worlds.world([later])), [0])["item_age"] == [0]


def test_match_of_category_and_price():
    shelves = [("tea", 4.0), ("tea", 16.0), ("pot", 2.0), ("pot", None), (None, 8.0)]
    known = [
        Item(id=str(n), attributes={k: v for k, v in (("category", c), ("price", p)) if v is not None})
        for n, (c, p) in enumerate(shelves)
    ]
    happened = [("u", 0, 0, "purchase"), ("u", 1, 1, "view"), ("u", 2, 2, "cart"), ("u", 4, 3, "dislike")]
    found = columns(Match(), worlds.context(worlds.world(known, happened), "u"), range(5))
    assert found["match_category"] == close(2 / 3, 2 / 3, 1 / 3, 1 / 3, np.nan)
    usual = np.log(4 * 16 * 2) / 3
    assert found["match_price"] == close(*(np.log([4, 16, 2]) - usual), np.nan, np.log(8) - usual)


def test_match_of_a_guest_is_unknown(shop):
    found = columns(Match(), worlds.context(shop, "nobody"), [0, 1])
    assert np.isnan([*found["match_category"], *found["match_price"]]).all()


def test_person():
    happened = [("u", 0, 0, "purchase"), ("u", 0, 9 * DAYS, "view"), ("u", 1, 9 * DAYS + 1, "cart")]
    happened += [("u", 2, 9 * DAYS + 2, "dislike"), ("u", -1, 9 * DAYS + 3, "search"), ("v", 1, 9 * DAYS, "view")]
    context = worlds.context(worlds.world(worlds.items(4), happened), "u", now=START + 10 * DAY + 3 * worlds.MINUTE)
    found = columns(Person(), context, [3, 1])
    wanted = {
        "person_items": np.log1p(2),
        "person_events": np.log1p(5),
        "person_idle": np.log1p(1),  # a day after the search
        "person_week": np.log1p(4),
        "person_loyalty": 1 - 2 / 3,
    }
    assert found == {name: close(value, value) for name, value in wanted.items()}


def test_moment():
    # START is a Monday at midnight
    context = worlds.context(worlds.shop(), now=START + 3 * DAY + 90 * worlds.MINUTE)
    assert columns(Moment(), context, [0, 1]) == {"moment_hour": [1.5, 1.5], "moment_weekday": [3, 3]}
    assert datetime(2026, 3, 5).weekday() == 3
    assert micros(datetime(2026, 3, 5, tzinfo=UTC)) == START + 3 * DAY


def test_repeats():
    happened = [("u", 0, 0, "purchase"), ("u", 0, 4 * DAYS, "purchase"), ("u", 0, 6 * DAYS, "view")]
    happened += [("u", 1, 8 * DAYS, "view"), ("u", 2, 8 * DAYS, "dislike")]
    context = worlds.context(worlds.world(worlds.items(4), happened), "u", now=START + 9 * DAY)
    found = columns(Repeats(), context, range(4))
    assert found["repeat_count"] == close(3, 1, np.nan, np.nan)
    assert found["repeat_age"] == close(3, 1, np.nan, np.nan)
    assert found["repeat_rhythm"] == close(3 / 3, np.nan, np.nan, np.nan)  # a gap of 6 days / 2


def test_standings_keep_their_scale(shop):
    given = {"one.x": np.array([2.0, np.nan, 8.0, 4.0]), "two.y": np.array([-1.0, -2.0, np.nan, -3.0])}
    given["item_age"] = np.arange(4.0)
    context = worlds.context(shop)
    found = columns(Standings(), context, range(4), given)
    assert found == {
        "one.x~rank": close(3, np.nan, 1, 2),
        "one.x~share": close(0, 0, 1, 2 / 6),
        "two.y~rank": close(1, 2, np.nan, 3),
        "two.y~share": [1, 0.5, 0, 0],
    }
    scaled = {**given, "one.x": 100 * given["one.x"]}
    assert columns(Standings(), context, range(4), scaled) == {n: close(*c) for n, c in found.items()}
