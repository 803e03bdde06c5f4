"""What a reason says is so: every sentence is held against the person's own past, counted here another way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from penchant import pipeline
from penchant.explain import reasons
from penchant.features.match import Match
from penchant.features.standings import Standings
from penchant.protocols import Examples, Release
from penchant.ranking.trees import Trees
from penchant.retrieval.nearest import Nearest
from penchant.testing import worlds
from penchant.testing.worlds import Told
from penchant.types import NEVER

PRICE = "Within the price range you usually choose."
GARDEN = "You often choose garden."


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A ranker to which every column adds what it is told."""

    adds: Mapping[str, float]

    def apply(self, context, candidates):
        return candidates.with_scores(np.full(len(candidates), sum(self.adds.values())))

    def parts(self, context, candidates):
        return {name: np.full(len(candidates), part) for name, part in {**self.adds, "base": 0.0}.items()}


def release(sources, **stages):
    return Release(version="r", until=NEVER, rules={}, sources=sources, stages=stages, similar={})


def explained(made, context, language="en"):
    """Row → kind → reason."""
    trace = pipeline.run(made, context)
    top = trace.result.take(slice(0, context.query.k))
    said = reasons(trace, made, top, lambda _: {}, language)
    for score, found in zip(top.scores.tolist(), said, strict=True):
        assert sum(r["part"] for r in found) == pytest.approx(score, rel=1e-5, abs=1e-6)
    return {row: {r["kind"]: r for r in found} for row, found in zip(top.rows.tolist(), said, strict=True)}


@pytest.fixture(scope="module")
def gardener():
    """Six garden items and one of the kitchen, at prices with a mean of 5.3; another person has one garden item."""
    bought = [("p", row, n, "purchase") for n, row in enumerate((0, 3, 6, 9, 12, 15, 1))]
    return worlds.world(worlds.items(24), [*bought, ("q", 0, 9, "purchase")])


def taste(world, user, category, price, language="en"):
    """Row → what is said of the taste, for two items of the garden, one of each other shelf and a bare one."""
    stages = {"match": Match(), "given": Given(adds={"match_category": category, "match_price": price})}
    made = release({"told": (Told(18, 9, 4, 20, 22), 9)}, **stages)
    found = explained(made, worlds.context(world, user, k=5), language)
    return {row: kinds["taste"]["text"] if "taste" in kinds else "" for row, kinds in found.items()}


@pytest.mark.parametrize(
    ("category", "price", "said"),
    [
        (1.0, 1.0, {18: GARDEN, 9: GARDEN, 4: PRICE, 20: "", 22: ""}),  # 4 is of a shelf chosen one time in seven
        (-1.0, 2.0, {18: "", 9: PRICE, 4: PRICE, 20: "", 22: ""}),  # they cost 10 and 5; the others 19 and 21
        (2.0, -1.0, {18: GARDEN, 9: GARDEN, 4: "", 20: "", 22: ""}),
        (1.0, -2.0, {18: "", 9: "", 4: "", 20: "", 22: ""}),  # together they speak against it
        (-1.0, -1.0, {18: "", 9: "", 4: "", 20: "", 22: ""}),
    ],
)
def test_taste_says_what_is_so_and_adds(gardener, category, price, said):
    assert taste(gardener, "p", category, price) == said


def test_one_item_is_not_often(gardener):
    assert set(taste(gardener, "q", 1.0, 1.0).values()) == {""}  # it cost 1: nothing is near


def test_nothing_is_said_of_the_taste_of_a_stranger(gardener):
    assert set(taste(gardener, "nobody", 1.0, 1.0).values()) == {""}


def test_taste_in_chinese(gardener):
    assert taste(gardener, "p", 1.0, 1.0, "zh") == {
        18: "您常选择「garden」类。",
        9: "您常选择「garden」类。",
        4: "符合您常选的价位。",
        20: "",
        22: "",
    }


def test_a_category_is_a_plain_word():
    of = [replace(i, attributes={**i.attributes, "category": ("garden", "outdoor")}) for i in worlds.items(12)]
    world = worlds.world(of, [("p", row, row, "purchase") for row in (0, 1, 2)])
    made = release({"told": (Told(7), 9)}, match=Match(), given=Given(adds={"match_category": 1.0, "match_price": 0.0}))
    reason = explained(made, worlds.context(world, "p", k=1))[7]["taste"]
    assert reason["text"] == GARDEN
    assert {k: reason["evidence"][k] for k in ("category", "share", "taken")} == {
        "category": "garden",
        "share": 1.0,
        "taken": 3,
    }


TEXT = {"text": "a blue kettle"}


@pytest.fixture(scope="module")
def ranked(tmp_path_factory):
    """Trees that learned, from moments with a wish and without, that what fits the wish is wanted."""
    shop, folder = worlds.shop(), tmp_path_factory.mktemp("trees")
    front = release({"nearest": (Nearest(), 20)}, standings=Standings())
    columns, labels = [], []
    for n in range(40):
        context = worlds.context(shop, f"u{n % 12}", **(TEXT if n % 2 else {}))
        found = pipeline.run(front, context).result
        wanted = found.columns["nearest.wish" if n % 2 else "nearest.interest"]
        columns.append(found.columns)
        labels.append((wanted >= np.sort(wanted)[-3]).astype(np.float32))
    stacked = {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}
    groups = np.array([len(label) for label in labels])
    examples = Examples(columns=stacked, labels=np.concatenate(labels), groups=groups)
    recipe = Trees(rounds=10, smallest=5, leaves=4, columns_per_tree=1.0)
    recipe.train(replace(worlds.history(shop), examples=examples), folder)
    return replace(front, stages={**front.stages, "trees": recipe.load(folder)})


def test_nobody_is_told_of_a_wish_they_did_not_make(ranked, shop):
    found = explained(ranked, worlds.context(shop))
    assert found
    assert not [row for row, kinds in found.items() if "asked" in kinds]
    rests = [kinds["rest"] for kinds in found.values()]
    assert all(rest["text"] == "" and rest["evidence"] == {} for rest in rests)
    assert all(column.startswith("nearest.wish") for rest in rests for column in rest["columns"])
    assert any(rest["part"] for rest in rests)


def test_a_wish_that_was_made_is_a_reason(ranked, shop):
    found = explained(ranked, worlds.context(shop, **TEXT))
    assert all("nearest.wish~rank" in kinds["asked"]["columns"] for kinds in found.values())
    assert any(kinds["asked"]["text"].startswith("Fits “a blue kettle”") for kinds in found.values())
