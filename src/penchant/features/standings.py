"""How each candidate stands among the others: columns that keep their scale when an expert is fitted again."""

from dataclasses import dataclass

import numpy as np

from penchant.events.loops import compiled
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
        ranks, shares = _standings(values, np.argsort(-values, axis=1))  # of equal values any order will do
        columns: dict[str, Array] = {}
        for place, name in enumerate(names):
            columns[f"{name}~rank"] = ranks[place]
            columns[f"{name}~share"] = shares[place]
        return candidates.with_columns(columns)


@compiled
def _standings(values: Array, order: Array) -> tuple[Array, Array]:
    """Rank of each value in its row, equal values sharing the best, NaN for NaN; and its place between the extremes.

    `order` has the places of each row, the largest value first and NaN last.
    """
    ranks = np.full(values.shape, np.nan, np.float32)
    shares = np.zeros(values.shape, np.float32)
    for row in range(len(values)):
        known = 0
        while known < len(order[row]) and not np.isnan(values[row, order[row, known]]):
            known += 1
        if not known:
            continue
        rank, low = 1, values[row, order[row, known - 1]]
        span = values[row, order[row, 0]] - low
        for place in range(known):
            at = order[row, place]
            if values[row, at] != values[row, order[row, rank - 1]]:
                rank = place + 1
            ranks[row, at] = rank
            if span > 0:
                shares[row, at] = (values[row, at] - low) / span
    return ranks, shares
