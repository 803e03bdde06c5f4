"""Walks over the timeline: from items to the people who met them, from people to what they took."""

import numpy as np

from penchant.events import loops
from penchant.events.timeline import UNITS, Timeline
from penchant.types import Array


def crowd(timeline: Timeline, rows: Array, weights: Array, last: int, gain: Array | None = None) -> tuple[Array, Array]:
    """Codes, ascending, of the people of the `last` newest events of each item, and Σ weight × gain of the kind.

    `gain` has an entry per kind; every event counts the same without it.
    """
    gain = np.ones(len(timeline.kinds.weights)) if gain is None else gain.astype(np.float64)
    index, raw = timeline.columns("item", ("user", "kind"))
    span = timeline.spans("item", rows, last)
    people, total = loops.crowd(index, raw, span, weights.astype(np.float64), gain, len(timeline.names))
    people.sort()
    return people, total[people]


def read(timeline: Timeline, people: Array, depth: int) -> tuple[loops.Arrays, loops.Arrays, loops.Arrays, Array]:
    """What the loops of `retrieval.counting` read: the `depth` newest events of each person (codes), in order of time.

    That is item, kind and time in the order of the index, and in that of the timeline; (lo, kept, first, ends, places):
    person h has `ends[h]` events, `kept[h]` in the index from `lo[h]` on, the others at places[first[h]] and so on;
    and the weight of each kind.
    """
    index, raw = timeline.columns("user", ("item", "kind", "time"))
    lo, hi, first, end, places = timeline.spans("user", people, depth)
    kept = hi - lo
    return index, raw, (lo, kept, first, kept + end - first, places), timeline.kinds.weights


def weighed(timeline: Timeline, rows: Array, now: int, size: int, window: int | None = None) -> Array:
    """The weighted events with each of these items in (now − window, now], all time if None; none is below 0."""
    events: Array = np.maximum(timeline.tally(window, now, size)[rows], 0) / UNITS
    return events


def lately(timeline: Timeline, rows: Array, last: int, most: int) -> Array:
    """Codes, ascending, of the people of the newest `most` among the `last` newest events of each item."""
    places = loops.newest(timeline.postings("item").order, timeline.spans("item", rows, last), most, len(timeline))
    people: Array = np.unique(timeline.user[places])
    return people
