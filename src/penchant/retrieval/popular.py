"""Popularity windows: what everybody wants, from the last hour to all time, moving with every event."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, MinLen

from penchant.events.segments import told
from penchant.events.timeline import UNITS, Timeline
from penchant.protocols import Context
from penchant.retrieval.best import best, best_of, in_turn
from penchant.types import HOUR, Array, Columns, Rows

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
_SPARE = 3  # times as many are kept as are wanted, since some may not be offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Popular:
    """Weighted events per item within each window, a column each.

    Retrieves in turn from the three shortest windows that hold `least` events; from the three longest if fewer do.

    With `[events] segment`, column `segment` is the share, per mille, that an item has in what people of the person's
    segment did within the window `segment`, after `faith` events that went by everybody; it retrieves too. It is NaN
    where the segment is not known: it is told by the query's context, or else by what the person did last.
    """

    windows: Windows = ("1h", "6h", "1d", "3d", "7d", "30d", "all")  # one or more of 1h, 6h, 1d, 3d, 7d, 30d, all
    least: Annotated[int, Ge(1)] = 3_000  # events of a window from which it is more than chance; 1 or more
    segment: Window = "30d"  # window in which people of the same segment count: one of the same
    faith: Annotated[float, Ge(0)] = 100.0  # events of everybody mixed into a segment's; 0 or more

    def retrieve(self, context: Context, limit: int) -> Rows:
        same = self._same(context)
        tops = [] if same is None else [best(context, same, limit)]
        told = self._telling(context.timeline, context.now)
        return in_turn([*tops, *(_top(context, WINDOWS[w], limit) for w in told)], limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        size = len(context.catalogue)
        tallies = {w: context.timeline.tally(WINDOWS[w], context.now, size) for w in self.windows}
        found: dict[str, Array] = {w: (tally[rows] / UNITS).astype(np.float32) for w, tally in tallies.items()}
        if context.timeline.segments.key:
            same = self._same(context)
            found["segment"] = np.full(len(rows), np.nan, np.float32) if same is None else same[rows].astype(np.float32)
        return found

    def _same(self, context: Context) -> Array | None:
        """The shares of all items in what people of the same segment did; None if the segment is not known."""
        return context.once(("segment", repr(self)), lambda: self._shares(context))

    def _shares(self, context: Context) -> Array | None:
        line = context.timeline
        name = told(context.query.context, line.segments.key)
        segment = line.segments.code(name) if name else line.segment_of(context.query.user)
        if segment < 0:
            return None
        args = WINDOWS[self.segment], context.now, len(context.catalogue)
        own, all_ = (np.maximum(tally, 0.0) / UNITS for tally in (line.tally(*args, segment), line.tally(*args)))
        faith = self.faith if all_.sum() else 0.0
        shares: Array = 1_000 * (own + faith * all_ / max(all_.sum(), 1.0)) / max(own.sum() + faith, 1.0)
        return shares

    def _telling(self, timeline: Timeline, now: int) -> list[Window]:
        """The windows to retrieve from, shortest first."""
        ordered = [w for w in WINDOWS if w in self.windows]
        full = [w for w in ordered if within(timeline, WINDOWS[w], now) >= self.least]
        return full[:_TURNS] if len(full) >= _TURNS else ordered[-_TURNS:]


def _top(context: Context, window: int | None, limit: int) -> Rows:
    """What `best` says of a window; of the list that is kept for everybody, if enough of it may be offered."""
    line, size, most = context.timeline, len(context.catalogue), _SPARE * limit
    rows = line.tallied(lambda tally: best_of(tally, most), ("top", most), window, context.now, size)
    offered = rows[context.allowed[rows]]
    if len(offered) < limit and len(rows) == most:
        return best(context, line.tally(window, context.now, size), limit)
    return offered[:limit]


def within(timeline: Timeline, window: int | None, now: int) -> int:
    """How many events happened in (now − window, now]."""
    begin = 0 if window is None else int(np.searchsorted(timeline.time, now - window, side="right"))
    return len(timeline) - begin
