"""How each candidate stands among the others: columns that keep their scale when an expert is fitted again."""

from dataclasses import dataclass

import numpy as np

from penchant.protocols import Context
from penchant.types import Array, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """For each column of an expert: `<column>~rank` (1 is best, equals share) and `<column>~share`, from 0 to 1."""

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        names = [n for n in candidates.columns if "." in n and "~" not in n]
        if not names or not len(candidates):
            return candidates
        values = np.stack([candidates.columns[n] for n in names])
        known = np.where(np.isnan(values), -np.inf, values)
        ranks = np.where(np.isnan(values), np.nan, _ranks(known))
        low = np.where(np.isnan(values), np.inf, values).min(axis=1, keepdims=True)
        span = known.max(axis=1, keepdims=True) - low
        shares = np.where(span > 0, np.nan_to_num(values - low) / np.where(span > 0, span, 1.0), 0.0)
        columns: dict[str, np.ndarray] = {}
        for place, name in enumerate(names):
            columns[f"{name}~rank"] = ranks[place].astype(np.float32)
            columns[f"{name}~share"] = shares[place].astype(np.float32)
        return candidates.with_columns(columns)


def _ranks(values: Array) -> Array:
    """1-based rank of each value in its row, the largest first; equal values share the best of their ranks."""
    order = np.argsort(-values, axis=1)  # of equal values any order will do
    ordered = np.take_along_axis(values, order, axis=1)
    places = np.broadcast_to(np.arange(1, values.shape[1] + 1), values.shape)
    changes = np.ones(values.shape, dtype=bool)
    changes[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, np.maximum.accumulate(np.where(changes, places, 0), axis=1), axis=1)
    return ranks
