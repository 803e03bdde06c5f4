"""A person's own repeats: what they come back to, most often, most recently, and now that others take it too."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

from penchant.events.timeline import UNITS
from penchant.protocols import Context
from penchant.retrieval.best import best_among
from penchant.types import DAY, Array, Columns, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Columns `frequency`: weighted events of the person with the item, plus a term that fades with its last; and
    `current`: frequency × (1 + ln(1 + everybody's weighted events with it in the last days)), which retrieves.
    """

    half_life: Annotated[float, Gt(0)] = 90.0  # days, above 0, after which the recency term has halved
    recency: Annotated[float, Ge(0)] = 0.5  # weight of the recency term, in events; 0 or more
    window: Annotated[float, Gt(0)] = 7.0  # days, above 0, in which demand is counted

    def retrieve(self, context: Context, limit: int) -> Rows:
        rows = context.user["interest"]["item"]
        return best_among(context, rows, np.nan_to_num(self.score(context, rows)["current"]), limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        frequency = self._frequency(context, rows)
        demand = context.timeline.tally(round(self.window * DAY), context.now, len(context.catalogue))[rows] / UNITS
        current = frequency * (1 + np.log1p(np.maximum(demand, 0)))
        return {"frequency": frequency.astype(np.float32), "current": current.astype(np.float32)}

    def _frequency(self, context: Context, rows: Rows) -> Array:
        interest = context.user["interest"]
        frequency = np.full(len(rows), np.nan)
        if len(interest["item"]):
            place = np.minimum(np.searchsorted(interest["item"], rows), len(interest["item"]) - 1)
            met = (interest["item"][place] == rows) & (interest["weight"][place] > 0)
            age = np.maximum(context.now - interest["last"][place], 0) / DAY
            often = interest["weight"][place] / UNITS + self.recency * 0.5 ** (age / self.half_life)
            frequency[met] = often[met]
        return frequency
