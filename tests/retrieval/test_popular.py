"""Windows count exactly what happened in them."""

from dataclasses import replace

import pytest

from penchant.events.segments import Segments
from penchant.events.timeline import Timeline
from penchant.retrieval.popular import Popular
from penchant.testing import worlds
from penchant.testing.worlds import START
from penchant.types import HOUR, MINUTE

HOURS = {"1h": 60, "6h": 360, "1d": 1_440, "7d": 10_080}  # minutes


@pytest.fixture
def world():
    """Item 0 is bought 30 minutes before now, item 1 twice 3 hours before, item 2 thrice 2 days before, item 3 long."""
    now = 40_000
    happened = [("a", 3, now - 30_000, "purchase")] * 9
    happened += [("a", 2, now - 2_880, "purchase")] * 3
    happened += [("b", 1, now - 180, "purchase"), ("c", 1, now - 179, "view"), ("b", 0, now - 30, "purchase")]
    return worlds.world(worlds.items(6), happened)


def asked(world, minutes=40_000):
    return worlds.context(world, now=START + minutes * MINUTE)


def test_counts_weights_within_each_window(world):
    columns = Popular(windows=("1h", "6h", "1d", "3d", "30d", "all")).score(asked(world), worlds.np.arange(4))
    wanted = {
        "1h": [2, 0, 0, 0],
        "6h": [2, 2.2, 0, 0],
        "1d": [2, 2.2, 0, 0],
        "3d": [2, 2.2, 6, 0],
        "30d": [2, 2.2, 6, 18],
        "all": [2, 2.2, 6, 18],
    }
    assert {name: column.tolist() for name, column in columns.items()} == {
        name: pytest.approx(values) for name, values in wanted.items()
    }


@pytest.mark.parametrize("name", HOURS)
def test_a_window_begins_just_after_its_edge(name):
    length = HOURS[name]
    world = worlds.world(worlds.items(3), [("a", 0, 0, "purchase"), ("a", 1, 1, "purchase")])
    columns = Popular(windows=(name,)).score(asked(world, length), worlds.np.arange(2))
    assert columns[name].tolist() == [0, 2]  # what happened exactly one window ago is out


def test_retrieves_from_the_windows_in_turn(world):
    rows = Popular(windows=("1h", "6h", "all")).retrieve(asked(world), 3)
    assert rows.tolist() == [0, 1, 3]


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_what_is_kept_for_everybody_gives_each_their_own(world, limit):
    source = Popular(windows=("all",))
    for gone in ([], [3], [3, 2, 1], [0, 1, 2, 3]):
        allowed = ~worlds.np.isin(worlds.np.arange(6), gone)
        wanted = [row for row in (3, 2, 1, 0) if row not in gone][:limit]
        assert source.retrieve(replace(asked(world), allowed=allowed), limit).tolist() == wanted


def test_retrieves_from_the_shortest_windows_that_hold_enough(world):
    """Events by window: 1 in 1h, 3 in 6h, 1d, 6 in 3d, 7d, 15 in 30d."""
    assert Popular(least=1).retrieve(asked(world), 1).tolist() == [0]  # from 1h on
    assert Popular(least=2).retrieve(asked(world), 1).tolist() == [1]  # from 6h on
    assert Popular(least=6).retrieve(asked(world), 3).tolist() == [2, 3, 1]  # 3d, 7d and 30d
    assert Popular(least=16).retrieve(asked(world), 2).tolist() == [2, 3]  # none: 7d, 30d and all


def test_moves_with_every_event_and_back(world):
    source = Popular(windows=("1h",))
    before = asked(world)
    later = worlds.replace(world, timeline=worlds.appended(world.timeline, [("d", 4, 40_010, "purchase")]))
    assert source.retrieve(asked(later, 40_011), 5).tolist() == [0, 4]
    assert source.retrieve(asked(later, 40_011 + 60), 5).tolist() == []
    assert source.retrieve(before, 5).tolist() == [0]
    assert source.score(asked(later, 40_000), worlds.np.arange(5))["1h"].tolist() == [2, 0, 0, 0, 0]


def test_what_is_disliked_is_not_retrieved():
    world = worlds.world(worlds.items(3), [("a", 0, 0, "dislike"), ("a", 1, 1, "view")])
    context = asked(world, 2)
    assert Popular().retrieve(context, 5).tolist() == [1]
    assert context.timeline.tally(HOUR, context.now, 3).tolist() == [-1_000, 200, 0]


SAME = Popular(windows=("30d",), faith=0.0)


@pytest.fixture
def countries():
    """Item 0 is bought by all of Peru, item 1 by most of Chad; `late` are Peru's, and `none` is of nowhere."""
    happened = [("p", 0, 0, "purchase", "Peru"), ("p", 2, 1, "purchase", ""), ("c", 1, 2, "purchase", "Chad")]
    happened += [("c", 1, 3, "purchase", ""), ("d", 1, 4, "purchase", "Chad"), ("none", 3, 5, "purchase", "")]
    return told(worlds.world(worlds.items(6)), happened)


def told(world, happened):
    """The world after more has happened, each with the country that it tells."""
    plain = worlds.timeline([event[:4] for event in happened])
    names = ("time", "item", "kind", "value", "position")
    line = world.timeline if len(world.timeline) else Timeline(plain.kinds, Segments("country"))
    columns = {name: getattr(plain, name) for name in names}
    people = line.codes([event[0] for event in happened])
    columns |= {"user": people, "segment": line.segments.of(people, [event[4] for event in happened])}
    return worlds.replace(world, timeline=line.append({**columns, "position": columns["position"] + len(line)}))


def shares(world, user, source=SAME, country=None, minutes=10):
    context = worlds.context(world, user, now=START + minutes * MINUTE)
    if country is not None:
        context = worlds.replace(context, query=worlds.replace(context.query, context={"country": country}), memo={})
    return source.score(context, worlds.np.arange(4))["segment"].tolist(), source.retrieve(context, 2).tolist()


@pytest.mark.parametrize(
    ("user", "country", "wanted"),
    [
        ("p", None, [500, 0, 500, 0]),
        ("c", None, [0, 1_000, 0, 0]),
        ("p", "Chad", [0, 1_000, 0, 0]),
        ("new", "Peru", [500, 0, 500, 0]),
    ],
)
def test_counts_what_people_of_the_same_segment_did(countries, user, country, wanted):
    found, rows = shares(countries, user, country=country)
    assert found == pytest.approx(wanted)
    assert rows[0] == worlds.np.argmax(wanted)


@pytest.mark.parametrize(("user", "country"), [("new", None), ("none", None), ("new", "Mali"), ("new", "")])
def test_an_unknown_segment_says_nothing(countries, user, country):
    found, rows = shares(countries, user, country=country)
    assert worlds.np.isnan(found).all()
    assert rows == [1, 0]  # what is popular with everybody


def test_no_segments_no_column(world):
    assert SAME.score(asked(world), worlds.np.arange(4)).keys() == {"30d"}


def test_everybody_counts_as_much_as_one_believes(countries):
    """Everybody: 2, 6, 2 and 2 of 12; Peru: 2 and 2 of 4."""
    few, _ = shares(countries, "p", Popular(faith=4.0))
    assert few == pytest.approx([1_000 * (own + 4 * all_ / 12) / 8 for own, all_ in ((2, 2), (0, 6), (2, 2), (0, 2))])
    many, rows = shares(countries, "p", Popular(faith=1e9))
    assert many == pytest.approx([1_000 * n / 12 for n in (2, 6, 2, 2)], rel=1e-3)
    assert rows[0] == 1


def test_the_window_of_the_segment(countries):
    day = 1_440
    assert shares(countries, "p", Popular(segment="1d", faith=0.0), minutes=day + 1)[0] == [0, 0, 0, 0]
    assert shares(countries, "p", Popular(segment="3d", faith=0.0), minutes=day + 1)[0] == [500, 0, 500, 0]


def test_what_happened_a_moment_ago_counts_and_the_future_does_not(countries):
    later = told(countries, [("new", 3, 20, "purchase", "Peru"), ("c", 3, 21, "view", "Peru")])
    assert shares(later, "p", minutes=20)[0] == pytest.approx([1_000 / 3, 0, 1_000 / 3, 1_000 / 3])
    assert shares(later, "p")[0] == [500, 0, 500, 0]
    assert shares(later, "c")[0] == [0, 1_000, 0, 0]
    assert shares(later, "c", minutes=21)[0][3] > 0  # who has moved is of the new country
