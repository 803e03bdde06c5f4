"""The algebra of the linear models: co-occurrence matrices, the closed form, the text prior.

EASE (Steck 2019) with the sequential target of SLIST (Choi et al. 2021) and the prior of L3AE (arXiv 2508.13500).
"""

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from penchant.errors import NotReadyError
from penchant.timeline import Timeline
from penchant.types import Array, Floats

_AT_ONCE = 512  # rows or columns of a block


def matrices(timeline: Timeline, size: int, history: int, tau: float) -> tuple[sparse.csr_matrix, ...]:
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


def gram(a: sparse.csr_matrix, b: sparse.csr_matrix) -> Floats:
    """AᵀB, dense."""
    turned = a.T.tocsr()
    product = np.empty((a.shape[1], b.shape[1]), dtype=np.float32)
    for part in _blocks(len(product)):
        product[part] = (turned[part] @ b).toarray()
    return product


def solve(gram: Floats, target: Floats, l2: float, prior_weight: float, prior: Floats | None) -> Floats:
    """B = PR − P·diag(γ) with γ_j = (PR)_jj / P_jj and P = (gram + (λ + λ_E) I)⁻¹.

    `gram` is symmetric. Beside what is given there are two matrices at any time, P and B.
    """
    size = len(gram)
    matrix = np.array(gram.T, order="F", copy=True)
    matrix[np.diag_indices(size)] += l2 + (prior_weight if prior is not None else 0.0)
    inverse = _inverse(matrix)
    weights = np.empty((size, size), dtype=np.float32)
    for part in _blocks(size):
        right = target[:, part] if prior is None else target[:, part] + np.float32(prior_weight) * prior[:, part]
        weights[:, part] = inverse @ right
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
    found: Floats = inverse
    for part in _blocks(len(found)):  # LAPACK fills one triangle only
        corner, below = found[part, part], slice(part.stop, None)
        corner[...] = np.tril(corner) + np.tril(corner, -1).T
        found[part, below] = found[below, part].T
    return found


def text_prior(vectors: Floats, l2: float = 10.0) -> Floats | None:
    """Text-EASE: C = −P/diag(P) with P = (FᵀF + λI)⁻¹ for F = vectorsᵀ, through the dim × dim inverse."""
    if not vectors.any():
        return None
    dim, diagonal = vectors.shape[1], np.diag_indices(len(vectors))
    inner = np.linalg.inv(l2 * np.eye(dim, dtype=np.float32) + vectors.T @ vectors)
    prior: Floats = (-vectors @ inner).astype(np.float32) @ vectors.T
    prior[diagonal] += 1  # λP, whose λ cancels
    prior /= -prior[diagonal][None, :]
    prior[diagonal] = 0.0
    return prior


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
