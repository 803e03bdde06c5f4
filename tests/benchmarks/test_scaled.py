"""A scaled project is as large as asked, as uneven as the real shop, and the same every time."""

from pathlib import Path

import numpy as np
import pytest

import penchant

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def scaled(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import scaled

    return scaled


def test_a_scaled_project_starts_from_its_snapshot(scaled, tmp_path):
    scaled.make(tmp_path, items=40, people=300, events=10.0)
    with penchant.open(tmp_path) as project:
        world = project.engine.follower.catch_up()
        assert (len(world.catalogue), len(world.timeline.users)) == (40, 300)
        assert 7 <= len(world.timeline) / 300 <= 13
        assert project.engine.follower._resumed[1] == len(world.timeline)  # nothing of it was read from the log
        assert len(project.recommend("person 7").picks) == 10


def test_people_and_items_are_as_uneven_as_in_the_shop(scaled):
    from penchant.events.kinds import WEIGHTS, Kinds
    from penchant.events.timeline import Timeline

    line = Timeline(Kinds(WEIGHTS, {}))
    real = scaled._real(line)
    size = real["size"]
    told = scaled.lived(4 * size, 20_000, 20.0, 3, 0, line)
    again = scaled.lived(4 * size, 20_000, 20.0, 3, 0, Timeline(Kinds(WEIGHTS, {})))
    assert all(np.array_equal(told[name], again[name], equal_nan=name == "value") for name in told)
    assert (np.diff(told["time"]) >= 0).all()
    usual, found = np.bincount(real["item"], minlength=size), np.bincount(told["item"] % size, minlength=size)
    assert np.corrcoef(usual, found)[0, 1] > 0.95
    lengths, real_lengths = np.bincount(told["user"]), np.bincount(real["user"])
    assert lengths.mean() == pytest.approx(20, rel=0.1)
    spread, real_spread = (np.quantile(of, 0.9) / np.quantile(of, 0.5) for of in (lengths, real_lengths))
    assert spread == pytest.approx(real_spread, rel=0.3)
    home = [np.bincount(told["item"][told["user"] == code] // size, minlength=4).max() for code in range(50)]
    assert np.sum(home) > 0.7 * np.isin(told["user"], range(50)).sum()
    assert scaled.catalogue(4 * size)["item_id"].n_unique() == 4 * size
