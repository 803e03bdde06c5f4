"""What people were offered and answered, and what they said, for who learns from it; never more than the log says.

A slate counts as answered by what was logged behind the position it had read, so a slate that nobody answered yet
changes nothing, and a person's slates have to be read again only when the person has done something new.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.errors import StoreError
from penchant.events.timeline import Timeline
from penchant.ports import Log
from penchant.protocols import Context, Hears, Release
from penchant.types import MARK, MINUTE, NEVER, Candidates, Event, Slate, micros

_PEOPLE = 2_000  # whose slates, and whose words, are held in memory
_ASKING = ("search", "wish")  # kinds of events whose text is a request
_FRESH = 30 * MINUTE  # after a request what is done may answer it

Slates = tuple[Slate, ...]


class Recollection:
    """The answered slates of people, by person; threads may share it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[tuple[int, int], Slates]] = {}
        self._words: dict[str, tuple[int, dict[int, Event]]] = {}  # person → how far the log was read, what was said

    def told(self, release: Release, context: Context) -> Context:
        """The context with what the person answered and said, as far as a stage of the release reads it.

        What cannot be read is gone without, and the answer says so.
        """
        try:
            context = self.heard(release.hears, context)
            return replace(context, slates=self.of(context, release.recalls)) if release.recalls else context
        except StoreError:
            context.notes.degraded.append("recollection: the log or its slates cannot be read")
            return context

    def of(self, context: Context, most: int) -> Slates:
        """The newest `most` slates with marks that showed an item which the person touched later, oldest first."""
        user, touched = context.query.user, _touched(context)
        key = max(touched.values(), default=-1), most
        with self._lock:
            kept = self._kept.pop(user, None)
            if kept is not None and kept[0] == key:
                self._kept[user] = kept
                return kept[1]
        if key[0] < 0:
            return ()
        found = self._read(user, touched, most)
        with self._lock:
            self._kept[user] = (key, found)
            while len(self._kept) > _PEOPLE:
                del self._kept[next(iter(self._kept))]
        return found

    def heard(self, most: int, context: Context) -> Context:
        """The context with the `most` newest things that the person has said; see `hearing`."""
        said = self.said(context.query.user, context.timeline) if most else ()
        return replace(context, said=said[-most:]) if said else context

    def said(self, user: str, timeline: Timeline) -> tuple[Event, ...]:
        """A person's events in a timeline that have a text or tell their profile, oldest first."""
        places = timeline.places("user", timeline.users.get(user, -1))
        if not len(places):
            self._words.pop(user, None)
            return ()
        positions = timeline.position[places].tolist()
        read, words = self._words.get(user, (-1, {}))
        if max(positions) > read:
            records = self._log.events(user)
            entries = {r.position: r.entry for r in records if isinstance(r.entry, Event)}
            read = max(entries, default=-1)
            words = {at: e for at, e in entries.items() if e.text or e.kind == "profile"}
            with self._lock:
                self._words[user] = (read, words)
                while len(self._words) > _PEOPLE:
                    del self._words[next(iter(self._words))]
        return tuple(words[at] for at in positions if at in words)

    def ids(self, user: str, positions: Sequence[int]) -> dict[int, str]:
        """Ids of a person's events at positions, for evidence."""
        return {record.position: record.entry.id for record in self._log.events(user, positions)}

    def asked(self, user: str, timeline: Timeline, now: int) -> str | None:
        """What a person asked for in words within the last half hour; a log without requests is not read."""
        places = timeline.places("user", timeline.users.get(user, -1))
        lately = places[timeline.time[places] > now - _FRESH]
        codes = [timeline.kinds.code(kind) for kind in _ASKING]
        if not np.isin(timeline.kind[lately], codes).any():
            return None
        found = [e for e in self.said(user, timeline) if e.kind in _ASKING and e.text and _at(e) > now - _FRESH]
        return found[-1].text if found else None

    def _read(self, user: str, touched: Mapping[str, int], most: int) -> Slates:
        slates = [r.entry for r in self._log.slates(user=user) if isinstance(r.entry, Slate)]
        answered = [
            slate
            for slate in slates
            if slate.marks
            and slate.query.at is None  # answers about the past were shown to nobody
            and any(touched.get(item, -1) > slate.position for item in slate.items)
        ]
        return tuple(sorted(answered, key=lambda slate: (slate.position, slate.time, slate.id))[-most:])


def hearing(stages: Iterable[object]) -> int:
    """How much of what a person said these stages read."""
    return max((stage.hears for stage in stages if isinstance(stage, Hears)), default=0)


def _at(event: Event) -> int:
    return NEVER if event.time is None else micros(event.time)


def _touched(context: Context) -> dict[str, int]:
    """The position in the log of the person's newest event with each item."""
    recent, items = context.user["recent"], context.catalogue.items
    order = np.argsort(recent["position"], kind="stable")
    rows, positions = recent["item"][order].tolist(), recent["position"][order].tolist()
    return {items[row].id: position for row, position in zip(rows, positions, strict=True) if row >= 0}


def marks(result: Candidates, count: int) -> dict[str, tuple[float, ...]]:
    """What the slate keeps of its picks' columns: short in the log, near enough to learn from."""
    names = [name for name in result.columns if name.endswith(MARK)]
    return {name: tuple(round(value, 3) for value in result.columns[name][:count].tolist()) for name in names}
