"""Volume, proportion and quotas, each by hand; every setting changes a list; nothing is lost and scores stay."""

from dataclasses import replace

import numpy as np
import pytest

from penchant import plugins
from penchant.reranking.calibration import Calibration, divergence, tastes
from penchant.reranking.dpp import Determinantal
from penchant.reranking.quotas import Caps, Fresh, fresh
from penchant.testing import worlds
from penchant.types import DAY, Item, moment

STAGES = ("dpp", "calibration", "caps", "fresh", "explore", "diversity")


def shelves(letters, happened=(), brands=None, **query):
    """A context of items whose categories are these letters, without texts."""
    brands = brands or letters
    known = [
        Item(id=str(n), attributes={"category": c, "brand": b} if c != "-" else {})
        for n, (c, b) in enumerate(zip(letters, brands, strict=True))
    ]
    vectors = np.zeros((len(known), 2), np.float32)
    return worlds.context(worlds.world(worlds.catalogue(known, vectors), happened), "u", **query)


def plane(k=10, categories="----"):
    """Items 0 and 1 are alike, 2 is unlike them, 3 lies between."""
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    known = [Item(id=str(n), attributes={"category": c} if c != "-" else {}) for n, c in enumerate(categories)]
    return worlds.context(worlds.world(worlds.catalogue(known, vectors)), k=k)


def best_of(scores, likeness, strength, size):
    """By brute force: the greedy list, each step with a determinant of its own."""
    spread, chosen = np.std(scores), []
    for _ in range(size):
        gains = {}
        for n in set(range(len(scores))) - set(chosen):
            some = [*chosen, n]
            volume = np.log(max(np.linalg.det(likeness[np.ix_(some, some)]), 1e-12))
            gains[n] = (1 - strength) * sum(scores[some]) / spread + strength * volume
        chosen.append(max(gains, key=lambda n: (gains[n], -n)))
    return chosen


@pytest.mark.parametrize("strength", [0.1, 0.3, 0.6, 0.9])
def test_dpp_is_the_greedy_list_of_largest_volume(ranked, strength):
    dice = np.random.default_rng(3)
    vectors = dice.normal(size=(12, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    context = worlds.context(worlds.world(worlds.catalogue([Item(id=str(n)) for n in range(12)], vectors)), k=5)
    scores = np.sort(dice.normal(size=12))[::-1]
    likeness = 0.7 * (vectors @ vectors.T).astype(np.float64)
    np.fill_diagonal(likeness, 1.0)
    found = Determinantal(strength=strength).apply(context, ranked(scores))
    assert found.rows[:5].tolist() == best_of(scores.astype(np.float32), likeness, strength, 5)


def test_dpp_settings(ranked):
    given = ranked([4, 3, 2, 1])
    assert Determinantal(strength=0.0).apply(plane(), given).rows.tolist() == [0, 1, 2, 3]
    assert Determinantal(strength=0.9, category=0.0).apply(plane(k=2), given).rows.tolist() == [0, 2, 1, 3]
    assert Determinantal(strength=0.9, pool=3).apply(plane(), given).rows.tolist() == [0, 2, 1, 3]
    one_shelf = plane(k=2, categories="a-a-")  # as to categories alone, 2 is the twin of 0
    assert Determinantal(strength=0.9, category=1.0).apply(one_shelf, given).rows.tolist() == [0, 1, 2, 3]
    assert Determinantal(strength=0.9, category=0.0).apply(one_shelf, given).rows.tolist() == [0, 2, 1, 3]


def test_calibration_gives_each_category_its_share(ranked):
    """Seven of ten purchases were of a, three of b: so are seven and three of ten places, whatever scores say."""
    happened = [("u", n, n / 1_000, "purchase") for n in (*range(7), *range(20, 23))]
    context = shelves("a" * 20 + "b" * 20, happened, k=10)
    given = ranked(np.linspace(1, 0, 40))
    found = Calibration(strength=0.99).apply(context, given)
    assert sorted(context.catalogue.columns["category"][found.rows[:10]].tolist()) == [0] * 7 + [1] * 3
    taste = tastes(context, 90.0)
    assert taste == pytest.approx([0.7, 0.3])
    assert divergence(taste, np.array([0] * 7 + [1] * 3)) == pytest.approx(0)
    # of a list of a alone: .7·ln(.7/(.99 + .007)) + .3·ln(.3/.003)
    assert divergence(taste, np.zeros(10, np.int64)) == pytest.approx(0.7 * np.log(0.7 / 0.997) + 0.3 * np.log(100))


def test_calibration_settings(ranked):
    past = [("u", 0, 0, "purchase"), ("u", 3, 200 * 1_440, "purchase")]
    context = shelves("aaabb", past, k=2)
    given = ranked([5, 4, 3, 2, 1])
    order = {s: Calibration(strength=s).apply(context, given).rows.tolist() for s in (0.0, 0.2, 0.95)}
    assert order == {0.0: [0, 1, 2, 3, 4], 0.2: [0, 1, 2, 3, 4], 0.95: [3, 0, 1, 2, 4]}
    forgetful = Calibration(strength=0.95, half_life=1.0).apply(context, given)  # only b is remembered
    assert forgetful.rows.tolist() == [3, 4, 0, 1, 2]
    assert Calibration(strength=0.95, pool=3).apply(context, given).rows.tolist() == [0, 1, 2, 3, 4]
    stranger = replace(context, user=worlds.context(worlds.shop(), "nobody").user)
    assert Calibration(strength=1.0).apply(stranger, given).rows.tolist() == [0, 1, 2, 3, 4]


def test_caps_put_the_rest_behind(ranked):
    given = ranked([7, 6, 5, 4, 3, 2, 1])
    context = shelves("aaab-b-", brands="xyzzxyx", k=4)
    assert Caps(most=1).apply(context, given).rows.tolist() == [0, 3, 4, 6, 1, 2, 5]
    assert Caps(most=2).apply(context, given).rows.tolist() == [0, 1, 3, 4, 2, 5, 6]
    assert Caps(most=0).apply(context, given).rows.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert Caps(attribute="brand", most=1).apply(context, given).rows.tolist() == [0, 1, 2, 4, 3, 5, 6]
    assert Caps(attribute="colour", most=1).apply(context, given).rows.tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_caps_count_every_value_and_fill_a_list_that_would_be_short(ranked):
    known = [Item(id=str(n), attributes={"tags": tags}) for n, tags in enumerate([("a", "b"), ("b",), ("c",), ("c",)])]
    context = worlds.context(worlds.world(worlds.catalogue(known, np.zeros((4, 2), np.float32))), k=4)
    found = Caps(attribute="tags", most=1).apply(context, ranked([4, 3, 2, 1]))
    assert found.rows.tolist() == [0, 2, 1, 3]


@pytest.fixture
def week():
    """Eight items, created on days 1 to 8 of a world that is nine days old; 0 to 5 were bought that often."""
    known = [Item(id=str(n), created=moment(worlds.START + (n + 1) * DAY)) for n in range(8)]
    happened = [("v", n, 10 * 1_440 - 100 + m, "purchase") for n in range(6) for m in range(n)]
    return worlds.context(worlds.world(known, happened), k=4, now=worlds.START + 10 * DAY)


def test_fresh_lifts_the_best_new_items_to_the_end_of_the_list(week, ranked):
    given = ranked([8, 7, 6, 5, 4, 3, 2, 1])
    stage = Fresh(share=0.5, days=4.5, events=0.0)
    assert fresh(week, given.rows, 4.5, 0.0).tolist() == [True, False, False, False, False, True, True, True]
    assert stage.apply(week, given).rows.tolist() == [0, 1, 2, 5, 3, 4, 6, 7]
    assert replace(stage, share=1.0).apply(week, given).rows.tolist() == [0, 5, 6, 7, 1, 2, 3, 4]
    assert replace(stage, share=0.1).apply(week, given).rows.tolist() == list(range(8))
    assert replace(stage, share=1.0, days=2.5).apply(week, given).rows.tolist() == [0, 1, 6, 7, 2, 3, 4, 5]
    assert replace(stage, events=2.0).apply(week, given).rows.tolist() == list(range(8))  # 0 and 1 are new enough


def test_fresh_leaves_the_head_of_the_list_alone(week, ranked):
    given = ranked([8, 7, 6, 5, 4, 3, 2, 1])  # 0, 5, 6 and 7 are new
    stage = Fresh(share=1.0, days=4.5, after=2)
    assert stage.apply(week, given).rows.tolist() == [0, 1, 5, 6, 2, 3, 4, 7]
    assert replace(stage, share=0.5).apply(week, given).rows.tolist() == [0, 1, 2, 5, 3, 4, 6, 7]
    assert replace(stage, after=4).apply(week, given).rows.tolist() == list(range(8))


def test_what_nobody_dated_is_as_old_as_its_first_event(ranked):
    context = shelves("abc", [("v", 0, 0, "view"), ("v", 1, 9 * 1_440, "view")], k=2, now=worlds.START + 10 * DAY)
    assert fresh(context, ranked([3, 2, 1]).rows, 7.0, 0.0).tolist() == [False, True, True]


@pytest.mark.parametrize("kind", STAGES)
@pytest.mark.parametrize("k", [1, 2, 5, 24, 30])
def test_every_k_and_the_order_of_given_candidates(shop, ranked, kind, k):
    stage, given = plugins.find("stages", kind)(), ranked(np.linspace(3, 0, 24))
    context = worlds.context(shop, k=k)
    for surface in ("home", "rank"):
        found = stage.apply(replace(context, query=replace(context.query, surface=surface)), given)
        assert sorted(found.rows.tolist()) == list(range(24))
        assert found.scores[np.argsort(found.rows)] == pytest.approx(given.scores)
