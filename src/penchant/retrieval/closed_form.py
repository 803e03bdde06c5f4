"""The algebra of the linear models: co-occurrence matrices, the closed form, the text prior.

EASE (Steck 2019) with the sequential target of SLIST (Choi et al. 2021) and the prior of L3AE (arXiv 2508.13500).
Of the n³ products only the inverse is left: what is dense in PR is a multiple of P, the rest is sparse or of low rank.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from penchant.errors import NotReadyError
from penchant.events.timeline import Timeline
from penchant.types import Array, Floats

_AT_ONCE = 512  # rows or columns of a block
_L2 = 10.0  # ridge of the text prior
_SPARSE = 0.01  # share of cells up to which a sparse product is the faster one


@dataclass(frozen=True, slots=True)
class Prior:
    """C = left·right + diag(diagonal), whose diagonal is zero."""

    left: Floats  # items × dim
    right: Floats  # dim × items
    diagonal: Floats  # items

    def dense(self) -> Floats:
        """C itself, items × items."""
        found: Floats = self.left @ self.right
        np.fill_diagonal(found, 0.0)
        return found

    def pairs(self, rows: Array, column: int) -> Floats:
        """C[rows, column]; the column itself must not be among the rows."""
        found: Floats = self.left[rows] @ self.right[:, column]
        return found


def matrices(timeline: Timeline, size: int, history: int, tau: float) -> tuple[sparse.csr_matrix, ...]:
    """X (user × item, binary) and, for every step of every person, S (faded past) and T (the step)."""
    use = timeline.positive()
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
    people = sparse.csr_matrix((np.ones(len(item), np.float32), (user, item)), shape=(len(timeline.names), size))
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


def scaled(matrix: sparse.csr_matrix, people: Array, power: float) -> sparse.csr_matrix:
    """The matrix with each column divided by (people / mean people)^power."""
    factor = (people / people.mean()) ** -power
    return (matrix @ sparse.diags(factor.astype(np.float32))).tocsr()


def gram(a: sparse.csr_matrix, b: sparse.csr_matrix) -> Floats:
    """AᵀB, dense."""
    turned = a.T.tocsr()
    product = np.empty((a.shape[1], b.shape[1]), dtype=np.float32)
    for part in _blocks(len(product)):
        product[part] = (turned[part] @ b).toarray()
    return product


def solve(
    gram: Floats, l2: float, prior_weight: float, prior: Prior | None, more: sparse.csr_matrix | None = None
) -> Floats:
    """B = PR − P·diag(γ) with γ_j = (PR)_jj / P_jj, P = (gram + l·I)⁻¹ and R = gram + more + λ_E·C, l = λ + λ_E.

    `gram` is symmetric and is overwritten. P·gram is I − l·P, so that no product of two dense matrices is needed.
    """
    size = len(gram)
    ridge = np.float32(l2 + (prior_weight if prior is not None else 0.0))
    gram[np.diag_indices(size)] += ridge
    inverse = _inverse(gram.T)
    weights = np.empty((size, size), dtype=np.float32)
    texts = None if prior is None else inverse @ (np.float32(prior_weight) * prior.left)
    turned = None if more is None else more.T.tocsr()
    for part in _blocks(size):
        weights[:, part] = -ridge * inverse[:, part]
        if prior is not None and texts is not None:
            weights[:, part] += inverse[:, part] * (np.float32(prior_weight) * prior.diagonal[part])
            weights[:, part] += texts @ prior.right[:, part]
        if turned is not None:
            weights[:, part] += _times(inverse, turned[part])
    weights[np.diag_indices(size)] += 1
    inverse *= (np.diag(weights) / np.diag(inverse)).astype(np.float32)[None, :]
    weights -= inverse
    weights[np.diag_indices(size)] = 0.0
    return weights


def _times(symmetric: Floats, turned: sparse.csr_matrix) -> Floats:
    """symmetric · turnedᵀ, by whichever product is faster."""
    few = turned.nnz <= _SPARSE * turned.shape[0] * turned.shape[1]
    found: Floats = (turned @ symmetric).T if few else symmetric @ turned.toarray().T
    return found


def _inverse(matrix: Floats) -> Floats:
    """The inverse of a positive definite matrix in column order, in its own memory."""
    factor, failed = lapack.spotrf(matrix, lower=True, overwrite_a=True)
    inverse, singular = lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed or singular:
        raise NotReadyError("linear: the co-occurrences are too large to invert; raise l2_long and l2_next")
    found: Floats = inverse
    for part in _blocks(len(found)):  # LAPACK fills one triangle only
        corner, below = found[part, part], slice(part.stop, None)
        corner[...] = np.tril(corner) + np.tril(corner, -1).T
        found[part, below] = found[below, part].T
    return found


def text_prior(vectors: Floats) -> Prior | None:
    """Text-EASE: C = −P/diag(P) with P = (FᵀF + λI)⁻¹ for F = vectorsᵀ, through the dim × dim inverse."""
    if not vectors.any():
        return None
    inner = np.linalg.inv(_L2 * np.eye(vectors.shape[1], dtype=np.float32) + vectors.T @ vectors).astype(np.float32)
    right: Floats = inner @ vectors.T
    own = np.einsum("ij,ji->i", vectors, right)
    right /= (1 - own)[None, :]
    return Prior(vectors, right, -own / (1 - own))


def sparsify(weights: Floats, keep: int) -> tuple[Array, Array]:
    """The `keep` weights of each row that are largest in size, as columns (int32) and values (half precision)."""
    size, keep = len(weights), min(keep, weights.shape[1])
    items, values = np.zeros((size, keep), np.int32), np.zeros((size, keep), np.float16)
    for part in _blocks(size if keep else 0):
        items[part] = np.argpartition(-np.abs(weights[part]), keep - 1, axis=1)[:, :keep]
        values[part] = np.take_along_axis(weights[part], items[part], axis=1)
    return items, values


def _blocks(size: int) -> Iterator[slice]:
    """Runs of rows that together make up a matrix: what is done in blocks needs no second matrix beside it."""
    return (slice(start, min(start + _AT_ONCE, size)) for start in range(0, size, _AT_ONCE))
