"""A person's own repeats: what they come back to, how often and how regularly."""

from dataclasses import dataclass

import numpy as np

from penchant.protocols import Context
from penchant.retrieval.best import DAY, best
from penchant.timeline import UNITS
from penchant.types import Columns, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Personal frequency; equal frequencies are ordered by recency.

    Columns: `frequency` (the score), `count` of positive events, `age` of the last in days, `rhythm` = age divided
    by the person's mean gap for this item (NaN before the second time).
    """

    half_life: float = 90.0  # days after which the recency term has halved
    recency: float = 0.5  # weight of the recency term, in events

    def retrieve(self, context: Context, limit: int) -> Rows:
        rows = context.user["interest"]["item"]
        dense = np.zeros(len(context.catalogue))
        dense[rows] = np.nan_to_num(self.score(context, rows)["frequency"])
        return best(context, dense, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        interest = context.user["interest"]
        empty = np.full(len(rows), np.nan, dtype=np.float32)
        columns = {name: empty.copy() for name in ("frequency", "count", "age", "rhythm")}
        if not len(interest["item"]):
            return columns
        place = np.minimum(np.searchsorted(interest["item"], rows), len(interest["item"]) - 1)
        met = (interest["item"][place] == rows) & (interest["weight"][place] > 0)
        place = place[met]
        count = interest["count"][place]
        age = np.maximum(context.now - interest["last"][place], 0) / DAY
        gap = (interest["last"][place] - interest["first"][place]) / DAY / np.maximum(count - 1, 1)
        columns["count"][met] = count
        columns["age"][met] = age
        columns["rhythm"][met] = np.where(gap > 0, age / np.maximum(gap, 1e-9), np.nan)
        columns["frequency"][met] = interest["weight"][place] / UNITS + self.recency * 0.5 ** (age / self.half_life)
        return columns
