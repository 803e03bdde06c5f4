"""Every measure against its definition, by brute force."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.evaluation import metrics
from penchant.evaluation.metrics import Outcome
from penchant.testing import worlds

modest = settings(max_examples=100, deadline=None, derandomize=True, database=None)


def outcome(order, wanted, total):
    return Outcome(metrics.ranks_in(np.array(order), np.array(wanted)), len(order), total)


def brute(order, wanted, total, k):
    """The measures by their definitions; what a list does not reach is shuffled in every way, on average."""
    top = order[:k]
    hits = [row for row in top if row in wanted]
    gain = sum(1 / np.log2(place + 2) for place, row in enumerate(top) if row in wanted)
    ideal = sum(1 / np.log2(place + 2) for place in range(min(k, len(wanted))))
    precision, recall = len(hits) / k, len(hits) / min(k, len(wanted))
    place = {row: at for at, row in enumerate(order)}
    pairs = []
    for good, bad in product(wanted, set(range(total)) - set(wanted)):
        a, b = place.get(good, np.inf), place.get(bad, np.inf)
        pairs.append(1.0 if a < b else 0.5 if a == b else 0.0)
    firsts = [place[row] for row in wanted if row in place]
    return {
        "ndcg": gain / ideal,
        "hit": float(bool(hits)),
        "recall": recall,
        "precision": precision,
        "f1": 2 * precision * recall / (precision + recall) if hits else 0.0,
        "mrr": 1 / (1 + min(firsts)) if firsts else 0.0,
        "auc": float(np.mean(pairs)) if pairs else np.nan,
    }


@modest
@given(data=st.data())
def test_measures_are_what_their_names_say(data):
    total = data.draw(st.integers(1, 12))
    rows = data.draw(st.permutations(range(total)))
    order = rows[: data.draw(st.integers(0, total))]
    wanted = sorted(data.draw(st.sets(st.integers(0, total - 1), min_size=1)))
    k = data.draw(st.integers(1, 6))
    found = metrics.measure(outcome(order, wanted, total), k)
    assert found == pytest.approx(brute(order, wanted, total, k), nan_ok=True)
    assert tuple(found) == metrics.NAMES


def test_by_hand():
    found = metrics.measure(outcome([4, 2, 0, 1], [2, 1, 9], 10), 3)
    assert found["ndcg"] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3) + 0.5))
    assert (found["hit"], found["mrr"]) == (1.0, 0.5)
    assert found["recall"] == found["precision"] == found["f1"] == pytest.approx(1 / 3)
    # of 7 unwanted items 2 stands below one, 1 below two, 9 with the five unreached: 6 + 5 + 2.5 of 21 pairs
    assert found["auc"] == pytest.approx(13.5 / 21)


@modest
@given(data=st.data())
def test_ranks_by_score_are_those_of_a_stable_sort(data):
    size = data.draw(st.integers(1, 9))
    values = st.sampled_from([np.nan, -1.0, 0.0, 0.5, 1.0, 2.0])
    scores = np.array(data.draw(st.lists(values, min_size=size, max_size=size)))
    may = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    ranked = [row for row in range(size) if may[row] and scores[row] > 0]
    order = sorted(ranked, key=lambda row: -scores[row])
    ranks, count = metrics.ranks_by(scores, may, np.arange(size))
    assert ranks.tolist() == [order.index(row) + 1 if row in order else 0 for row in range(size)]
    assert count == len(ranked)


def test_lists():
    vectors = np.array([[1, 0], [0, 1], [1, 0], [0.6, 0.8]], dtype=np.float32)
    known = worlds.catalogue(worlds.items(4), vectors)
    found = metrics.lists([np.array([0, 1]), np.array([0, 3])], known, np.array([5.0, 2.0, 1.0, 0.0]))
    assert found["coverage"] == 3 / 4
    shares = np.array([5, 2, 5, 1]) / 8  # what nobody touched counts as once
    assert found["novelty"] == pytest.approx(-np.log2(shares).mean())
    assert found["diversity"] == pytest.approx((1 + 0.4) / 2)


def test_mean_leaves_out_what_is_not_a_number():
    rows = [metrics.measure(outcome([0], [0], 1), 1), metrics.measure(outcome([1, 0], [0], 3), 1)]
    assert metrics.mean(rows)["ndcg"] == 0.5
    assert metrics.mean(rows)["auc"] == 0.5  # of one item alone there is none
    assert np.isnan(metrics.mean([])["ndcg"])


def test_intervals_cover_the_mean_about_as_often_as_they_say():
    dice = np.random.default_rng(3)
    covered = 0
    for seed in range(120):
        values = dice.exponential(size=60)
        low, high = metrics.interval(values, seed, draws=200)
        assert low < values.mean() < high
        covered += low <= 1.0 <= high
    assert 0.86 <= covered / 120 <= 0.99


def test_an_interval_is_the_same_twice_and_shrinks():
    values = np.random.default_rng(1).random(400)
    assert metrics.interval(values) == metrics.interval(values)
    few, many = metrics.interval(values[:25]), metrics.interval(values)
    assert (few[1] - few[0]) / (many[1] - many[0]) == pytest.approx(4, rel=0.4)  # √(400 / 25)
    assert np.isnan(metrics.interval(np.zeros(0))).all()
