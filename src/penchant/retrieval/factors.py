"""Latent taste: implicit-feedback matrix factorisation whose people are folded in exactly at every request.

Minimises Σ_ui c_ui (p_ui − x_uᵀy_i)² + λ(Σ‖x‖² + Σ‖y‖²) with c = 1 + alpha·w where somebody liked something (Hu, Koren
& Volinsky 2008), by conjugate gradients (Takács et al. 2011). Only items are kept. A person is x = A⁻¹ Σ_h c_h·y_h with
A = YᵀY + Σ_h (c_h − 1)·y_h·y_hᵀ + λI, so that a score is exactly a sum over what they met: Σ_h c_h·y_iᵀA⁻¹y_h.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt
from scipy import sparse

from penchant.arrays import keep, kept
from penchant.errors import NotReadyError
from penchant.events.timeline import Events, Timeline
from penchant.protocols import Context, History
from penchant.retrieval.attribution import by_event
from penchant.retrieval.best import best, liked
from penchant.types import DAY, Array, Catalogue, Columns, Floats, Rows

_STEPS = 3  # conjugate gradients of each person and item in a round
_AT_ONCE = 200_000  # cells of one product: what it needs beside the factors stays below 100 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """Recipe of the items' factors."""

    dims: Annotated[int, Ge(1)] = 128  # numbers that describe a taste, from 1 on
    l2: Annotated[float, Gt(0)] = 30.0  # λ: ridge of people and items, above 0
    alpha: Annotated[float, Gt(0)] = 10.0  # how much more a liked item says than one nobody met, above 0
    rounds: Annotated[int, Ge(1)] = 10  # alternations between people and items, from 1 on
    minimum: Annotated[int, Ge(1)] = 2  # people an item needs to get factors of its own, from 1 on
    history: Annotated[int, Ge(1)] = 100  # items of the past that are used, from 1 on
    half_life: Annotated[float, Gt(0)] = 60.0  # days, above 0, after which a liked item counts half
    pace: Annotated[float, Ge(0)] = 0.3  # an item met s steps ago counts 1/(1 + pace·s); from 0 on
    ridge: Annotated[float, Gt(0)] = 1.0  # of the map from texts to factors that places new items, above 0

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit the items; metrics: people and items fitted."""
        extra, warm = _confidence(self, history.timeline, len(history.catalogue))
        if not len(warm):
            raise NotReadyError(f"factors: no item was liked by {self.minimum} people yet")
        extra = extra[:, warm]
        extra = extra[np.flatnonzero(np.diff(extra.indptr))]
        dice = np.random.default_rng(history.seed)
        items = dice.normal(0.0, 0.1, (len(warm), self.dims)).astype(np.float32)
        people = np.zeros((extra.shape[0], self.dims), np.float32)
        turned = extra.T.tocsr()
        for _ in range(self.rounds):
            people = _improved(extra, items, people, self.l2)
            items = _improved(turned, people, items, self.l2)
        vectors = history.catalogue.vectors[warm] - history.catalogue.centre
        inner = vectors.T @ vectors + np.float32(self.ridge) * np.eye(vectors.shape[1], dtype=np.float32)
        placing = (
            np.linalg.solve(inner, vectors.T @ items) if vectors.any() else np.zeros((vectors.shape[1], self.dims))
        )
        arrays: dict[str, Any] = {"warm": warm.astype(np.int32), "items": items, "placing": placing.astype(np.float32)}
        keep(folder / "factors", arrays)
        return {"people": float(len(people)), "items": float(len(items))}

    def load(self, folder: Path) -> "FactorsModel":
        arrays = kept(folder / "factors")
        return FactorsModel(recipe=self, warm=arrays["warm"], items=arrays["items"], placing=arrays["placing"])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactorsModel:
    """Column `taste`: the product of a person's factors and an item's. Items that nobody had met at training get the
    factors that their texts point to.
    """

    recipe: Factors
    warm: Rows  # catalogue row of each fitted item
    items: Floats  # (fitted items × dims)
    placing: Floats  # (dim of the texts × dims)
    kept: dict[str, tuple[Catalogue, Floats, Floats]] = field(default_factory=dict)  # the last catalogue's factors

    def retrieve(self, context: Context, limit: int) -> Rows:
        return best(context, self._dense(context), limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        return {"taste": self._dense(context)[rows].astype(np.float32)}

    def attribute(self, context: Context, row: int) -> Mapping[str, tuple[Events, Array]]:
        rows, confidence = self._past(context)
        factors, _ = self._factors(context.catalogue)
        met = factors[rows].astype(np.float64)
        toward = np.linalg.solve(self._system(context, met, confidence), factors[row].astype(np.float64))
        return {"taste": by_event(context, rows, confidence * (met @ toward))}

    def _dense(self, context: Context) -> Array:
        return context.once((self, "taste"), lambda: self._compute(context))

    def _compute(self, context: Context) -> Array:
        rows, confidence = self._past(context)
        factors, _ = self._factors(context.catalogue)
        if not len(rows):
            return np.zeros(len(context.catalogue))
        met = factors[rows].astype(np.float64)
        taste = np.linalg.solve(self._system(context, met, confidence), confidence @ met)
        scores: Array = factors @ taste.astype(np.float32)
        return scores

    def _past(self, context: Context) -> tuple[Rows, Array]:
        """What the person met, with c of each."""
        recipe = self.recipe
        rows, weights = liked(context, recipe.half_life, recipe.history, pace=recipe.pace)
        return rows, 1 + recipe.alpha * weights

    def _system(self, context: Context, met: Array, confidence: Array) -> Array:
        _, gram = self._factors(context.catalogue)
        system: Array = gram + (met * (confidence - 1)[:, None]).T @ met + self.recipe.l2 * np.eye(self.recipe.dims)
        return system

    def _factors(self, catalogue: Catalogue) -> tuple[Floats, Floats]:
        """Factors of every row, the new ones placed by their texts, and YᵀY of those that were fitted."""
        kept = self.kept.get("factors")
        if kept is None or kept[0] is not catalogue:
            factors = ((catalogue.vectors - catalogue.centre) @ self.placing).astype(np.float32)
            factors[self.warm] = self.items
            kept = self.kept["factors"] = (catalogue, factors, self.items.T @ self.items)
        return kept[1:]


def _confidence(recipe: Factors, timeline: Timeline, size: int) -> tuple[sparse.csr_matrix, Array]:
    """c − 1 of people × items, and the items that enough people liked."""
    use = timeline.positive()
    if not len(use):
        return sparse.csr_matrix((0, size), dtype=np.float32), np.zeros(0, np.int64)
    age = (timeline.time[-1] - timeline.time[use]) / DAY
    weight = timeline.kinds.weights[timeline.kind[use]]
    value = np.minimum(weight, 1.0) * 0.5 ** (age / recipe.half_life)
    cells = timeline.user[use].astype(np.int64) * size + timeline.item[use]
    order = np.lexsort((-value, cells))
    first = order[np.flatnonzero(np.diff(cells[order], prepend=-1))]  # of several events with an item, what says most
    user, item = np.divmod(cells[first], size)
    values = (recipe.alpha * value[first]).astype(np.float32)
    extra = sparse.csr_matrix((values, (user, item)), shape=(len(timeline.names), size))
    return extra, np.flatnonzero(np.bincount(item, minlength=size) >= recipe.minimum)


def _improved(extra: sparse.csr_matrix, fixed: Floats, start: Floats, l2: float) -> Floats:
    """Factors of the rows of `extra` nearer to the least squares given the columns', by conjugate gradients."""
    gram = fixed.T @ fixed + np.float32(l2) * np.eye(fixed.shape[1], dtype=np.float32)
    found = np.empty_like(start)
    edges = np.searchsorted(extra.indptr, np.arange(0, extra.nnz + _AT_ONCE, _AT_ONCE))
    edges = np.unique(np.append(edges[edges < extra.shape[0]], [0, extra.shape[0]]))
    for lo, hi in pairwise(edges.tolist()):
        found[lo:hi] = _descended(extra[lo:hi], fixed, gram, start[lo:hi])
    return found


def _descended(extra: sparse.csr_matrix, fixed: Floats, gram: Floats, start: Floats) -> Floats:
    """One block: a few conjugate gradients on every row at once."""
    rows, columns = np.repeat(np.arange(extra.shape[0]), np.diff(extra.indptr)), fixed[extra.indices]

    def product(vectors: Floats) -> Floats:
        near = np.einsum("ij,ij->i", vectors[rows], columns) * extra.data
        weighted: Floats = sparse.csr_matrix((near, extra.indices, extra.indptr), shape=extra.shape) @ fixed
        return vectors @ gram + weighted

    target = sparse.csr_matrix((extra.data + 1, extra.indices, extra.indptr), shape=extra.shape) @ fixed
    found, left = start, target - product(start)
    way, size = left, np.einsum("ij,ij->i", left, left)
    for _ in range(_STEPS):
        ahead = product(way)
        step = size / np.maximum(np.einsum("ij,ij->i", way, ahead), 1e-20)
        found, left = found + step[:, None] * way, left - step[:, None] * ahead
        now = np.einsum("ij,ij->i", left, left)
        way, size = left + (now / np.maximum(size, 1e-20))[:, None] * way, now
    return found.astype(np.float32)
