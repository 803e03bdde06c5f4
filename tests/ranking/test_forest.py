"""A forest against the library that grew it, to the last bit, with values missing and on the thresholds themselves."""

import lightgbm
import numpy as np
import pytest

from penchant.errors import ArtefactError
from penchant.ranking import forest


def grown(tmp_path, leaves, *, missing=0.2, rounds=30, names=None, **more):
    """A model file, and (features × rows) some of what it was learned from."""
    dice = np.random.default_rng(leaves)
    x = dice.normal(size=(600, 5)).astype(np.float32)
    x[:, 1] = dice.integers(0, 4, 600)
    y = x[:, 0] * (x[:, 1] - 1) + np.sin(3 * x[:, 2]) + (x[:, 3] > 0)
    x[dice.random(x.shape) < missing] = np.nan
    parameters = {"num_leaves": leaves, "min_data_in_leaf": 3, "num_threads": 1, "seed": 0, "verbosity": -1, **more}
    data = lightgbm.Dataset(x, y, categorical_feature=[1] if names else [])
    booster = lightgbm.train(parameters, data, num_boost_round=rounds)
    booster.save_model(str(tmp_path / "trees.txt"))
    return booster, x


@pytest.mark.parametrize("leaves", [2, 4, 15, 32, 33, 64])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_margins_are_those_of_the_library(tmp_path, leaves, missing):
    booster, x = grown(tmp_path, leaves, missing=missing)
    found = forest.read(tmp_path / "trees.txt").margins(np.ascontiguousarray(x.T))
    np.testing.assert_array_equal(found, booster.predict(x, raw_score=True))


def test_values_that_were_never_missing_are_read_as_zero_when_they_are(tmp_path):
    booster, x = grown(tmp_path, 15, missing=0.0)
    x[::3] = np.nan
    found = forest.read(tmp_path / "trees.txt").margins(np.ascontiguousarray(x.T))
    np.testing.assert_array_equal(found, booster.predict(x, raw_score=True))


def test_a_value_on_a_threshold_goes_left(tmp_path):
    booster, _ = grown(tmp_path, 15)
    edges = [float(node) for node in forest.read(tmp_path / "trees.txt").threshold[:200]]
    x = np.repeat(np.array(edges, dtype=np.float32)[:, None], 5, axis=1)
    found = forest.read(tmp_path / "trees.txt").margins(np.ascontiguousarray(x.T))
    np.testing.assert_array_equal(found, booster.predict(x, raw_score=True))


def test_a_tree_may_be_a_single_leaf(tmp_path):
    booster, x = grown(tmp_path, 4, rounds=1, min_gain_to_split=1e9)
    found = forest.read(tmp_path / "trees.txt").margins(np.ascontiguousarray(x.T))
    np.testing.assert_array_equal(found, booster.predict(x, raw_score=True))


def test_nobody_is_asked_about_nothing(tmp_path):
    grown(tmp_path, 4)
    assert forest.read(tmp_path / "trees.txt").margins(np.zeros((5, 0), np.float32)).tolist() == []


@pytest.mark.parametrize(
    "more", [{"leaves": 80}, {"leaves": 15, "names": True}, {"leaves": 15, "zero_as_missing": True}]
)
def test_other_trees_are_refused(tmp_path, more):
    grown(tmp_path, more.pop("leaves"), **more)
    with pytest.raises(ArtefactError, match="trees over numbers"):
        forest.read(tmp_path / "trees.txt")
