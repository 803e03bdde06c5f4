"""Drift: whether what is asked about is still like what was learned from."""

from typing import Any

import numpy as np

from penchant.events.timeline import Timeline
from penchant.types import DAY, Array, moment

WEEK = 7 * DAY
_MONDAY = 3 * DAY  # 1970 began on a Thursday
_BINS = 10


def stability(before: Array, after: Array) -> float:
    """Population stability index Σ (q − p)·ln(q/p) over tenths of `before`; unknown values are a bin of their own.

    Below 0.1 is no change to speak of, above 0.25 is another distribution. NaN if either side is empty.
    """
    if not len(before) or not len(after):
        return float("nan")
    known = before[np.isfinite(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if len(known) else np.zeros(0)
    p, q = (_shares(values, edges) for values in (before, after))
    return float(((q - p) * np.log(q / p)).sum())


def _shares(values: Array, edges: Array) -> Array:
    """The share of each bin; half a value is added to each, so that none is empty."""
    known = np.isfinite(values)
    bins = np.where(known, np.searchsorted(edges, np.where(known, values, 0.0), side="right"), len(edges) + 1)
    counts = np.bincount(bins, minlength=len(edges) + 2) + 0.5
    shares: Array = counts / counts.sum()
    return shares


def weeks(timeline: Timeline, most: int = 8) -> list[dict[str, Any]]:
    """The newest weeks: events, the share of them about items that the week saw first, and the share of each kind."""
    if not len(timeline):
        return []
    week = (timeline.time + _MONDAY) // WEEK
    found = []
    for number in np.unique(week)[-most:].tolist():
        lo, hi = np.searchsorted(week, [number, number + 1]).tolist()
        begin = number * WEEK - _MONDAY
        kinds, counts = np.unique(timeline.kind[lo:hi], return_counts=True)
        found.append(
            {
                "week": f"{moment(begin):%Y-%m-%d}",
                "events": hi - lo,
                "new": _new(timeline, lo, hi, begin),
                "kinds": {
                    timeline.kinds.names[kind]: count / (hi - lo)
                    for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)
                },
            }
        )
    return found


def _new(timeline: Timeline, lo: int, hi: int, begin: int) -> float:
    item = timeline.item[lo:hi]
    item = item[item >= 0]
    return float((timeline.first_seen(item) >= begin).mean()) if len(item) else 0.0
