"""Likeness by hand in two dimensions, and by text."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.catalogue.columns import hidden
from penchant.retrieval.nearest import Nearest
from penchant.retrieval.whitening import whitened
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


CROSS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]] * 2, dtype=np.float32)  # whitening can only turn it
NEW = np.arange(4, 8)  # each like one of the first four, and touched by nobody


def on_the_cross(happened, minutes=0):
    """A context of twice four items at right angles, `minutes` after the start."""
    known = worlds.catalogue([Item(id=str(n)) for n in range(8)], CROSS)
    return replace(worlds.context(worlds.world(known, happened), "u"), now=worlds.START + minutes * worlds.MINUTE)


def test_interest_fades_by_half_lives():
    happened = [("u", 0, 0, "purchase"), ("u", 1, 30 * 1_440, "purchase")]
    context = replace(in_the_plane(happened), now=worlds.START + 30 * worlds.DAY)
    columns = Nearest(metric="dot", half_life=30).score(context, np.arange(4))
    wanted = [0.2, 0.8, HALF, -0.2]  # a step and a half-life ago weighs ¼ of the newest
    assert columns["interest"].tolist() == pytest.approx(wanted)
    assert columns["last"].tolist() == pytest.approx([0, 1, HALF, 0])


def test_takes_the_centre_out_of_what_was_liked():
    context = in_the_plane([("u", 0, 0, "purchase")])
    context = replace(context, catalogue=replace(context.catalogue, centre=np.array([1, -1], np.float32)))
    assert Nearest().score(context, np.arange(3))["last"].tolist() == pytest.approx([0, 1, HALF])


def test_tastes_are_kept_apart():
    happened = [("u", 0, 0, "purchase"), ("u", 1, 0, "purchase"), ("u", 2, 0, "purchase")]
    columns = Nearest().score(on_the_cross(happened), NEW)
    assert columns["interest"].tolist() == pytest.approx([0, 1, 0, -1], abs=1e-6)  # the opposites cancel
    assert columns["tastes"].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0], abs=1e-6)


def test_tastes_fade_by_half_lives():
    happened = [("u", 0, 0, "purchase"), ("u", 1, 30 * 1_440, "purchase")]
    columns = Nearest(half_life=30).score(on_the_cross(happened, 30 * 1_440), NEW)
    assert columns["tastes"].tolist() == pytest.approx([0.2, 0.8, 0, 0], abs=1e-6)


def test_one_taste_is_the_square_of_the_interest():
    happened = [("u", 0, 0, "purchase"), ("u", 1, 0, "purchase")]
    for source in (Nearest(tastes=1), Nearest(alike=-1)):
        columns = source.score(on_the_cross(happened), NEW)
        assert columns["tastes"].tolist() == pytest.approx(np.maximum(columns["interest"], 0) ** 2, abs=1e-6)


def test_tastes_look_beyond_what_they_had():
    context = on_the_cross([("u", 0, 0, "purchase"), ("u", 1, 0, "dislike")])
    assert Nearest().retrieve(context, 2).tolist() == [4, 1]  # what was disliked is left to the rules
    assert np.isnan(Nearest().score(context, np.arange(8))["tastes"]).tolist() == [True, *[False] * 7]


def test_only_so_much_of_the_past_is_used():
    happened = [("u", 0, 0, "purchase"), ("u", 1, 5, "purchase")]
    columns = Nearest(history=1).score(on_the_cross(happened, 5), np.arange(4))
    assert columns["interest"].tolist() == pytest.approx(columns["last"].tolist())


def test_whitening_evens_out_what_all_texts_have_in_common():
    dice = np.random.default_rng(0)
    vectors = dice.standard_normal((400, 6)) * [9, 1, 1, 1, 1, 1] + [5, 0, 0, 0, 0, 0]
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    known = worlds.catalogue(worlds.items(400), vectors)
    rows = whitened(known, 6, 0.01)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(400), abs=1e-5)
    variance = np.linalg.eigvalsh(np.cov(rows.T))
    assert variance[-1] / variance[0] < 4 < 15 < np.divide(*np.linalg.eigvalsh(np.cov(vectors.T))[[-1, 0]])
    assert whitened(known, 6, 0.01) is rows
    assert whitened(known, 3, 0.01).shape == (400, 3)
    raw = vectors - vectors.mean(axis=0)
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    assert np.abs(whitened(known, 6, 1e6) @ whitened(known, 6, 1e6).T - raw @ raw.T).max() < 0.05


def test_what_may_not_be_offered_shapes_no_likeness():
    known = worlds.catalogue(worlds.items(12))
    without = hidden(known, np.array([3, 7]))
    other = replace(without, vectors=np.where(np.isin(np.arange(12), [3, 7])[:, None], 0, without.vectors), memo={})
    rest = np.delete(np.arange(12), [3, 7])
    np.testing.assert_allclose(whitened(without, 64, 0.5)[rest], whitened(other, 64, 0.5)[rest], atol=1e-5)


def test_settings_of_the_space_change_what_is_near(shop):
    context = worlds.context(shop)
    usual = np.nan_to_num(Nearest().score(context, np.arange(24))["tastes"])
    for source in (Nearest(dims=2), Nearest(relaxed=50.0), Nearest(tastes=1), Nearest(alike=-1)):
        assert np.nanmax(np.abs(source.score(context, np.arange(24))["tastes"] - usual)) > 0.01


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
