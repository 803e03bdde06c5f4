"""Closed-form item-item models: long-term taste (EASE) and what follows next (SLIST), with a text prior.

Minimises α‖X − XB‖² + (1−α)‖T − SB‖² + λ‖B‖² + λ_E‖B − C‖² with a zero diagonal: X is user × item, S the past of each
step faded by exp(−steps/τ), T the step itself, C the text prior (Steck 2019; Choi et al. 2021; L3AE, arXiv 2508.13500).
A person's scores are Σ w_h·B[h, :] over their past, so every score splits exactly into events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from penchant.errors import NotReadyError
from penchant.protocols import Context, History
from penchant.retrieval.best import best, liked
from penchant.timeline import Events, Timeline
from penchant.types import Array, Columns, Floats, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Recipe of two matrices: `long` (α = 1) and `next` (α small)."""

    l2_long: float = 200.0  # λ of `long`: more keeps its weights smaller
    l2_next: float = 30.0  # λ of `next`
    alpha: float = 0.2  # share of ‖X − XB‖² in `next`
    tau: float = 2.5  # steps after which the past has faded to 1/e
    prior: float = 20.0  # λ_E: weight of the text prior
    keep: int = 300  # weights kept per row
    minimum: int = 2  # people an item needs to get a row and column of its own
    history: int = 100  # items of the past that are used
    half_life: float = 180.0  # days after which a liked item counts half in `long`

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit both matrices; metrics: items fitted, steps seen."""
        size = len(history.catalogue)
        taste, past, step = _matrices(history.timeline, size, self.history, self.tau)
        warm = np.flatnonzero(np.asarray((taste > 0).sum(axis=0)).ravel() >= self.minimum)
        if not len(warm):
            raise NotReadyError(f"linear: no item was liked by {self.minimum} people yet")
        x, s, t = (m[:, warm] for m in (taste, past, step))
        gram, co_past = _gram(x, x), _gram(s, s)
        prior = _text_prior(history.catalogue.vectors[warm])
        long = _solve(gram, gram, self.l2_long, self.prior, prior)
        mixed = self.alpha * gram + (1 - self.alpha) * co_past
        target = self.alpha * gram + (1 - self.alpha) * _gram(s, t)
        follow = _solve(mixed, target, self.l2_next, self.prior, prior)
        arrays: dict[str, Any] = {}
        for name, weights in (("long", long), ("next", follow)):
            arrays[f"{name}_items"], arrays[f"{name}_values"] = _sparsify(weights, self.keep)
        np.savez(folder / "linear.npz", warm=warm.astype(np.int32), size=np.array(size), **arrays)
        return {"items": float(len(warm)), "steps": float(step.shape[0])}

    def load(self, folder: Path) -> "LinearModel":
        with np.load(folder / "linear.npz") as arrays:
            place = np.full(int(arrays["size"]), -1, dtype=np.int32)
            place[arrays["warm"]] = np.arange(len(arrays["warm"]), dtype=np.int32)
            tables = {
                name: Table(arrays[f"{name}_items"], arrays[f"{name}_values"].astype(np.float32))
                for name in ("long", "next")
            }
            return LinearModel(recipe=self, warm=arrays["warm"], place=place, **tables)


@dataclass(frozen=True, slots=True)
class Table:
    """The strongest weights of each row of B: their columns (`items`, -1 for none) and `values`."""

    items: Array  # warm × keep, int32
    values: Floats  # warm × keep

    def scores(self, rows: Array, weights: Array, size: int) -> Array:
        """Σ weights[h]·B[rows[h], :] as a dense array over the warm items."""
        hits = self.items[rows]
        parts = weights[:, None] * self.values[rows]
        total: Array = np.bincount(hits.ravel(), weights=parts.ravel(), minlength=size)
        return total

    def column(self, rows: Array, weights: Array, target: int) -> Array:
        """The summands of one item's score, one per row."""
        parts: Array = (self.values[rows] * (self.items[rows] == target)).sum(axis=1) * weights
        return parts


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """Columns `long` and `next`; items without a row of their own are scored by the text prior where text is known."""

    recipe: Linear
    warm: Rows  # catalogue row of each fitted item
    place: Array  # fitted item of each catalogue row, -1 if none
    long: Table
    next: Table

    def retrieve(self, context: Context, limit: int) -> Rows:
        """Half of the limit from each matrix, in turn."""
        tops = [best(context, self._dense(context, name), limit) for name in ("next", "long")]
        turns = [top[i] for i in range(limit) for top in tops if i < len(top)]
        return np.array(list(dict.fromkeys(turns))[:limit], dtype=np.int32)

    def score(self, context: Context, rows: Rows) -> Columns:
        return {name: self._dense(context, name)[rows].astype(np.float32) for name in ("long", "next")}

    def attribute(self, context: Context, row: int) -> Mapping[str, tuple[Events, Array]]:
        found = {}
        for name, table in (("long", self.long), ("next", self.next)):
            rows, weights = self._past(context, name)
            target = self.place[row] if row < len(self.place) else -1
            parts = table.column(self.place[rows], weights, target) if target >= 0 else np.zeros(len(rows))
            found[name] = _by_event(context, rows, parts)
        return found

    def _dense(self, context: Context, name: str) -> Array:
        return context.once((id(self), name), lambda: self._compute(context, name))

    def _compute(self, context: Context, name: str) -> Array:
        dense = np.zeros(len(context.catalogue))
        rows, weights = self._past(context, name)
        if len(rows):
            table: Table = getattr(self, name)
            dense[self.warm] = table.scores(self.place[rows], weights, len(self.warm))
        return dense

    def _past(self, context: Context, name: str) -> tuple[Rows, Array]:
        """The warm items of the person's past and their weights in the profile."""
        recipe = self.recipe
        rows, weights = liked(context, recipe.half_life, recipe.history, known=len(self.place))
        if name == "next":
            interest = context.user["interest"]
            last = interest["last"][np.searchsorted(interest["item"], rows)]
            steps = np.cumsum(np.diff(last, prepend=last[:1]) != 0)
            weights = np.exp(-steps / recipe.tau)
        known = self.place[rows] >= 0
        return rows[known], weights[known]


def _matrices(timeline: Timeline, size: int, history: int, tau: float) -> tuple[sparse.csr_matrix, ...]:
    """X (user × item, binary) and, for every step of every person, S (faded past) and T (the step)."""
    weight = timeline.kinds.weights[timeline.kind]
    use = np.flatnonzero((timeline.item >= 0) & (weight > 0))
    order = use[np.lexsort((timeline.time[use], timeline.user[use]))]
    user, item, time = timeline.user[order], timeline.item[order], timeline.time[order]
    new_user = np.diff(user, prepend=-1) != 0
    step = np.cumsum(new_user | (np.diff(time, prepend=-1) != 0)) - 1  # events of one moment are one step
    shape = (int(step[-1]) + 1 if len(step) else 0, size)
    target = sparse.csr_matrix((np.ones(len(item), np.float32), (step, item)), shape=shape)
    target.data[:] = 1.0
    pairs = _past_pairs(user, step, history)
    fade = np.exp(-(step[pairs[0]] - step[pairs[1]] - 1) / tau).astype(np.float32)
    rows, columns = step[pairs[0]], item[pairs[1]]
    past = _strongest(rows, columns, fade, shape)
    people = sparse.csr_matrix((np.ones(len(item), np.float32), (user, item)), shape=(len(timeline.users), size))
    people.data[:] = 1.0
    return people, past, target


def _past_pairs(user: Array, step: Array, history: int) -> tuple[Array, Array]:
    """For each step (by its first event): places of up to `history` earlier events of the same person."""
    first = np.flatnonzero(np.diff(step, prepend=-1) != 0)
    begins = np.maximum.accumulate(np.where(np.diff(user, prepend=-1) != 0, np.arange(len(user)), 0))[first]
    sizes = np.minimum(first - begins, history)
    of = np.repeat(first, sizes)
    back = np.arange(len(of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return of, of - 1 - back


def _strongest(rows: Array, columns: Array, values: Array, shape: tuple[int, int]) -> sparse.csr_matrix:
    """A matrix that keeps the largest of the values given for one cell."""
    order = np.lexsort((-values, columns, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    first = (np.diff(rows, prepend=-1) != 0) | (np.diff(columns, prepend=-1) != 0)
    return sparse.csr_matrix((values[first], (rows[first], columns[first])), shape=shape)


def _gram(a: sparse.csr_matrix, b: sparse.csr_matrix) -> Floats:
    product: Floats = np.asarray((a.T @ b).todense(), dtype=np.float32)
    return product


def _solve(gram: Floats, target: Floats, l2: float, prior_weight: float, prior: Floats | None) -> Floats:
    """B = PR − P·diag(γ) with γ_j = (PR)_jj / P_jj and P = (gram + (λ + λ_E) I)⁻¹."""
    size = len(gram)
    matrix = np.array(gram, order="F", copy=True)
    matrix[np.diag_indices(size)] += l2 + (prior_weight if prior is not None else 0.0)
    inverse = _inverse(matrix)
    right = target if prior is None else target + prior_weight * prior
    weights: Floats = inverse @ right
    scale = (np.diag(weights) / np.diag(inverse)).astype(np.float32)
    inverse *= scale[None, :]
    weights -= inverse
    weights[np.diag_indices(size)] = 0.0
    return weights


def _inverse(matrix: Floats) -> Floats:
    """The inverse of a positive definite matrix, in its own memory."""
    factor, failed = lapack.spotrf(matrix, lower=True, overwrite_a=True)
    inverse, singular = lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed or singular:
        raise NotReadyError("linear: the co-occurrences are too large to invert; raise l2_long and l2_next")
    upper = np.triu_indices(len(inverse), 1)
    inverse[upper] = inverse.T[upper]
    found: Floats = inverse
    return found


def _text_prior(vectors: Floats, l2: float = 10.0) -> Floats | None:
    """Text-EASE: C = −P/diag(P) with P = (FᵀF + λI)⁻¹ for F = vectorsᵀ, through the dim × dim inverse."""
    if not vectors.any():
        return None
    dim = vectors.shape[1]
    inner = np.linalg.inv(l2 * np.eye(dim, dtype=np.float32) + vectors.T @ vectors)
    inverse = (np.eye(len(vectors), dtype=np.float32) - vectors @ inner @ vectors.T) / l2
    prior = -inverse / np.diag(inverse)[None, :]
    prior[np.diag_indices(len(vectors))] = 0.0
    return prior.astype(np.float32)


def _sparsify(weights: Floats, keep: int) -> tuple[Array, Array]:
    """The `keep` weights of each row that are largest in size, as columns (int32) and values (half precision)."""
    keep = min(keep, weights.shape[1])
    if not keep:
        return np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float16)
    items = np.argpartition(-np.abs(weights), keep - 1, axis=1)[:, :keep].astype(np.int32)
    return items, np.take_along_axis(weights, items, axis=1).astype(np.float16)


def _by_event(context: Context, rows: Rows, parts: Array) -> tuple[Events, Array]:
    """Split each item's part evenly over the person's positive events with it."""
    timeline = context.timeline
    events = timeline.events(timeline.places("user", timeline.users.get(context.query.user, -1)))
    events = events.take((events.weight > 0) & np.isin(events.item, rows))
    events = _with_glance(context, events, rows[~np.isin(rows, events.item)])
    part = np.zeros(len(context.catalogue))
    part[rows] = parts
    count = np.bincount(events.item, minlength=len(part))
    return events, part[events.item] / np.maximum(count[events.item], 1)


def _with_glance(context: Context, events: Events, rows: Rows) -> Events:
    """The events and a view, right now, of the items that no log knows of: what the person is looking at."""
    kinds, size = context.timeline.kinds, len(rows)
    kind = np.full(size, kinds.code("view"), dtype=np.int16)
    nothing, nowhere = np.full(size, np.nan, np.float32), np.full(size, -1)
    glance = Events(np.full(size, context.now), rows, kind, nothing, kinds.weights[kind], nowhere)
    return Events(*(np.concatenate([getattr(events, n), getattr(glance, n)]) for n in Events.__slots__))
