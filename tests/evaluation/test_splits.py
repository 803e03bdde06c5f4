"""Which questions are asked, and what may be learned from before."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.build import folding
from penchant.errors import UsageError
from penchant.evaluation.replay import Replay, answered, cases, thinned
from penchant.evaluation.splits import digest, instant, instant_of, split
from penchant.testing import worlds
from penchant.testing.worlds import START
from penchant.types import MINUTE, moment

LINE = [
    ("ann", 0, 0, "purchase"),
    ("bob", 1, 5, "view"),
    ("ann", 2, 10, "purchase"),  # a basket of two, and a search beside it
    ("ann", 3, 10, "view"),
    ("ann", -1, 10, "search"),
    ("eve", 4, 12, "purchase"),  # eve is new
    ("bob", 1, 15, "dislike"),
    ("bob", 2, 20, "purchase"),
    ("ann", 0, 20, "view"),
    ("eve", 5, 30, "purchase"),
]


@pytest.fixture
def line():
    return worlds.timeline(LINE)


def at(minute):
    return START + minute * MINUTE


def shown(found):
    return [(c.user, (c.time - START) // MINUTE, c.places.tolist()) for c in found]


def test_one_moment_of_one_person_is_one_case(line):
    found = cases(line, at(0), at(31))
    assert shown(found) == [
        ("ann", 0, [0]),
        ("bob", 5, [1]),
        ("ann", 10, [2, 3]),
        ("eve", 12, [5]),
        ("ann", 20, [8]),
        ("bob", 20, [7]),
        ("eve", 30, [9]),
    ]
    assert answered(line, found[2]) == pytest.approx({2: 2.0, 3: 0.2})


def test_cases_lie_between_begin_and_end(line):
    assert shown(cases(line, at(10), at(20))) == [("ann", 10, [2, 3]), ("eve", 12, [5])]
    assert cases(line, at(31), at(99)) == cases(worlds.timeline([]), at(0), at(99)) == []


def test_thinning_keeps_both_ends_and_spreads():
    assert thinned(range(10), 4) == [0, 3, 6, 9]
    assert thinned(range(3), 4) == [0, 1, 2]


def test_time_split_asks_those_who_have_a_past(line):
    parts = split(line, "time", moment(at(10)).isoformat(), "basket", 99)
    assert (len(parts.past), parts.cut, parts.frozen) == (2, at(10), False)
    assert shown(parts.cases) == [("ann", 10, [2, 3]), ("ann", 20, [8]), ("bob", 20, [7]), ("eve", 30, [9])]


def test_targets(line):
    cut = moment(at(10)).isoformat()
    single = split(line, "time", cut, "event", 99)
    assert shown(single.cases)[:2] == [("ann", 10, [2]), ("ann", 10, [3])]
    first = split(line, "time", cut, "first-basket", 99)
    assert shown(first.cases) == [("ann", 10, [2, 3]), ("bob", 20, [7])]  # eve was not known at the cut


def test_rest_of_basket_tells_the_first_three_items_in_order_of_the_log():
    order = [("ann", row, 50, "purchase") for row in (7, 2, 7, 5, 2, 1, 4)]  # 7, 2 and 5 are told
    small = [("bob", row, 51, "purchase") for row in (7, 2, 7, 5)]
    line = worlds.timeline([("ann", 0, 0, "purchase"), ("bob", 0, 0, "purchase"), *order, *small])
    (only,) = split(line, "time", moment(at(50)).isoformat(), "rest-of-basket", 99).cases
    assert line.item[only.told].tolist() == [7, 2, 7, 5]
    assert line.item[only.places].tolist() == [1, 4]


def test_what_is_told_has_just_happened_and_is_not_offered(shop):
    more = [("u0", row, 99_999, "purchase") for row in (1, 3, 5, 7, 9)]
    line = worlds.appended(shop.timeline, [*more, ("u1", 2, 99_999, "purchase")])
    (only,) = split(line, "time", moment(at(99_999)).isoformat(), "rest-of-basket", 99).cases
    replay = Replay(timeline=line, catalogue=shop.catalogue, folds=folding())
    told = replay.context(only)
    assert (told.now, len(told.timeline)) == (at(99_999), len(shop.timeline) + 3)
    assert told.user["interest"]["count"][np.isin(told.user["interest"]["item"], [1, 3, 5])].tolist() == [1, 1, 1]
    assert told.query.exclude == ("i1", "i3", "i5")
    stale = replace(replay, stale=60 * 1_440 * MINUTE).context(only)
    assert stale.now == told.now
    assert stale.timeline.time.max() <= told.now - 60 * 1_440 * MINUTE


def test_leave_one_out_holds_the_last_of_three():
    happened = [("ann", n, n, "purchase") for n in range(3)] + [("bob", n, n, "purchase") for n in range(2)]
    parts = split(worlds.timeline([*happened, ("ann", 0, 9, "dislike")]), "leave-one-out", 0.1, "event", 99)
    assert [(c.user, (c.time - START) // MINUTE) for c in parts.cases] == [("ann", 2)]
    assert parts.frozen
    assert sorted(zip(parts.past.user.tolist(), parts.past.item.tolist(), strict=True)) == [
        (0, 0),
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]


def test_the_past_is_strictly_before_every_question(shop):
    line = shop.timeline
    for share in (0.1, 0.3, 0.5):
        parts = split(line, "time", share, "event", 999)
        assert parts.past.time.max() < parts.cut <= min(c.time for c in parts.cases)
        assert len(parts.past) == np.count_nonzero(line.time < parts.cut)


def test_cuts():
    line = worlds.timeline([("a", 0, 0, "view"), ("a", 0, 100, "view")])
    assert instant_of(line, 0.25) == at(75)
    assert instant_of(line, "2026-03-02") == START
    assert instant("2026-03-02T01:00:00+01:00") == moment(START)
    for wrong in (0, 1.0, -3):
        with pytest.raises(UsageError, match="between 0 and 1"):
            instant_of(line, wrong)
    with pytest.raises(UsageError, match="is no date"):
        instant("soon")


YEARS = -26 * 365 * 1_440  # a profile without a time of its own lies that far back, in minutes


def test_what_is_known_of_people_and_searches_move_no_cut_and_make_nobody_known(line):
    beside = [(user, -1, YEARS, "profile") for user in ("ann", "bob", "eve", "zoe")]
    beside += [("zoe", -1, 1, "search"), ("ann", -1, 9_999, "search")]
    told = worlds.appended(line, beside)
    assert instant_of(told, 0.5) == instant_of(line, 0.5) == at(15)
    later = worlds.appended(told, [("zoe", 2, 25, "purchase")])  # her first choice
    for target in ("event", "basket", "first-basket"):
        plain = split(line, "time", 0.5, target, 99)
        assert shown_items(told, split(told, "time", 0.5, target, 99)) == shown_items(line, plain)
        assert "zoe" not in {case.user for case in split(later, "time", 0.5, target, 99).cases}


def shown_items(line, parts):
    return [(case.user, case.time, line.item[case.places].tolist()) for case in parts.cases]


def test_a_log_without_choices_has_nothing_to_ask():
    told = worlds.timeline([("ann", -1, 0, "profile"), ("ann", -1, 9, "search")])
    assert instant_of(told, 0.5) == 0
    with pytest.raises(UsageError, match="no returning person"):
        split(told, "time", 0.5, "event", 9)


def test_nothing_to_ask_is_said(line):
    with pytest.raises(UsageError, match="protocol 'magic'; allowed are time, leave-one-out"):
        split(line, "magic", 0.1, "event", 9)
    for protocol in ("time", "leave-one-out"):
        with pytest.raises(UsageError, match="no returning person"):
            split(worlds.timeline(LINE[:2]), protocol, 0.5, "event", 9)


def test_a_digest_names_questions_and_answers(line):
    known = worlds.catalogue(worlds.items(6))
    asked = cases(line, at(0), at(31))
    assert digest(line, known, asked) == digest(worlds.timeline(LINE), known, asked)
    assert digest(line, known, asked) != digest(line, known, asked[1:])
    other = worlds.timeline([(u, (row + 1) % 6, minute, kind) for u, row, minute, kind in LINE])
    assert digest(line, known, asked) != digest(other, known, asked)
