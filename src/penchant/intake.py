"""The way of events into the log: each batch is judged alone, those that come together are made durable together.

One transaction for many batches leaves the log, and tells each caller, what one after the other would have.
"""

import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from penchant.checks import AHEAD, Observed, flaw
from penchant.events.kinds import Kinds
from penchant.ports import ItemChange
from penchant.types import Event, Item
from penchant.watch import Watch, Watched
from penchant.world import BARE, World

Rejected = tuple[tuple[int, str], ...]  # place in the batch, reason


class Taker(Watched, Protocol):
    """What of an engine takes events in."""

    watch: Watch


class Intake:
    """Takes events into one engine's log; threads may share it."""

    def __init__(self, engine: Taker) -> None:
        self._engine = engine
        self._lock = threading.Lock()  # so that events get their times in the order in which they are logged

    def take(self, batches: Sequence[Sequence[Event]]) -> list[Observed | Exception]:
        """Log batches in their order and read them: what became of each, or why nothing of it was logged.

        Raises StoreError if the log cannot be read.
        """
        kinds = self._engine.follower.seen.timeline.kinds
        judged = [_judged(batch, kinds) for batch in batches]
        ids = _ids(sum(not event.id for good, _ in judged for event in good))
        with self._lock:
            world = self._engine.follower.catch_up()
            now = self._engine.clock(world)
            named = [[replace(e, id=e.id or next(ids), time=e.time or now) for e in good] for good, _ in judged]
            logged, position = self._engine.watch.appended(lambda: self._logged(named, world, now))
        return [
            new if isinstance(new, Exception) else self._told(good, new, position, bad)
            for new, good, (_, bad) in zip(logged, named, judged, strict=True)
        ]

    def record(self, events: Sequence[Event]) -> int:
        """Append checked events, adding items nobody described yet; returns how many were new."""
        world = self._engine.follower.catch_up()
        return len(self._append(events, world, self._engine.clock(world)))

    def _append(self, events: Sequence[Event], world: World, now: datetime) -> set[str]:
        """The ids that were new."""
        known = world.catalogue.row_of
        unknown = dict.fromkeys(e.item for e in events if e.item is not None and e.item not in known)
        bare = [ItemChange(id=f"{BARE}{i}", time=now, item=Item(id=i)) for i in unknown]
        records = self._engine.log.append([*bare, *events])
        return {record.entry.id for record in records if isinstance(record.entry, Event)}

    def _logged(self, batches: Sequence[Sequence[Event]], world: World, now: datetime) -> list[int | Exception]:
        """How many of each batch were new. What cannot be logged together is logged one by one."""
        try:
            fresh = self._append([event for batch in batches for event in batch], world, now)
        except Exception as error:
            if len(batches) == 1:
                return [error]
            return [one for batch in batches for one in self._logged([batch], world, now)]
        return [_first(batch, fresh) for batch in batches]

    def _told(self, events: Sequence[Event], new: int, position: int, bad: Rejected) -> Observed:
        self._engine.watch.observed(events, new, [reason for _, reason in bad])
        return Observed(accepted=new, duplicates=len(events) - new, position=position, rejected=bad)


def _judged(events: Sequence[Event], kinds: Kinds) -> tuple[list[Event], Rejected]:
    """The events that can be taken, under the house names of their kinds, and what is wrong with the others."""
    latest = datetime.now(UTC) + AHEAD
    flaws = [flaw(event, latest) for event in events]
    good = [replace(e, kind=kinds.canonical(e.kind)) for e, wrong in zip(events, flaws, strict=True) if not wrong]
    return good, tuple((place, wrong) for place, wrong in enumerate(flaws) if wrong)


def _ids(count: int) -> Iterator[str]:
    """New ids; the system is asked for all of its chance at once."""
    chance = os.urandom(16 * count)
    return (uuid.UUID(bytes=chance[at : at + 16], version=4).hex for at in range(0, len(chance), 16))


def _first(batch: Sequence[Event], fresh: set[str]) -> int:
    """How many ids were logged by this batch; a later one of the same id finds it taken."""
    mine = fresh.intersection(event.id for event in batch)
    fresh -= mine
    return len(mine)
