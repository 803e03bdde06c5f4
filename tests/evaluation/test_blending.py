"""The tuned blend: a peer is only worth beating if its weights are the right ones."""

import numpy as np
import pytest

from penchant import config
from penchant.build import folding, plan
from penchant.evaluation.blending import Tuned, tune
from penchant.evaluation.replay import Replay
from penchant.testing import worlds

PIPELINE = """
[[sources]]
kind = "again"
[[sources]]
kind = "neighbours"
[[sources]]
kind = "popular"
windows = ["1d", "7d"]
[[stages]]
kind = "blend"
"""
TERMS = ("again.frequency", "neighbours.bm25", "popular.7d")
DAY = 1_440  # minutes


def quiet(what, done, total):
    pass


def tuned(happened):
    world = worlds.world(worlds.items(20), happened)
    replay = Replay(timeline=world.timeline, catalogue=world.catalogue, folds=folding())
    return tune(replay, plan(config.parse(PIPELINE)).release(), 0.3, quiet)


def columns(own, near, seven):
    return dict(zip(TERMS, (np.array(c, dtype=np.float32) for c in (own, near, seven)), strict=True))


def test_weights_and_power_decide_the_order():
    asked = columns([9, 1, 0], [np.nan, np.nan, np.nan], [0, 2, 4])
    assert np.argmax(Tuned(weights=dict(zip(TERMS, (1, 0, 0.5), strict=True))).score(asked)) == 0
    assert np.argmax(Tuned(weights=dict(zip(TERMS, (1, 0, 3.0), strict=True))).score(asked)) == 2
    rooted = Tuned(weights=dict(zip(TERMS, (1, 0, 1.0), strict=True)), power=0.5)
    assert np.argmax(rooted.score(asked)) == 1  # a third of one and half of the other


@pytest.mark.parametrize("shared", [False, True])
def test_what_people_follow_gets_the_weight(shared):
    """Everybody repeats an item of their own; or all take the item of the day, and never anything of their own."""
    happened = [
        (f"u{n}", (9 + day) if shared else n, day * DAY + 10 * n, "purchase") for day in range(10) for n in range(8)
    ]
    found = tuned(happened)
    own, _, crowd = found.weights.values()
    assert (own < crowd) if shared else (own > 0)
    assert list(found.weights)[2] in ("popular.1d", "popular.7d")


def test_the_window_that_is_fresh_enough_is_chosen():
    """Each day has new people and an item of its own, and the days before had more of both: only the last day tells."""
    happened = [
        (f"u{day}-{n}", 5 + day, day * DAY + 10 * n, "purchase") for day in range(12) for n in range(30 - 2 * day)
    ]
    assert list(tuned(happened).weights)[2] == "popular.1d"
