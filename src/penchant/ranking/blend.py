"""The ranker of day one: a weighted sum of the experts' shares, before there is anything to learn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from penchant.protocols import Context
from penchant.types import Array, Candidates, Columns

WEIGHTS = {
    "again.current~share": 2.5,
    "habits.usual~share": 0.3,
    "neighbours.bm25~share": 0.6,
    "neighbours.lately~share": 0.6,
    "neighbours.together~share": 0.15,
    "linear.next~share": 0.15,
    "popular.1d~share": 0.5,
    "popular.segment~share": 0.5,
    "nearest.tastes~share": 0.3,
    "nearest.wish~share": 2.0,
    "lexical.match": 2.0,
    "crowd.standing": 0.3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """Σ weight × column over the columns that are there; a missing value counts as nothing."""

    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))  # column → how much it counts

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        total = np.zeros(len(candidates), dtype=np.float64)
        for part in weighed(self.weights, candidates.columns).values():
            total += part
        return candidates.with_scores(total)

    def parts(self, context: Context, candidates: Candidates) -> Columns:
        """Each column's weighted value; `base` is 0."""
        return {**weighed(self.weights, candidates.columns), "base": np.zeros(len(candidates))}


def weighed(weights: Mapping[str, float], columns: Columns) -> dict[str, Array]:
    """Each weighted column that is there, missing values as 0."""
    return {n: w * _known(columns[n]) for n, w in weights.items() if n in columns}


def _known(column: Array) -> Array:
    found: Array = np.where(np.isfinite(column), column, 0.0).astype(np.float64)
    return found
