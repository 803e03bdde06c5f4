"""Closed-form item-item models: long-term taste (EASE) and what follows next (SLIST), with a text prior.

Minimises α‖X − XB‖² + (1−α)‖T − SB‖² + λ‖B‖² + λ_E‖B − C‖² with a zero diagonal: X is user × item, S the past of each
step faded by exp(−steps/τ), T the step itself, C the text prior (Steck 2019; Choi et al. 2021; L3AE, arXiv 2508.13500).
A person's scores are Σ w_h·B[h, :] over their past, so every score splits exactly into events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.errors import NotReadyError
from penchant.protocols import Context, History
from penchant.retrieval import closed_form
from penchant.retrieval.best import best, in_turn, liked, steps
from penchant.timeline import Events
from penchant.types import Array, Catalogue, Columns, Floats, Rows

_AT_ONCE = 1_000  # items placed in one product


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Recipe of two matrices: `long` (α = 1) and `next` (α small)."""

    l2_long: Annotated[float, Gt(0)] = 200.0  # ridge of `long`, above 0
    l2_next: Annotated[float, Gt(0)] = 30.0  # ridge of `next`, above 0
    alpha: Annotated[float, Interval(ge=0, le=1)] = 0.2  # share of ‖X − XB‖² in `next`, 0 to 1
    tau: Annotated[float, Gt(0)] = 2.5  # steps after which the past has faded to 1/e, above 0
    prior: Annotated[float, Ge(0)] = 20.0  # λ_E: weight of the text prior, from 0 on
    keep: Annotated[int, Ge(1)] = 300  # weights kept per row, from 1 on
    most: Annotated[int, Ge(1)] = 15_000  # items fitted at most, the most met; the others are placed by their texts
    minimum: Annotated[int, Ge(1)] = 2  # people an item needs to get a row and column of its own, from 1 on
    history: Annotated[int, Ge(1)] = 100  # items of the past that are used, from 1 on
    half_life: Annotated[float, Gt(0)] = 180.0  # days after which a liked item counts half in `long`, above 0
    placed: Annotated[float, Interval(ge=0, le=1)] = (
        0.5  # share of its text's neighbours' scores a new item gets, 0 to 1
    )
    near: Annotated[int, Ge(1)] = 10  # neighbours by text that place it, from 1 on

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit both matrices; metrics: items fitted, steps seen."""
        size = len(history.catalogue)
        taste, past, step = closed_form.matrices(history.timeline, size, self.history, self.tau)
        people = np.asarray((taste > 0).sum(axis=0)).ravel()
        warm = np.sort(np.argsort(-people, kind="stable")[: min(self.most, np.count_nonzero(people >= self.minimum))])
        if not len(warm):
            raise NotReadyError(f"linear: no item was liked by {self.minimum} people yet")
        x, s, t = (m[:, warm] for m in (taste, past, step))
        prior = closed_form.text_prior(history.catalogue.vectors[warm])
        gram = closed_form.gram(x, x)
        arrays: dict[str, Any] = {}
        long = closed_form.solve(gram, gram, self.l2_long, self.prior, prior)
        arrays["long_items"], arrays["long_values"] = closed_form.sparsify(long, self.keep)
        del long  # each of these is items² large
        gram *= self.alpha
        target = closed_form.gram(s, t) * np.float32(1 - self.alpha) + gram
        gram += closed_form.gram(s, s) * np.float32(1 - self.alpha)
        follow = closed_form.solve(gram, target, self.l2_next, self.prior, prior)
        arrays["next_items"], arrays["next_values"] = closed_form.sparsify(follow, self.keep)
        np.savez(folder / "linear.npz", warm=warm.astype(np.int32), size=np.array(size), **arrays)
        return {"items": float(len(warm)), "steps": float(step.shape[0])}

    def load(self, folder: Path) -> "LinearModel":
        with np.load(folder / "linear.npz") as arrays:
            place = np.full(int(arrays["size"]), -1, dtype=np.int32)
            place[arrays["warm"]] = np.arange(len(arrays["warm"]), dtype=np.int32)
            tables: dict[str, Any] = {
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


@dataclass(frozen=True, slots=True)
class Placed:
    """Items without a column of their own: catalogue `rows` ascending, fitted items `near` them and their `shares`."""

    rows: Rows
    near: Array  # (rows × near), int64
    shares: Floats  # (rows × near)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearModel:
    """Columns `long` and `next`. An item that nobody had met at training takes its columns of B from the fitted items
    whose texts are nearest: B[:, new] = placed · Σ_j c_j·B[:, j] with c the positive likenesses, summing to one.
    """

    recipe: Linear
    warm: Rows  # catalogue row of each fitted item
    place: Array  # fitted item of each catalogue row, -1 if none
    long: Table
    next: Table
    kept: dict[str, tuple[Catalogue, Placed]] = field(default_factory=dict)  # the placement for the last catalogue

    def retrieve(self, context: Context, limit: int) -> Rows:
        """Half of the limit from each matrix, in turn."""
        tops = [best(context, self._dense(context, name), limit) for name in ("next", "long")]
        return in_turn(tops, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        return {name: self._dense(context, name)[rows].astype(np.float32) for name in ("long", "next")}

    def attribute(self, context: Context, row: int) -> Mapping[str, tuple[Events, Array]]:
        found = {}
        for name, table in (("long", self.long), ("next", self.next)):
            rows, weights = self._past(context, name)
            parts = np.zeros(len(rows))
            for target, share in self._targets(context, row):
                parts += share * table.column(self.place[rows], weights, target)
            found[name] = _by_event(context, rows, parts)
        return found

    def _targets(self, context: Context, row: int) -> list[tuple[int, float]]:
        """The fitted items whose columns make up a row's score, with their shares."""
        if row < len(self.place) and self.place[row] >= 0:
            return [(int(self.place[row]), 1.0)]
        placed = self._placed(context)
        at = int(np.searchsorted(placed.rows, row))
        return list(zip(placed.near[at].tolist(), placed.shares[at].tolist(), strict=True))

    def _dense(self, context: Context, name: str) -> Array:
        return context.once((self, name), lambda: self._compute(context, name))

    def _compute(self, context: Context, name: str) -> Array:
        dense = np.zeros(len(context.catalogue))
        rows, weights = self._past(context, name)
        if len(rows):
            table: Table = getattr(self, name)
            dense[self.warm] = table.scores(self.place[rows], weights, len(self.warm))
            placed = self._placed(context)
            dense[placed.rows] = (placed.shares * dense[self.warm][placed.near]).sum(axis=1)
        return dense

    def _placed(self, context: Context) -> "Placed":
        catalogue = context.catalogue
        kept = self.kept.get("placed")
        if kept is None or kept[0] is not catalogue:
            kept = self.kept["placed"] = (catalogue, _place(self, catalogue))
        return kept[1]

    def _past(self, context: Context, name: str) -> tuple[Rows, Array]:
        """The warm items of the person's past and their weights in the profile."""
        recipe = self.recipe
        rows, weights = liked(context, recipe.half_life, recipe.history, known=len(self.place))
        if name == "next":
            interest = context.user["interest"]
            last = interest["last"][np.searchsorted(interest["item"], rows)]
            weights = np.exp(-steps(last) / recipe.tau)
        known = self.place[rows] >= 0
        return rows[known], weights[known]


def _by_event(context: Context, rows: Rows, parts: Array) -> tuple[Events, Array]:
    """Split each item's part evenly over the person's positive events with it."""
    timeline = context.timeline
    events = timeline.events(timeline.places("user", timeline.users.get(context.query.user, -1)))
    events = events.take((events.weight > 0) & np.isin(events.item, rows))
    looked_at = timeline.glance(rows[~np.isin(rows, events.item)], context.now)
    events = Events(*(np.concatenate([getattr(events, n), getattr(looked_at, n)]) for n in Events.__slots__))
    part = np.zeros(len(context.catalogue))
    part[rows] = parts
    count = np.bincount(events.item, minlength=len(part))
    return events, part[events.item] / np.maximum(count[events.item], 1)


def _place(model: LinearModel, catalogue: Catalogue) -> Placed:
    """Where the texts of the items without a column put them."""
    fitted = np.zeros(len(catalogue), dtype=bool)
    fitted[model.warm] = True
    rows = np.flatnonzero(~fitted).astype(np.int32)
    count = min(model.recipe.near, len(model.warm))
    near, shares = np.zeros((len(rows), count), np.int64), np.zeros((len(rows), count), np.float32)
    known = catalogue.vectors[model.warm] - catalogue.centre
    for start in range(0, len(rows) if count else 0, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        likeness = np.maximum((catalogue.vectors[rows[part]] - catalogue.centre) @ known.T, 0.0)
        near[part] = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        shares[part] = np.take_along_axis(likeness, near[part], axis=1)
    total = shares.sum(axis=1, keepdims=True)
    scale = np.float32(model.recipe.placed) / np.where(total > 0, total, np.float32(1.0))
    return Placed(rows, near, (shares * scale).astype(np.float32))
