"""Visits cut by time, their likeness by hand, and answers that move with the visit."""

import numpy as np
import pytest

from penchant.retrieval.sessions import Sessions
from penchant.testing import worlds
from penchant.testing.worlds import START
from penchant.types import MINUTE

ROWS = np.arange(8)
HAPPENED = [
    ("bob", 0, 0, "purchase"),
    ("bob", 1, 10, "purchase"),
    ("bob", 2, 20, "purchase"),
    ("bob", 3, 300, "purchase"),  # another visit
    ("eve", 1, 400, "purchase"),
    ("eve", 4, 401, "purchase"),
    ("ann", 0, 500, "view"),
    ("ann", 1, 505, "purchase"),
]


@pytest.fixture
def world():
    return worlds.world(worlds.items(8), HAPPENED)


def asked(world, minute=506, **query):
    return worlds.context(world, "ann", now=START + minute * MINUTE, **query)


def test_counts_by_hand(world):
    """Ann met 1 just now and 0 a moment before: Bob's first visit holds both, Eve's holds 1, Bob's second neither."""
    found = Sessions(pace=1.0, half_life=1e9).score(asked(world), ROWS)["visit"]
    bob, eve = (1 + 0.5) * 1.0, 1.0 * 1.0  # shared weight times that of the newest item shared
    tally = np.array([2.2, 6, 2, 2, 2, 0, 0, 0])
    rarity = np.log1p(tally.sum() / np.maximum(tally, 1))
    wanted = np.array([bob, bob + eve, bob, 0, eve, 0, 0, 0]) * rarity
    assert found.tolist() == pytest.approx(wanted.tolist(), rel=1e-5)


def test_sessions_fade(world):
    found = Sessions(pace=1.0, half_life=1 / 1_440).score(asked(world), ROWS)["visit"]
    assert found[2] / found[4] == pytest.approx(1.5 * 0.5 ** (401 - 20), rel=1e-3)


def test_a_visit_ends_with_the_gap(world):
    assert Sessions(gap=30.0).score(asked(world), ROWS)["visit"][3] == 0
    assert Sessions(gap=300.0).score(asked(world), ROWS)["visit"][3] > 0


def test_the_visit_is_what_counts_once_there_is_one(world):
    """Long after, the last items stand in; what is looked at now begins a visit of its own."""
    later = asked(world, 5_000)
    assert Sessions().retrieve(later, 8).tolist() == Sessions().retrieve(later, 8).tolist() != []
    looking = asked(world, 5_000, item="i4")
    assert set(Sessions().retrieve(looking, 8).tolist()) == {1, 4}  # Eve's visit only


def test_an_item_put_in_the_basket_moves_the_next_answer(world):
    told = worlds.replace(world, timeline=worlds.appended(world.timeline, [("ann", 3, 507, "cart")]))
    assert Sessions().score(asked(world), ROWS)["visit"][3] == 0
    assert Sessions().score(asked(told, 508), ROWS)["visit"][3] > 0


def test_the_visit_itself_is_no_neighbour():
    alone = worlds.world(worlds.items(4), [("ann", 0, 0, "view"), ("ann", 1, 1, "view")])
    assert not len(Sessions().retrieve(asked(alone, 2), 4))
    assert len(Sessions().retrieve(asked(alone, 200), 4))  # long ago it was a visit like others


SETTINGS = {
    "gap": 2_000.0,
    "last": 1,
    "pace": 5.0,
    "audience": 1,
    "recent": 2,
    "depth": 2,
    "nearest": 1,
    "half_life": 0.5,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_changes_the_result(shop, name):
    context = worlds.context(shop, "u4")
    rows = np.arange(len(shop.catalogue))
    few = {"last": 1} if name == "audience" else {}  # otherwise each person is found by another item
    made = Sessions(**few), Sessions(**few | {name: SETTINGS[name]})
    usual, other = (s.score(context, rows)["visit"] for s in made)
    assert not np.allclose(usual, other)
