"""Where items stand that a linear model was not fitted on: B continued to any text, on both sides, without a fit.

A ridge regression writes the fitted columns and rows of B as functions of whitened texts (WhitenRec): with E the
fitted items' texts and F = E·(EᵀE + λI)⁻¹, a new item with text e stands where the combination F·e of the fitted items
stands: B[:, new] = B·F·e, B[new, :] = (F·e)ᵀ·B. Every weight stays a weight of one past item on one other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.retrieval.whitening import Space, fit
from penchant.types import Array, Catalogue, Floats, Rows

_SMALL = 1e-3  # added to every variance: directions in which the texts hardly differ are not blown up
_L2 = 3.0  # ridge of the regression on texts


def space(vectors: Floats, dimensions: int) -> Space:
    """The space of these texts, with at most so many dimensions."""
    return fit(vectors[vectors.any(axis=1)], dimensions, lambda _: _SMALL)


@dataclass(frozen=True, slots=True)
class Sides:
    """One matrix B continued to texts, by past item and by what follows."""

    columns: Floats  # items × kept: B[:, new] = columns · e
    rows: Floats  # items × kept: B[new, :] = rows · e
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
    return Sides(*(part.astype(np.float32) for part in (columns, rows, share.T @ columns)))


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
