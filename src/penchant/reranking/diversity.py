"""Variety: maximal marginal relevance (Carbonell and Goldstein 1998) over texts and categories."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from penchant.protocols import Context
from penchant.reranking.relevance import first, relevance
from penchant.types import Array, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """Reorder the best `pool` by relevance minus `strength` × likeness to what stands above; scores stay."""

    strength: Annotated[float, Ge(0)] = 0.05  # 0 or more; 0 keeps the ranker's order
    pool: Annotated[int, Ge(0)] = 50  # candidates considered; 0 or more

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        pool = min(self.pool, len(candidates))
        if pool < 3 or self.strength <= 0:
            return candidates
        order = self._order(candidates.scores[:pool], self._likeness(context, candidates.rows[:pool]), context.query.k)
        return first(candidates, order)

    def _likeness(self, context: Context, rows: Array) -> Array:
        vectors, category = context.catalogue.vectors[rows], context.catalogue.columns["category"][rows]
        same = (category[:, None] == category[None, :]) & (category[:, None] >= 0)
        likeness: Array = np.maximum(vectors @ vectors.T, 0.0) + 0.5 * same
        return likeness

    def _order(self, scores: Array, likeness: Array, k: int) -> Array:
        wanted = relevance(scores)
        closest = np.zeros(len(scores))
        chosen: list[int] = []
        for _ in range(min(k, len(scores))):
            gain = wanted - self.strength * closest
            gain[chosen] = -np.inf
            chosen.append(int(np.argmax(gain)))
            closest = np.maximum(closest, likeness[chosen[-1]])
        return np.array(chosen)
