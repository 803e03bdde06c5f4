"""What a ranker with weights of its own reads of candidates: numbers on one scale, nothing missing, person beside item.

Standings are kept as they are, since zero has a meaning there; a rank becomes 10 / (9 + rank), so that more is better
everywhere. Other columns are standardised by the examples that were learned from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from penchant.protocols import Context
from penchant.types import DAY, Array, Catalogue, Columns, Floats, Rows

_HALF = 30.0  # days after which a liked item counts half for the person's text
_FAR = 3.0  # deviations beyond which a value is no further away


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Matrices with a row per candidate; `reader` and `text` are unit vectors, or zero, in the same space."""

    experts: Array
    person: Array
    item: Array
    reader: Array  # what the person's liked items say
    text: Array  # what the item says

    def take(self, where: Array) -> "Facts":
        """Those rows."""
        return Facts(
            experts=self.experts[where],
            person=self.person[where],
            item=self.item[where],
            reader=self.reader[where],
            text=self.text[where],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Which columns are read as what, the mean and deviation of each, and the directions in which texts are read."""

    experts: tuple[str, ...]
    person: tuple[str, ...]
    item: tuple[str, ...]
    mean: Mapping[str, float]
    deviation: Mapping[str, float]
    basis: Floats  # dim of the texts × directions

    def facts(self, columns: Columns, size: int, reader: Array, text: Array) -> Facts:
        """Read `size` candidates; columns that are missing say nothing."""
        known = [_standing(name, columns.get(name), size) for name in self.experts]
        experts = np.stack(known, axis=1) if known else np.zeros((size, 0))
        person, item = (self._standard(names, columns, size) for names in (self.person, self.item))
        return Facts(experts=experts, person=person, item=item, reader=reader, text=text)

    def texts(self, context: Context, rows: Rows) -> tuple[Array, Array]:
        """The person's text, once per row, and the items': (rows × directions) each; zeros in another language."""
        catalogue = context.catalogue
        if not self.basis.shape[1] or catalogue.vectors.shape[1] != len(self.basis):
            nothing = np.zeros((len(rows), self.basis.shape[1]))
            return nothing, nothing
        said = _unit((taste(context) @ self.basis)[None])
        return np.repeat(said, len(rows), axis=0), _unit((catalogue.vectors[rows] - catalogue.centre) @ self.basis)

    def document(self) -> dict[str, Any]:
        """All but the basis, for a file."""
        named = {name: list(getattr(self, name)) for name in ("experts", "person", "item")}
        return {**named, "mean": dict(self.mean), "deviation": dict(self.deviation)}

    def _standard(self, names: Sequence[str], columns: Columns, size: int) -> Array:
        found = np.zeros((size, len(names)))
        for place, name in enumerate(names):
            if name in columns:
                away = (columns[name].astype(np.float64) - self.mean[name]) / self.deviation[name]
                found[:, place] = np.clip(np.nan_to_num(away), -_FAR, _FAR)
        return found


def matching(names: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """The names that a pattern fits, in order; * stands for anything."""
    return tuple(name for name in sorted(names) if any(fnmatchcase(name, p) for p in patterns))


def measured(columns: Columns, names: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and deviation of the known values of each column; 0 and 1 where there is nothing to measure."""
    mean, deviation = {}, {}
    for name in names:
        known = columns[name][~np.isnan(columns[name])].astype(np.float64)
        mean[name] = float(known.mean()) if len(known) else 0.0
        deviation[name] = (float(known.std()) if len(known) else 0.0) or 1.0
    return mean, deviation


def directions(catalogue: Catalogue, size: int) -> Floats:
    """The `size` principal directions of the items' texts: (dim × size), fewer where the texts have fewer."""
    known = catalogue.vectors - catalogue.centre
    _, found = np.linalg.eigh((known.T @ known).astype(np.float64))
    return np.ascontiguousarray(found[:, ::-1][:, :size], dtype=np.float32)


def taste(context: Context) -> Array:
    """(dim,) mean text of what the person liked, lately most, less the catalogue's mean; zeros for a guest."""
    interest, catalogue = context.user["interest"], context.catalogue
    liked = np.flatnonzero((interest["weight"] > 0) & (interest["refused"] < interest["last"]))
    if not len(liked):
        return np.zeros(catalogue.vectors.shape[1])
    age = np.maximum(context.now - interest["last"][liked], 0) / DAY
    weights = 0.5 ** ((age - age.min()) / _HALF)
    mean: Array = weights @ catalogue.vectors[interest["item"][liked]] / weights.sum() - catalogue.centre
    return mean


def _standing(name: str, column: Array | None, size: int) -> Array:
    if column is None:
        return np.zeros(size)
    values = column.astype(np.float64)
    return np.nan_to_num(10 / (9 + values) if name.endswith("~rank") else values)


def _unit(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Array = vectors / np.where(lengths > 0, lengths, 1.0)
    return unit
