"""Dynamic weights: slopes by differences, both forms by hand, gates and heads that find what was planted."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import NotReadyError
from penchant.protocols import Examples
from penchant.ranking.blend import Blend
from penchant.ranking.descent import lambdas
from penchant.ranking.facts import Facts, taste
from penchant.ranking.forms import Maximum, Sum
from penchant.ranking.gated import TEXTS, Gated
from penchant.testing import worlds
from penchant.types import Candidates

SIZE = 10


@pytest.fixture
def context(shop):
    return worlds.context(shop)


def shown(columns):
    size = len(next(iter(columns.values())))
    return Candidates(rows=np.arange(size, dtype=np.int32), scores=np.zeros(size, np.float32), columns=columns)


def planted(world, seed=1, groups=300):
    """People who know many items want what expert `a` says, the others what `b` says; `c` knows nothing."""
    dice = np.random.default_rng(seed)
    experts = {f"{name}.x~share": dice.random(groups * SIZE).astype(np.float32) for name in "abc"}
    person = np.repeat(dice.random(groups), SIZE).astype(np.float32)
    right = np.where(person > 0.5, experts["a.x~share"], experts["b.x~share"]).reshape(groups, SIZE)
    labels = (right == right.max(axis=1, keepdims=True)).astype(np.float32).ravel()
    columns = {**experts, "person_items": person, "item_age": dice.random(groups * SIZE).astype(np.float32)}
    examples = Examples(columns=columns, labels=labels, groups=np.full(groups, SIZE))
    return replace(worlds.history(world), examples=examples)


def slates(examples):
    for group in range(len(examples.groups)):
        part = slice(group * SIZE, (group + 1) * SIZE)
        yield shown({n: c[part] for n, c in examples.columns.items()}), examples.labels[part]


def firsts(stage, context, examples):
    """In which share of the slates the wanted item comes first."""
    return np.mean([labels[stage.apply(context, some).rows[0]] for some, labels in slates(examples)])


def learned(recipe, history, folder):
    folder.mkdir(exist_ok=True)
    recipe.train(history, folder)
    return recipe.load(folder)


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    recipe = Gated(epochs=20, rate=0.02, hidden=16)
    return learned(recipe, planted(worlds.shop()), tmp_path_factory.mktemp("gated"))


def test_the_gate_finds_which_expert_is_right_for_whom(gate, context, shop):
    fresh = planted(shop, seed=2).examples
    assert firsts(gate, context, fresh) >= 0.85
    alone = Blend(weights={"a.x~share": 1.0}), Blend(weights={"b.x~share": 1.0})
    both = Blend(weights={"a.x~share": 1.0, "b.x~share": 1.0})
    assert max(firsts(one, context, fresh) for one in (*alone, both)) <= 0.65


def test_the_explanation_shows_whom_the_gate_trusts(gate, context, shop):
    for some, _ in slates(planted(shop, seed=3, groups=30).examples):
        if abs(some.columns["person_items"][0] - 0.5) < 0.2:
            continue
        parts = gate.parts(context, some)
        trust = {n: np.mean(parts[n] / some.columns[n]) for n in ("a.x~share", "b.x~share", "c.x~share")}
        assert max(trust, key=trust.get) == ("a.x~share" if some.columns["person_items"][0] > 0.5 else "b.x~share")


def test_maximum_takes_the_strongest_interest_by_hand():
    facts = Facts(
        experts=np.array([[1.0, 0.0], [0.0, 1.0]]),
        person=np.array([[2.0], [2.0]]),
        item=np.zeros((2, 0)),
        reader=np.zeros((2, 0)),
        text=np.zeros((2, 0)),
    )
    matrices = np.array([[[3.0, 0.0, 0.0], [4.0, 0.0, 0.0]], [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]])
    weights = {"matrices": matrices, "scale": np.array(np.log(2.0))}
    # u = (2, 1); item 1: M₁ gives 10/5 = 2, M₂ 0; item 2: M₁ gives 0, M₂ 2/1 = 2; and all of it twice
    assert Maximum(heads=2).score(weights, facts) == pytest.approx([4.0, 4.0])
    tripled = {**weights, "matrices": 3 * matrices}  # ‖M‖ takes the length of a matrix out
    assert Maximum(heads=2).score(tripled, facts) == pytest.approx([4.0, 4.0])
    experts, _, texts, base = Maximum(heads=2).parts(weights, facts)
    assert experts.tolist() == [[4.0, 0.0], [0.0, 4.0]]
    assert texts.tolist() == base.tolist() == [0.0, 0.0]


def test_sum_shares_its_attention_by_hand():
    facts = Facts(
        experts=np.array([[0.5, 0.2]]),
        person=np.array([[1.0]]),
        item=np.zeros((1, 0)),
        reader=np.array([[1.0, 0.0]]),
        text=np.array([[0.6, 0.8]]),
    )
    form = Sum(heads=1, hidden=1)
    weights = {
        "inward": np.zeros((3, 1)),
        "bend": np.zeros(1),
        "outward": np.zeros((1, 4)),
        "lean": np.log([4.0, 3.0, 2.0, 1.0]),
        "heads": np.array([[[0.0, 1.0], [0.0, 0.0]]]),
        "scale": np.array(0.0),
    }
    assert form.score(weights, facts) == pytest.approx([0.4 * 0.5 + 0.3 * 0.2 + 0.2 * 0.8])


def random_facts(dice, rows=7):
    sizes = {"experts": 3, "person": 2, "item": 2, "reader": 4, "text": 4}
    return Facts(**{name: dice.normal(size=(rows, size)) for name, size in sizes.items()})


@pytest.mark.parametrize("form", [Sum(heads=2, hidden=5), Maximum(heads=3)], ids=["sum", "maximum"])
def test_slopes_are_those_of_differences(form):
    dice = np.random.default_rng(5)
    facts, by = random_facts(dice), dice.normal(size=7)
    weights = {n: w + dice.normal(size=w.shape) * 0.3 for n, w in form.start(facts, dice).items()}
    slopes = form.slope(weights, facts, by)
    assert slopes.keys() == weights.keys()
    for name, value in weights.items():
        for at in np.ndindex(value.shape):
            nudge = np.zeros(value.shape)
            nudge[at] = 1e-6
            ends = [by @ form.score({**weights, name: value + sign * nudge}, facts) for sign in (1, -1)]
            assert slopes[name][at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("form", [Sum(heads=2, hidden=5), Maximum(heads=3)], ids=["sum", "maximum"])
def test_parts_add_up_with_texts(form):
    dice = np.random.default_rng(6)
    facts = random_facts(dice)
    weights = {n: w + dice.normal(size=w.shape) * 0.3 for n, w in form.start(facts, dice).items()}
    experts, item, texts, base = form.parts(weights, facts)
    assert experts.sum(axis=1) + item.sum(axis=1) + texts + base == pytest.approx(form.score(weights, facts))


def test_lambdas_pull_the_wanted_up_until_all_is_well():
    assert lambdas(np.array([60.0, 0.0]), np.array([1.0, 0.0]), 20) == pytest.approx([0, 0], abs=1e-9)
    found = lambdas(np.array([0.0, 1.0]), np.array([2.0, 0.0]), 20)
    swap = 1 - 1 / np.log2(3)  # of NDCG
    assert found == pytest.approx([-swap / (1 + np.exp(-1)), swap / (1 + np.exp(-1))])
    assert lambdas(np.arange(5.0), np.array([1, 0, 0, 0, 0]), 1)[1:4].tolist() == [0, 0, 0]  # below what counts


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def library():
    """Forty people who each liked one item; what they want next is what its text becomes with two halves swapped."""
    dice = np.random.default_rng(9)
    vectors = dice.normal(size=(200, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    of = worlds.catalogue(worlds.items(200), vectors)
    return worlds.world(of, [(f"u{n}", n, n, "purchase") for n in range(200)])


def swapped(library, seed, groups=200):
    dice = np.random.default_rng(seed)
    rows = np.concatenate([dice.choice(200, SIZE, replace=False) for _ in range(groups)]).astype(np.int32)
    contexts = [worlds.context(library, f"u{n}") for n in dice.integers(0, 200, groups).tolist()]
    vectors = library.catalogue.vectors - library.catalogue.centre
    wanted = np.concatenate([np.roll(taste(c), 3) @ vectors[rows[g * SIZE :][:SIZE]].T for g, c in enumerate(contexts)])
    best = wanted.reshape(groups, SIZE)
    labels = (best == best.max(axis=1, keepdims=True)).astype(np.float32).ravel()
    columns = {"a.x~share": dice.random(groups * SIZE).astype(np.float32)}
    return Examples(columns=columns, labels=labels, groups=np.full(groups, SIZE), rows=rows, contexts=contexts)


def hits(model, examples):
    found = []
    for group, context in enumerate(examples.contexts):
        part = slice(group * SIZE, (group + 1) * SIZE)
        some = replace(shown({"a.x~share": examples.columns["a.x~share"][part]}), rows=examples.rows[part])
        found.append(model.apply(context, some).rows[0] == examples.rows[part][examples.labels[part].argmax()])
    return np.mean(found)


@pytest.fixture(scope="module")
def asked(library):
    """What is learned from, and what is asked afterwards."""
    return swapped(library, 1), swapped(library, 2, groups=60)


@pytest.mark.parametrize("form", ["sum", "maximum"])
def test_heads_learn_what_texts_go_together(library, asked, tmp_path, form):
    history, fresh = replace(worlds.history(library), examples=asked[0]), asked[1]
    usual = {"form": form, "epochs": 40, "rate": 0.1, "heads": 1, "directions": 6}
    assert hits(learned(Gated(**usual), history, tmp_path / "a"), fresh) >= 0.6
    assert hits(learned(Gated(**{**usual, "directions": 0}), history, tmp_path / "b"), fresh) <= 0.25


def test_texts_speak_in_the_explanation(library, asked, tmp_path):
    examples = asked[0]
    model = learned(Gated(epochs=2, directions=6), replace(worlds.history(library), examples=examples), tmp_path)
    some = replace(shown({"a.x~share": examples.columns["a.x~share"][:SIZE]}), rows=examples.rows[:SIZE])
    assert np.abs(model.parts(examples.contexts[0], some)[TEXTS]).max() > 0


def test_a_catalogue_read_in_another_language_is_ranked_without_texts(library, asked, context, tmp_path):
    model = learned(Gated(epochs=1, directions=6), replace(worlds.history(library), examples=asked[0]), tmp_path)
    some = shown({"a.x~share": np.array([0.1, 0.9, 0.5], np.float32)})
    assert not model.parts(context, some)[TEXTS].any()


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────

CHANGES = {
    "form": "maximum",
    "heads": 1,
    "directions": 3,
    "hidden": 4,
    "epochs": 3,
    "rate": 0.05,
    "l2": 0.3,
    "truncation": 1,
    "experts": ("a.*",),
    "person": (),
    "item": (),
}


@pytest.mark.parametrize("setting", CHANGES)
def test_every_setting_changes_the_scores(library, asked, tmp_path, setting):
    examples = replace(
        asked[0],
        groups=asked[0].groups[:30],
        labels=asked[0].labels[: 30 * SIZE],
        rows=asked[0].rows[: 30 * SIZE],
        contexts=asked[0].contexts[:30],
    )
    facts = planted(library, groups=30).examples.columns
    history = replace(worlds.history(library), examples=replace(examples, columns=facts))
    some = replace(shown({n: c[:SIZE] for n, c in facts.items()}), rows=examples.rows[:SIZE])
    usual = Gated(epochs=2, directions=6)
    scores = [
        learned(recipe, history, tmp_path / name).apply(examples.contexts[0], some)
        for name, recipe in (("a", usual), ("b", replace(usual, **{setting: CHANGES[setting]})))
    ]
    order = [np.argsort(one.rows) for one in scores]
    assert not np.allclose(scores[0].scores[order[0]], scores[1].scores[order[1]], rtol=1e-9, atol=1e-9)


def test_gated_wants_twenty_answers(shop, tmp_path):
    with pytest.raises(NotReadyError, match=r"19 replayed slates .* 20 are needed"):
        Gated().train(planted(shop, groups=19), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_release_keeps_the_form_it_was_trained_in(shop, context, tmp_path):
    Gated(form="maximum", epochs=1).train(planted(shop), tmp_path)
    some, _ = next(slates(planted(shop, seed=2).examples))
    assert len(Gated().load(tmp_path).apply(context, some)) == SIZE
