"""Trees with several goals: where clicks and purchases want different items, values say which comes first."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import NotReadyError
from penchant.protocols import Examples
from penchant.ranking.trees import Trees
from penchant.ranking.value import chance
from penchant.testing import worlds
from penchant.testing.plugins import RankerContract, TrainableContract
from penchant.types import Candidates

SIZE = 20
SHORT = {"rounds": 60, "smallest": 5, "leaves": 4, "rate": 0.2, "l2": 0.0, "columns_per_tree": 1.0}
CLICKS, PURCHASES = {"click": 1.0}, {"purchase": 1.0}


def two_wants(seed=1, groups=200, kept=1.0):
    """What tempts is clicked three times in four, what is needed is bought one time in four, nothing else is either."""
    dice = np.random.default_rng(seed)
    size = groups * SIZE
    tempts, needed = dice.random((2, size)) < 0.2
    click, purchase = tempts & (dice.random(size) < 0.75), needed & (dice.random(size) < 0.25)
    keep = click | purchase | (dice.random(size) < kept)
    columns = {"tempts": tempts, "needed": needed, "noise": dice.random(size)}
    return Examples(
        columns={name: column[keep].astype(np.float32) for name, column in columns.items()},
        labels=np.maximum(0.5 * click, 2.0 * purchase)[keep].astype(np.float32),
        groups=keep.reshape(groups, SIZE).sum(axis=1),
        goals={"click": click[keep], "purchase": purchase[keep]},
        kept=np.where(click | purchase, 1.0, kept)[keep].astype(np.float32),
    )


def shown():
    """One of neither kind, one that tempts, one that is needed, one of both kinds."""
    columns = {"tempts": [0, 1, 0, 1], "needed": [0, 0, 1, 1], "noise": [0.5] * 4}
    named = {name: np.array(column, dtype=np.float32) for name, column in columns.items()}
    return Candidates(rows=np.arange(4, dtype=np.int32), scores=np.zeros(4, np.float32), columns=named)


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    def fitted(examples=None, loaded=None, **settings):
        recipe, folder = Trees(**{**SHORT, **settings}), tmp_path_factory.mktemp("trees")
        history = replace(worlds.history(worlds.shop()), examples=examples or two_wants())
        metrics = recipe.train(history, folder)
        return (replace(recipe, **loaded) if loaded else recipe).load(folder), metrics

    return fitted


@pytest.fixture
def context(shop):
    return worlds.context(shop)


@pytest.mark.parametrize(
    ("goals", "first"), [(CLICKS, 1), (PURCHASES, 2), ({"click": 1.0, "purchase": 9.0}, 2), ({"click": 1.0}, 1)]
)
def test_what_is_valued_comes_first(fit, context, goals, first):
    model, _ = fit(goals=goals)
    some = shown().take(np.array([0, 1, 2]))
    assert model.apply(context, some).rows[0] == first


@pytest.mark.parametrize("kept", [1.0, 0.2])
def test_scores_are_the_value_to_expect_however_few_rows_were_kept(fit, context, kept):
    model, _ = fit(two_wants(groups=800, kept=kept), goals={"click": 1.0, "purchase": 10.0})
    found = model.apply(context, shown())
    scores = dict(zip(found.rows.tolist(), found.scores.tolist(), strict=True))
    assert scores == pytest.approx({0: 0.0, 1: 0.75, 2: 2.5, 3: 3.25}, abs=0.5)  # a draw of 640 rows


def test_other_values_need_no_training(fit, context):
    both = {"click": 1.0, "purchase": 0.0}
    other, _ = fit(goals=both, loaded={"goals": {"click": 0.0, "purchase": 1.0}})
    assert fit(goals=both)[0].apply(context, shown().take(np.arange(3))).rows[0] == 1
    assert other.apply(context, shown().take(np.arange(3))).rows[0] == 2
    usual, _ = fit(goals=both, loaded={"goals": {}})
    assert usual.values == both


def test_a_loss_counts_against_an_item(fit, context):
    model, _ = fit(goals={"click": -1.0, "purchase": 1.0})
    assert model.apply(context, shown()).rows[[0, -1]].tolist() == [2, 1]


@pytest.mark.parametrize("goals", [CLICKS, {"click": 2.0, "purchase": -3.0}])
def test_parts_add_up_and_have_the_sign_of_what_moved_the_odds(fit, context, goals):
    model, _ = fit(goals=goals)
    some, parts = shown(), model.parts(context, shown())
    scores = model.apply(context, some)
    np.testing.assert_allclose(sum(parts.values())[scores.rows], scores.scores, rtol=1e-5, atol=1e-7)
    assert (parts["tempts"] > 0).tolist() == [False, True, False, True]
    assert parts.keys() == {"tempts", "needed", "noise", "base"}
    margins = model.models["click"].parts(context, some)
    assert parts["base"][0] == pytest.approx(
        sum(v * chance(model.models[g].parts(context, some)["base"][0]) for g, v in goals.items())
    )
    assert margins.keys() == parts.keys()


def test_one_goal_orders_as_its_margin_does(fit, context):
    model, _ = fit(goals=CLICKS)
    some = shown()
    order = np.argsort(-model.models["click"].margins(some), kind="stable")
    assert model.apply(context, some).rows.tolist() == order.tolist()


def test_what_is_reached_too_seldom_is_left_out_with_its_reason(fit):
    examples = two_wants()
    seldom = np.zeros_like(examples.goals["click"])
    seldom[:3] = True
    model, metrics = fit(replace(examples, goals={**examples.goals, "cart": seldom}), goals={**CLICKS, "cart": 5.0})
    assert model.models.keys() == {"click"}
    assert metrics["cart reached (less than 20 times: left out)"] == 3
    assert metrics["click reached"] == examples.goals["click"].sum()
    with pytest.raises(NotReadyError, match=r"goals reached: cart 3, view 0; at least 20"):
        fit(replace(examples, goals={"cart": seldom}), goals={"cart": 5.0, "view": 1.0})


def test_without_goals_they_are_not_learned_from(fit, context):
    examples = two_wants()
    bare = replace(examples, goals={}, kept=None)
    (usual, _), (same, _) = fit(examples), fit(bare)
    assert usual.booster().model_to_string() == same.booster().model_to_string()


GOALS = {"view": 1.0, "purchase": 5.0}


class TestRecipe(TrainableContract):
    @pytest.fixture
    def recipe(self):
        return Trees(rounds=25, smallest=5, goals=GOALS)


class TestRanker(RankerContract):
    @pytest.fixture
    def ready(self, tmp_path_factory):
        def ready(world):
            recipe, folder = Trees(rounds=25, smallest=5, goals=GOALS), tmp_path_factory.mktemp("trees")
            recipe.train(worlds.history(world), folder)
            return recipe.load(folder)

        return ready
