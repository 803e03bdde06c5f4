"""Worth of hits, refusals, margins and lag, by hand."""

import numpy as np
import pytest

from penchant.evaluation.answers import Asked
from penchant.evaluation.calibration import calibration
from penchant.evaluation.satisfaction import refused, satisfaction
from penchant.testing import worlds
from penchant.testing.worlds import START
from penchant.types import MINUTE


def asked(value, rows=(1, 2, 3), owner=(0, 0, 1), minutes=(10, 20)):
    return Asked(
        people=np.array([0, 1]),
        time=START + np.array(minutes) * MINUTE,
        history=np.zeros(2, int),
        totals={},
        rows=np.array(rows),
        owner=np.array(owner),
        repeat=np.zeros(3, bool),
        value=np.array(value, dtype=np.float32),
    )


def test_what_hits_are_worth():
    found = satisfaction(asked([8, 2, 5]), np.zeros(3, bool), np.array([2, 0, 11]), 10)
    assert (found["hits"], found["value"], found["value_of_all"]) == (1, 8.0, 5.0)
    ideal = 8 + 2 / np.log2(3)
    assert found["valued_ndcg"] == pytest.approx((8 / np.log2(3) / ideal + 0) / 2)
    assert "refused" not in found


def test_the_best_order_by_value_scores_one():
    best = satisfaction(asked([8, 2, np.nan]), np.zeros(3, bool), np.array([1, 2, 1]), 10)
    assert best["valued_ndcg"] == pytest.approx(1.0)  # a question without a value does not count
    assert "value" not in satisfaction(asked([np.nan] * 3), np.zeros(3, bool), np.array([1, 2, 1]), 10)


def test_what_is_refused_later_is_found():
    happened = [
        ("ann", 1, 0, "dislike"),
        ("ann", 2, 15, "dislike"),
        ("bob", 3, 5, "dislike"),
        ("bob", 1, 30, "dislike"),
    ]
    sorry = refused(worlds.timeline(happened), asked([np.nan] * 3))
    assert sorry.tolist() == [False, True, False]  # before the answer, after it, before it
    found = satisfaction(asked([np.nan] * 3), sorry, np.array([0, 1, 3]), 10)
    assert (found["refused"], found["refused_of_all"]) == (0.5, pytest.approx(1 / 3))


def test_margins_that_promise_what_they_say():
    dice = np.random.default_rng(2)
    scores = [dice.random(10) for _ in range(500)]
    hits = [dice.random(10) < s for s in scores]
    groups = calibration(scores, hits)
    assert [g["shown"] for g in groups] == [500] * 10
    for g in groups:
        assert g["low"] <= g["rate"] <= g["high"]
        assert g["rate"] == pytest.approx(g["margin"], abs=0.08)


def test_margins_that_are_all_one_promise_nothing():
    assert calibration([np.ones(3)], [np.ones(3, bool)]) == calibration([], []) == []
