"""The promises of recipes and encoders; `penchant.testing.plugins` says how a suite is used."""
# ruff: noqa: S101  (asserting is what a test suite is for)

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.errors import NotReadyError
from penchant.protocols import Source, Trainable
from penchant.testing import worlds
from penchant.testing.compared import copied, every, same_columns, seen
from penchant.text.speech import Encoder
from penchant.types import Array, Candidates
from penchant.world import World


def trained(recipe: Any, world: World, folder: Path) -> Any:
    """The model of a recipe, trained on a world; skips the test if the world has too little to learn from."""
    try:
        recipe.train(worlds.history(world), folder)
    except NotReadyError as error:
        pytest.skip(str(error))
    return recipe.load(folder)


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


def opinion(model: Any, world: World) -> dict[str, Array]:
    """What a loaded model says: a source's columns, or a stage's rows and scores."""
    context = worlds.context(world)
    if isinstance(model, Source):
        return dict(model.score(context, every(context)))
    found: Candidates = model.apply(context, worlds.candidates(context))
    return {"rows": found.rows, "scores": found.scores}


def pickled(path: Path) -> bool:
    """Whether a file is a pickle, or arrays of objects that only pickle can read."""
    if path.suffix == ".npy":
        return bool(np.load(path, mmap_mode="r").dtype.hasobject)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return any(arrays[name].dtype.hasobject for name in arrays)
    return path.read_bytes()[:1] == b"\x80"
