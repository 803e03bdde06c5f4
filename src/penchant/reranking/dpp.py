"""Variety of the list as a whole: greedy MAP of a determinantal point process (Chen, Zhang and Zhou 2018).

A list is worth its relevance plus the logarithm of the volume that its items span. Items alike span little.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Interval

from penchant.protocols import Context
from penchant.reranking.relevance import first, relevance
from penchant.types import Array, Candidates

_THIN = 1e-6  # the least squared height of an item over what stands above: twins come last, but in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Determinantal:
    """Reorder the best `pool` to maximise (1 − strength) × Σ relevance + strength × ln det S; scores stay.

    S is the likeness of two items: the cosine of their texts, and for the share `category` whether they have one
    category. Equation 4 of the paper with its fast incremental Cholesky factor: O(k² × pool).
    """

    strength: Annotated[float, Interval(ge=0, le=1)] = 0.3  # 0 keeps the ranker's order, 1 looks at variety alone
    category: Annotated[float, Interval(ge=0, le=1)] = 0.3  # share of the likeness that is having one category; 0 to 1
    pool: Annotated[int, Ge(0)] = 50  # candidates considered; 0 or more

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        pool = min(self.pool, len(candidates))
        if pool < 3 or self.strength <= 0:
            return candidates
        likeness = self._likeness(context, candidates.rows[:pool])
        return first(candidates, self._order(relevance(candidates.scores[:pool]), likeness, context.query.k))

    def _likeness(self, context: Context, rows: Array) -> Array:
        """(rows × rows), positive semi-definite, ones on the diagonal."""
        vectors = context.catalogue.vectors[rows].astype(np.float64)
        code = context.catalogue.columns["category"][rows]
        same = (code[:, None] == code[None, :]) & (code[:, None] >= 0)
        likeness: Array = (1 - self.category) * (vectors @ vectors.T) + self.category * same
        np.fill_diagonal(likeness, 1.0)  # an item without text or category is like none but itself
        return likeness

    def _order(self, wanted: Array, likeness: Array, k: int) -> Array:
        size = len(wanted)
        steps = min(k, size)
        factor = np.zeros((steps, size))
        height = np.ones(size)  # squared, over what has been chosen
        chosen = np.zeros(steps, dtype=np.int64)
        left = np.ones(size, dtype=bool)
        for step in range(steps):
            volume = np.log(np.maximum(height, _THIN))
            gain = np.where(left, (1 - self.strength) * wanted + self.strength * volume, -np.inf)
            best = chosen[step] = int(np.argmax(gain))
            left[best] = False
            row = likeness[best] - factor[:step, best] @ factor[:step]
            factor[step] = row / np.sqrt(max(height[best], _THIN))
            height = height - factor[step] ** 2
        return chosen
