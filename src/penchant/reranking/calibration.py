"""Proportion: a list whose categories are those of the person's own past (Steck 2018)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.protocols import Context
from penchant.reranking.relevance import first, relevance
from penchant.types import DAY, Array, Candidates

_SMOOTH = 0.01  # of the person's shares mixed into the list's, so that a category not there yet costs a finite sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Reorder the best `pool` to maximise (1 − strength) × Σ relevance − strength × KL(person ‖ list); scores stay.

    Both are shares of categories: the person's past weighs by what they did and fades, the list's items weigh alike.
    The greedy algorithm of section 4 of the paper. People without a past in any category keep the ranker's order.
    """

    strength: Annotated[float, Interval(ge=0, le=1)] = 0.5  # 0 keeps the ranker's order, 1 looks at categories alone
    half_life: Annotated[float, Gt(0)] = 90.0  # days, above 0, after which what the person did counts half
    pool: Annotated[int, Ge(0)] = 100  # candidates considered; 0 or more

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        pool = min(self.pool, len(candidates))
        taste = tastes(context, self.half_life)
        if pool < 2 or self.strength <= 0 or not taste.any():
            return candidates
        code = context.catalogue.columns["category"][candidates.rows[:pool]]
        return first(candidates, self._order(relevance(candidates.scores[:pool]), code, taste, context.query.k))

    def _order(self, wanted: Array, code: Array, taste: Array, k: int) -> Array:
        """Σ p·ln q̃ of a list with one more item differs between candidates only by the item's own category."""
        count = np.zeros(len(taste))
        chosen: list[int] = []
        for size in range(1, min(k, len(wanted)) + 1):
            now, then = (np.log((1 - _SMOOTH) * c / size + _SMOOTH * taste + 1e-12) for c in (count, count + 1))
            closer = np.append(taste * (then - now), 0.0)  # −1, no category, reads the last
            gain = (1 - self.strength) * wanted + self.strength * closer[code]
            gain[chosen] = -np.inf
            chosen.append(int(np.argmax(gain)))
            if code[chosen[-1]] >= 0:
                count[code[chosen[-1]]] += 1
        return np.array(chosen)


def tastes(context: Context, half_life: float) -> Array:
    """The share of each category in what the person took, `half_life` in days; zeros if they took nothing."""
    catalogue, interest = context.catalogue, context.user["interest"]
    code = catalogue.columns["category"][interest["item"]]
    known = (code >= 0) & (interest["weight"] > 0)
    age = np.maximum(context.now - interest["last"][known], 0) / DAY
    weight = interest["weight"][known] * 0.5 ** (age / half_life)
    total: Array = np.bincount(code[known], weights=weight, minlength=len(catalogue.categories))
    return total / total.sum() if total.sum() > 0 else total


def divergence(taste: Array, code: Array) -> float:
    """KL(taste ‖ list) in nats of a list whose items have these category codes; 0 where there is no taste."""
    known = taste > 0
    count = np.bincount(code[code >= 0], minlength=len(taste))
    share = (1 - _SMOOTH) * count / max(len(code), 1) + _SMOOTH * taste
    return float((taste[known] * np.log(taste[known] / share[known])).sum())
