"""Likeness by hand in two dimensions, and by text."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.retrieval.nearest import Nearest
from penchant.testing import worlds
from penchant.types import Item

HALF = float(np.sqrt(0.5))
PLANE = np.array([[1, 0], [0, 1], [HALF, HALF], [-1, 0], [0, 0]], dtype=np.float32)


def in_the_plane(happened, wish=None):
    """A context of five items as arrows in the plane, the fifth without a text, about a centre at 0."""
    known = replace(worlds.catalogue(worlds.items(5), PLANE), centre=np.zeros(2, np.float32))
    context = worlds.context(worlds.world(known, happened), "u")
    return replace(context, wish=None if wish is None else np.array(wish, dtype=np.float32))


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [
        ("cosine", [0.6, 0.8, 1.4 * HALF, -0.6, 0]),
        ("dot", [3, 4, 7 * HALF, -3, 0]),  # the wish (3, 4) keeps its length of 5
        ("euclidean", [-(0.8**0.5), -(0.4**0.5), -((2 - 2.8 * HALF) ** 0.5), -(3.2**0.5), -1]),
    ],
)
def test_measures_the_wish(metric, wanted):
    columns = Nearest(metric=metric).score(in_the_plane([], [3, 4]), np.arange(5))
    assert columns["wish"].tolist() == pytest.approx(wanted, abs=1e-6)
    assert np.isnan(columns["interest"]).all()
    assert np.isnan(columns["last"]).all()


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_retrieves_the_nearest_first(metric):
    context = in_the_plane([], [3, 4])
    assert Nearest(metric=metric).retrieve(context, 3).tolist() == [2, 1, 0]


def test_interest_fades_by_half_lives_and_by_steps():
    happened = [("u", 0, 0, "purchase"), ("u", 1, 30 * 1_440, "purchase")]
    context = replace(in_the_plane(happened), now=worlds.START + 30 * worlds.DAY)
    columns = Nearest(metric="dot", half_life=30).score(context, np.arange(4))
    assert columns["interest"].tolist() == pytest.approx([0.2, 0.8, HALF, -0.2])  # weights ½·½ and 1, of 1¼
    assert columns["last"].tolist() == pytest.approx([0, 1, HALF, 0])


def test_takes_the_centre_out_of_what_was_liked():
    context = in_the_plane([("u", 0, 0, "purchase")])
    context = replace(context, catalogue=replace(context.catalogue, centre=np.array([1, -1], np.float32)))
    assert Nearest().score(context, np.arange(3))["last"].tolist() == pytest.approx([0, 1, HALF])


def test_finds_the_clone_by_its_text():
    texts = ["red kettle for tea", "garden hose", "winter boots", "kettle for tea, red", "desk lamp"]
    world = worlds.world([Item(id=str(n), title=t) for n, t in enumerate(texts)], [("u", 0, 0, "purchase")])
    context = replace(worlds.context(world, "u"), allowed=np.array([False, True, True, True, True]))
    assert Nearest().retrieve(context, 4)[0] == 3


def test_finds_what_was_asked_for_whatever_was_liked():
    texts = ["red kettle for tea", "garden hose", "winter boots", "kettle for tea, red", "desk lamp"]
    world = worlds.world([Item(id=str(n), title=t) for n, t in enumerate(texts)], [("u", 0, 0, "purchase")])
    assert Nearest().retrieve(worlds.context(world, "u", text="boots for the winter"), 2)[0] == 2


def test_an_item_without_a_text_has_no_direction():
    context = in_the_plane([("u", 4, 0, "purchase")])
    assert Nearest().retrieve(context, 3).tolist() == []
    assert np.isnan(Nearest().score(context, np.arange(5))["interest"]).all()
