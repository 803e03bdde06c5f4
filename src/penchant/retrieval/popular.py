"""Popularity windows: what everybody wants, from the last hour to all time, moving with every event."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import MinLen

from penchant.protocols import Context
from penchant.retrieval.best import best, in_turn
from penchant.timeline import UNITS
from penchant.types import Columns, Rows

Window = Literal["1h", "6h", "1d", "3d", "7d", "30d", "all"]
Windows = Annotated[tuple[Window, ...], MinLen(1)]
HOUR = 3_600_000_000  # microseconds
WINDOWS: dict[Window, int | None] = {
    "1h": HOUR,
    "6h": 6 * HOUR,
    "1d": 24 * HOUR,
    "3d": 72 * HOUR,
    "7d": 168 * HOUR,
    "30d": 720 * HOUR,
    "all": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Popular:
    """Weighted events per item within each window; retrieves from all windows in turn."""

    windows: Windows = ("1h", "6h", "1d", "7d", "30d", "all")  # one or more of 1h, 6h, 1d, 3d, 7d, 30d, all

    def retrieve(self, context: Context, limit: int) -> Rows:
        size = len(context.catalogue)
        tops = [best(context, context.timeline.tally(WINDOWS[w], context.now, size), limit) for w in self.windows]
        return in_turn(tops, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        size = len(context.catalogue)
        tallies = {w: context.timeline.tally(WINDOWS[w], context.now, size) for w in self.windows}
        return {w: (tally[rows] / UNITS).astype(np.float32) for w, tally in tallies.items()}
