"""The closed-form models against a dense least-squares solver, and on data whose answer is known."""

from itertools import pairwise

import numpy as np
import pytest

from penchant.errors import NotReadyError
from penchant.retrieval import closed_form, placing
from penchant.retrieval.linear import Linear
from penchant.testing import worlds

TINY = [("a", 0, 0), ("a", 1, 1), ("a", 2, 1), ("b", 1, 2), ("b", 2, 3), ("b", 0, 4), ("c", 2, 5), ("c", 3, 6)]
TINY += [("d", 3, 7), ("d", 0, 8), ("d", 3, 9), ("e", 1, 10), ("e", 3, 11), ("e", 4, 12), ("a", 4, 13)]


def fitted(world, folder, **parameters):
    recipe = Linear(**parameters)
    recipe.train(worlds.history(world), folder)
    return recipe.load(folder)


@pytest.fixture
def tiny():
    return worlds.world(worlds.items(6), [(user, row, minute, "purchase") for user, row, minute in TINY])


def dense(table, size):
    found = np.zeros((size, size + 1))
    np.put_along_axis(found, table.items.astype(np.int64), table.values.astype(np.float64), axis=1)
    return found[:, :size]


def steps(happened, size, tau):
    """X, S and T by a walk over every person's moments."""
    taste, past, step = [], [], []
    for user in sorted({u for u, _, _ in happened}):
        mine = [(minute, row) for u, row, minute in happened if u == user]
        moments = sorted({minute for minute, _ in mine})
        taste.append([float(any(r == row for _, r in mine)) for row in range(size)])
        for at, moment in enumerate(moments):
            faded = np.zeros(size)
            for minute, row in mine:
                if minute < moment:
                    gap = at - moments.index(minute)
                    faded[row] = max(faded[row], np.exp(-(gap - 1) / tau))
            past.append(faded)
            step.append([float((moment, row) in mine) for row in range(size)])
    return np.array(taste), np.array(past), np.array(step)


def solved(terms, l2, prior, prior_weight):
    """Σ share·‖target − given·B‖² + l2·‖B‖² + prior_weight·‖B − prior‖² with a zero diagonal, column by column."""
    size = len(prior)
    found = np.zeros((size, size))
    for j in range(size):
        free = np.arange(size) != j
        left = [np.sqrt(share) * given[:, free] for share, given, _ in terms]
        right = [np.sqrt(share) * target[:, j] for share, _, target in terms]
        left += [np.sqrt(l2) * np.eye(size)[:, free], np.sqrt(prior_weight) * np.eye(size)[:, free]]
        right += [np.zeros(size), np.sqrt(prior_weight) * prior[:, j]]
        found[free, j] = np.linalg.lstsq(np.concatenate(left), np.concatenate(right), rcond=None)[0]
    return found


def whitened(vectors):
    return placing.space(vectors, 256).put(vectors)


def text_ease(vectors, l2=10.0):
    inverse = np.linalg.inv(vectors @ vectors.T + l2 * np.eye(len(vectors)))
    found = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(found, 0)
    return found


@pytest.mark.parametrize("prior_weight", [0.0, 20.0])
def test_solves_the_least_squares_of_its_docstring(tiny, tmp_path, prior_weight):
    parameters = {"l2_long": 3.0, "l2_next": 2.0, "alpha": 0.3, "tau": 1.7, "minimum": 1}
    model = fitted(tiny, tmp_path, prior=prior_weight, **parameters)
    assert model.warm.tolist() == [0, 1, 2, 3, 4]  # nobody touched item 5
    taste, past, step = steps(TINY, 5, 1.7)
    prior = text_ease(whitened(tiny.catalogue.vectors)[:5].astype(np.float64))
    long = solved([(1.0, taste, taste)], 3.0, prior, prior_weight)
    follow = solved([(0.3, taste, taste), (0.7, past, step)], 2.0, prior, prior_weight)
    for table, wanted in ((model.long, long), (model.next, follow)):
        np.testing.assert_allclose(dense(table, 5), wanted, atol=2e-3)  # kept in half precision
        assert np.diag(dense(table, 5)).tolist() == [0] * 5


def test_the_text_prior_is_the_direct_inverse():
    vectors = worlds.catalogue(worlds.items(9)).vectors
    prior = closed_form.text_prior(vectors)
    wanted = text_ease(vectors.astype(np.float64))
    np.testing.assert_allclose(prior.dense(), wanted, atol=1e-5)
    np.testing.assert_allclose(prior.left @ prior.right + np.diag(prior.diagonal), wanted, atol=1e-5)
    np.testing.assert_allclose(prior.pairs(np.array([2, 5, 7]), 4), wanted[[2, 5, 7], 4], atol=1e-5)
    assert closed_form.text_prior(np.zeros((3, 4), np.float32)) is None


def test_keeps_the_strongest_weights_of_each_row(tiny, tmp_path):
    (tmp_path / "few").mkdir()
    (tmp_path / "all").mkdir()
    whole = dense(fitted(tiny, tmp_path / "all", minimum=1).long, 5)
    few = dense(fitted(tiny, tmp_path / "few", minimum=1, keep=2).long, 5)
    for row, kept in zip(whole, few, strict=True):
        strongest = np.sort(np.abs(row))[-2:]
        assert np.sort(np.abs(kept[kept != 0])) == pytest.approx(strongest)


def test_long_recovers_the_taste_group(shop, tmp_path):
    model = fitted(shop, tmp_path, l2_long=5.0, prior=0.0)
    rows = np.arange(len(shop.catalogue))
    for user in ("u0", "u1", "u8", "u9"):
        scores = model.score(worlds.context(shop, user), rows)["long"]
        own = scores[(rows % 2 == int(user[1:]) % 2) & (model.place >= 0)]
        other = scores[(rows % 2 != int(user[1:]) % 2) & (model.place >= 0)]
        assert own.min() > other.max()


def test_next_ranks_the_successor_first(tmp_path):
    """Twenty people walk a ring of eight items, each starting somewhere else."""
    ring, happened = 8, []
    for person in range(20):
        happened += [(f"u{person}", (person + step) % ring, 10 * step + person / 40, "purchase") for step in range(4)]
    world = worlds.world(worlds.items(ring), happened)
    model = fitted(world, tmp_path, prior=0.0, l2_next=1.0)
    for person in range(ring):
        last = (person + 3) % ring
        scores = model.score(worlds.context(world, f"u{person}"), np.arange(ring))["next"]
        assert int(scores.argmax()) == (last + 1) % ring
        assert scores[(last + 1) % ring] > 2 * scores[(last - 1) % ring]


@pytest.mark.parametrize("query", [{}, {"item": "i9"}], ids=["home", "looking at an item"])
def test_attribution_splits_every_score_into_events(shop, tmp_path, query):
    model = fitted(shop, tmp_path)
    context = worlds.context(shop, "u0", **query)
    columns = model.score(context, np.arange(len(shop.catalogue)))
    line = shop.timeline
    for row in range(len(shop.catalogue)):
        for name, (events, parts) in model.attribute(context, row).items():
            assert parts.sum() == pytest.approx(columns[name][row], rel=1e-5, abs=1e-6)
            assert set(events.position.tolist()) <= {-1, *line.position[line.user == line.users["u0"]].tolist()}
            for item in set(events.item.tolist()):  # an item's part is shared evenly by its events
                assert np.ptp(parts[events.item == item]) == pytest.approx(0, abs=1e-12)


def test_what_fades_and_what_counts_are_settings(shop, tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    plain = fitted(shop, folders[0])
    context = worlds.context(shop, "u0", now=worlds.START + 60 * worlds.DAY)
    rows = np.arange(len(shop.catalogue))

    def long(model):
        return model.score(worlds.replace(context, memo={}), rows)["long"]

    assert not np.allclose(long(plain), long(fitted(shop, folders[1], half_life=10.0)))
    short = fitted(shop, folders[2], history=1)
    assert not np.allclose(long(plain), long(short))
    assert len(set(short.attribute(context, 0)["long"][0].item.tolist())) == 1


def test_an_item_needs_enough_people(shop, tmp_path):
    line = shop.timeline
    positive = line.kinds.weights[line.kind] > 0
    counts = [len(set(line.user[positive & (line.item == row)].tolist())) for row in range(len(shop.catalogue))]
    enough = sorted(set(counts))[-1]
    assert fitted(shop, tmp_path, minimum=enough).warm.tolist() == [r for r, n in enumerate(counts) if n >= enough]
    with pytest.raises(NotReadyError, match=f"liked by {enough + 1} people"):
        Linear(minimum=enough + 1).train(worlds.history(shop), tmp_path)


def test_events_of_one_moment_are_one_step():
    happened = [("a", 0, 0, "purchase"), ("a", 1, 0, "purchase"), ("a", 2, 5, "purchase"), ("b", 2, 6, "view")]
    taste, past, step = (m.toarray() for m in closed_form.matrices(worlds.timeline(happened), 3, 100, 2.0))
    assert taste.tolist() == [[1, 1, 1], [0, 0, 1]]
    assert step.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert past.tolist() == [[0, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_a_longer_past_is_cut_to_history():
    happened = [("a", n, n, "purchase") for n in range(5)]
    _, past, _ = closed_form.matrices(worlds.timeline(happened), 5, 2, 1.0)
    kept = {(int(r), int(c)) for r, c in zip(*past.nonzero(), strict=True)}
    assert kept == {(0 + n, n - back) for n in range(1, 5) for back in (1, 2) if n >= back}
    assert [float(past[later, earlier]) for earlier, later in pairwise(range(5))] == [1.0] * 4


def test_popularity_is_divided_out_by_a_setting(shop, tmp_path):
    """Fitting X·D gives the closed form of D·XᵀX·D."""
    line = shop.timeline
    taste, _, _ = closed_form.matrices(line, len(shop.catalogue), 100, 2.5)
    people = np.asarray((taste > 0).sum(axis=0)).ravel()
    warm = np.flatnonzero(people >= 2)
    factor = (people[warm] / people[warm].mean()) ** -0.5
    seen = taste[:, warm].toarray() * factor
    inverse = np.linalg.inv(seen.T @ seen + 200 * np.eye(len(warm)))
    wanted = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(wanted, 0)
    model = fitted(shop, tmp_path, popularity=0.5, prior=0.0)
    np.testing.assert_allclose(dense(model.long, len(warm)), wanted, atol=2e-3)
