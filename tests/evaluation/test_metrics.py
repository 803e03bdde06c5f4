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
    assert metrics.mean({"ndcg": np.array([1.0, np.nan, 0.0]), "auc": np.array([np.nan])})["ndcg"] == 0.5
    assert np.isnan(metrics.mean({"auc": np.array([np.nan])})["auc"])
    assert np.isnan(metrics.measure(outcome([0], [0], 1), 1)["auc"])  # of one item alone there is none


def test_many_cases_are_measured_like_each_alone():
    dice = np.random.default_rng(5)
    alone = [outcome(dice.permutation(9)[: dice.integers(1, 9)], dice.permutation(9)[:w], 9) for w in (1, 3, 5, 2)]
    owner = np.repeat(np.arange(4), [len(o.ranks) for o in alone])
    ranks = np.concatenate([o.ranks for o in alone])
    many = metrics.Outcomes(ranks, owner, np.array([o.ranked for o in alone]), np.full(4, 9))
    found = metrics.measures(many, 4)
    for place, one in enumerate(alone):
        assert {n: v[place] for n, v in found.items()} == pytest.approx(metrics.measure(one, 4))
    order, wanted = dice.permutation(9)[:6], np.array([2, 5, 7])
    assert metrics.ndcg(order, wanted, 4) == metrics.measure(outcome(order, wanted, 9), 4)["ndcg"]
    kept = metrics.measures(many.only(owner != 1), 4)
    assert np.isnan([values[1] for values in kept.values()]).all()


@modest
@given(data=st.data())
def test_an_order_is_a_stable_sort_of_what_is_known_and_allowed(data):
    values = st.sampled_from([np.nan, -1.0, 0.0, 0.5, 1.0])
    scores = np.array(data.draw(st.lists(values, min_size=1, max_size=9)))
    may = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    ranked = [row for row in range(len(scores)) if may[row] and scores[row] > 0]
    assert metrics.order(scores, may).tolist() == sorted(ranked, key=lambda row: -scores[row])
