"""The loops over rows against their twins in NumPy."""

import numpy as np
import pytest

from penchant.events import loops
from penchant.retrieval import counting


@pytest.mark.parametrize("limit", [0, 1, 7, 40, 500])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_top_are_the_best_that_are_allowed(limit, kind):
    dice = np.random.default_rng(limit)
    scores, allowed = np.round(dice.normal(size=300), 1).astype(kind), dice.random(300) < 0.7
    rows, values = loops.top(scores, allowed, limit)
    assert (scores[rows] == values).all()
    order = np.argsort(-np.where(allowed, scores, -1.0), kind="stable")
    wanted = [row for row in order.tolist() if allowed[row] and scores[row] > 0]
    assert rows[np.argsort(-values, kind="stable")].tolist()[: limit or None] == wanted[: limit or None]
    assert rows.tolist() == sorted(rows.tolist())


@pytest.mark.parametrize("limit", [0, 1, 7, 300, 500])
def test_the_largest_are_the_first_of_a_stable_sort(limit):
    values = np.round(np.random.default_rng(limit).normal(size=300), 1)
    assert loops.largest(values, limit).tolist() == sorted(np.argsort(-values, kind="stable")[:limit].tolist())


@pytest.mark.parametrize("order", ["drawn", "rising", "falling"])
def test_the_top_of_a_large_catalogue(order):
    scores = np.random.default_rng(3).exponential(size=50_000)
    scores = {"drawn": scores, "rising": np.sort(scores), "falling": -np.sort(-scores)}[order]
    scores[::7] = 0.0
    rows, _ = loops.top(scores, np.arange(50_000) % 5 > 0, 100)
    allowed = np.where(np.arange(50_000) % 5 > 0, scores, 0.0)
    assert rows.tolist() == sorted(np.argsort(-allowed, kind="stable")[:100].tolist())


def test_items_that_came_later_than_the_scores_are_not_looked_at():
    assert loops.top(np.ones(3), np.ones(5, bool), 9)[0].tolist() == [0, 1, 2]
    assert loops.top(np.ones(5), np.ones(3, bool), 9)[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("limit", [0, 1, 5, 99])
def test_lists_take_turns_and_name_nothing_twice(limit):
    lists = [[5, 1, 2, 9], [], [1, 7], [5, 3, 8, 0, 4]]
    turns = [part[turn] for turn in range(5) for part in lists if turn < len(part)]
    found = np.array([row for part in lists for row in part], dtype=np.int32)
    ends = np.cumsum([len(part) for part in lists])
    assert loops.distinct(found, ends, limit).tolist() == list(dict.fromkeys(turns))[:limit]
    assert loops.distinct(np.zeros(0, np.int32), np.zeros(0, np.int64), limit).tolist() == []


def test_weights_are_scattered_as_a_sparse_product():
    dice = np.random.default_rng(0)
    items = np.argsort(dice.random((6, 9)), axis=1)[:, :4].astype(np.int32)
    values, rows, weights = dice.random((6, 4)).astype(np.float32), np.array([4, 0, 4]), np.array([0.5, 2.0, 1.0])
    dense = np.zeros((6, 9))
    np.put_along_axis(dense, items, values, axis=1)
    found = counting.scattered(items, values, rows, weights, 9)
    assert found.tolist() == pytest.approx((weights @ dense[rows]).tolist())


@pytest.mark.parametrize("segment", [-1, 0, 2])
def test_events_are_counted_as_by_numpy(segment):
    dice = np.random.default_rng(5)
    item, kind = dice.integers(-1, 9, 400).astype(np.int32), dice.integers(0, 3, 400).astype(np.int16)
    part, weights = dice.integers(-1, 3, 400).astype(np.int16), np.array([200.0, -500.0, 2_000.0])
    keep = (item >= 0) & (item < 7) & ((part == segment) | (segment < 0))
    expected = 5.0 + np.bincount(item[keep], weights=weights[kind[keep]], minlength=7)
    counts = np.full(7, 5.0)
    loops.tallied(counts, (item, kind, part), weights, segment)
    np.testing.assert_array_equal(counts, expected)
