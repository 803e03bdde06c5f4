"""The blend by hand; trees that learn a planted rule, beat the blend and explain themselves."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import ArtefactError, NotReadyError
from penchant.protocols import Examples
from penchant.ranking.blend import WEIGHTS, Blend
from penchant.ranking.trees import Trees
from penchant.testing import worlds
from penchant.types import Candidates


@pytest.fixture
def context(shop):
    return worlds.context(shop)


def given(**columns):
    size = len(next(iter(columns.values())))
    named = {name.replace("_", "."): np.array(c, dtype=np.float32) for name, c in columns.items()}
    return Candidates(rows=np.arange(size, dtype=np.int32), scores=np.zeros(size, np.float32), columns=named)


def test_blend_is_a_weighted_sum(context):
    blend = Blend(weights={"a.x": 2.0, "b.y": -1.0, "not.there": 9.0})
    some = given(a_x=[1, 2, np.nan], b_y=[0.5, 3, -4], c_z=[9, 9, 9])
    found = blend.apply(context, some)
    assert found.rows.tolist() == [2, 0, 1]
    assert found.scores.tolist() == [4, 1.5, 1]
    parts = blend.parts(context, some)
    assert {n: p.tolist() for n, p in parts.items()} == {"a.x": [2, 4, 0], "b.y": [-0.5, -3, 4], "base": [0, 0, 0]}


def test_ties_keep_their_order(context):
    assert Blend(weights={"a.x": 1.0}).apply(context, given(a_x=[1, 2, 1, 2])).rows.tolist() == [1, 3, 0, 2]


def planted(world, seed=1, groups=120, size=10):
    """Groups in which what has `rule` above 0.7 is wanted; every column of the blend says something else."""
    dice = np.random.default_rng(seed)
    columns = {name: dice.random(groups * size).astype(np.float32) for name in ["rule", *WEIGHTS]}
    labels = (columns["rule"] > 0.7).astype(np.float32)
    examples = Examples(columns=columns, labels=labels, groups=np.full(groups, size))
    return worlds.replace(worlds.history(world), examples=examples)


def firsts(stage, context, examples):
    """In which share of the groups with a wanted item one comes first."""
    found, begin = [], 0
    for size in examples.groups.tolist():
        part = slice(begin, begin + size)
        columns = {name: c[part] for name, c in examples.columns.items()}
        shown = Candidates(rows=np.arange(size, dtype=np.int32), scores=np.zeros(size, np.float32), columns=columns)
        if examples.labels[part].any():
            found.append(examples.labels[part][stage.apply(context, shown).rows[0]])
        begin += size
    return np.mean(found)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    world, folder = worlds.shop(), tmp_path_factory.mktemp("trees")
    recipe = Trees(rounds=20, smallest=5, leaves=4, columns_per_tree=1.0)
    return recipe.load(folder) if recipe.train(planted(world), folder) else None


def test_trees_learn_the_rule_and_beat_the_blend(learned, context, shop):
    fresh = planted(shop, seed=2, groups=50).examples
    assert firsts(learned, context, fresh) >= 0.95
    assert firsts(Blend(), context, fresh) <= 0.5  # three in ten are wanted, with luck to spare


def test_trees_credit_the_rule(learned, context, shop):
    examples = planted(shop, seed=3, groups=1).examples
    some = Candidates(rows=np.arange(10, dtype=np.int32), scores=np.zeros(10, np.float32), columns=examples.columns)
    parts = learned.parts(context, some)
    best = int(examples.columns["rule"].argmax())
    assert max(parts, key=lambda n: parts[n][best] if n != "base" else -np.inf) == "rule"
    np.testing.assert_allclose(sum(parts.values()), learned.margins(some), rtol=1e-5, atol=1e-9)


def test_trees_that_learned_next_to_nothing_order_as_the_blend_they_start_from(shop, tmp_path, context):
    Trees(rounds=1, rate=1e-9, smallest=5, leave_out=()).train(planted(shop), tmp_path)
    fresh = planted(shop, seed=2, groups=5).examples
    some = Candidates(rows=np.arange(50, dtype=np.int32), scores=np.zeros(50, np.float32), columns=fresh.columns)
    assert Trees().load(tmp_path).apply(context, some).rows.tolist() == Blend().apply(context, some).rows.tolist()


def test_trees_may_start_from_nothing(shop, tmp_path):
    Trees(rounds=2, smallest=5, start=0.0).train(planted(shop), tmp_path)
    model, fresh = Trees().load(tmp_path), planted(shop, seed=2, groups=1).examples
    some = Candidates(rows=np.arange(10, dtype=np.int32), scores=np.zeros(10, np.float32), columns=fresh.columns)
    np.testing.assert_array_equal(model.margins(some), model.booster().predict(model._matrix(some).T))


def test_what_only_reasons_need_is_read_when_they_are_asked_for(shop, tmp_path, context):
    Trees(rounds=2, smallest=5).train(planted(shop), tmp_path)
    model, fresh = Trees().load(tmp_path), planted(shop, seed=2, groups=1).examples
    some = Candidates(rows=np.arange(10, dtype=np.int32), scores=np.zeros(10, np.float32), columns=fresh.columns)
    expected = model.apply(context, some)
    (tmp_path / "trees.txt").unlink()
    np.testing.assert_array_equal(model.apply(context, some).scores, expected.scores)
    with pytest.raises(ArtefactError, match=r"trees\.txt cannot be read"):
        model.parts(context, some)


def test_what_is_left_out_is_no_start_either(shop, tmp_path):
    Trees(rounds=2, smallest=5, leave_out=("again.*",)).train(planted(shop), tmp_path)
    assert not [name for name in Trees().load(tmp_path).start if name.startswith("again.")]


def test_trees_never_see_what_is_left_out(shop, tmp_path, context):
    history = planted(shop)
    Trees(rounds=10, smallest=5, leave_out=("rule",)).train(history, tmp_path)
    model = Trees().load(tmp_path)
    assert "rule" not in model.columns
    assert firsts(model, context, planted(shop, seed=2, groups=50).examples) <= 0.5


def test_trees_leave_out_what_changes_scale_whatever_its_source_is_called(shop, tmp_path):
    history = planted(shop)
    rule = history.examples.columns["rule"]
    names = ("ease.long", "ease.next", "ease.long~rank", "again.frequency")
    examples = replace(history.examples, columns=dict.fromkeys(names, rule))
    Trees(rounds=2, smallest=5).train(replace(history, examples=examples), tmp_path)
    assert Trees().load(tmp_path).columns == ("again.frequency", "ease.long~rank")


def test_trees_want_twenty_answers(shop, tmp_path):
    with pytest.raises(NotReadyError, match=r"19 replayed slates .* 20 are needed"):
        Trees().train(planted(shop, groups=19), tmp_path)
    assert not list(tmp_path.iterdir())
