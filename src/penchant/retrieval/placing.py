"""Where items stand that a linear model was not fitted on: B continued to any text, on both sides, without a fit.

A ridge regression writes the fitted columns and rows of B as functions of whitened texts (WhitenRec): with E the
fitted items' texts and F = E·(EᵀE + λI)⁻¹, a new item with text e stands where the combination F·e of the fitted items
stands: B[:, new] = B·F·e, B[new, :] = (F·e)ᵀ·B. Every weight stays a weight of one past item on one other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.types import Array, Catalogue, Floats, Rows

_SMALL = 1e-3  # added to every variance: directions in which the texts hardly differ are not blown up
_L2 = 3.0  # ridge of the regression on texts


@dataclass(frozen=True, slots=True)
class Space:
    """Whitened texts: less their centre, along the principal axes over their spread, at unit length."""

    centre: Floats  # (dim,)
    axes: Floats  # dim × kept

    def put(self, vectors: Floats) -> Floats:
        """(items × kept) of (items × dim); an item without text stays zero."""
        if vectors.shape[1] != len(self.centre):
            return np.zeros((len(vectors), self.axes.shape[1]), np.float32)
        found = (vectors - self.centre) @ self.axes
        length = np.linalg.norm(found, axis=1, keepdims=True)
        blank = ~vectors.any(axis=1, keepdims=True) | (length == 0)
        put: Floats = np.where(blank, 0.0, found / np.where(blank, 1.0, length)).astype(np.float32)
        return put


def space(vectors: Floats, dimensions: int) -> Space:
    """The space of these texts, with at most so many dimensions."""
    told = vectors[vectors.any(axis=1)]
    centre = told.mean(axis=0) if len(told) else np.zeros(vectors.shape[1], np.float32)
    spread = (told - centre).T @ (told - centre) / max(len(told), 1)
    values, axes = np.linalg.eigh(spread.astype(np.float64))
    first = np.argsort(-values, kind="stable")[:dimensions]
    return Space(centre, (axes[:, first] / np.sqrt(np.maximum(values[first], 0) + _SMALL)).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Sides:
    """One matrix B continued to texts, by past item and by what follows."""

    columns: Array  # items × kept: B[:, new] = columns · e
    rows: Array  # items × kept: B[new, :] = rows · e
    both: Floats  # kept × kept: B[new, new'] = eᵀ · both · e'


def weights(texts: Floats) -> Floats:
    """F = E·(EᵀE + λI)⁻¹ of the fitted items' texts E."""
    inner = texts.T @ texts + _L2 * np.eye(texts.shape[1], dtype=np.float32)
    found: Floats = np.linalg.solve(inner, texts.T).T.astype(np.float32)
    return found


def sides(matrix: Any, share: Floats) -> Sides:
    """The continuation of B, dense or sparse, with F = `share`."""
    columns = np.asarray(matrix @ share)
    rows = np.asarray(matrix.T @ share)
    return Sides(columns.astype(np.float16), rows.astype(np.float16), (share.T @ columns).astype(np.float32))


def arrays(name: str, of: Sides) -> dict[str, Array]:
    """The sides as arrays to write, under names that begin with `name`."""
    return {f"{name}_{side}": getattr(of, side) for side in Sides.__slots__}


def read(name: str, found: Mapping[str, Array]) -> Sides:
    """The sides that `arrays` named."""
    return Sides(*(found[f"{name}_{side}"] for side in Sides.__slots__))


@dataclass(frozen=True, slots=True)
class Newcomers:
    """The items of a catalogue that were not fitted: ascending rows, and their texts in the space."""

    rows: Rows
    texts: Floats

    def of(self, rows: Array) -> Floats:
        """The texts of some of them."""
        found: Floats = self.texts[np.searchsorted(self.rows, rows)]
        return found


def newcomers(catalogue: Catalogue, fitted: Rows, where: Space) -> Newcomers:
    """The items of a catalogue that are not among the fitted ones."""
    rows = np.setdiff1d(np.arange(len(catalogue), dtype=np.int32), fitted).astype(np.int32)
    return Newcomers(rows, where.put(catalogue.vectors[rows]))
