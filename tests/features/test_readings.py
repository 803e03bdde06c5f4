"""What was told, done, wished and said, as texts that speak for items: kettles for who says kettles."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from penchant.features.readings import Readings
from penchant.testing import worlds
from penchant.text.speech import SILENT
from penchant.text.texts import interaction_text, moment_text
from penchant.types import Candidates, Event, Item, moment

TITLES = ("red kettle", "desk lamp", "summer evening picnic rug", "monday morning planner", "winter scarf")
THINGS = [Item(id=str(n), title=title) for n, title in enumerate(TITLES)]
ROWS = np.arange(len(TITLES), dtype=np.int32)


def context(happened=(), said=(), **told):
    found = worlds.context(worlds.world(worlds.catalogue(THINGS), happened), "u")
    return replace(found, said=tuple(said), query=replace(found.query, context=told))


def read(of, given, **settings):
    none = Candidates(rows=ROWS, scores=np.zeros(len(ROWS), np.float32))
    return Readings(of=(of,), **settings).apply(given, none).columns


def best(of, given, **settings):
    return int(np.argmax(read(of, given, **settings)[f"reading_{of}"]))


def event(kind, text=None, item=None, value=None, **told):
    return Event(user="u", kind=kind, text=text, item=item, value=value, context=told, time=moment(worlds.START))


def test_a_profile_speaks_and_the_newest_telling_counts():
    told = [event("profile", interests="desk lamp"), event("profile", interests="red kettle")]
    assert best("profile", context(said=told)) == 0
    assert best("profile", context(said=told[:1])) == 1


def test_behaviour_speaks_of_what_is_like_it():
    happened = [("u", 1, 0, "purchase"), ("u", 0, 5, "purchase")]
    assert best("behaviour", context(happened), history=1) == 0
    column = read("behaviour", context(happened))["reading_behaviour"]
    assert set(np.argsort(-column)[:2].tolist()) == {0, 1}


def test_wishes_speak():
    said = [event("wish", "a desk lamp"), event("search", "red kettle"), event("review", "winter scarf", item="4")]
    assert best("wishes", context(said=said), history=1) == 0
    assert set(np.argsort(-read("wishes", context(said=said))["reading_wishes"])[:2].tolist()) == {0, 1}


def test_a_moment_speaks():
    summer = replace(context(weather="sunny, a picnic"), now=worlds.START + 107 * worlds.DAY + 19 * 60 * worlds.MINUTE)
    assert best("moment", summer) == 2
    monday = replace(context(), now=worlds.START + 8 * 60 * worlds.MINUTE)
    assert best("moment", monday) == 3
    usual, south = (read("moment", summer, south=where)["reading_moment"] for where in (False, True))
    assert south[2] < usual[2]
    assert south[4] > usual[4]


def test_opinions_speak_for_and_against():
    good, bad = event("review", "boils fast", "0", 5.0), event("review", "too dim", "1", 1.0)
    column = read("interactions", context(said=[good, bad]))["reading_interactions"]
    assert column[0] > 0 > column[1]
    assert best("interactions", context(said=[event("dislike", "no", "0"), event("like", "warm", "4")])) == 4


def test_words_are_another_form():
    given = context(said=[event("wish", "some red kettles")])
    found = read("wishes", given, forms=("vector", "text"))
    assert list(found) == ["reading_wishes", "reading_wishes_words"]
    assert found["reading_wishes_words"].tolist() == pytest.approx([1, 0, 0, 0, 0])
    assert list(read("wishes", given, forms=("text",))) == ["reading_wishes_words"]


@pytest.mark.parametrize("what", ["profile", "behaviour", "wishes", "interactions"])
def test_who_told_nothing_has_nothing(what):
    assert all(np.isnan(column).all() for column in read(what, context(), forms=("vector", "text")).values())
    assert np.isnan(read("moment", replace(context(), language=SILENT))["reading_moment"]).all()


def test_hears_only_what_it_reads():
    assert Readings(of=("moment", "behaviour")).hears == 0
    assert Readings(of=("wishes",), history=7).hears == 35


@pytest.mark.parametrize(
    ("time", "told", "wanted"),
    [
        (datetime(2026, 10, 2, 19, tzinfo=UTC), {}, "a Friday evening in October, autumn"),
        (datetime(2026, 1, 5, 3, tzinfo=UTC), {"device": "phone"}, "a Monday night in January, winter. device: phone"),
        (
            datetime(2026, 7, 1, 23, tzinfo=UTC),
            {"utc_offset": 9, "language": "zh"},
            "a Thursday morning in July, summer",
        ),
    ],
)
def test_says_a_moment(time, told, wanted):
    assert moment_text(time, told) == wanted


def test_says_an_interaction():
    assert interaction_text("review", "red kettle", "boils  fast", 5.0) == "review: red kettle. boils fast. rating: 5"
    assert interaction_text("wish", "", "", None) == "wish"
