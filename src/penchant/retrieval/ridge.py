"""The linear models of large catalogues: one small ridge regression per item, on what is met and described like it.

The least squares of `closed_form` with each column of B confined to a few rows: those that co-occur with the item most
and the nearest by text. Where these are all rows it is the closed form. Nothing here is items × items and dense.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from penchant.errors import NotReadyError
from penchant.retrieval.closed_form import Prior
from penchant.types import Array, Floats

_BUSIEST = 2_000  # rows kept dense, so that no long row is ever walked
_CELL = 2_000  # items compared with each other at once when texts are compared


@dataclass(frozen=True, slots=True)
class Pairs:
    """Square blocks of a symmetric sparse matrix: each cell is read from the shorter of its two rows."""

    matrix: sparse.csr_matrix
    busy: Array  # place of each of the longest rows in `block`, -1 for the others
    block: Floats  # the longest rows against each other
    slot: Array = field(compare=False)  # scratch: the place of each row in the block that is read

    def among(self, rows: Array) -> Floats:
        """The block of distinct rows, (rows × rows)."""
        found = np.zeros((len(rows), len(rows)), np.float32)
        self.slot[rows] = np.arange(len(rows))
        short = np.flatnonzero(self.busy[rows] < 0)
        starts = self.matrix.indptr[rows[short]]
        sizes = self.matrix.indptr[rows[short] + 1] - starts
        owner = np.repeat(short, sizes)
        cells = np.arange(len(owner)) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
        other = self.slot[self.matrix.indices[cells]]
        inside = other >= 0
        owner, other, values = owner[inside], other[inside], self.matrix.data[cells[inside]]
        found[owner, other] = values
        found[other, owner] = values
        long = np.flatnonzero(self.busy[rows] >= 0)
        found[np.ix_(long, long)] = self.block[np.ix_(self.busy[rows[long]], self.busy[rows[long]])]
        self.slot[rows] = -1
        return found


def pairs(matrix: sparse.csr_matrix) -> Pairs:
    """The blocks of a symmetric matrix."""
    size = matrix.shape[0]
    longest = np.sort(np.argsort(-np.diff(matrix.indptr), kind="stable")[:_BUSIEST])
    busy = np.full(size, -1, dtype=np.int64)
    busy[longest] = np.arange(len(longest))
    block = matrix[longest][:, longest].toarray().astype(np.float32)
    return Pairs(matrix, busy, block, np.full(size, -1, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """What every item's regression has in common."""

    gram: sparse.csr_matrix  # symmetric, items × items
    target: sparse.csr_matrix  # items × items: what each column is fitted to
    l2: float
    prior_weight: float
    prior: Prior | None
    near: Array  # (items × few): nearest by text, itself where there is none
    neighbours: int


def solve(task: Regression) -> sparse.csr_matrix:
    """B, each column fitted on its own few rows."""
    size = task.gram.shape[0]
    blocks, target = pairs(task.gram), task.target.tocsc()
    power = 1 / np.sqrt(np.maximum(task.gram.diagonal(), 1e-9))
    rows, values = [], []
    for item in range(size):
        chosen = _chosen(task, target, power, item)
        rows.append(chosen.astype(np.int32))
        values.append(_fitted(task, blocks, target, chosen, item))
    starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
    found = sparse.csc_matrix((np.concatenate(values), np.concatenate(rows), starts), shape=(size, size))
    return found.tocsr()


def _chosen(task: Regression, target: sparse.csc_matrix, power: Array, item: int) -> Array:
    """The rows of an item's regression, ascending: those that co-occur most by cosine, and the nearest texts."""
    cells = slice(target.indptr[item], target.indptr[item + 1])
    rows, strength = target.indices[cells], target.data[cells]
    if len(rows) > task.neighbours:
        best = np.argpartition(-strength * power[rows], task.neighbours - 1)[: task.neighbours]
        rows = rows[best]
    rows = np.unique(np.concatenate([rows, task.near[item]]))
    others: Array = rows[rows != item]
    return others


def _fitted(task: Regression, blocks: Pairs, target: sparse.csc_matrix, rows: Array, item: int) -> Floats:
    """The weights of these rows on an item."""
    if not len(rows):
        return np.zeros(0, np.float32)
    left = blocks.among(rows)
    left[np.diag_indices(len(rows))] += task.l2 + (task.prior_weight if task.prior is not None else 0.0)
    cells = slice(target.indptr[item], target.indptr[item + 1])
    blocks.slot[rows] = np.arange(len(rows))
    place = blocks.slot[target.indices[cells]]
    blocks.slot[rows] = -1
    right = np.zeros(len(rows), np.float32)
    right[place[place >= 0]] = target.data[cells][place >= 0]
    if task.prior is not None:
        right += np.float32(task.prior_weight) * task.prior.pairs(rows, item)
    _, found, failed = lapack.sposv(left, right, lower=True, overwrite_a=True, overwrite_b=True)
    if failed:
        raise NotReadyError("linear: the co-occurrences are too large to solve; raise l2_long and l2_next")
    weights: Floats = found
    return weights


def alike(texts: Floats, count: int) -> Array:
    """(items × count) nearest items by text among those of the same cell; itself where there are too few.

    The cells are those of √items texts, evenly drawn: what is compared grows with items^1.5, not with their square.
    """
    size = len(texts)
    near = np.repeat(np.arange(size)[:, None], count, axis=1)
    middles = texts[np.linspace(0, size - 1, max(int(np.sqrt(size)) // 2, 1)).astype(int)]
    cell = np.concatenate([np.argmax(texts[a : a + _CELL] @ middles.T, axis=1) for a in range(0, size, _CELL)])
    order = np.argsort(cell, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
        for part in np.split(members, range(_CELL, len(members), _CELL)):
            few = min(count, len(part) - 1)
            if few > 0:
                likeness = texts[part] @ texts[part].T
                np.fill_diagonal(likeness, -np.inf)
                near[part, :few] = part[np.argpartition(-likeness, few - 1, axis=1)[:, :few]]
    return near


def sparsify(weights: sparse.csr_matrix, keep: int) -> tuple[Array, Array]:
    """The `keep` weights of each row that are largest in size, as columns (int32) and values (half precision)."""
    size = weights.shape[0]
    row = np.repeat(np.arange(size), np.diff(weights.indptr))
    order = np.lexsort((weights.indices, -np.abs(weights.data), row))
    place = np.arange(len(order)) - weights.indptr[row]
    kept, place = order[place < keep], place[place < keep]
    width = int(place.max(initial=-1)) + 1
    items, values = np.zeros((size, width), np.int32), np.zeros((size, width), np.float16)
    items[row[kept], place], values[row[kept], place] = weights.indices[kept], weights.data[kept]
    return items, values
