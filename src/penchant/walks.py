"""Walks over the timeline: from items to the people who met them, from people to what they took."""

from typing import NamedTuple

import numpy as np

from penchant import loops
from penchant.timeline import Timeline
from penchant.types import Array, Rows


class Taken(NamedTuple):
    """Positive events with an item, owner by owner and each owner's in order of time."""

    item: Rows
    weight: Array  # float32, of the kind
    time: Array  # int64 µs
    owner: Array  # int32, place in the list of people that was asked for


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


def taken(timeline: Timeline, people: Array, depth: int) -> Taken:
    """The positive events with an item among the `depth` newest of each person (codes)."""
    index, raw = timeline.columns("user", ("item", "kind", "time"))
    return Taken(*loops.taken(index, raw, timeline.spans("user", people, depth), timeline.kinds.weights))


def lately(timeline: Timeline, rows: Array, last: int, most: int) -> Array:
    """Codes, ascending, of the people of the newest `most` among the `last` newest events of each item."""
    places = loops.places(timeline.postings("item").order, timeline.spans("item", rows, last))
    if len(places) > most:
        places = np.partition(places, len(places) - most)[len(places) - most :]
    people: Array = np.unique(timeline.user[places])
    return people
