"""Stores in memory, for trials and tests: the same promises as those on disk, until the process ends."""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

import numpy as np

from penchant.errors import StoreError
from penchant.events.segments import told
from penchant.ports import Entry, Record, State, Tail
from penchant.stores import codec
from penchant.stores.retention import Retention
from penchant.stores.rows import erasure, from_entry
from penchant.types import NEVER, Event, Floats, Item, Slate, micros


class MemoryItems:
    """ItemStore in dictionaries."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._vectors: dict[tuple[str, str], Floats] = {}
        self._lock = threading.Lock()

    def put(self, items: Sequence[Item]) -> list[Item]:
        """Insert or replace by id, the last of one id winning; returns those that were new or different."""
        last = {item.id: item for item in items}
        for item in last.values():
            if not (isinstance(item.id, str) and item.id):
                raise StoreError(f"item {item.title!r} has no id")
            codec.pack(codec.from_item(item))
        with self._lock:
            fresh = [item for key, item in last.items() if self._items.get(key) != item]
            self._items.update({item.id: item for item in fresh})
        return fresh

    def items(self, start: int = 0) -> Iterator[Item]:
        """The items from row `start` on, in order of row."""
        with self._lock:
            return iter(list(islice(self._items.values(), start, None)))

    def keep_vectors(self, encoder: str, vectors: Mapping[str, Floats]) -> None:
        """Remember float32 vectors by digest of their text; a digest keeps its first vector."""
        with self._lock:
            for digest, vector in vectors.items():
                self._vectors.setdefault((encoder, digest), np.array(vector, dtype=np.float32))

    def vectors(self, encoder: str, digests: Sequence[str]) -> dict[str, Floats]:
        """Those of the vectors that are remembered."""
        with self._lock:
            found = {digest: self._vectors.get((encoder, digest)) for digest in digests}
        return {digest: vector for digest, vector in found.items() if vector is not None}

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class MemoryLog:
    """Log in a list; slates are found at the position -1."""

    def __init__(self, retention: Retention | None = None) -> None:
        self._retention = retention or Retention()
        self._records: list[Record] = []
        self._ids: set[str] = set()
        self._slates: dict[str, tuple[int, Slate]] = {}  # in order of arrival, with its time (µs)
        self._lock = threading.Lock()
        self._last = 0

    def append(self, entries: Iterable[Entry]) -> list[Record]:
        """Keep all entries or, on a StoreError, none; returns the new ones in order.

        Slates have no position and are not returned; the first of one id stays.
        """
        given = list(entries)
        for entry in given:
            _check(entry)
        with self._lock:
            records = [
                self._add(entry) for entry in given if not isinstance(entry, Slate) and entry.id not in self._ids
            ]
            now = _now()
            for entry in given:
                if isinstance(entry, Slate):
                    self._slates.setdefault(entry.id, (now, entry))
            self._prune(now)
        return records

    def _add(self, entry: Entry) -> Record:
        self._last += 1
        self._ids.add(entry.id)
        self._records.append(Record(self._last, entry))
        return self._records[-1]

    def _prune(self, now: int) -> None:
        oldest = self._retention.oldest(now)
        while self._slates:
            came, first = next(iter(self._slates.values()))
            if len(self._slates) <= self._retention.slates and came >= oldest:
                return
            del self._slates[first.id]

    def tail(self, after: int, limit: int = 50_000, *, key: str = "") -> Tail:
        """Entries behind a position: events as columns, item changes and erasures as records."""
        with self._lock:
            start = bisect_right(self._records, after, key=lambda record: record.position)
            found = self._records[start : start + limit]
        if not found:
            return Tail(position=after)
        changes = [record for record in found if not isinstance(record.entry, Event)]
        events = [(record.position, record.entry) for record in found if isinstance(record.entry, Event)]
        return Tail(
            position=found[-1].position,
            positions=[position for position, _ in events],
            times=[micros(event.time) for _, event in events if event.time],
            users=[event.user for _, event in events],
            items=[event.item for _, event in events],
            kinds=[event.kind for _, event in events],
            values=[event.value for _, event in events],
            segments=[told(event.context, key) for _, event in events] if key else (),
            changes=changes,
        )

    def events(self, user: str, positions: Sequence[int] | None = None) -> list[Record]:
        """Everything one person did, in order of time; if `positions` are given, what of it is at these."""
        wanted = None if positions is None else set(positions)
        with self._lock:
            mine = [record for record in self._records if _of(record.entry, user)]
        return sorted((r for r in mine if wanted is None or r.position in wanted), key=_time)

    def slates(self, *, slate: str | None = None, user: str | None = None, limit: int | None = None) -> list[Record]:
        """Slates by id, by person or all, in order of time; the newest `limit` of them."""
        with self._lock:
            found = [s for _, s in self._slates.values() if slate in (None, s.id) and user in (None, s.query.user)]
        ordered = sorted(found, key=lambda entry: (entry.time, entry.id))
        return [Record(-1, entry) for entry in ordered[max(len(ordered) - (limit or len(ordered)), 0) :]]

    def forget(self, user: str) -> dict[str, int]:
        """Remove a person's events and slates and log the erasure."""
        with self._lock:
            events = [record for record in self._records if _of(record.entry, user)]
            slates = [key for key, (_, slate) in self._slates.items() if slate.query.user == user]
            self._records = [record for record in self._records if not _of(record.entry, user)]
            self._ids.difference_update(record.entry.id for record in events)
            for key in slates:
                del self._slates[key]
            self._add(erasure(user))
        return {"events": len(events), "slates": len(slates)}

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class MemoryStates:
    """StateStore in a dictionary."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._lock = threading.Lock()

    def get(self, user: str) -> State | None:
        """The state kept of a person."""
        return self._states.get(user)

    def put(self, user: str, state: State) -> None:
        """Keep the state unless what is there has read further with the same version."""
        state = codec.to_state(codec.from_state(state))
        with self._lock:
            old = self._states.get(user)
            if old is None or old.version != state.version or old.position <= state.position:
                self._states[user] = state

    def delete(self, user: str) -> None:
        """Drop a person's state."""
        with self._lock:
            self._states.pop(user, None)

    def clear(self) -> None:
        """Drop every state."""
        with self._lock:
            self._states.clear()

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _check(entry: Entry) -> None:
    if not isinstance(entry, Slate):
        codec.pack(from_entry(entry))
        return
    if not (isinstance(entry.id, str) and entry.id):
        raise StoreError("slate without an id; every entry of the log needs one")
    codec.pack(codec.from_slate(entry))


def _of(entry: Entry, user: str) -> bool:
    return isinstance(entry, Event) and entry.user == user


def _time(record: Record) -> int:
    return micros(record.entry.time) if record.entry.time else NEVER


def _now() -> int:
    return micros(datetime.now(UTC))
