"""Large catalogues: item by item as good as the closed form where it may use every item, and close where it may not."""

import numpy as np
import pytest
from scipy import sparse

from penchant.retrieval import closed_form, ridge
from penchant.retrieval.linear import Linear
from penchant.testing import worlds


def crowd(people, items, each, seed=0):
    """People who buy within one of many themes, and texts that tell the theme."""
    dice = np.random.default_rng(seed)
    themes = items // 20
    theme = dice.integers(0, themes, people).repeat(each)
    bought = theme + themes * dice.integers(0, 20, people * each)
    taste = sparse.csr_matrix((np.ones(len(bought), np.float32), (np.arange(people).repeat(each), bought)))
    taste.data[:] = 1.0
    taste.resize(people, items)
    middles = dice.standard_normal((themes, 16))
    texts = middles[np.arange(items) % themes] + 0.5 * dice.standard_normal((items, 16))
    return taste, (texts / np.linalg.norm(texts, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("prior_weight", [0.0, 5.0])
def test_with_every_item_allowed_it_is_the_closed_form(prior_weight):
    taste, texts = crowd(300, 60, 4)
    prior = closed_form.text_prior(texts)
    wanted = closed_form.solve(closed_form.gram(taste, taste), 3.0, prior_weight, prior)
    everything = np.arange(60)[None, :].repeat(60, axis=0)
    gram = (taste.T @ taste).tocsr()
    task = {"prior_weight": prior_weight, "prior": prior, "near": everything, "neighbours": 60}
    found = ridge.solve(ridge.Regression(gram=gram, target=gram, l2=3.0, **task))
    np.testing.assert_allclose(found.toarray(), wanted, atol=2e-5)


def test_blocks_are_those_of_the_matrix(monkeypatch):
    monkeypatch.setattr(ridge, "_BUSIEST", 10)
    taste, _ = crowd(300, 60, 4)
    gram = (taste.T @ taste).tocsr()
    blocks = ridge.pairs(gram)
    for rows in (np.array([3]), np.arange(0, 60, 3), np.arange(60)):
        np.testing.assert_array_equal(blocks.among(rows), gram[rows][:, rows].toarray())
    assert (blocks.slot == -1).all()


def test_the_nearest_texts_are_of_the_same_theme():
    _, texts = crowd(10, 2_000, 2)
    near = ridge.alike(texts, 5)
    theme = np.arange(2_000) % 100
    assert (theme[near] == theme[:, None]).mean() > 0.7  # cells cut some of them off
    assert ridge.alike(texts[:1], 3).tolist() == [[0, 0, 0]]  # nothing but itself


def test_the_strongest_weights_of_each_row_are_kept():
    dice = np.random.default_rng(5)
    weights = sparse.random(40, 40, 0.2, random_state=dice, format="csr", dtype=np.float32)
    items, values = ridge.sparsify(weights, 4)
    for row, whole in enumerate(weights.toarray()):
        wanted = np.sort(whole)[-4:]
        np.testing.assert_allclose(np.sort(np.pad(values[row], (4, 0)))[-4:], wanted, rtol=1e-3)
        assert (whole[items[row][values[row] > 0]] > 0).all()


@pytest.mark.parametrize("name", ["long", "next"])
def test_a_large_catalogue_gets_nearly_the_same_scores(shop, tmp_path, name):
    rows, context = np.arange(len(shop.catalogue)), worlds.context(shop, "u0")
    found = {}
    for most, neighbours, near in ((100, 1, 0), (1, 150, 10), (1, 3, 0), (1, 3, 5)):
        recipe = Linear(most=most, neighbours=neighbours, near=near)
        recipe.train(worlds.history(shop), tmp_path)
        model = recipe.load(tmp_path)
        scores = model.score(worlds.replace(context, memo={}), rows)[name]
        found[most, neighbours, near] = scores
        fresh = worlds.replace(context, memo={})
        for row in rows.tolist():
            assert model.attribute(fresh, row)[name][1].sum() == pytest.approx(scores[row], rel=1e-3, abs=1e-5)
    whole, wide, narrow, described = found.values()
    assert np.corrcoef(whole, wide)[0, 1] > 0.97
    assert not np.allclose(wide, narrow)
    assert not np.allclose(described, narrow)


def test_thousands_of_items_and_nothing_dense(tmp_path):
    """A person of a theme is offered the theme, from a catalogue far beyond `most`."""
    taste, texts = crowd(6_000, 6_000, 6)
    themes = 6_000 // 20
    catalogue = worlds.catalogue(worlds.items(6_000), texts)
    coo = taste.tocoo()
    happened = [(f"u{u}", int(i), n / 60, "purchase") for n, (u, i) in enumerate(zip(coo.row, coo.col, strict=True))]
    world = worlds.world(catalogue, happened)
    recipe = Linear(most=100, neighbours=40, near=5, keep=40, minimum=1, l2_long=5.0, l2_next=5.0, dimensions=16)
    recipe.train(worlds.history(world), tmp_path)
    model = recipe.load(tmp_path)
    right = []
    for person in range(40):
        context = worlds.context(world, f"u{person}")
        mine = coo.col[coo.row == person][0] % themes
        right.append((model.retrieve(context, 10) % themes == mine).mean())
    assert np.mean(right) > 0.9
