"""Items that were not fitted: where their texts put them, and what a person's past with them says."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.retrieval import placing
from penchant.retrieval.linear import Linear
from penchant.testing import worlds

HALVES = 12  # items of each kind


def halves(late=()):
    """People buy within one half of the catalogue, whose texts lie together; the last item of each is new."""
    dice = np.random.default_rng(3)
    kind = np.arange(2 * HALVES) % 2
    vectors = np.eye(2, 16, dtype=np.float32)[kind] + 0.2 * dice.standard_normal((2 * HALVES, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    known = worlds.catalogue(worlds.items(2 * HALVES), vectors.astype(np.float32))
    happened = []
    for person in range(20):
        for step in range(6):
            row = 2 * ((person // 2 + step) % (HALVES - 1)) + person % 2
            happened.append((f"u{person}", row, 60 * step + person, "purchase"))
    return worlds.world(known, [*happened, *late])


def fitted(world, folder, **settings):
    folder.mkdir(exist_ok=True)
    recipe = Linear(**{"l2_long": 2.0, "l2_next": 2.0, "prior": 1.0, "dimensions": 1, **settings})
    recipe.train(worlds.history(world), folder)
    return recipe.load(folder)


def test_a_new_item_is_offered_to_those_who_like_what_is_described_like_it(tmp_path):
    world = halves()
    model = fitted(world, tmp_path)
    new = np.array([2 * HALVES - 2, 2 * HALVES - 1], dtype=np.int32)
    assert not np.isin(new, model.warm).any()
    for person in range(4):
        for name, scores in model.score(worlds.context(world, f"u{person}"), new).items():
            assert scores[person % 2] > 0 > scores[1 - person % 2], name


def test_what_is_done_with_a_new_item_counts_at_once(tmp_path):
    model = fitted(halves(), tmp_path)
    new = 2 * HALVES - 1
    later = halves([("late", new, 500, "purchase")])
    rows = np.arange(2 * HALVES)
    for name, scores in model.score(worlds.context(later, "late"), rows).items():
        others = scores[:new]
        assert others[1::2].min() > others[0::2].max(), name
        assert scores[new] == pytest.approx(0, abs=1e-6)  # like any item, it does not speak for itself


@pytest.mark.parametrize("query", [{}, {"item": f"i{2 * HALVES - 2}"}], ids=["home", "looking at a new item"])
def test_attribution_adds_up_with_new_items_on_both_sides(tmp_path, query):
    model = fitted(halves(), tmp_path)
    later = halves([("u1", 2 * HALVES - 1, 500, "purchase")])
    context = worlds.context(later, "u1", **query)
    columns = model.score(context, np.arange(2 * HALVES))
    for row in range(2 * HALVES):
        for name, (_, parts) in model.attribute(context, row).items():
            assert parts.sum() == pytest.approx(columns[name][row], rel=1e-4, abs=1e-5)


def test_new_items_have_places_of_their_own_among_what_is_found(tmp_path):
    """Of six places none is won by a new item's faint score; a third of them brings the one of the person's half."""
    world, new = halves(), {2 * HALVES - 2, 2 * HALVES - 1}
    context = worlds.context(world, "u0")
    none = fitted(world, tmp_path / "none", placed=0.01, newcomers=0.0).retrieve(context, 6).tolist()
    third = fitted(world, tmp_path / "third", placed=0.01, newcomers=0.34).retrieve(context, 6).tolist()
    assert len(none) == len(third) == 6
    assert not new & set(none)
    assert third == [*none[:5], 2 * HALVES - 2]  # whatever has a score below zero stays out


def test_how_much_a_text_says_is_a_setting(tmp_path):
    world = halves()
    rows = np.arange(2 * HALVES)
    context = worlds.context(world, "u0")
    old = np.isin(rows, fitted(world, tmp_path / "a").warm)

    def scores(**settings):
        model = fitted(world, tmp_path / "b", **settings)
        return model.score(worlds.replace(context, memo={}), rows)["long"]

    plain, twice, fine = scores(), scores(placed=2.5), scores(dimensions=16)
    np.testing.assert_allclose(twice[~old], 2 * plain[~old], rtol=1e-4)
    np.testing.assert_allclose(twice[old], plain[old])
    assert not scores(placed=0.0)[~old].any()
    assert not np.allclose(fine[~old], plain[~old], rtol=1e-2)


def test_an_item_without_text_stands_nowhere(tmp_path):
    world = halves()
    vectors = world.catalogue.vectors.copy()
    vectors[-1] = 0
    world = replace(world, catalogue=replace(world.catalogue, vectors=vectors))
    scores = fitted(world, tmp_path).score(worlds.context(world, "u1"), np.array([2 * HALVES - 1]))
    assert {name: values.tolist() for name, values in scores.items()} == {"long": [0.0], "next": [0.0]}


def test_the_space_is_white_and_of_unit_length():
    dice = np.random.default_rng(0)
    raw = dice.standard_normal((4_000, 6)) * [5, 3, 2, 1, 1, 1] + 3
    put = placing.space(raw.astype(np.float32), 4).put(raw.astype(np.float32))
    assert np.linalg.norm(put, axis=1) == pytest.approx(1)
    np.testing.assert_allclose(put.T @ put / len(put), np.eye(4) / 4, atol=0.03)


def test_the_continuation_of_a_matrix_that_texts_explain_is_exact():
    """Where B = E·M·Eᵀ, a new text's column is E·M·e and its row eᵀ·M·Eᵀ, up to the ridge."""
    dice = np.random.default_rng(1)
    texts = dice.standard_normal((3_000, 5)).astype(np.float32)
    middle, new = dice.standard_normal((5, 5)).astype(np.float32), dice.standard_normal(5).astype(np.float32)
    sides = placing.sides(texts @ middle @ texts.T, placing.weights(texts))
    np.testing.assert_allclose(sides.columns @ new, texts @ middle @ new, rtol=0.05, atol=0.05)
    np.testing.assert_allclose(sides.rows @ new, texts @ middle.T @ new, rtol=0.05, atol=0.05)
    np.testing.assert_allclose(sides.both, middle, rtol=0.05, atol=0.05)
