"""The sequence model: its NumPy reading against its PyTorch training, and walks whose next step is known."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import ConfigError, NotReadyError
from penchant.retrieval import attention, sequence, windows
from penchant.retrieval.sequence import Sequence
from penchant.testing import worlds

torch = pytest.importorskip("torch")
from penchant.retrieval import transformer  # noqa: E402 - needs PyTorch

QUICK = {"width": 16, "epochs": 12, "rate": 0.02, "dropout": 0.1, "events": 128}
RING = 8


def fitted(world, folder, seed=0, **parameters):
    recipe = Sequence(**{**QUICK, **parameters})
    folder.mkdir(exist_ok=True)
    recipe.train(worlds.history(world, seed=seed), folder)
    return recipe.load(folder)


def following(model, context):
    return model.score(context, np.arange(len(context.catalogue)))["next"]


def walks(people=40, steps=5, apart=10):
    """People who walk a ring of items, each starting somewhere else."""
    return [
        (f"u{person}", (person + step) % RING, apart * step + person / 80, "purchase")
        for person in range(people)
        for step in range(steps)
    ]


@pytest.fixture(scope="module")
def ring():
    return worlds.world(worlds.items(RING + 2), walks())


@pytest.fixture(scope="module")
def walked(ring, tmp_path_factory):
    return fitted(ring, tmp_path_factory.mktemp("ring"))


def test_ranks_the_next_of_a_walk_first(ring, walked):
    for person in range(RING):
        context = worlds.context(ring, f"u{person}")
        assert walked.retrieve(context, 3)[0] == (person + 5) % RING
        assert np.argmax(following(walked, context)[:RING]) == (person + 5) % RING


def test_an_item_looked_at_is_the_newest_step(ring, walked):
    assert walked.retrieve(worlds.context(ring, "u0", item="i1"), 1).tolist() == [2]
    assert walked.retrieve(worlds.context(ring, "nobody", item="i1"), 1).tolist() == [2]


def test_says_nothing_of_a_stranger(ring, walked):
    context = worlds.context(ring, "nobody")
    assert np.isnan(following(walked, context)).all()
    assert not len(walked.retrieve(context, 5))


def test_what_was_refused_is_no_longer_read(ring, walked):
    refused = worlds.world(ring.catalogue, [*walks(), ("u0", 4, 100, "dislike")])
    assert walked.retrieve(worlds.context(ring, "u0"), 1).tolist() == [5]
    assert walked.retrieve(worlds.context(refused, "u0"), 1).tolist() == [4]


def test_scores_are_deviations_from_the_mean_of_what_was_met(ring, walked):
    met = following(walked, worlds.context(ring, "u3"))[walked.warm]
    assert (met.mean(), met.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-5))


def test_an_item_nobody_met_is_placed_by_its_text(ring, walked):
    """A twin of an item's text is foreseen where the item is, with the share `placed`, and stands for it in a past."""
    twin = replace(ring.catalogue.items[5], id="twin")
    catalogue = worlds.catalogue([*ring.catalogue.items, twin])
    grown = replace(ring, catalogue=catalogue)
    model = replace(walked, items=walked.text.put(catalogue.vectors[walked.warm]) @ walked.projection, kept={})
    scores = following(model, worlds.context(grown, "u0"))
    expected = scores[5] * (0.5 if scores[5] > 0 else 1.0)
    assert scores[-1] == pytest.approx(expected, rel=1e-4)
    whole = replace(model, recipe=replace(model.recipe, placed=1.0), kept={})
    assert following(whole, worlds.context(grown, "u0"))[-1] == pytest.approx(scores[5], rel=1e-4)
    met = worlds.world(catalogue, [*walks(), ("new", RING + 2, 90, "purchase"), ("old", 5, 90, "purchase")])
    new, old = (following(model, worlds.context(met, user)) for user in ("new", "old"))
    np.testing.assert_allclose(new[:RING], old[:RING], atol=1e-4)


def test_serving_reads_as_training_did():
    """Windows of steps with several events, read by both in single precision."""
    shape = Sequence(width=12, heads=3, length=9)
    dice = np.random.default_rng(1)
    times = np.sort(dice.integers(0, 40, 9)) * 3_600_000_000
    past = windows._past(np.zeros(9, np.int64), dice.integers(0, 6, 9), times, timed=True)
    text = dice.normal(size=(6, 5)).astype(np.float32)
    training = transformer._Training(past, text, shape, np.random.default_rng(0), torch.device("cpu"))
    with torch.no_grad():
        for tensor in training.weights.values():
            tensor += torch.from_numpy(dice.normal(size=tuple(tensor.shape), scale=0.3).astype(np.float32))
        places, there = windows.padded(np.array([[0, 9, 0], [0, 5, 0]]))
        states = training._states(past, training._table(), places, there, 0.0).numpy()
    arrays = training._arrays()
    for row, size in enumerate((9, 5)):
        part = slice(0, size)
        read = attention.read(arrays, arrays["items"][past.item[part]], past.step[part], past.time[part], timed=True)
        np.testing.assert_allclose(read, states[row, size - 1], atol=1e-4)


CHANGES = {
    "width": 8,
    "blocks": 1,
    "heads": 4,
    "length": 2,
    "text": 0,
    "epochs": 3,
    "most": 300,
    "rate": 0.002,
    "dropout": 0.5,
    "forget": 0.5,
    "decay": 2.0,
    "events": 32,
    "negatives": 3,
    "placed": 0.0,
    "bfloat16": False,
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_changes_what_is_foreseen(ring, walked, tmp_path, name):
    other = fitted(ring, tmp_path, **{name: CHANGES[name]})
    first, second = (following(m, worlds.context(ring, "u4")) for m in (walked, other))
    assert not np.allclose(first, second, equal_nan=True, atol=1e-4)


def test_every_setting_has_a_test():
    assert set(CHANGES) == set(Sequence.__dataclass_fields__)


@pytest.mark.parametrize("parameters", [{"negatives": 4}, {"bfloat16": False}, {"text": 0}, {"forget": 0.2}])
def test_learns_a_walk_in_other_ways_too(ring, tmp_path, parameters):
    model = fitted(ring, tmp_path, **parameters)
    assert [int(model.retrieve(worlds.context(ring, f"u{p}"), 1)[0]) for p in range(4)] == [5, 6, 7, 0]


def test_the_time_between_events_counts_where_times_are_known(tmp_path):
    """One walk with an hour to a step, one with days: told apart, but not where times are only an order."""
    ring, apart = worlds.items(RING), {"hours": 60, "days": 4_000}
    for name, rows in (
        ("timed", walks(apart=60)),
        ("in order", [(*h[:2], n / 60, h[3]) for n, h in enumerate(walks())]),
    ):
        model = fitted(worlds.world(ring, rows), tmp_path / name, epochs=4)
        later = [(u, step, 50_000 + step * gap, "purchase") for u, gap in apart.items() for step in range(3)]
        known = worlds.world(ring, [*rows, *sorted(later, key=lambda h: h[2])])
        hours, days = (following(model, worlds.context(known, user)) for user in apart)
        assert np.allclose(hours, days, atol=1e-4) == (name == "in order")


def test_other_dice_make_another_model(ring, walked, tmp_path):
    other = fitted(ring, tmp_path, seed=1)
    context = worlds.context(ring, "u0")
    assert not np.allclose(following(walked, context), following(other, context), equal_nan=True)


def test_keeps_the_best_epoch_for_people_held_out(tmp_path):
    world = worlds.world(worlds.items(RING), walks(people=240))
    told = Sequence(**QUICK).train(worlds.history(world), tmp_path)
    assert 1 <= told["epochs"] <= QUICK["epochs"]
    assert told["ndcg@10"] > 0.9


def test_says_what_is_wrong(ring, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="multiple of heads = 3"):
        Sequence(heads=3).train(worlds.history(ring), tmp_path)
    lonely = worlds.world(ring.catalogue, [(f"u{n}", n, n, "purchase") for n in range(RING)])
    with pytest.raises(NotReadyError, match="fewer than 2 steps"):
        Sequence().train(worlds.history(lonely), tmp_path)
    monkeypatch.setattr(sequence, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"penchant\[train\]"):
        Sequence().train(worlds.history(ring), tmp_path)


# ── windows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def baskets():
    """Three people with steps of one to three items; events that are not positive are left out."""
    happened = [
        (f"u{p}", (p + s + n) % 7, 50 * s + p, "purchase") for p in range(3) for s in range(6) for n in range(s % 3 + 1)
    ]
    return windows.past(worlds.timeline([*happened, ("u0", 3, 999, "dislike"), ("u0", -1, 999, "search")]))


def test_every_event_is_learned_from_once(baskets):
    for length in (1, 2, 3, 5, 50):
        found = windows.windows(baskets, length)
        assert (found[:, 1] - found[:, 0] <= length).all()
        assert sorted(p for _, end, start in found.tolist() for p in range(start, end)) == list(range(len(baskets)))
        parts = windows.batches(found, 6, np.random.default_rng(0))
        assert sorted(np.concatenate(parts).tolist()) == list(range(len(found)))


def test_what_follows_lies_in_the_next_step(baskets):
    places = np.arange(len(baskets))
    dice = np.random.default_rng(0)
    drawn = np.array([windows.following(baskets, places, dice) for _ in range(60)])
    for place in places.tolist():
        later = (baskets.user == baskets.user[place]) & (baskets.step == baskets.step[place] + 1)
        assert set(drawn[:, place].tolist()) == (set(baskets.item[later].tolist()) or {-1})


def test_times_an_hour_apart_are_told_from_rows_in_order(baskets):
    assert baskets.timed
    rows = windows.past(worlds.timeline([("a", n, n / 60, "purchase") for n in range(9)]))
    assert not rows.timed
    assert not windows.buckets(rows.time, rows.timed).any()
    found = windows.buckets(np.array([0, 0, 900_000_000, 2_700_000_000, 10**18]), timed=True)
    assert found[0].tolist() == [0, 0, 1, 2, windows.BUCKETS - 1]
    assert (found == found.T).all()
