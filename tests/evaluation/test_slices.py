"""Slices split the questions as they say, and a loss on one of them is found."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.evaluation.answers import Answers, Asked
from penchant.evaluation.slices import ENOUGH, gaps, measured, slices
from penchant.types import DAY

SIZE = 4


@pytest.fixture
def asked():
    """Four questions by four people about one, two, one and one items; the first person has no past."""
    return Asked(
        people=np.arange(4),
        time=np.full(4, 100 * DAY),
        history=np.array([0, 2, 12, 40]),
        totals={mask: np.full(4, 9) for mask in ("all", "repeats", "novel")},
        rows=np.array([0, 1, 2, 3, 4], dtype=np.int32),
        owner=np.array([0, 1, 1, 2, 3]),
        repeat=np.array([False, True, False, True, False]),
        value=np.full(5, np.nan, np.float32),
    )


def chosen(parts):
    return {name: np.flatnonzero(part.counts).tolist() for name, part in parts.items()}


def test_every_wanted_item_is_in_one_slice_of_each_kind(asked):
    born = np.array([97, 80, 50, 100, 99]) * DAY
    learned = np.array([True, True, True, False, True])
    found = chosen(slices(asked, born, learned, {"device": ["pc", "", "pc", "phone", "pc"]}))
    assert found == {
        "all": [0, 1, 2, 3, 4],
        "repeats": [1, 3],
        "novel": [0, 2, 4],
        "cold": [3],
        "age < 7 d": [0, 4],
        "age 7–30 d": [1],
        "age 30 d +": [2],
        "history 0": [0],
        "history 1–2": [1, 2],
        "history 3–9": [],
        "history 10–29": [3],
        "history 30 +": [4],
        "device pc": [0, 2, 4],
        "device –": [1],
        "device phone": [3],
    }


def test_rare_labels_share_a_slice(asked):
    many = replace(asked, rows=np.arange(30), owner=np.zeros(30, np.int64), repeat=np.zeros(30, bool))
    labels = [str(n % 8) for n in range(20)] + [f"rare {n}" for n in range(10)]
    found = chosen(slices(many, np.zeros(30), np.ones(30, bool), {"brand": labels}))
    assert found["brand, other"] == list(range(20, 30))


def test_only_what_counts_is_measured(asked):
    model = Answers(name="m")
    for wanted in ([0], [1, 2], [3], [4]):
        may = np.ones(9, dtype=bool)
        masks = {"all": may, "repeats": may & (np.arange(9) != 0), "novel": may}
        model.add(np.array([0, 2, 1], dtype=np.int32), np.array(wanted), masks, 10)
    parts = slices(asked, np.zeros(5), np.ones(5, bool), {})
    repeats = measured(model, asked, parts["repeats"], 10)["ndcg"]
    assert repeats == pytest.approx([np.nan, 1 / np.log2(3), 0.0, np.nan], nan_ok=True)  # row 0 may not be ranked there
    assert measured(model, asked, parts["all"], 10)["mrr"] == pytest.approx([1, 1 / 2, 0, 0])


def test_a_slice_that_is_lost_is_found_and_small_ones_are_not_tested(asked):
    dice, size = np.random.default_rng(1), 3 * ENOUGH
    wide = replace(asked, people=np.arange(size))
    ours = dice.random(size)
    half = np.where(np.arange(size) % 2, np.nan, ours)
    few = np.where(np.arange(size) < ENOUGH - 1, ours, np.nan)
    better = half + 0.1 + 0.01 * dice.standard_normal(size)
    board = {
        "all": {"penchant": ours, "rival": ours - 0.2},
        "won": {"penchant": ours, "rival": ours - 0.2 + 0.01 * dice.standard_normal(size)},
        "lost": {"penchant": half, "rival": better},
        "few": {"penchant": few, "rival": few + 1},
    }
    found = gaps(board, wide, "penchant")
    assert set(found) == {"won", "lost"}
    assert found["lost"]["rival"].high < 0 < found["won"]["rival"].low
    assert found["lost"]["rival"].mean == pytest.approx(-0.1, abs=0.01)
