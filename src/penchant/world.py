"""The log, folded into what everybody shares: the catalogue and the timeline. The only reader of the log's tail."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from penchant.catalogue import columns
from penchant.events.kinds import Kinds
from penchant.events.segments import Segments
from penchant.events.timeline import Timeline
from penchant.ports import Erasure, ItemChange, ItemStore, Log, Record, Tail, fingerprint
from penchant.snapshots import Snapshot, Snapshots
from penchant.text.speech import Reader
from penchant.types import NEVER, Array, Catalogue, Item, own

_LEAST, _MOST = 20_000, 200_000  # events, or an eighth of all within these, after which a snapshot is written anew
_PAUSE = 600  # seconds between two that are written for another reason: an event came so late that indexes were lost
_STRETCH = 50_000  # entries read at once
BARE = "bare:"  # begins the id of a change that adds an item which only events have named


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

    def __init__(
        self,
        *,
        log: Log,
        items: ItemStore,
        reader: Reader,
        kinds: Kinds,
        segment: str = "",
        snapshots: Snapshots | None = None,
        share: Callable[[str, Array], Array] = own,
    ) -> None:
        self._log, self._items, self._reader, self._snapshots = log, items, reader, snapshots
        self._kinds, self._segment = kinds, segment
        self._lock, self._keeping = threading.Lock(), threading.Lock()
        stored = list(items.items())
        catalogue = columns.build(stored, share("vectors", reader.items(stored)), reader.name)
        catalogue = replace(catalogue, share=share)
        self._world = self._kept(catalogue) or self._nothing(catalogue)
        self._resumed = self._world.position, len(self._world.timeline)  # what the snapshot in use holds
        self._seen: tuple[int, ...] = self._resumed[:1]  # snapshots that are in use or could not be used
        self._tried = -_LEAST  # events there were when one was last written, or could not be
        self.catch_up()

    @property
    def seen(self) -> World:
        """The world as it was last read, without a look at the log."""
        return self._world

    def catch_up(self) -> World:
        """The world after everything that is in the log now."""
        with self._lock:
            self._world = self._read(self._world)
            return self._world

    def _read(self, read: World) -> World:
        world, changes, erasures, more = read, _Changes(), [], True
        key = world.timeline.segments.key
        while more and (tail := self._log.tail(world.position, _STRETCH, key=key)).position > world.position:
            more = len(tail.positions) + len(tail.changes) >= _STRETCH  # else it has been read to its end
            changes.add(tail)
            erasures += [r for r in tail.changes if isinstance(r.entry, Erasure)]
            if any(name not in world.catalogue.row_of for name in changes.names(tail)):
                world = self._changed(world, changes)
                changes = _Changes()
            world = replace(world, timeline=_told(world, tail), position=tail.position)
        if world is read:
            return read
        if erasures and self._snapshots:
            self._snapshots.purge(erasures[-1].position)
        return without(self._changed(world, changes), erasures)

    def keep(self) -> None:
        """Write a snapshot if much has happened since the newest, and go on from the newest there is."""
        if self._snapshots is None:
            return
        with self._keeping:
            newest = self._snapshots.position()
            if newest not in (0, *self._seen):  # another process wrote it
                self._resume(newest)
            world = self.catch_up()
            size = len(world.timeline)
            since = size - (self._resumed[1] if newest == self._resumed[0] else 0)
            much = since >= min(max(size // 8, _LEAST), _MOST) and size - self._tried >= _LEAST
            lost = world.timeline.apart and self._snapshots.age() > _PAUSE
            if (much or lost) and not self._snapshots.busy():
                self._tried = size
                if self._snapshots.write(_snapshot(world)):
                    self._resume(world.position)

    def rebuild(self) -> None:
        """Throw away what is kept and read the whole log again."""
        with self._lock:
            if self._snapshots:
                self._snapshots.clear()
            self._world = self._read(self._nothing(self._world.catalogue))
        self._tried = -_LEAST
        self.keep()

    def _resume(self, position: int) -> None:
        """Go on from a snapshot, which gives back the memory of what is in it; stay as it is if it is not whole."""
        self._seen = position, self._resumed[0]
        kept = self._kept(self._world.catalogue)
        if kept is None:
            return
        with self._lock:
            old, self._resumed, self._tried = self._world, (kept.position, len(kept.timeline)), -_LEAST
            self._world = self._read(replace(kept, catalogue=old.catalogue, changed=old.changed))
            if self._world.erased == old.erased:
                self._world.timeline.inherit(old.timeline)

    def _nothing(self, catalogue: Catalogue) -> World:
        """The world before anything has happened."""
        return World(catalogue=catalogue, timeline=Timeline(self._kinds, Segments(self._segment)), position=0)

    def _kept(self, catalogue: Catalogue) -> World | None:
        """The world of the newest snapshot."""
        if self._snapshots is None:
            return None
        found = self._snapshots.newest(self._kinds, self._segment, self._log, catalogue)
        if found is None:
            return None
        return World(
            catalogue=catalogue,
            timeline=found.timeline,
            position=found.position,
            changed=found.changed,
            erased=found.erased,
        )

    def at(self, position: int) -> World:
        """The world as it was when the log had been read up to `position`; slow if items have changed since."""
        world = self.catch_up()
        timeline = world.timeline.until(np.iinfo(np.int64).max, position)
        catalogue = world.catalogue if world.changed <= position else self._catalogue_at(world.catalogue, position)
        return World(catalogue=catalogue, timeline=timeline, position=position)

    def _changed(self, world: World, changes: "_Changes") -> World:
        """The world with the newest of each changed item, which the item store gets too if it lacks it."""
        catalogue = world.catalogue
        latest = {i: item for i, item in changes.latest.items() if catalogue.row_of.get(i) is None}
        latest |= {i: item for i, item in changes.bare.items() if i not in catalogue.row_of and i not in latest}
        known = {row: item for i, item in changes.latest.items() if (row := catalogue.row_of.get(i)) is not None}
        rows = {row: item for row, item in known.items() if catalogue.items[row] != item}
        if latest or rows:
            self._items.put([*latest.values(), *rows.values()])
        if latest:  # the store gives rows to new items, in order of the log
            rows.update(enumerate(self._items.items(len(catalogue)), start=len(catalogue)))
        if not rows:
            return world
        return replace(world, catalogue=self._with(catalogue, rows), changed=max(changes.position, world.changed))

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
    people = timeline.codes(tail.users)
    return {
        "time": np.asarray(tail.times, dtype=np.int64),
        "user": people,
        "item": np.array([-1 if i is None else row.get(i, -1) for i in tail.items], dtype=np.int32),
        "kind": np.array([code[k] for k in tail.kinds], dtype=np.int16),
        "value": np.array([np.nan if v is None else v for v in tail.values], dtype=np.float32),
        "position": np.asarray(tail.positions, dtype=np.int64),
        "segment": _segments(tail, timeline, people),
    }


def _segments(tail: Tail, timeline: Timeline, people: np.ndarray) -> np.ndarray:
    """The segments of a tail's events; what an erased person told before their erasure is forgotten there."""
    segments, positions = timeline.segments, np.asarray(tail.positions, dtype=np.int64)
    if not segments.key:
        return segments.of(people, ())
    erasures = [(r.position, r.entry.digest) for r in tail.changes if isinstance(r.entry, Erasure)]
    names = timeline.names.digested([wanted for _, wanted in erasures])
    code = {wanted: timeline.users[name] for wanted, name in names.items()}
    found, begin = [], 0
    for position, wanted in [*erasures, (NEVER, "")]:
        end = int(np.searchsorted(positions, position)) if wanted else len(positions)
        found.append(segments.of(people[begin:end], tail.segments[begin:end]))
        segments.forget(code.get(wanted, -1))
        begin = end
    return np.concatenate(found)


def born(catalogue: Catalogue, time: int) -> Catalogue:
    """The catalogue without the items created after a time (µs)."""
    later = np.flatnonzero(catalogue.columns["created"] > time)
    if not len(later):
        return catalogue
    kept: tuple[int, Catalogue] | None = catalogue.memo.get("born")  # the last one asked for
    if kept is None or kept[0] != len(later):
        kept = catalogue.memo["born"] = (len(later), columns.hidden(catalogue, later))
    return kept[1]


def without(world: World, erasures: Sequence[Record]) -> World:
    """The world without what the erased people did before their erasures."""
    if not erasures:
        return world
    timeline, erased = world.timeline, dict(world.erased)
    people = timeline.names.digested([r.entry.digest for r in erasures if isinstance(r.entry, Erasure)])
    for record in erasures:
        wanted = record.entry.digest if isinstance(record.entry, Erasure) else ""
        erased[wanted] = record.position
        if wanted in people:
            code = timeline.users[people[wanted]]
            timeline = timeline.where(np.flatnonzero((timeline.user != code) | (timeline.position > record.position)))
            if not (timeline.user == code).any():  # else the person has come back since
                timeline.erase(people.pop(wanted))
    return replace(world, timeline=timeline, erased=erased)


def _snapshot(world: World) -> Snapshot:
    size = len(world.catalogue)
    return Snapshot(
        timeline=world.timeline,
        position=world.position,
        catalogue=fingerprint(world.catalogue, size),
        items=size,
        changed=world.changed,
        erased=world.erased,
    )


class _Changes:
    """The newest content of each item that a stretch of the log names; a bare item never replaces a described one."""

    def __init__(self) -> None:
        self.latest: dict[str, Item] = {}
        self.bare: dict[str, Item] = {}
        self.position = 0

    def add(self, tail: Tail) -> None:
        for record in tail.changes:
            if isinstance(record.entry, ItemChange):
                kept = self.bare if record.entry.id.startswith(BARE) else self.latest
                kept[record.entry.item.id] = record.entry.item
                self.position = record.position

    def names(self, tail: Tail) -> set[str]:
        """Items that this stretch and what is waiting speak of."""
        return {i for i in tail.items if i is not None} | self.latest.keys() | self.bare.keys()


def _told(world: World, tail: Tail) -> Timeline:
    return world.timeline.append(coded(tail, world.timeline, world.catalogue)) if tail.positions else world.timeline
