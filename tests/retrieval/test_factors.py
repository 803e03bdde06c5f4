"""Two tastes are found, a person is folded in exactly, and new items are placed by their texts."""

import dataclasses

import numpy as np
import pytest

from penchant.retrieval.factors import Factors
from penchant.testing import worlds

SMALL = {"dims": 4, "rounds": 6, "l2": 1.0}


def fitted(recipe, world, folder, seed=0):
    folder.mkdir()
    recipe.train(worlds.history(world, seed=seed), folder)
    return recipe.load(folder)


@pytest.fixture
def model(shop, tmp_path):
    return fitted(Factors(**SMALL), shop, tmp_path / "model")


def test_recovers_the_taste_group(shop, model):
    for user in ("u0", "u1", "u6", "u7"):
        rows = model.retrieve(worlds.context(shop, user), 8)
        assert {row % 2 for row in rows.tolist()} == {int(user[1:]) % 2}


def test_a_person_is_the_exact_least_squares_solution(shop, model):
    """x minimises Σ c (p − xᵀy)² + λ|x|² over all fitted items, with c = 1 where nothing is known."""
    context = worlds.context(shop, "u3")
    rows, confidence = model._past(context)
    factors, _ = model._factors(shop.catalogue)
    c, p = np.ones(len(factors)), np.zeros(len(factors))
    c[rows], p[rows] = confidence, 1.0
    unknown = np.setdiff1d(np.arange(len(factors)), np.union1d(model.warm, rows))
    c[unknown] = 0.0  # nobody met them: they are no evidence
    left = (factors * c[:, None]).T @ factors + SMALL["l2"] * np.eye(4)
    taste = np.linalg.solve(left, factors.T @ (c * p))
    every = np.arange(len(factors))
    assert model.score(context, every)["taste"].tolist() == pytest.approx((factors @ taste).tolist(), abs=1e-4)


def test_learns_of_a_person_without_a_refit(shop, model):
    later = worlds.replace(shop, timeline=worlds.appended(shop.timeline, [("new", 3, 20_000, "purchase")]))
    assert not len(model.retrieve(worlds.context(shop, "new"), 5))
    assert {row % 2 for row in model.retrieve(worlds.context(later, "new"), 5).tolist()} == {1}


def test_a_new_item_is_placed_by_its_text(tmp_path):
    """Even items share one direction, odd ones another; an even newcomer is for people who like the even ones."""
    vectors = np.zeros((24, 3), np.float32)
    vectors[np.arange(24), np.arange(24) % 2] = 1.0
    world = worlds.world(worlds.catalogue(worlds.items(24), vectors), worlds.shopping(12, 22, 12))
    model = fitted(Factors(**SMALL, ridge=0.1), world, tmp_path / "model")
    assert not np.isin([22, 23], model.warm).any()
    for user, better, worse in (("u0", 22, 23), ("u1", 23, 22)):
        scores = model.score(worlds.context(world, user), np.arange(24))["taste"]
        assert scores[better] > scores[worse] + 0.1


OTHERS = {
    "dims": 2,
    "l2": 50.0,
    "alpha": 1.0,
    "rounds": 1,
    "minimum": 1,
    "history": 2,
    "half_life": 1.0,
    "pace": 9.0,
    "ridge": 100.0,
}


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(Factors)])
def test_every_setting_changes_the_result(shop, name, tmp_path):
    once = worlds.replace(shop, timeline=worlds.appended(shop.timeline, [("u4", 22, 20_000, "purchase")]))
    settings = SMALL, {**SMALL, name: OTHERS[name]}
    model, other = (fitted(Factors(**s), once, tmp_path / str(n)) for n, s in enumerate(settings))
    context, rows = worlds.context(once, "u4"), np.arange(len(shop.catalogue))
    assert not np.allclose(model.score(context, rows)["taste"], other.score(context, rows)["taste"], atol=1e-4)
