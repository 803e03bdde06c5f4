"""The log, folded into what everybody shares: the catalogue and the timeline. The only reader of the log's tail."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from penchant.catalogue import columns
from penchant.ports import Erasure, ItemChange, ItemStore, Log, Record, Tail
from penchant.protocols import Reader
from penchant.timeline import Kinds, Timeline
from penchant.types import Catalogue, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything shared, having read the log up to `position`."""

    catalogue: Catalogue
    timeline: Timeline
    position: int
    changed: int = 0  # position of the newest change of an item
    erased: Mapping[str, int] = field(default_factory=dict)  # digest of a person → position of their last erasure


class Follower:
    """Keeps a World up to date with the log; many threads may ask, one at a time reads."""

    def __init__(self, *, log: Log, items: ItemStore, reader: Reader, kinds: Kinds) -> None:
        self._log, self._items, self._reader = log, items, reader
        self._lock = threading.Lock()
        stored = list(items.items())
        catalogue = columns.build(stored, reader.items(stored), reader.name)
        self._world = World(catalogue=catalogue, timeline=Timeline(kinds), position=0)
        self.catch_up()

    def catch_up(self) -> World:
        """The world after everything that is in the log now."""
        with self._lock:
            while (tail := self._log.tail(self._world.position)).position > self._world.position:
                self._world = self._after(self._world, tail)
            return self._world

    def at(self, position: int) -> World:
        """The world as it was when the log had been read up to `position`; slow if items have changed since."""
        world = self.catch_up()
        timeline = world.timeline.until(np.iinfo(np.int64).max, position)
        catalogue = world.catalogue if world.changed <= position else self._catalogue_at(world.catalogue, position)
        return World(catalogue=catalogue, timeline=timeline, position=position)

    def _after(self, world: World, tail: Tail) -> World:
        items = [r for r in tail.changes if isinstance(r.entry, ItemChange)]
        if items:
            world = replace(world, catalogue=self._updated(world.catalogue, items), changed=items[-1].position)
        timeline = world.timeline
        if len(tail.positions):
            timeline = timeline.append(coded(tail, timeline, world.catalogue))
        for record in tail.changes:
            if isinstance(record.entry, Erasure):
                timeline = without(timeline, record)
                world = replace(world, erased={**world.erased, record.entry.digest: record.position})
        return replace(world, timeline=timeline, position=tail.position)

    def _updated(self, catalogue: Catalogue, records: Sequence[Record]) -> Catalogue:
        latest = {r.entry.item.id: r.entry.item for r in records if isinstance(r.entry, ItemChange)}
        rows = {catalogue.row_of[i]: item for i, item in latest.items() if i in catalogue.row_of}
        rows = {row: item for row, item in rows.items() if catalogue.items[row] != item}
        if len(rows) < len(latest):  # the store, not the log, gives rows to new items
            rows.update(enumerate(self._items.items(len(catalogue)), start=len(catalogue)))
        return self._with(catalogue, rows)

    def _with(self, catalogue: Catalogue, rows: dict[int, Item]) -> Catalogue:
        vectors = self._reader.items(list(rows.values()))
        return columns.changed(catalogue, rows, dict(zip(rows, vectors, strict=True)), self._reader.name)

    def _catalogue_at(self, catalogue: Catalogue, position: int) -> Catalogue:
        then: dict[str, Item] = {}
        read = 0
        while read < position and (tail := self._log.tail(read)).position > read:
            changes = [r for r in tail.changes if r.position <= position and isinstance(r.entry, ItemChange)]
            then.update({r.entry.item.id: r.entry.item for r in changes if isinstance(r.entry, ItemChange)})
            read = tail.position
        old = {row: then[i.id] for row, i in enumerate(catalogue.items) if i.id in then and then[i.id] != i}
        unborn = np.array([row for row, item in enumerate(catalogue.items) if item.id not in then], dtype=np.int64)
        return columns.hidden(self._with(catalogue, old), unborn)


def coded(tail: Tail, timeline: Timeline, catalogue: Catalogue) -> dict[str, np.ndarray]:
    """The events of a tail as a timeline's columns."""
    kinds = timeline.kinds
    code = {kind: kinds.code(kind) for kind in set(tail.kinds)}
    row = catalogue.row_of
    return {
        "time": np.asarray(tail.times, dtype=np.int64),
        "user": timeline.codes(tail.users),
        "item": np.array([-1 if i is None else row.get(i, -1) for i in tail.items], dtype=np.int32),
        "kind": np.array([code[k] for k in tail.kinds], dtype=np.int16),
        "value": np.array([np.nan if v is None else v for v in tail.values], dtype=np.float32),
        "position": np.asarray(tail.positions, dtype=np.int64),
    }


def born(catalogue: Catalogue, time: int) -> Catalogue:
    """The catalogue without the items created after a time (µs)."""
    return columns.hidden(catalogue, np.flatnonzero(catalogue.columns["created"] > time))


def digest(user: str) -> str:
    """What an Erasure calls a person."""
    return hashlib.sha256(user.encode()).hexdigest()


def without(timeline: Timeline, record: Record) -> Timeline:
    """The timeline without what the erased person did before the erasure."""
    wanted = record.entry.digest if isinstance(record.entry, Erasure) else ""
    name = next((u for u in timeline.users if digest(u) == wanted), None)
    if name is None:
        return timeline
    code = timeline.users[name]
    rest = timeline.where(np.flatnonzero((timeline.user != code) | (timeline.position > record.position)))
    if not (rest.user == code).any():  # else the person has come back since
        timeline.users[f"\0erased {code}"] = timeline.users.pop(name)  # codes are counted: the place stays taken
    return rest
