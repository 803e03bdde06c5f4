"""The fusion rule: an expert is served exactly where it is measurably better than the ranker."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.protocols import Examples
from penchant.ranking.fusion import Fusion
from penchant.testing import worlds
from penchant.types import Candidates

SIZE, GROUPS = 12, 80
RECIPE = Fusion(histories=(2,), ages=(7.0,), experts=("linear.",), least=20)


@pytest.fixture(scope="module")
def world():
    """One person with a single item, one with many."""
    happened = [("few", 0, 0, "purchase"), *(("many", n, n, "purchase") for n in range(6))]
    return worlds.world(worlds.items(SIZE), happened)


def examples(world, *, right_for, old=True, user="few", people=GROUPS):
    """Questions of several people of one kind whose answer the ranker knows, or only the expert does."""
    dice = np.random.default_rng(0)
    labels = np.zeros((GROUPS, SIZE), np.float32)
    labels[np.arange(GROUPS), dice.integers(0, SIZE, GROUPS)] = 1
    right, wrong = labels + 0.1 * dice.random(labels.shape), dice.random(labels.shape)
    columns = {
        "linear.long": right if right_for == "expert" else wrong,
        "item_age": np.full(labels.shape, np.log1p(100.0 if old else 1.0)),
    }
    return Examples(
        columns={name: c.ravel().astype(np.float32) for name, c in columns.items()},
        labels=labels.ravel(),
        groups=np.full(GROUPS, SIZE),
        contexts=[asked_by(worlds.context(world, user), str(n % people)) for n in range(GROUPS)],
        scores=(right if right_for == "ranker" else wrong).ravel().astype(np.float32),
    )


def asked_by(context, user):
    return replace(context, query=replace(context.query, user=user))


def fitted(world, folder, recipe=RECIPE, **given):
    history = worlds.replace(worlds.history(world), examples=examples(world, **given))
    return recipe.train(history, folder), recipe.load(folder)


def shown(ages):
    """Candidates as the ranker ordered them; the expert would turn the order around."""
    size = len(ages)
    columns = {"linear.long": np.arange(size), "item_age": np.log1p(ages)}
    return Candidates(
        rows=np.arange(size, dtype=np.int32),
        scores=-np.arange(size, dtype=np.float32),
        columns={name: np.array(c, dtype=np.float32) for name, c in columns.items()},
    )


def test_many_questions_of_a_few_people_are_no_evidence(world, tmp_path):
    metrics, _ = fitted(world, tmp_path, right_for="expert", people=19)
    assert metrics == {"cells": 0, "served": 0}


def test_a_ranker_that_is_best_stays(world, tmp_path):
    metrics, model = fitted(world, tmp_path, right_for="ranker")
    assert metrics["served"] == 0
    assert model.apply(worlds.context(world, "few"), shown([50.0] * 4)).rows.tolist() == [0, 1, 2, 3]


def test_a_better_expert_is_served_to_those_for_whom_it_is_better(world, tmp_path):
    metrics, model = fitted(world, tmp_path, right_for="expert")
    assert metrics == {"cells": 2, "served": 2}  # whatever the age, and old items
    assert model.apply(worlds.context(world, "few"), shown([50.0] * 4)).rows.tolist() == [3, 2, 1, 0]
    assert model.apply(worlds.context(world, "many"), shown([50.0] * 4)).rows.tolist() == [0, 1, 2, 3]


def test_items_of_another_age_keep_their_places(world, tmp_path):
    _, model = fitted(world, tmp_path, right_for="expert", old=False)
    model = worlds.replace(model, served={cell: name for cell, name in model.served.items() if cell[1] >= 0})
    found = model.apply(worlds.context(world, "few"), shown([1.0, 50.0, 2.0, 60.0, 3.0]))
    assert found.rows.tolist() == [4, 1, 2, 3, 0]


def test_what_is_not_sure_changes_nothing(world, tmp_path):
    metrics, _ = fitted(world, tmp_path, right_for="nobody")
    assert metrics["served"] == 0


@pytest.mark.parametrize(
    ("change", "cells"),
    [({"least": 81}, 0), ({"ages": (200.0,)}, 2), ({"histories": (1, 2)}, 2), ({"experts": ("popular.",)}, 2)],
)
def test_settings(world, tmp_path, change, cells):
    recipe = worlds.replace(RECIPE, **change)
    metrics, model = fitted(world, tmp_path, recipe, right_for="expert")
    assert metrics["cells"] == cells
    classes = {age for _, age in model.served}
    assert classes == (set() if change.keys() & {"experts", "least"} else {-1, 0 if "ages" in change else 1})
    assert {history for history, _ in model.served} <= {1 if "histories" in change else 0}


def test_a_stricter_doubt_and_a_shallower_depth_judge_differently(world, tmp_path):
    given = examples(world, right_for="nobody")
    names = ["", "linear.long"]
    deep = next(iter(dict(Fusion(least=20)._cells(given, names)).values()))
    flat = next(iter(dict(Fusion(least=20, k=1)._cells(given, names)).values()))
    assert deep.mean() > flat.mean()
    gaps = np.stack([np.zeros(40), np.r_[np.ones(22), -np.ones(18)]], axis=1)
    assert Fusion(doubt=0.9)._best(gaps, 0) == 1
    assert Fusion(doubt=0.05)._best(gaps, 0) == 0


def test_where_there_are_goals_their_worth_counts(world):
    """The expert finds what was clicked in every question, the ranker what was bought in every second one."""
    labels = np.tile([1.0, 10.0, 0.0, 0.0], (40, 1)).astype(np.float32)
    expert = np.tile([3.0, 0.0, 2.0, 1.0], (40, 1))
    own = np.where(np.arange(40)[:, None] % 2 == 0, [0.0, 3.0, 2.0, 1.0], [0.0, 1.0, 2.0, 3.0])
    given = Examples(
        columns={"linear.long": expert.ravel().astype(np.float32)},
        labels=labels.ravel(),
        groups=np.full(40, 4),
        contexts=[worlds.context(world, "few")] * 40,
        scores=own.ravel().astype(np.float32),
    )
    goals = worlds.replace(given, goals={"click": labels.ravel() == 1, "purchase": labels.ravel() == 10})
    for examples, better in ((given, 1), (goals, 0)):
        (values,) = {cell: v for cell, v in Fusion()._cells(examples, ["", "linear.long"]) if cell[1] < 0}.values()
        assert int(np.argmax(values.mean(axis=0))) == better
