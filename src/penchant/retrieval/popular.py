"""Popularity windows: what everybody wants, from the last hour to all time, moving with every event."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, MinLen

from penchant.protocols import Context
from penchant.retrieval.best import best, in_turn
from penchant.timeline import UNITS, Timeline
from penchant.types import HOUR, Columns, Rows

Window = Literal["1h", "6h", "1d", "3d", "7d", "30d", "all"]
Windows = Annotated[tuple[Window, ...], MinLen(1)]
WINDOWS: dict[Window, int | None] = {
    "1h": HOUR,
    "6h": 6 * HOUR,
    "1d": 24 * HOUR,
    "3d": 72 * HOUR,
    "7d": 168 * HOUR,
    "30d": 720 * HOUR,
    "all": None,
}


_TURNS = 3  # windows that retrieve


@dataclass(frozen=True, slots=True, kw_only=True)
class Popular:
    """Weighted events per item within each window, a column each.

    Retrieves in turn from the three shortest windows that hold `least` events; from the three longest if fewer do.
    """

    windows: Windows = ("1h", "6h", "1d", "3d", "7d", "30d", "all")  # one or more of 1h, 6h, 1d, 3d, 7d, 30d, all
    least: Annotated[int, Ge(1)] = 3_000  # events of a window from which it is more than chance; 1 or more

    def retrieve(self, context: Context, limit: int) -> Rows:
        size = len(context.catalogue)
        told = self._telling(context.timeline, context.now)
        return in_turn(
            [best(context, context.timeline.tally(WINDOWS[w], context.now, size), limit) for w in told], limit
        )

    def score(self, context: Context, rows: Rows) -> Columns:
        size = len(context.catalogue)
        tallies = {w: context.timeline.tally(WINDOWS[w], context.now, size) for w in self.windows}
        return {w: (tally[rows] / UNITS).astype(np.float32) for w, tally in tallies.items()}

    def _telling(self, timeline: Timeline, now: int) -> list[Window]:
        """The windows to retrieve from, shortest first."""
        ordered = [w for w in WINDOWS if w in self.windows]
        full = [w for w in ordered if within(timeline, WINDOWS[w], now) >= self.least]
        return full[:_TURNS] if len(full) >= _TURNS else ordered[-_TURNS:]


def within(timeline: Timeline, window: int | None, now: int) -> int:
    """How many events happened in (now − window, now]."""
    begin = 0 if window is None else int(np.searchsorted(timeline.time, now - window, side="right"))
    return len(timeline) - begin
