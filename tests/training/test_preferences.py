"""Distillation: what a language model preferred becomes labels, and a ranker learns it."""

from dataclasses import replace

import numpy as np
import pytest

from penchant import config, pipeline
from penchant.build import folding, plan
from penchant.evaluation.replay import Replay
from penchant.protocols import Examples, Release
from penchant.stores.memory import MemoryLog
from penchant.testing import worlds
from penchant.testing.worlds import Told
from penchant.training.examples import labelled
from penchant.training.jobs import train
from penchant.training.lessons import Budget, lessons
from penchant.training.preferences import distilled, preferred
from penchant.types import DAY, NEVER, Pick, Query, Slate, moment

MARK = "listwise~z"
PIPELINE = """
[[sources]]
kind = "popular"
[[stages]]
kind = "standings"
[[stages]]
kind = "trees"
smallest = 5
rounds = 5
otherwise = { kind = "blend" }
"""
BUDGET = Budget(ranker=0.5, gate=0.2, cases=50, rows=20, seed=0, taught=1.0)


@pytest.fixture
def given(shop):
    replay = Replay(timeline=shop.timeline, catalogue=shop.catalogue, folds=folding())
    return lessons(replay, BUDGET)


@pytest.fixture
def front():
    return Release(version="", until=NEVER, rules={}, sources={"told": (Told(*range(12)), 12)}, stages={}, similar={})


def slate(given, name, items, likes, *, days=1, at=None, marks=True):
    time = int(given.past.time[-1]) + days * DAY
    return Slate(
        id=name,
        time=moment(time),
        query=Query(user="u0", at=at),
        picks=tuple(Pick(item=i, score=0.0) for i in items),
        release="",
        position=int(given.past.position[-1]),
        marks={MARK: tuple(likes)} if marks else {},
    )


def test_preferences_become_one_more_question(given, front):
    examples = labelled(given, front, given.questions, rows=20, seed=0, progress=lambda *_: None)
    shown = slate(given, "a", ["i3", "i1", "unknown", "i2"], [1.0, 0.5, -0.5, -1.0])
    found = distilled(examples, [shown], given, front, 2.0)
    assert len(found.groups) == len(examples.groups) + 1
    assert found.groups[-1] == 3
    labels = dict(zip(found.rows[-3:].tolist(), found.labels[-3:].tolist(), strict=True))
    assert labels == {3: 2.0, 1: 1.5, 2: 0.0}
    assert len(found.contexts) == len(found.groups)
    assert all(len(column) == len(found.labels) for column in found.columns.values())
    assert found.kept[-3:].tolist() == [1.0] * 3


def test_what_is_of_another_time_or_not_wanted_teaches_nothing(given, front):
    examples = labelled(given, front, given.questions, rows=20, seed=0, progress=lambda *_: None)
    late, early = (slate(given, "l", ["i1", "i2"], [1, -1], days=n) for n in (99, -1))
    shown = slate(given, "a", ["i1", "i2"], [1, -1])
    assert distilled(examples, [late, early], given, front, 1.0).groups.tolist() == examples.groups.tolist()
    assert distilled(examples, [shown], given, front, 0.0) is examples
    goals = replace(examples, goals={"purchase": examples.labels > 0})
    assert distilled(goals, [shown], given, front, 1.0) is goals
    frozen = replace(given, asked=replace(given.asked, frozen=True))
    assert distilled(examples, [shown], frozen, front, 1.0) is examples


def test_only_slates_that_a_model_ordered_are_read(given):
    log = MemoryLog()
    asked = moment(int(given.past.time[0]))
    log.append([slate(given, "a", ["i1"], [1.0]), slate(given, "b", ["i1"], [], marks=False)])
    log.append([slate(given, "c", ["i1"], [1.0], at=asked)])
    assert [one.id for one in preferred(log)] == ["a"]


def test_a_ranker_learns_what_the_model_prefers(given, tmp_path):
    """People like by one column, the model by another: with its preferences the ranker heeds that one too."""
    from penchant.ranking.trees import Trees

    dice = np.random.default_rng(0)
    size, groups = 10, 200
    columns = {name: dice.random(size * groups).astype(np.float32) for name in ("people.like", "model.likes")}

    def taught(by, weight):
        best = columns[by].reshape(groups, size)
        return (weight * (best == best.max(axis=1, keepdims=True))).astype(np.float32).ravel()

    def fit(name, groups_, labels, many):
        examples = Examples(columns=many, labels=labels, groups=np.full(groups_, size), kept=np.ones(len(labels)))
        worlds_ = worlds.history(worlds.shop())
        folder = tmp_path / name
        folder.mkdir()
        recipe = Trees(rounds=20, smallest=5, columns_per_tree=1.0)
        recipe.train(replace(worlds_, examples=examples), folder)
        return recipe.load(folder)

    alone = fit("alone", groups, taught("people.like", 1.0), columns)
    doubled = {name: np.concatenate([column, column]) for name, column in columns.items()}
    labels = np.concatenate([taught("people.like", 1.0), taught("model.likes", 1.0)])
    both = fit("both", 2 * groups, labels, doubled)

    def heeded(model):
        context = worlds.context(worlds.shop())
        given = worlds.Candidates(rows=np.arange(2, dtype=np.int32), scores=np.zeros(2, np.float32))
        given = given.with_columns({"people.like": np.array([0.5, 0.5]), "model.likes": np.array([0.02, 0.99])})
        found = model.apply(context, given)
        return float(found.scores[found.rows == 1][0] - found.scores[found.rows == 0][0])

    assert heeded(both) > heeded(alone) + 0.1
    assert pipeline.RESERVED == "union"


def test_a_training_reads_the_slates_of_its_log(given, shop, tmp_path):
    replay = Replay(timeline=shop.timeline, catalogue=shop.catalogue, folds=folding())
    made = plan(config.parse(PIPELINE))
    log = MemoryLog()
    log.append([slate(given, f"a{n}", ["i1", "i2", "i4"], [1, 0, -1]) for n in range(3)])
    groups = {}
    for weight in (0.0, 0.5):
        told = {}
        folder = tmp_path / str(weight)
        train(made, replay, replace(BUDGET, taught=weight), folder, lambda *_: None, told.__setitem__, log)
        groups[weight] = len(told["trees"].examples.groups)
    assert groups[0.5] > groups[0.0]
