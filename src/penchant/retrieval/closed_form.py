"""The algebra of the linear models: co-occurrence matrices, the closed form, the text prior.

EASE (Steck 2019) with the sequential target of SLIST (Choi et al. 2021) and the prior of L3AE (arXiv 2508.13500).
"""

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from penchant.errors import NotReadyError
from penchant.timeline import Timeline
from penchant.types import Array, Floats


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


def gram(a: sparse.csr_matrix, b: sparse.csr_matrix) -> Floats:
    """AᵀB, dense."""
    product: Floats = np.asarray((a.T @ b).todense(), dtype=np.float32)
    return product


def solve(gram: Floats, target: Floats, l2: float, prior_weight: float, prior: Floats | None) -> Floats:
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


def text_prior(vectors: Floats, l2: float = 10.0) -> Floats | None:
    """Text-EASE: C = −P/diag(P) with P = (FᵀF + λI)⁻¹ for F = vectorsᵀ, through the dim × dim inverse."""
    if not vectors.any():
        return None
    dim = vectors.shape[1]
    inner = np.linalg.inv(l2 * np.eye(dim, dtype=np.float32) + vectors.T @ vectors)
    inverse = (np.eye(len(vectors), dtype=np.float32) - vectors @ inner @ vectors.T) / l2
    prior = -inverse / np.diag(inverse)[None, :]
    prior[np.diag_indices(len(vectors))] = 0.0
    return prior.astype(np.float32)


def sparsify(weights: Floats, keep: int) -> tuple[Array, Array]:
    """The `keep` weights of each row that are largest in size, as columns (int32) and values (half precision)."""
    keep = min(keep, weights.shape[1])
    if not keep:
        return np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float16)
    items = np.argpartition(-np.abs(weights), keep - 1, axis=1)[:, :keep].astype(np.int32)
    return items, np.take_along_axis(weights, items, axis=1).astype(np.float16)
