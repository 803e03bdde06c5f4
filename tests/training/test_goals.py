"""What counts as a goal reached, how rows carry it, and a training whose values decide what comes first."""

from dataclasses import replace

import numpy as np
import pytest

from penchant import config
from penchant.build import folding, plan
from penchant.errors import ConfigError
from penchant.evaluation.replay import Replay, cases
from penchant.protocols import Release
from penchant.testing import worlds
from penchant.testing.worlds import Told
from penchant.training.examples import labelled, valued
from penchant.training.goals import Goals, goals, ndcg
from penchant.training.jobs import train
from penchant.training.lessons import Budget, Lessons
from penchant.types import NEVER

DAY = worlds.DAY // worlds.MINUTE
GOALS = Goals(values={"view": 1.0, "purchase": 10.0, "dislike": -5.0}, within=24.0)


def quiet(what, done, total):
    pass


@pytest.fixture
def line():
    """a sees 1 and 2, buys 2 within the hour, and 1 two days later; refuses 3; b buys 1 meanwhile."""
    happened = [("a", 2, -9, "purchase"), ("a", 1, 0, "view"), ("a", 2, 0, "view"), ("b", 1, 5, "purchase")]
    happened += [
        ("a", 2, 50, "purchase"),
        ("a", 3, 60, "dislike"),
        ("a", 1, 2 * DAY, "purchase"),
        ("a", -1, 70, "search"),
    ]
    return worlds.timeline(happened)


def first(line):
    return next(case for case in cases(line, worlds.START, worlds.START + 1))


def reached(line, goals=GOALS, minute=10 * DAY, case=None):
    found = goals.reached(line, case or first(line), worlds.START + minute * worlds.MINUTE)
    return {name: rows.tolist() for name, rows in found.items()}


def test_what_follows_soon_counts_and_nothing_else(line):
    assert reached(line) == {"view": [1, 2], "purchase": [2], "dislike": [3]}
    assert reached(line, replace(GOALS, within=0.0)) == {"view": [1, 2], "purchase": [], "dislike": []}
    assert reached(line, replace(GOALS, within=48.0)) == {"view": [1, 2], "purchase": [1, 2], "dislike": [3]}


def test_the_time_of_those_who_judge_does_not_count_but_for_the_answer_itself(line):
    assert reached(line, minute=50) == {"view": [1, 2], "purchase": [], "dislike": []}
    assert reached(line, minute=-1) == {"view": [1, 2], "purchase": [], "dislike": []}


def test_what_was_told_is_not_reached(line):
    case = first(line)
    part = replace(case, places=case.places[1:], told=case.places[:1])
    assert reached(line, case=part) == {"view": [2], "purchase": [2], "dislike": [3]}


def test_worth_is_the_sum_of_what_was_reached(line):
    assert GOALS.worth(line, first(line)) == {1: 1.0, 2: 11.0}


def test_values_are_gains():
    order, worth = np.array([5, 2, 9, 1], np.int32), {1: 1.0, 2: 11.0}
    assert ndcg(order, worth) == pytest.approx((11 / np.log2(3) + 1 / np.log2(5)) / (11 + 1 / np.log2(3)))
    assert ndcg(order, worth, k=1) == 0
    assert np.isnan(ndcg(order, {}))


@pytest.fixture
def asked(line):
    world = worlds.world(worlds.items(24))
    replay = Replay(timeline=line, catalogue=world.catalogue, folds=folding())
    hidden = np.zeros(len(world.catalogue), dtype=bool)
    return Lessons(past=line, asked=replay, truth=line, questions=[first(line)], gate=[], hidden=hidden)


def rows(asked, most=100, goals=GOALS, lessons=None):
    sources = {"told": (Told(0, 1, 2, 3, 4, 6), 6)}
    release = Release(version="r", until=NEVER, rules={}, sources=sources, stages={}, similar={})
    return labelled(lessons or asked, release, asked.questions, rows=most, seed=0, progress=quiet, goals=goals)


def test_rows_carry_what_each_goal_wants(asked):
    found = rows(asked)
    told = {name: found.rows[which].tolist() for name, which in found.goals.items()}
    assert told == {"view": [1, 2], "purchase": [2], "dislike": [3]}
    assert found.rows[found.labels > 0].tolist() == [1, 2]
    assert rows(asked, goals=None).goals == {}
    assert valued(found, GOALS).labels[:6].tolist() == [0, 1, 11, 0, 0, 0]


def test_all_that_was_reached_is_kept_and_the_rest_says_how_much_of_it_is_there(asked):
    assert (rows(asked).kept == 1).all()
    few = rows(asked, most=5)
    wanted = np.logical_or.reduce(list(few.goals.values()))
    assert few.rows[wanted].tolist() == [1, 2, 3]
    assert few.kept[wanted].tolist() == [1, 1, 1]
    assert few.kept[~wanted] == pytest.approx([2 / 7] * 2)
    assert (1 / few.kept).sum() == pytest.approx(10)


def test_labels_end_where_the_time_of_those_who_judge_begins(asked):
    (late,) = [
        c for c in cases(asked.truth, NEVER, worlds.START + 9 * worlds.DAY) if len(c.places) == 1 and c.user == "b"
    ]
    judged = replace(asked, gate=[late])
    assert judged.judged == late.time
    found = rows(asked, lessons=judged)
    assert not found.goals["purchase"].any()
    alone = replace(judged, asked=replace(judged.asked, frozen=True))
    assert rows(asked, lessons=alone).goals["purchase"].any()


# ── a whole training ────────────────────────────────────────────────────────────────────────────────────────────

PIPELINE = """
[events]
weights = {{ view = 0.9, purchase = 1.0 }}
[[sources]]
kind = "popular"
windows = ["1d"]
limit = 20
[[stages]]
kind = "trees"
rounds = 30
smallest = 5
l2 = 0.0
columns_per_tree = 1.0
{more}
otherwise = {{ kind = "blend" }}
"""


def lookers(days=40, people=8):
    """Everybody looks at item 0 every day; some of them buy item 1 an hour later, and nobody buys item 0."""
    found = []
    for day in range(days):
        for n in range(people):
            minute = day * 1_440 + n * 7
            found.append((f"u{n}", 0, minute, "view"))
            if (day + n) % 2:
                found.append((f"u{n}", 1, minute + 60, "purchase"))
            if (day + n) % 5 == 0:
                found.append((f"u{n}", 2 + (day + n) % 6, minute + 120, "view"))
    return found


def order(tmp_path, more):
    made = plan(config.parse(PIPELINE.format(more=more)))
    world = worlds.world(worlds.items(10))
    line = worlds.timeline(lookers(), {"view": 0.9, "purchase": 1.0, "other": 0.5})
    replay = Replay(timeline=line, catalogue=world.catalogue, folds=folding())
    budget = Budget(ranker=0.5, gate=0.1, cases=300, rows=20, seed=0)
    metrics = train(made, replay, budget, tmp_path, quiet)
    release = made.release(tmp_path, version="v", until=7)
    asked = cases(line, worlds.START, worlds.START + 99 * worlds.DAY)[-3:]
    _, trace = next(replay.traces(release, asked))
    return metrics, trace.result


@pytest.mark.parametrize(
    ("goals", "first"), [("{ view = 1.0 }", 0), ("{ purchase = 1.0 }", 1), ("{ view = 1.0, purchase = 9.0 }", 1)]
)
def test_values_decide_what_comes_first(tmp_path, goals, first):
    metrics, found = order(tmp_path, f"goals = {goals}")
    assert found.rows[0] == first
    assert "not served" not in metrics["trees"] or first == 0  # the stand-in goes by what happens most: views
    assert 0 < found.scores[0] < 10 or "not served" in metrics["trees"]


def test_a_longer_time_counts_more_purchases(tmp_path):
    times = {}
    for within in (0.5, 24.0):
        folder = tmp_path / str(within)
        folder.mkdir()
        metrics, _ = order(folder, f"goals = {{ purchase = 1.0 }}\nwithin = {within}")
        times[within] = metrics["trees"]["purchase reached"]
    assert times[24.0] > 1.5 * times[0.5]


def test_what_is_no_kind_is_refused_before_anything_is_learned(tmp_path):
    with pytest.raises(ConfigError, match=r"trees.goals: 'buying' is no kind of event; there are .*purchase"):
        order(tmp_path, "goals = { buying = 1.0 }")
    assert not list(tmp_path.iterdir())


def test_a_judge_behind_a_ranker_judges_by_its_goals():
    kinds = worlds.timeline([]).kinds
    made = plan(config.parse(PIPELINE.format(more="goals = { purchase = 3.0 }") + '[[stages]]\nkind = "fusion"\n'))
    assert goals(made, "trees", kinds) == goals(made, "fusion", kinds) == Goals(values={"purchase": 3.0}, within=24.0)
    assert goals(plan(config.parse(PIPELINE.format(more=""))), "trees", kinds) is None
