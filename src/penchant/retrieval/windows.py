"""People's pasts as steps and windows: what a sequence model reads, and what it has to foresee.

Rule: what happened at one moment is one step without an order of its own, and what has to be foreseen lies in the step
after the one that is read.
"""

from dataclasses import dataclass, replace

import numpy as np

from penchant.events.timeline import Timeline
from penchant.types import MINUTE, Array

BUCKETS = 22  # of time between two events: 0 for none, then doubling from a quarter of an hour
_QUARTER = 15 * MINUTE
_SECOND = 1_000_000  # microseconds: how far apart rows without a time are set
_ORDERED = 0.9  # share of gaps of one second from which on times are only an order


@dataclass(frozen=True, slots=True)
class Past:
    """Positive events with an item, ordered by person and time; one entry per event but for `first`."""

    user: Array
    item: Array
    time: Array
    step: Array  # which step of all steps, rising by one
    first: Array  # place of the first event of each step, and behind the last the number of events
    timed: bool  # False where times are only an order

    def __len__(self) -> int:
        return len(self.user)

    def take(self, keep: Array) -> "Past":
        """The past with only these events (a mask)."""
        return _past(self.user[keep], self.item[keep], self.time[keep], self.timed)

    def renumbered(self, rows: Array) -> "Past":
        """The past with items as places in `rows`, which are ascending and hold all of them."""
        return replace(self, item=np.searchsorted(rows, self.item))


def past(timeline: Timeline) -> Past:
    """What people did, in the order in which a model reads it."""
    use = timeline.positive()
    order = use[np.lexsort((timeline.time[use], timeline.user[use]))]
    gaps = np.diff(timeline.time)
    timed = bool(len(gaps)) and float(np.mean(gaps == _SECOND)) < _ORDERED
    return _past(timeline.user[order], timeline.item[order], timeline.time[order], timed)


def _past(user: Array, item: Array, time: Array, timed: bool) -> Past:
    new = (np.diff(user, prepend=-1) != 0) | (np.diff(time, prepend=-1) != 0)
    first = np.append(np.flatnonzero(new), len(user))
    return Past(user, item, time, np.cumsum(new) - 1, first, timed)


def last_steps(of: Past) -> Array:
    """The last step of every person who has at least three, ascending."""
    person = of.user[of.first[:-1]]
    last = np.flatnonzero(np.diff(person, append=-1) != 0)
    return last[np.diff(last, prepend=-1) >= 3]


def windows(of: Past, length: int) -> Array:
    """Windows of at most `length` events as (first place, end, first place to learn from).

    Every event is learned from once, in a window that holds at least half a `length` of what came before it.
    """
    begins = np.flatnonzero(np.diff(of.user, prepend=-1) != 0)
    found = []
    for begin, behind in zip(begins.tolist(), [*begins[1:].tolist(), len(of)], strict=True):
        end = behind
        while end - begin > length:
            half = end - (length + 1) // 2
            found.append((end - length, end, half))
            end = half
        found.append((begin, end, begin))
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def batches(found: Array, events: int, dice: np.random.Generator) -> list[Array]:
    """Windows of about one length together, at most `events` places each, in a drawn order."""
    sizes = found[:, 1] - found[:, 0]
    order = np.lexsort((dice.random(len(sizes)), sizes))
    parts, start = [], 0
    for place, size in enumerate(sizes[order].tolist()):
        if place > start and size * (place - start + 1) > events:
            parts.append(order[start:place])
            start = place
    parts.append(order[start:])
    return [parts[place] for place in dice.permutation(len(parts))]


def padded(found: Array) -> tuple[Array, Array]:
    """The places of each window, a row each, and which of them are there."""
    offsets = np.arange(int((found[:, 1] - found[:, 0]).max(initial=1)))
    places = found[:, :1] + offsets
    there = places < found[:, 1:2]
    return np.where(there, places, found[:, :1]), there


def following(of: Past, places: Array, dice: np.random.Generator) -> Array:
    """For each place an item drawn from the person's next step, -1 if there is none."""
    after = np.minimum(of.step[places] + 1, len(of.first) - 2)
    low, high = of.first[after], of.first[after + 1]
    drawn = low + (dice.random(places.shape) * (high - low)).astype(np.int64)
    next_step = (of.step[places] < after) & (of.user[low] == of.user[places])
    return np.where(next_step, of.item[drawn], -1)


def buckets(times: Array, timed: bool) -> Array:
    """Between any two of the times (last axis), how far apart they are, as one of `BUCKETS`."""
    apart = np.abs(times[..., :, None] - times[..., None, :])
    if not timed:
        return np.zeros(apart.shape, dtype=np.int64)
    found = np.ceil(np.log2(1 + apart / _QUARTER)).astype(np.int64)
    capped: Array = np.minimum(found, BUCKETS - 1)
    return capped
