"""What a person would rate an item: biased matrix factorisation on the values people gave.

r̂_ui = μ + b_u + b_i + p_uᵀq_i (Koren, Bell & Volinsky 2009), fitted by alternating least squares (Zhou et al. 2008).
Only items are kept: a person's bias and factors are solved from their ratings at the request.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval, MinLen
from scipy import sparse

from penchant.arrays import keep, kept
from penchant.errors import NotReadyError
from penchant.events.timeline import Timeline
from penchant.protocols import Context, History
from penchant.retrieval.best import best
from penchant.types import Array, Columns, Floats, Rows

_FEWEST = 100  # ratings below which nothing is learned
_DOUBT = 5.0  # values of 0 that a mean to compare with begins with
_AT_ONCE = 4_096  # people or items solved at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """Recipe of the items' biases and factors; its metrics tell the errors on the newest ratings, held out for it."""

    events: Annotated[str, MinLen(1)] = "rating"  # the kind of events whose values are ratings, any there is
    dims: Annotated[int, Ge(1)] = 8  # factors beside the biases, from 1 on
    l2: Annotated[float, Gt(0)] = 3.0  # ridge of the biases: ratings of nothing special added to each, above 0
    l2_factors: Annotated[float, Gt(0)] = 30.0  # ridge of the factors, above 0
    rounds: Annotated[int, Ge(1)] = 12  # alternations between people and items, from 1 on
    held: Annotated[float, Interval(gt=0, lt=1)] = (
        0.1  # share of ratings, the newest, that the errors are told of, 0 to 1
    )

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit twice: on all but the newest ratings to tell RMSE and MAE beside the simple means, then on all."""
        rated = _Rated.of(history.timeline, self.events)
        size = len(history.catalogue)
        if len(rated.value) < _FEWEST:
            raise NotReadyError(
                f"ratings: {len(rated.value)} events of kind {self.events!r} have a value; {_FEWEST} needed"
            )
        cut = int(len(rated.value) * (1 - self.held))
        metrics = _errors(self, rated.take(slice(0, cut)), rated.take(slice(cut, None)), size, history.seed)
        mean, items, _ = _fitted(self, rated, size, history.seed)
        keep(folder / "ratings", {"mean": np.array(mean), "items": items})
        return metrics

    def load(self, folder: Path) -> "RatingsModel":
        arrays = kept(folder / "ratings")
        return RatingsModel(recipe=self, mean=float(arrays["mean"]), items=arrays["items"])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatingsModel:
    """Column `predicted`: the rating expected, in the scale of the data; of an item never rated the person's usual."""

    recipe: Ratings
    mean: float  # μ
    items: Floats  # (rows × (1 + dims)): b_i and q_i

    def retrieve(self, context: Context, limit: int) -> Rows:
        predicted = self._dense(context)
        return best(context, predicted - predicted.min(initial=0.0), limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        return {"predicted": self._dense(context)[rows].astype(np.float32)}

    def _dense(self, context: Context) -> Array:
        return context.once((self, "predicted"), lambda: self._compute(context))

    def _compute(self, context: Context) -> Array:
        timeline, size = context.timeline, len(context.catalogue)
        rated = _Rated.of(timeline, self.recipe.events, timeline.users.get(context.query.user, -1))
        items = np.zeros((size, self.items.shape[1]))
        known = min(size, len(self.items))
        items[:known] = self.items[:known]
        places, one = np.arange(len(rated.item)), np.zeros(len(rated.item), np.int64)
        person = _solved(self.recipe, items[rated.item], places, one, rated.value - self.mean, 1)
        found: Array = self.mean + items[:, 0] + person[0, 0] + items[:, 1:] @ person[0, 1:]
        return found


@dataclass(frozen=True, slots=True)
class _Rated:
    """Who rated what, and how, in order of time."""

    user: Array
    item: Array
    value: Array

    @classmethod
    def of(cls, timeline: Timeline, kind: str, user: int | None = None) -> "_Rated":
        """Everybody's ratings or one person's; of several of one item by one person the last counts."""
        places = np.arange(len(timeline)) if user is None else timeline.places("user", user)
        right = (timeline.kind[places] == timeline.kinds.code(kind)) & (timeline.item[places] >= 0)
        places = places[right & ~np.isnan(timeline.value[places])][::-1]
        cells = timeline.user[places].astype(np.int64) << 32 | timeline.item[places]
        places = places[np.sort(np.unique(cells, return_index=True)[1])][::-1]
        return cls(timeline.user[places], timeline.item[places], timeline.value[places].astype(np.float64))

    def take(self, where: slice) -> "_Rated":
        """A stretch of them."""
        return _Rated(self.user[where], self.item[where], self.value[where])


def _fitted(recipe: Ratings, rated: _Rated, size: int, seed: int) -> tuple[float, Floats, Floats]:
    """μ, items (rows × (1 + dims)) and people (codes × (1 + dims))."""
    mean = float(rated.value.mean())
    items = np.random.default_rng(seed).normal(0, 0.1, (size, 1 + recipe.dims))
    items[:, 0] = 0.0
    count = int(rated.user.max()) + 1
    for _ in range(recipe.rounds):
        people = _solved(recipe, items, rated.item, rated.user, rated.value - mean, count)
        items = _solved(recipe, people, rated.user, rated.item, rated.value - mean, size)
    return mean, items.astype(np.float32), people.astype(np.float32)


def _solved(recipe: Ratings, fixed: Array, column: Array, row: Array, value: Array, count: int) -> Array:
    """Bias and factors of each of `count` rows by ridge, given those of the columns (rows without a value: zero)."""
    found = np.zeros((count, fixed.shape[1]))
    features = fixed.copy()
    features[:, 0] = 1.0  # what the row's own bias is multiplied with
    width = features.shape[1]
    squares = (features[:, :, None] * features[:, None, :]).reshape(len(features), width * width)
    ridge = np.diag([recipe.l2, *[recipe.l2_factors] * recipe.dims])
    cells = (row, column)
    shape = (count, len(fixed))
    given = sparse.csr_matrix((np.ones(len(row)), cells), shape=shape)
    left = sparse.csr_matrix((value - fixed[column, 0], cells), shape=shape)
    some = np.flatnonzero(np.diff(given.indptr))
    for start in range(0, len(some), _AT_ONCE):
        part = some[start : start + _AT_ONCE]
        systems = (given[part] @ squares).reshape(-1, width, width) + ridge
        found[part] = np.linalg.solve(systems, (left[part] @ features)[:, :, None])[:, :, 0]
    return found


def _errors(recipe: Ratings, known: _Rated, held: _Rated, size: int, seed: int) -> dict[str, float]:
    """RMSE and MAE on held ratings: of the model, of μ, and of the means of people and items shrunk to μ."""
    mean, items, people = _fitted(recipe, known, size, seed)
    count = max(int(held.user.max()) + 1, len(people))
    person = np.zeros((count, people.shape[1]))
    person[: len(people)] = people
    p, q = person[held.user], items[held.item]
    guesses = {
        "": mean + p[:, 0] + q[:, 0] + (p[:, 1:] * q[:, 1:]).sum(axis=1),
        " of the mean": np.full(len(held.value), mean),
        " of people's means": mean + _shrunk(known.user, known.value - mean, count)[held.user],
        " of items' means": mean + _shrunk(known.item, known.value - mean, size)[held.item],
    }
    found = {f"rmse{name}": float(np.sqrt(np.mean((guess - held.value) ** 2))) for name, guess in guesses.items()}
    return found | {f"mae{name}": float(np.mean(np.abs(guess - held.value))) for name, guess in guesses.items()}


def _shrunk(code: Array, value: Array, size: int) -> Array:
    """Mean of the values of each code, as if a few values of 0 had been given too."""
    mean: Array = np.bincount(code, weights=value, minlength=size) / (np.bincount(code, minlength=size) + _DOUBT)
    return mean
