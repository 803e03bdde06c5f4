"""What a ranker learns from: where the log is cut, who is held back, what is hidden."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.build import folding
from penchant.evaluation.replay import Replay, answered
from penchant.testing import worlds
from penchant.training.lessons import Budget, lessons, person_by_person

BUDGET = Budget(ranker=0.5, gate=0.2, cases=1_000, rows=20, seed=0)


def replay(happened, items=20):
    world = worlds.world(worlds.items(items), happened)
    return Replay(timeline=world.timeline, catalogue=world.catalogue, folds=folding())


def interleaved(people=30, moments=10):
    """Everybody does something in every round."""
    return [(f"u{u}", (u + m) % 20, m * 60 + u, "purchase") for m in range(moments) for u in range(people)]


def in_a_row(people=100, moments=5):
    """One person after the other, as in a file without times."""
    return [(f"u{u}", (u + m) % 20, u * moments + m, "purchase") for u in range(people) for m in range(moments)]


def test_sees_whether_time_is_shared():
    assert person_by_person(replay(in_a_row()).timeline)
    assert not person_by_person(replay(interleaved()).timeline)
    assert not person_by_person(replay([("a", n, n, "view") for n in range(12)]).timeline)


def test_time_is_cut_where_it_is_shared():
    asked = replay(interleaved())
    given = lessons(asked, BUDGET)
    line = asked.timeline
    begin, gate = line.time[150], line.time[270]
    assert given.past.time.max() < begin
    assert len(given.past) == 150
    assert {begin <= c.time < gate for c in given.questions} == {True}
    assert {c.time >= gate for c in given.gate} == {True}
    assert (len(given.questions), len(given.gate)) == (120, 30)
    assert not given.asked.frozen


def test_people_are_held_back_where_time_is_not():
    asked = replay(in_a_row())
    given = lessons(asked, BUDGET)
    line = asked.timeline
    held = [*given.questions, *given.gate]
    assert len(held) == len({c.user for c in held}) == 100
    assert len(given.gate) == 20
    for case in held:
        (place,) = case.places
        code = line.user[place]
        assert place == line.places("user", code)[-1]
        assert len(given.past.places("user", code)) == 4
    assert len(given.past) == len(line) - 100
    assert given.asked.frozen
    assert len(given.asked.context(held[0]).timeline) == len(given.past)


@pytest.mark.parametrize("happened", [interleaved(), in_a_row()], ids=["shared time", "person by person"])
def test_hidden_items_have_no_past(happened):
    asked = replay(happened)
    given = lessons(asked, replace(BUDGET, hidden=0.25))
    hidden = np.flatnonzero(given.hidden)
    assert len(hidden) == 5
    assert not np.isin(given.past.item, hidden).any()
    assert len(given.past) < len(lessons(asked, BUDGET).past)
    wanted = {row for case in given.questions for row in answered(given.truth, case)}
    assert wanted & set(hidden.tolist())  # the ranker meets them as answers


def test_hidden_items_are_born_in_the_time_of_the_ranker():
    asked = replay(interleaved())
    given = lessons(asked, replace(BUDGET, hidden=0.25))
    line = given.asked.timeline
    begin, gate = asked.timeline.time[150], asked.timeline.time[270]
    for row in np.flatnonzero(given.hidden):
        assert line.time[line.item == row].min() >= begin
    assert np.isin(line.item[line.time >= gate], np.flatnonzero(given.hidden)).any()
    others = ~given.hidden[asked.timeline.item]
    assert np.count_nonzero(~given.hidden[line.item]) == np.count_nonzero(others)


def test_who_had_met_a_hidden_item_teaches_nothing_about_it():
    happened = interleaved()
    given = lessons(replay(happened), replace(BUDGET, hidden=0.25))
    hidden = set(np.flatnonzero(given.hidden).tolist())
    for case in given.questions[:20]:
        past = [
            row
            for user, row, minute, _ in happened
            if user == case.user and worlds.START + minute * worlds.MINUTE < case.time
        ]
        assert set(given.known(case).tolist()) == hidden & set(past)


def test_the_same_seed_hides_the_same_items():
    asked = replay(interleaved())
    first, second, other = (
        lessons(asked, replace(BUDGET, hidden=0.25, seed=seed)).hidden.tolist() for seed in (3, 3, 4)
    )
    assert first == second
    assert first != other


def baskets(people=20, moments=10, size=6):
    """Everybody fills a basket in every round."""
    return [
        (f"u{u}", (u + 3 * m + i) % 20, m * 60 + u, "purchase")
        for m in range(moments)
        for u in range(people)
        for i in range(size)
    ]


@pytest.mark.parametrize("hidden", [0.0, 0.25])
def test_some_baskets_are_asked_for_once_they_are_begun(hidden):
    asked = replay(baskets())
    given = lessons(asked, replace(BUDGET, hidden=hidden, within=0.5))
    begun = [case for case in given.questions if len(case.told)]
    assert 0.3 < len(begun) / len(given.questions) < 0.7
    for case in begun:
        context = given.asked.context(case)
        told = set(given.asked.timeline.item[case.told].tolist())
        whole = asked.timeline.item[(asked.timeline.time == case.time)].tolist()
        assert told <= set(whole)
        assert not told & set(answered(given.truth, case))
        assert told <= set(context.user["interest"]["item"].tolist())
    assert not any(len(case.told) for case in lessons(asked, replace(BUDGET, within=0.0)).questions)
