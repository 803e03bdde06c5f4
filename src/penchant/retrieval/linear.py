"""Linear item-item models: long-term taste (EASE) and what follows next (SLIST), with a text prior.

Minimises α‖X − XB‖² + (1−α)‖T − SB‖² + λ‖B‖² + λ_E‖B − C‖² with a zero diagonal: X is user × item, S the past of each
step faded by exp(−steps/τ), T the step itself, C the text prior (Steck 2019; Choi et al. 2021; L3AE, arXiv 2508.13500).
A person's scores are Σ w_h·B[h, :] over their past, so every score splits exactly into events.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Interval
from scipy import sparse

from penchant.arrays import keep, kept
from penchant.errors import NotReadyError
from penchant.events.loops import distinct
from penchant.events.timeline import Events
from penchant.protocols import Context, History
from penchant.retrieval import closed_form, placing, ridge
from penchant.retrieval.attribution import by_event
from penchant.retrieval.best import best, best_of, in_turn, liked, steps
from penchant.retrieval.counting import scattered
from penchant.retrieval.placing import Newcomers, Sides
from penchant.retrieval.whitening import Space
from penchant.types import DAY, Array, Catalogue, Columns, Floats, Rows

NAMES = ("long", "next")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Recipe of two matrices: `long` (α = 1) and `next` (α small)."""

    l2_long: Annotated[float, Gt(0)] = 200.0  # ridge of `long`, above 0
    l2_next: Annotated[float, Gt(0)] = 30.0  # ridge of `next`, above 0
    alpha: Annotated[float, Interval(ge=0, le=1)] = 0.2  # share of ‖X − XB‖² in `next`, 0 to 1
    tau: Annotated[float, Gt(0)] = 2.5  # steps after which the past has faded to 1/e, above 0
    popularity: Annotated[float, Interval(ge=0, le=0.75)] = 0.0  # columns are divided by people^this, 0 to 0.75
    prior: Annotated[float, Ge(0)] = 60.0  # λ_E: weight of the text prior, from 0 on
    keep: Annotated[int, Ge(1)] = 600  # weights kept per row, from 1 on; beyond `most`, `neighbours` at most
    most: Annotated[int, Ge(1)] = 8_000  # items up to which B is solved whole, from 1 on; beyond, item by item
    neighbours: Annotated[int, Ge(1)] = 150  # co-occurring items that an item beyond `most` is fitted on, from 1 on
    near: Annotated[int, Ge(0)] = 10  # nearest texts that it is fitted on besides, from 0 on
    minimum: Annotated[int, Ge(1)] = 2  # people an item needs to get a row and column of its own, from 1 on
    history: Annotated[int, Ge(1)] = 100  # items of the past that are used, from 1 on
    half_life: Annotated[float, Gt(0)] = 180.0  # days after which a liked item counts half in `long`, above 0
    dimensions: Annotated[int, Ge(1)] = 256  # of the whitened texts, from 1 on
    placed: Annotated[float, Ge(0)] = 1.25  # what the weights of items placed by their texts are multiplied by, from 0
    newcomers: Annotated[float, Interval(ge=0, lt=1)] = 0.15  # share, 0 to below 1, of the limit for placed items

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit both matrices; metrics: items fitted, steps seen."""
        size = len(history.catalogue)
        taste, past, step = closed_form.matrices(history.timeline, size, self.history, self.tau)
        people = np.asarray((taste > 0).sum(axis=0)).ravel()
        warm = np.flatnonzero(people >= self.minimum)
        if not len(warm):
            raise NotReadyError(f"linear: no item was liked by {self.minimum} people yet")
        seen = [closed_form.scaled(m[:, warm], people[warm], self.popularity) for m in (taste, past, step)]
        where = placing.space(history.catalogue.vectors, self.dimensions)
        texts = where.put(history.catalogue.vectors[warm])
        prior = closed_form.text_prior(texts) if self.prior else None
        share = placing.weights(texts)
        arrays: dict[str, Any] = {"centre": where.centre, "axes": where.axes}
        fits = self._whole(seen, prior) if len(warm) <= self.most else self._by_item(seen, prior, texts)
        for name, matrix in zip(NAMES, fits, strict=True):
            arrays[f"{name}_items"], values = self._kept(matrix)
            arrays[f"{name}_values"] = values.astype(np.float32)  # as it is read, so that it need not be copied
            arrays |= placing.arrays(name, placing.sides(matrix, share))
            del matrix  # items² large: the next one needs its memory
        keep(folder / "linear", {"warm": warm.astype(np.int32), "size": np.array(size), **arrays})
        return {"items": float(len(warm)), "steps": float(step.shape[0])}

    def load(self, folder: Path) -> "LinearModel":
        arrays = kept(folder / "linear")
        place = np.full(int(arrays["size"]), -1, dtype=np.int32)
        place[arrays["warm"]] = np.arange(len(arrays["warm"]), dtype=np.int32)
        tables: dict[str, Any] = {
            name: Table(
                arrays[f"{name}_items"],
                arrays[f"{name}_values"].astype(np.float32, copy=False),
                placing.read(name, arrays),
            )
            for name in NAMES
        }
        where = Space(arrays["centre"], arrays["axes"])
        return LinearModel(recipe=self, warm=arrays["warm"], place=place, space=where, **tables)

    def _whole(self, seen: list[sparse.csr_matrix], prior: closed_form.Prior | None) -> Iterator[Floats]:
        """Both matrices by the closed form."""
        x, s, t = seen
        rest = np.float32(1 - self.alpha)
        yield closed_form.solve(closed_form.gram(x, x), self.l2_long, self.prior, prior)
        gram = closed_form.gram(x, x)
        gram *= np.float32(self.alpha)
        gram += closed_form.gram(s, s) * rest
        more = (rest * (s.T @ t - s.T @ s)).tocsr()
        yield closed_form.solve(gram, self.l2_next, self.prior, prior, more)

    def _by_item(
        self, seen: list[sparse.csr_matrix], prior: closed_form.Prior | None, texts: Floats
    ) -> Iterator[sparse.csr_matrix]:
        """Both matrices by a small regression per item."""
        x, s, t = seen
        rest = np.float32(1 - self.alpha)
        common: dict[str, Any] = {"prior_weight": self.prior, "prior": prior, "neighbours": self.neighbours}
        common["near"] = ridge.alike(texts, self.near)
        gram = (x.T @ x).tocsr()
        yield ridge.solve(ridge.Regression(gram=gram, target=gram, l2=self.l2_long, **common))
        target = (np.float32(self.alpha) * gram + rest * (s.T @ t)).tocsr()
        gram = (np.float32(self.alpha) * gram + rest * (s.T @ s)).tocsr()
        yield ridge.solve(ridge.Regression(gram=gram, target=target, l2=self.l2_next, **common))

    def _kept(self, matrix: Any) -> tuple[Array, Array]:
        """The strongest weights of each row; those of a large catalogue have to fit in memory when they are served."""
        if sparse.issparse(matrix):
            return ridge.sparsify(matrix, min(self.keep, self.neighbours))
        return closed_form.sparsify(matrix, self.keep)


@dataclass(frozen=True, slots=True)
class Table:
    """The strongest weights of each row of B: their columns (`items`) and `values`; and B continued to texts."""

    items: Array  # warm × keep, int32
    values: Floats  # warm × keep
    sides: Sides

    def scores(self, rows: Array, weights: Array, size: int) -> Array:
        """Σ weights[h]·B[rows[h], :] as a dense array over the warm items."""
        return scattered(self.items, self.values, rows, weights, size)

    def column(self, rows: Array, target: int) -> Array:
        """B[rows, target]."""
        parts: Array = (self.values[rows] * (self.items[rows] == target)).sum(axis=1)
        return parts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearModel:
    """Columns `long` and `next`. An item that was not fitted has the row and the column of B that its text says, times
    `placed`: it is recommended, and what a person does with it counts, from the moment it is in the catalogue.
    """

    recipe: Linear
    warm: Rows  # catalogue row of each fitted item
    place: Array  # fitted item of each catalogue row, -1 if none
    space: Space
    long: Table
    next: Table
    kept: dict[str, tuple[Catalogue, Newcomers]] = field(default_factory=dict)  # those of the last catalogue

    def retrieve(self, context: Context, limit: int) -> Rows:
        """From each matrix in turn; items that were not fitted have places of their own at the end, half from each."""
        new = self._new(context, int(limit * self.recipe.newcomers))
        tops = [best(context, self._dense(context, name), limit) for name in ("next", "long")]
        old = in_turn(tops, limit - len(new))
        both = np.concatenate([old, new])
        return distinct(both, np.array([len(both)]), len(both))

    def _new(self, context: Context, limit: int) -> Rows:
        """The best of the items that were not fitted: their scores are too low to stand among the others' best."""
        where = self._newcomers(context).rows
        where = where[context.allowed[where]]
        tops = [where[best_of(self._dense(context, n)[where], limit)] for n in ("next", "long") if limit]
        return in_turn(tops, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        return {name: self._dense(context, name)[rows].astype(np.float32) for name in NAMES}

    def attribute(self, context: Context, row: int) -> Mapping[str, tuple[Events, Array]]:
        found = {}
        for name in NAMES:
            rows, weights = context.once((self, "past", name), partial(self._past, context, name))
            found[name] = by_event(context, rows, weights * self._toward(context, name, rows, row))
        return found

    def _toward(self, context: Context, name: str, rows: Rows, row: int) -> Array:
        """B[rows, row], whether fitted or placed."""
        table: Table = getattr(self, name)
        fitted, target = self._fitted(rows), int(self._fitted(np.array([row]))[0])
        old, found, placed = fitted >= 0, np.zeros(len(rows)), self.recipe.placed
        newcomers = self._newcomers(context)
        texts = newcomers.of(rows[~old])
        if target >= 0:
            found[old] = table.column(fitted[old], target)
            found[~old] = placed * (texts @ table.sides.rows[target])
        else:
            text = newcomers.of(np.array([row]))[0]
            found[old] = placed * (table.sides.columns[fitted[old]] @ text)
            found[~old] = placed**2 * (texts @ table.sides.both @ text)
            found[rows == row] = 0.0  # B has a zero diagonal
        return found

    def _dense(self, context: Context, name: str) -> Array:
        """Σ w_h·B[h, :] over the past, over the whole catalogue."""
        return context.once((self, name), lambda: self._faded(context, name))

    def _faded(self, context: Context, name: str) -> Array:
        """The scores as of now: what was liked has faded by one factor since the newest of it."""
        scores = context.lasting((self, name), lambda: self._compute(context, name))
        return scores * 0.5 ** (self._away(context) / self.recipe.half_life) if name == "long" else scores

    def _away(self, context: Context) -> float:
        """Days since the newest item of the past."""
        rows, _ = self._past(context, "next")
        interest = context.user["interest"]
        last = interest["last"][np.searchsorted(interest["item"], rows[:1])]
        return float((context.now - last).max(initial=0)) / DAY

    def _compute(self, context: Context, name: str) -> Array:
        table: Table = getattr(self, name)
        sides, placed, dense = table.sides, np.float32(self.recipe.placed), np.zeros(len(context.catalogue))
        rows, weights = self._past(context, name, since_last=True)
        if not len(rows):
            return dense
        fitted = self._fitted(rows)
        old = fitted >= 0
        dense[self.warm] = table.scores(fitted[old], weights[old], len(self.warm))
        newcomers = self._newcomers(context)
        ahead = weights[old].astype(np.float32) @ sides.columns[fitted[old]]
        texts, faded = newcomers.of(rows[~old]), weights[~old].astype(np.float32)
        if len(texts):
            told = placed * (faded @ texts)
            dense[self.warm] += sides.rows @ told
            ahead += told @ sides.both
        dense[newcomers.rows] = placed * (newcomers.texts @ ahead)
        dense[rows[~old]] -= placed**2 * faded * ((texts @ sides.both) * texts).sum(axis=1)  # B has a zero diagonal
        return dense

    def _newcomers(self, context: Context) -> Newcomers:
        catalogue = context.catalogue
        kept = self.kept.get("newcomers")
        if kept is None or kept[0] is not catalogue:
            found = placing.newcomers(catalogue, self.warm, self.space)
            kept = self.kept["newcomers"] = (catalogue, found)
        return kept[1]

    def _fitted(self, rows: Array) -> Array:
        """The fitted item of each catalogue row, -1 for those that were not fitted."""
        found = np.full(len(rows), -1, dtype=np.int64)
        known = rows < len(self.place)
        found[known] = self.place[rows[known]]
        return found

    def _past(self, context: Context, name: str, *, since_last: bool = False) -> tuple[Rows, Array]:
        """The items of the person's past, newest first, and their weights in the profile."""
        recipe = self.recipe
        rows, weights = liked(context, recipe.half_life, recipe.history, since_last=since_last)
        if name == "next":
            interest = context.user["interest"]
            last = interest["last"][np.searchsorted(interest["item"], rows)]
            weights = np.exp(-steps(last) / recipe.tau)
        return rows, weights
