"""What is asked: a global time split, or each person's last event.

Rule: only positive events with an item say how long the log is and who is known; a profile or a search says neither.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from penchant.errors import UsageError
from penchant.evaluation.replay import Case, cases, thinned
from penchant.events.timeline import Timeline
from penchant.types import Array, Catalogue, micros, moment

PROTOCOLS = ("time", "leave-one-out")
TOLD = 3  # items of a basket that are known where the rest of it has to be found


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Events to learn from, and the cases to answer; if `frozen`, answers see all of `past`, whenever it was."""

    past: Timeline
    cases: Sequence[Case]
    cut: int  # microseconds since 1970
    frozen: bool = False
    target: str = ""  # what one case is, in the words of a report


def split(timeline: Timeline, protocol: str, cut: str | float, target: str, most: int) -> Split:
    """Cut a timeline. Raises UsageError if nothing is left on either side."""
    if protocol not in PROTOCOLS:
        raise UsageError(f"protocol {protocol!r}; allowed are {', '.join(PROTOCOLS)}")
    found = (
        _last_events(timeline) if protocol == "leave-one-out" else _after(timeline, instant_of(timeline, cut), target)
    )
    if not found.cases or not len(found.past):
        raise UsageError(f"protocol {protocol}: no returning person after the cut at {moment(found.cut):%Y-%m-%d}")
    return replace(found, cases=thinned(found.cases, most))


def instant(text: str) -> datetime:
    """An ISO 8601 date or time, UTC if it names no zone. Raises UsageError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date; write it like 2011-11-09 or 2011-11-09T12:00:00+00:00") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def instant_of(timeline: Timeline, cut: str | float) -> int:
    """Microseconds of a cut given as a date or as the last share of the time in which people did something."""
    if isinstance(cut, str):
        return micros(instant(cut))
    if not 0 < cut < 1:
        raise UsageError(f"cut is {cut}; a date or a share between 0 and 1 is allowed")
    time = timeline.time[timeline.positive()]
    if not len(time):
        return 0
    first, last = int(time[0]), int(time[-1])
    return int(last - cut * (last - first))


def digest(timeline: Timeline, catalogue: Catalogue, found: Sequence[Case]) -> str:
    """Names the questions and their answers, so that two tables can be known to be about the same."""
    total = hashlib.sha256()
    for case in found:
        items = sorted(catalogue.items[row].id for row in set(timeline.item[case.places].tolist()))
        total.update(f"{case.user}|{case.time}|{'|'.join(items)}\n".encode())
    return total.hexdigest()[:16]


def _after(timeline: Timeline, cut: int, target: str) -> Split:
    """Cases of people who had chosen something before: each moment, or the first of each person known at the cut."""
    past = timeline.until(cut - 1)
    end = int(timeline.time[-1]) + 1 if len(timeline) else cut
    found = cases(timeline, cut, end)
    first = _first(timeline)
    if target == "first-basket":
        met: set[str] = set()
        known = [c for c in found if first[timeline.users[c.user]] < cut]
        found = [c for c in known if not (c.user in met or met.add(c.user))]  # type: ignore[func-returns-value]
    else:
        found = [c for c in found if first[timeline.users[c.user]] < c.time]
    if target == "event":
        found = [replace(c, places=c.places[i : i + 1]) for c in found for i in range(len(c.places))]
    if target == "rest-of-basket":
        found = [rest for c in found if (rest := rest_of(timeline, c, TOLD)) is not None]
    return Split(past=past, cases=found, cut=cut, target=target)


def rest_of(timeline: Timeline, case: Case, count: int) -> Case | None:
    """The case told its first `count` items in order of the log; None if nothing else is in the basket."""
    places = case.places[np.argsort(timeline.position[case.places], kind="stable")]
    items, first = np.unique(timeline.item[places], return_index=True)
    if len(items) <= count:
        return None
    known = np.isin(timeline.item[places], items[np.argsort(first)[:count]])
    last = np.sort(first)[count - 1]
    return replace(case, places=places[~known], told=places[: last + 1])


def _first(timeline: Timeline) -> Array:
    """Time of each person's first positive event with an item; the largest int64 where there is none."""
    first = np.full(len(timeline.names), np.iinfo(np.int64).max)
    places = timeline.positive()
    np.minimum.at(first, timeline.user[places], timeline.time[places])
    return first


def _last_events(timeline: Timeline) -> Split:
    """Each person's last positive event with an item, of those who have at least three."""
    positive = timeline.positive()
    user = timeline.user[positive]
    counts = np.bincount(user, minlength=len(timeline.names))
    last = np.full(len(timeline.names), -1)
    last[user] = positive  # ascending, so the newest stays
    names = timeline.names
    places = [(code, int(last[code])) for code in np.flatnonzero(counts >= 3).tolist()]
    held = np.array([place for _, place in places], dtype=np.int64)
    past = timeline.where(np.setdiff1d(np.arange(len(timeline)), held))
    time, segment = timeline.time[held].tolist(), timeline.segment[held].tolist()
    found = [
        Case(user=names[code], time=t, places=np.array([place]), segment=s)
        for (code, place), t, s in zip(places, time, segment, strict=True)
    ]
    cut = int(timeline.time[-1]) + 1 if len(timeline) else 0
    return Split(past=past, cases=found, cut=cut, frozen=True, target="last event")
