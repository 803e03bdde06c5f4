"""Intervals cover what they say, people are drawn whole, and Holm's levels are his."""

import numpy as np
import pytest

from penchant.evaluation.bootstrap import doubt, drawn, holm, interval


def ends(values, people=None, **options):
    people = np.arange(len(values)) if people is None else people
    found = interval(float(values.mean()), drawn(values[:, None], people, **options)[:, 0])
    return found.low, found.high


def test_intervals_cover_the_mean_about_as_often_as_they_say():
    dice = np.random.default_rng(3)
    covered = 0
    for seed in range(120):
        values = dice.exponential(size=60)
        low, high = ends(values, seed=seed, draws=200)
        assert low < values.mean() < high
        covered += low <= 1.0 <= high
    assert 0.86 <= covered / 120 <= 0.99


def test_an_interval_is_the_same_twice_and_shrinks():
    values = np.random.default_rng(1).random(400)
    assert ends(values) == ends(values)
    few, many = ends(values[:25]), ends(values)
    assert (few[1] - few[0]) / (many[1] - many[0]) == pytest.approx(4, rel=0.4)  # √(400 / 25)


def test_questions_of_one_person_count_as_one():
    values = np.random.default_rng(2).random(100)
    once, often = ends(values), ends(np.repeat(values, 9), np.repeat(np.arange(100), 9))
    assert often == pytest.approx(once)
    alone = ends(np.repeat(values, 9))
    assert (once[1] - once[0]) / (alone[1] - alone[0]) == pytest.approx(3, rel=0.2)  # √9


def test_series_see_the_same_draws():
    values = np.random.default_rng(4).random((50, 1))
    means = drawn(np.concatenate([values, values + 0.1], axis=1), np.arange(50))
    assert np.diff(means, axis=1) == pytest.approx(0.1)


def test_large_samples_are_drawn_in_parts_and_stay_as_many():
    assert drawn(np.random.default_rng(0).random((900, 2)), np.arange(900), draws=5_000).shape == (5_000, 2)


def test_doubt_is_small_where_all_draws_agree():
    assert doubt(np.full(99, 0.2)) == pytest.approx(2 / 100)
    assert doubt(np.array([1.0, -1.0])) == 1.0


def test_holm_descends_until_one_fails():
    levels = holm(np.array([0.04, 0.001, 0.02, 0.9]), 0.05)
    assert levels == pytest.approx([0.05 / 3, 0.05 / 4, 0.05 / 3, 0.05 / 3])  # 0.02 > 0.05 / 3 ends the descent
    assert holm(np.array([0.001, 0.002]), 0.05) == pytest.approx([0.025, 0.05])
    assert len(holm(np.zeros(0))) == 0
