"""Whitened texts: the catalogue's vectors with what all texts have in common taken out of every direction.

Texts of one encoder crowd into a few directions, so that everything is like everything. Centring, rotation to the
principal axes and division by (variance + ε)^½ spread them (relaxed whitening: Zhang et al. 2024, WhitenRec). The axes
come from a sample, so the only cost that grows with the catalogue is one product.
"""

import numpy as np

from penchant.types import Array, Catalogue, Floats

_SAMPLE = 8_192  # texts are enough to know the axes


def whitened(catalogue: Catalogue, dims: int, relaxed: float) -> Floats:
    """(items × dims) unit rows, zero for items without a text; ε is `relaxed` times the mean variance of a direction.

    With few texts the axes are guesses, so ε has another dim / texts of the mean variance: a handful stays unspread.
    """
    return catalogue.once(("whitened", dims, relaxed), lambda: _spread(catalogue, dims, relaxed))


def _spread(catalogue: Catalogue, dims: int, relaxed: float) -> Floats:
    vectors = catalogue.vectors
    said = np.einsum("ij,ij->i", vectors, vectors) > 0
    if not said.any():
        return np.zeros((len(vectors), min(dims, vectors.shape[1])), np.float32)
    mean, axes = _axes(vectors[_sample(said & catalogue.columns["available"], said)], dims, relaxed)
    rows: Floats = vectors @ axes
    rows -= mean @ axes
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.maximum(lengths, 1e-6)[:, None]
    rows[~said | (lengths <= 1e-6)] = 0.0
    return rows


def _sample(wanted: Array, otherwise: Array) -> Array:
    """Evenly spread rows: items that may not be offered shape nothing, unless there are no others."""
    rows = np.flatnonzero(wanted if wanted.any() else otherwise)
    return rows[:: -(-len(rows) // _SAMPLE)]


def _axes(texts: Floats, dims: int, relaxed: float) -> tuple[Floats, Floats]:
    """The mean, and the leading principal axes, each divided by the root of its relaxed variance."""
    mean = texts.mean(axis=0)
    spread = texts - mean
    variance, axes = np.linalg.eigh((spread.T @ spread / len(texts)).astype(np.float64))
    variance, axes = np.maximum(variance[::-1][:dims], 0.0), axes[:, ::-1][:, :dims]
    typical = max(float(np.einsum("ij,ij->", spread, spread)) / spread.size, 1e-12)
    floor = typical * (relaxed + texts.shape[1] / len(texts))
    return mean, (axes / np.sqrt(variance + floor)).astype(np.float32)
