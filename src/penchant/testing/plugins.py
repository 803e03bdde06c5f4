"""What every plug-in must do, as pytest classes: subclass one, override its fixture, and run it.

    class TestMySource(SourceContract):
        @pytest.fixture
        def ready(self):
            return lambda world: MySource()

`ready` is a function that makes the plug-in for a `World`: for a recipe it trains and loads (see `trained`), and it may
skip a world that has too little to learn from. Worlds, moments and candidates come from `penchant.testing.worlds`.
"""
# ruff: noqa: S101  (asserting is what a test suite is for)

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.errors import NotReadyError
from penchant.protocols import Attributes, Context, Encoder, Explains, Rule, Source, Stage, Trainable
from penchant.testing import worlds
from penchant.testing.folds import FoldContract
from penchant.testing.worlds import SITUATIONS, Situation
from penchant.types import Array, Candidates
from penchant.world import World

__all__ = [
    "EncoderContract",
    "FoldContract",
    "RankerContract",
    "RuleContract",
    "SourceContract",
    "StageContract",
    "TrainableContract",
    "trained",
]


def trained(recipe: Any, world: World, folder: Path) -> Any:
    """The model of a recipe, trained on a world; skips the test if the world has too little to learn from."""
    try:
        recipe.train(worlds.history(world), folder)
    except NotReadyError as error:
        pytest.skip(str(error))
    return recipe.load(folder)


class _Asked:
    """Fixtures shared by what is asked at a moment."""

    @pytest.fixture(params=SITUATIONS)
    def situation(self, request: pytest.FixtureRequest) -> Situation:
        """Every moment at which a plug-in has to behave."""
        return worlds.situation(request.param)

    @pytest.fixture
    def context(self, situation: Situation) -> Context:
        """The context of that moment."""
        return situation.context


class SourceContract(_Asked):
    """The promises of a `Source`."""

    @pytest.fixture
    def ready(self) -> Callable[[World], Source]:
        """Override: a function that makes the source under test for a world."""
        raise NotImplementedError

    @pytest.fixture
    def source(self, ready: Callable[[World], Source], situation: Situation) -> Source:
        """The source under test."""
        return ready(situation.learned)

    def test_is_a_source(self, source: Source) -> None:
        assert isinstance(source, Source)

    def test_retrieves_distinct_allowed_rows_within_the_limit(self, source: Source, context: Context) -> None:
        for limit in (0, 1, 3, 1_000):
            rows = source.retrieve(context, limit)
            assert np.issubdtype(rows.dtype, np.integer)
            assert len(rows) <= limit
            assert len(np.unique(rows)) == len(rows)
            assert context.allowed[rows].all()

    def test_has_one_entry_per_row_in_every_column(self, source: Source, context: Context) -> None:
        for rows in (every(context), every(context)[:0], source.retrieve(context, 5)):
            columns = source.score(context, rows)
            assert columns
            for name, column in columns.items():
                assert (name, column.shape) == (name, (len(rows),))
                assert not np.isinf(column.astype(np.float64)).any()

    def test_scores_a_row_alike_whatever_is_asked_beside_it(self, source: Source, context: Context) -> None:
        rows = every(context)[::-1]
        whole = source.score(context, rows)
        for name, column in source.score(fresh(context), rows[1::2]).items():
            np.testing.assert_allclose(column, whole[name][1::2], rtol=1e-5, atol=1e-6)

    def test_answers_alike_twice(self, source: Source, context: Context) -> None:
        first = source.retrieve(context, 7), source.score(context, every(context))
        again = fresh(context)
        second = source.retrieve(again, 7), source.score(again, every(again))
        np.testing.assert_array_equal(first[0], second[0])
        same_columns(first[1], second[1])

    def test_leaves_the_context_as_it_was(self, source: Source, context: Context) -> None:
        before = seen(context)
        source.retrieve(context, 7)
        for column in source.score(context, every(context)).values():
            if column.flags.writeable:
                column[:] = 0
        same_columns(before, seen(context))

    def test_attributes_what_it_scores(self, source: Source, context: Context) -> None:
        if not isinstance(source, Attributes):
            pytest.skip("this source attributes nothing")
        columns = source.score(context, every(context))
        for row in every(context).tolist():
            for name, (events, parts) in source.attribute(context, row).items():
                assert len(events) == len(parts)
                assert parts.sum() == pytest.approx(columns[name][row], rel=1e-5, abs=1e-6)


class RuleContract(_Asked):
    """The promises of a `Rule`."""

    @pytest.fixture
    def rule(self) -> Rule:
        """Override: the rule under test."""
        raise NotImplementedError

    def test_says_yes_or_no_of_every_item(self, rule: Rule, context: Context) -> None:
        assert isinstance(rule, Rule)
        allowed = rule.allows(context)
        assert (allowed.dtype, allowed.shape) == (np.dtype(bool), (len(context.catalogue),))

    def test_answers_alike_twice(self, rule: Rule, context: Context) -> None:
        np.testing.assert_array_equal(rule.allows(context), rule.allows(fresh(context)))

    def test_leaves_the_context_as_it_was(self, rule: Rule, context: Context) -> None:
        before = seen(context)
        rule.allows(context)[:] = True
        same_columns(before, seen(context))


class StageContract(_Asked):
    """The promises of a `Stage`."""

    @pytest.fixture
    def ready(self) -> Callable[[World], Stage]:
        """Override: a function that makes the stage under test for a world."""
        raise NotImplementedError

    @pytest.fixture
    def stage(self, ready: Callable[[World], Stage], situation: Situation) -> Stage:
        """The stage under test."""
        return ready(situation.learned)

    def test_passes_on_what_it_was_given(self, stage: Stage, context: Context) -> None:
        assert isinstance(stage, Stage)
        for given in offers(context):
            found = stage.apply(context, given)
            assert len(np.unique(found.rows)) == len(found)
            assert set(found.rows.tolist()) <= set(given.rows.tolist())
            assert found.scores.shape == (len(found),)
            assert not np.isnan(found.scores).any()

    def test_keeps_columns_beside_their_rows(self, stage: Stage, context: Context) -> None:
        for given in offers(context):
            found = stage.apply(context, given)
            assert found.columns.keys() >= given.columns.keys()
            seat = {row: place for place, row in enumerate(given.rows.tolist())}
            places = np.array([seat[row] for row in found.rows.tolist()], dtype=np.int64)
            for name, column in found.columns.items():
                assert (name, column.shape) == (name, (len(found),))
                if name in given.columns:
                    np.testing.assert_array_equal(column, given.columns[name][places])

    def test_answers_alike_twice(self, stage: Stage, context: Context) -> None:
        for given in offers(context):
            first, second = stage.apply(fresh(context), given), stage.apply(fresh(context), given)
            same_columns(whole(first), whole(second))

    def test_leaves_its_input_as_it_was(self, stage: Stage, context: Context) -> None:
        for given in offers(context):
            before = {**seen(context), **copied(whole(given))}
            stage.apply(context, given)
            same_columns(before, {**seen(context), **whole(given)})


class RankerContract(StageContract):
    """The promises of a `Stage` that sets the scores, and of `Explains` where it says what each column added."""

    def test_orders_by_the_scores_it_sets(self, stage: Stage, context: Context) -> None:
        for given in offers(context):
            found = stage.apply(context, given)
            assert sorted(found.rows.tolist()) == sorted(given.rows.tolist())
            assert (np.diff(found.scores) <= 0).all()

    def test_parts_add_up_to_the_score(self, stage: Stage, context: Context) -> None:
        if not isinstance(stage, Explains):
            pytest.skip("this ranker does not explain itself")
        for given in offers(context):
            found = stage.apply(context, given)
            if len(found):
                parts = stage.parts(context, found)
                assert "base" in parts
                np.testing.assert_allclose(sum(parts.values()), found.scores, rtol=1e-5, atol=1e-6)


class TrainableContract:
    """The promises of a `Trainable` recipe."""

    @pytest.fixture
    def recipe(self) -> Trainable[Any]:
        """Override: the recipe under test."""
        raise NotImplementedError

    @pytest.fixture
    def world(self) -> World:
        """What is learned from."""
        return worlds.shop()

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Where the model goes."""
        (tmp_path / "model").mkdir()
        return tmp_path / "model"

    def test_writes_into_its_folder_and_tells_numbers(
        self, recipe: Trainable[Any], world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        metrics = recipe.train(worlds.history(world), folder)
        assert all(np.isfinite(value) for value in metrics.values())
        assert sorted(p.name for p in tmp_path.iterdir()) == ["elsewhere", "model"]
        assert not list((tmp_path / "elsewhere").iterdir())
        files = [p for p in folder.rglob("*") if p.is_file()]
        assert files
        assert not [p for p in files if p.suffix in {".pkl", ".pickle", ".joblib", ".pt"} or pickled(p)]

    def test_learns_alike_twice(self, recipe: Trainable[Any], world: World, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "second").mkdir()
        metrics = recipe.train(worlds.history(world, seed=3), folder)
        assert recipe.train(worlds.history(world, seed=3), tmp_path / "second") == pytest.approx(metrics)
        first, second = recipe.load(folder), recipe.load(tmp_path / "second")
        same_columns(opinion(first, world), opinion(second, world))

    def test_loads_what_was_trained_from_wherever_it_lies(
        self, recipe: Trainable[Any], world: World, folder: Path, tmp_path: Path
    ) -> None:
        recipe.train(worlds.history(world), folder)
        before = opinion(recipe.load(folder), world)
        folder.rename(tmp_path / "moved")
        same_columns(before, opinion(recipe.load(tmp_path / "moved"), world))

    def test_leaves_the_history_as_it_was(self, recipe: Trainable[Any], world: World, folder: Path) -> None:
        history = worlds.history(world)
        assert history.examples is not None
        before = {**seen(worlds.context(world)), **copied(history.examples.columns)}
        recipe.train(history, folder)
        same_columns(before, {**seen(worlds.context(world)), **history.examples.columns})

    @pytest.mark.parametrize("count", [0, 5], ids=["no items", "no events"])
    def test_says_when_there_is_nothing_to_learn_from(self, recipe: Trainable[Any], folder: Path, count: int) -> None:
        with pytest.raises(NotReadyError):
            recipe.train(worlds.nothing(worlds.world(worlds.items(count))), folder)


class EncoderContract:
    """The promises of an `Encoder`."""

    texts = ("red mug", "a summer dress for warm days", "", "winter boots", "绿茶", "x" * 3_000, "red mug")
    tolerance = 1e-4  # how far a text may move with what it is encoded beside

    @pytest.fixture
    def encoder(self) -> Encoder:
        """Override: the encoder under test."""
        raise NotImplementedError

    def test_names_itself(self, encoder: Encoder) -> None:
        assert encoder.name
        assert encoder.dim > 0

    @pytest.mark.parametrize("role", ["query", "passage"])
    def test_makes_unit_rows_or_zero(self, encoder: Encoder, role: Any) -> None:
        vectors = encoder.encode(self.texts, role)
        assert (vectors.dtype, vectors.shape) == (np.dtype(np.float32), (len(self.texts), encoder.dim))
        lengths = np.linalg.norm(vectors, axis=1)
        assert all(length == pytest.approx(1, abs=1e-4) or length == 0 for length in lengths.tolist())
        assert (lengths[[0, 1, 3]] > 0).all()

    def test_encodes_nothing(self, encoder: Encoder) -> None:
        assert encoder.encode([], "query").shape == (0, encoder.dim)

    def test_encodes_one_by_one_as_in_a_batch(self, encoder: Encoder) -> None:
        single = np.concatenate([encoder.encode([text], "passage") for text in self.texts])
        np.testing.assert_allclose(single, encoder.encode(self.texts, "passage"), atol=self.tolerance)

    def test_encodes_alike_twice(self, encoder: Encoder) -> None:
        vectors = encoder.encode(self.texts, "query")
        np.testing.assert_array_equal(vectors, encoder.encode(self.texts, "query"))
        np.testing.assert_allclose(vectors[0], vectors[-1], atol=self.tolerance)


def offers(context: Context) -> list[Candidates]:
    """What a stage is given: nothing, one candidate, two and fifteen, scored."""
    found = [worlds.candidates(context, most) for most in (0, 1, 2, 15)]
    return [given.with_scores(np.linspace(1, 0, len(given))) for given in found]


def whole(given: Candidates) -> dict[str, Array]:
    """Everything that candidates hold, as columns."""
    return {**given.columns, "rows": given.rows, "scores": given.scores}


def every(context: Context) -> Array:
    """Every row of the catalogue."""
    return np.arange(len(context.catalogue), dtype=np.int32)


def fresh(context: Context) -> Context:
    """The same context with nothing computed and no dice thrown yet."""
    return replace(context, memo={}, dice=np.random.default_rng(0x5EED))


def seen(context: Context) -> dict[str, Array]:
    """A copy of every array that a plug-in can reach."""
    line, known = context.timeline, context.catalogue
    found: dict[str, Array] = {f"timeline.{name}": getattr(line, name) for name in ("time", "user", "item", "position")}
    found |= {f"catalogue.{name}": column for name, column in known.columns.items()}
    found |= {"vectors": known.vectors, "centre": known.centre, "allowed": context.allowed}
    found |= {f"tally.{w}": line.tally(w, context.now, len(known)) for w in (None, worlds.DAY, 7 * worlds.DAY)}
    if context.wish is not None:
        found["wish"] = context.wish
    for fold, columns in context.user.items():
        found |= {f"{fold}.{name}": column for name, column in columns.items()}
    return copied(found)


def copied(columns: Mapping[str, Array]) -> dict[str, Array]:
    """The columns as they are now."""
    return {name: np.array(column) for name, column in columns.items()}


def same_columns(first: Mapping[str, Array], second: Mapping[str, Array]) -> None:
    """Fail unless both have the same columns with exactly the same values."""
    assert first.keys() == second.keys()
    for name, column in first.items():
        np.testing.assert_array_equal(column, second[name], err_msg=name)


def opinion(model: Any, world: World) -> dict[str, Array]:
    """What a loaded model says: a source's columns, or a stage's rows and scores."""
    context = worlds.context(world)
    if isinstance(model, Source):
        return dict(model.score(context, every(context)))
    found: Candidates = model.apply(context, worlds.candidates(context))
    return {"rows": found.rows, "scores": found.scores}


def pickled(path: Path) -> bool:
    """Whether a file is a pickle, or arrays of objects that only pickle can read."""
    if path.suffix in {".npz", ".npy"}:
        with np.load(path, allow_pickle=False) as arrays:
            return any(arrays[name].dtype.hasobject for name in arrays)
    return path.read_bytes()[:1] == b"\x80"
