"""Nearest texts by bytes and by clusters, against the products of all texts."""

from dataclasses import replace

import numpy as np
import pytest

import penchant
from penchant.catalogue.columns import hidden
from penchant.retrieval import clusters as module
from penchant.retrieval import nearest
from penchant.retrieval.clusters import clusters, kinship
from penchant.retrieval.nearest import Nearest
from penchant.testing import worlds
from penchant.types import Item


def texts(size, dim, kinds, seed=0):
    """Directions of so many kinds, every tenth without one."""
    dice = np.random.default_rng(seed)
    found = dice.normal(size=(kinds, dim))[dice.integers(0, kinds, size)] + 0.4 * dice.normal(size=(size, dim))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    found[::10] = 0.0
    return found.astype(np.float32)


def exactly(vectors, wanted, limit, allowed):
    sums = np.where(allowed, kinship(vectors, wanted), 0.0)
    return [row for row in np.argsort(-sums, kind="stable")[:limit].tolist() if sums[row] > 0]


@pytest.mark.parametrize("dim", [3, 256, 300])
@pytest.mark.parametrize("count", [1, 5])
def test_what_bytes_find_is_exact(dim, count):
    vectors, allowed = texts(3_000, dim, 40), np.random.default_rng(1).random(3_000) < 0.6
    wanted = texts(9, dim, 9, seed=2)[1 : count + 1] * np.float32(0.4)
    found = clusters(vectors, np.arange(1, 3_000)).nearest(vectors, wanted, 50, allowed)
    assert found.tolist() == exactly(vectors, wanted, 50, allowed)
    assert found.dtype == np.int32


def test_the_loop_reads_what_numpy_would():
    vectors, allowed = texts(500, 300, 9), np.arange(500) % 3 > 0
    one, wanted = clusters(vectors, np.arange(1, 500)), texts(9, 300, 9)[1:4]
    bytes_, scales = module._bytes(wanted)
    told = (one.scales, one.order, one.starts, np.zeros(1, np.int64), allowed)
    places, sums = module._read(one.codes, told, bytes_, scales, 500)
    assert one.order[places].tolist() == [row for row in one.order.tolist() if allowed[row]]
    plain = one.codes.reshape(len(one.codes), -1).astype(np.int64)[places] @ bytes_.reshape(3, -1).astype(np.int64).T
    like = np.maximum(plain * scales * one.scales[places, None], 0.0)
    np.testing.assert_allclose(sums, (like**2).sum(axis=1), rtol=1e-5)


@pytest.fixture
def small(monkeypatch):
    """Clusters from 100 texts on."""
    for name, value in (("WHOLE", 100), ("_COUNT", 40)):
        monkeypatch.setattr(module, name, value)


def test_a_tenth_is_enough_where_texts_are_of_kinds(small):
    vectors, allowed = texts(4_000, 64, 60), np.random.default_rng(1).random(4_000) < 0.6
    found = clusters(vectors, np.arange(1, 4_000))
    assert len(found.middles) == 40
    assert sorted(found.order.tolist()) == np.flatnonzero(vectors.any(axis=1)).tolist()
    hits = 0
    for wanted in vectors[1:9].reshape(4, 2, 64):
        near = found.nearest(vectors, wanted, 20, allowed)
        assert allowed[near].all()
        hits += len(np.intersect1d(near, exactly(vectors, wanted, 20, allowed)))
    assert hits >= 0.9 * 80


def test_more_clusters_are_read_where_little_is_allowed(small):
    vectors, allowed = texts(4_000, 64, 60), np.zeros(4_000, dtype=bool)
    allowed[[3, 1_999, 3_998]] = True
    found = clusters(vectors, np.arange(1, 4_000)).nearest(vectors, vectors[1:2], 20, allowed)
    assert found.tolist() == exactly(vectors, vectors[1:2], 20, allowed)


def test_a_catalogue_that_says_nothing(small):
    nothing = np.zeros((300, 8), np.float32)
    found = clusters(nothing, np.zeros(0, np.int64))
    assert found.nearest(nothing, np.ones((2, 8), np.float32), 5, np.ones(300, dtype=bool)).tolist() == []


def test_large_catalogues_are_answered_as_small_ones(shop, monkeypatch):
    allowed = np.arange(24) % 5 > 0
    for text in (None, "a kettle for tea"):
        context = replace(worlds.context(shop, text=text), allowed=allowed)
        usual, columns = Nearest().retrieve(context, 6).tolist(), Nearest().score(context, np.arange(24))
        with monkeypatch.context() as patch:
            patch.setattr(nearest, "LARGE", 5)
            other = replace(context, memo={}, made={})
            assert Nearest().retrieve(other, 6).tolist() == usual
            for name, column in Nearest().score(other, np.arange(24)).items():
                np.testing.assert_allclose(column, columns[name], atol=1e-6)


def test_what_was_looked_up_is_asked_again_only_if_too_little_of_it_may_be_offered(shop, monkeypatch):
    monkeypatch.setattr(nearest, "LARGE", 5)
    context = worlds.context(shop)
    first = Nearest().retrieve(context, 3)
    for gone in (first[:1], np.setdiff1d(np.arange(24), [20, 21, 22])):
        allowed = np.ones(24, dtype=bool)
        allowed[gone] = False
        held, fresh = (replace(context, allowed=allowed, memo={}, made=made) for made in (context.made, {}))
        assert Nearest().retrieve(held, 3).tolist() == Nearest().retrieve(fresh, 3).tolist()
        assert allowed[Nearest().retrieve(held, 3)].all()


def test_what_comes_later_is_found_and_what_is_withdrawn_is_not(small, monkeypatch, tmp_path):
    monkeypatch.setattr(nearest, "LARGE", 5)
    (tmp_path / "penchant.toml").write_text('[encoder]\nmodel = "hashing"\n')
    kinds = ["red kettle", "garden hose", "winter boots", "desk lamp", "wool scarf", "oak table"]
    with penchant.open(tmp_path) as project:
        project.engine.put_items(
            [Item(id=f"{k}{n}", title=f"{kind} {n}") for n in range(40) for k, kind in enumerate(kinds)]
        )
        assert len(project.similar("07")) > 3
        project.engine.put_items([Item(id="new", title="red kettle 7 and 7")])
        assert "new" in [pick.item for pick in project.similar("07")]
        assert "new" in project.recommend("u", text="red kettle 7 and 7").items
        project.observe([penchant.Event(user="u", item="07", kind="purchase")])
        assert "new" in [p.item for p in project.recommend("u", k=40).picks]
        project.engine.withdraw("new")
        assert "new" not in [pick.item for pick in project.similar("07")]
        for text in (None, "red kettle 7 and 7"):
            assert "new" not in project.recommend("u", k=40, text=text).items


def test_what_may_not_be_offered_shapes_no_cluster(small):
    vectors = texts(600, 16, 9)
    known = worlds.catalogue(worlds.items(600), vectors)
    gone = np.arange(0, 600, 7)
    without = hidden(known, gone)
    other = replace(without, vectors=np.where(np.isin(np.arange(600), gone)[:, None], -vectors, vectors), memo={})
    one, two = (module.clustered(c, "vectors", c.vectors) for c in (without, other))
    np.testing.assert_array_equal(one.middles, two.middles)
    assert module.clustered(without, "vectors", vectors) is one
