"""The person's own past with the item: how often, how long ago, how regularly."""

from dataclasses import dataclass

import numpy as np

from penchant.protocols import Context
from penchant.types import DAY, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Columns `repeat_count` of positive events, `repeat_age` in days since the last, and `repeat_rhythm`.

    The rhythm is the age divided by the person's mean gap between events with the item. All are NaN for new items.
    """

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        interest, rows = context.user["interest"], candidates.rows
        nothing = np.full(len(rows), np.nan, dtype=np.float32)
        columns = {name: nothing.copy() for name in ("repeat_count", "repeat_age", "repeat_rhythm")}
        if not len(interest["item"]):
            return candidates.with_columns(columns)
        place = np.minimum(np.searchsorted(interest["item"], rows), len(interest["item"]) - 1)
        met = (interest["item"][place] == rows) & (interest["weight"][place] > 0)
        place = place[met]
        age = np.maximum(context.now - interest["last"][place], 0) / DAY
        gap = (interest["last"][place] - interest["first"][place]) / DAY / np.maximum(interest["count"][place] - 1, 1)
        columns["repeat_count"][met] = interest["count"][place]
        columns["repeat_age"][met] = age
        columns["repeat_rhythm"][met] = np.where(gap > 0, age / np.maximum(gap, 1e-9), np.nan)
        return candidates.with_columns(columns)
