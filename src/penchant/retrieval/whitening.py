"""Whitened texts: vectors with what all texts have in common taken out of every direction.

Texts of one encoder crowd into a few directions, so that everything is like everything. Centring, rotation to the
principal axes and division by (variance + ε)^½ spread them (relaxed whitening: Zhang et al. 2024, WhitenRec).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from penchant.types import Array, Catalogue, Floats

_SAMPLE = 8_192  # texts are enough to know the axes of a catalogue: what grows with it is one product
_FAINT = 1e-6  # length up to which a whitened text has no direction of its own


@dataclass(frozen=True, slots=True)
class Space:
    """Whitened texts: less their centre, along the principal axes over their spread, at unit length."""

    centre: Floats  # (dim,)
    axes: Floats  # dim × kept

    def put(self, vectors: Floats) -> Floats:
        """(items × kept) of (items × dim); an item without text stays zero, as do all of another dim."""
        if vectors.shape[1] != len(self.centre):
            return np.zeros((len(vectors), self.axes.shape[1]), np.float32)
        found = ((vectors - self.centre) @ self.axes).astype(np.float32, copy=False)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        found /= np.maximum(length, _FAINT)
        found[~np.any(vectors, axis=1) | (length[:, 0] <= _FAINT)] = 0.0
        return found


def fit(texts: Floats, dims: int, floor: Callable[[Array], float]) -> Space:
    """The space of these texts, `dims` axes at most; ε is the `floor` of their variances, largest first."""
    centre = texts.mean(axis=0) if len(texts) else np.zeros(texts.shape[1], np.float32)
    return Space(centre, _axes((texts - centre).T @ (texts - centre) / max(len(texts), 1), dims, floor))


def _axes(covariance: Array, dims: int, floor: Callable[[Array], float]) -> Floats:
    """The leading principal axes, each divided by (variance + ε)^½; none along which that is zero."""
    variance, axes = np.linalg.eigh(covariance.astype(np.float64))
    variance, axes = np.maximum(variance[::-1], 0.0), axes[:, ::-1]
    relaxed = (variance + floor(variance))[:dims]
    kept = np.count_nonzero(relaxed)
    found: Floats = (axes[:, :kept] / np.sqrt(relaxed[:kept])).astype(np.float32)
    return found


def whitened(catalogue: Catalogue, dims: int, relaxed: float) -> Floats:
    """(items × dims) unit rows, zero for items without a text; ε is `relaxed` times the mean variance of a direction.

    With few texts the axes are guesses, so ε has another dim / texts of the mean variance: a handful stays unspread.
    """
    return catalogue.once(
        ("whitened", dims, relaxed), lambda: catalogue.share("whitened", _spread(catalogue, dims, relaxed))
    )


def _spread(catalogue: Catalogue, dims: int, relaxed: float) -> Floats:
    vectors = catalogue.vectors
    said = np.any(vectors, axis=1)
    if not said.any():
        return np.zeros((len(vectors), min(dims, vectors.shape[1])), np.float32)
    texts = vectors[_sample(said & catalogue.columns["available"], said)]
    mean = texts.mean(axis=0)
    spread = texts - mean
    typical = max(float(np.einsum("ij,ij->", spread, spread)) / spread.size, 1e-12)
    floor = typical * (relaxed + texts.shape[1] / len(texts))
    axes = _axes(spread.T @ spread / len(texts), dims, lambda _: floor)
    rows: Floats = vectors @ axes  # a whole catalogue: put in place, so that no copy of all its vectors is made
    rows -= mean @ axes
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.maximum(lengths, _FAINT)[:, None]
    rows[~said | (lengths <= _FAINT)] = 0.0
    return rows


def _sample(wanted: Array, otherwise: Array) -> Array:
    """Evenly spread rows: items that may not be offered shape nothing, unless there are no others."""
    rows = np.flatnonzero(wanted if wanted.any() else otherwise)
    return rows[:: -(-len(rows) // _SAMPLE)]
