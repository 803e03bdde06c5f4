"""Snapshots of the timeline: arrays in a folder, which every process maps instead of reading the whole log at start.

The log stays the truth: a snapshot is written aside, renamed in whole and only ever read; one that is torn, altered, of
another version, of other settings or of another log is left aside with a line in the log. None outlives an erasure.
"""

import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import orjson

from penchant.arrays import File, save, sync
from penchant.events import names
from penchant.events.buffers import COLUMNS, Base, Buffers
from penchant.events.kinds import Kinds
from penchant.events.names import Names
from penchant.events.postings import Postings, arranged
from penchant.events.segments import Segments
from penchant.events.timeline import CODED, Timeline
from penchant.ports import Log, fingerprint
from penchant.telemetry.measures import log as lines
from penchant.types import Array, Catalogue

FOLDER = "snapshots"  # of a project
FORMAT = 1
_MANIFEST = "manifest.json"
_WRITING, _GONE = "writing", "gone-"
_ABANDONED = 120  # seconds after which a snapshot that is being written is given up
_ROOM = 50_000  # events, besides an eighth of those that are there, that may follow in the mapped columns
_NONE: Array = np.zeros(0, dtype=np.int64)
_END = 2**63  # behind every position
_STRETCH = 1_000  # newest positions by which a log is recognised


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A timeline that has read the log up to `position`, and what a world knows besides."""

    timeline: Timeline
    position: int
    catalogue: str  # digest of the ids of its items
    items: int
    changed: int = 0  # position of the newest change of an item
    erased: Mapping[str, int] = field(default_factory=dict)  # digest of a person → position of their last erasure
    newest: Array | None = None  # places of the events of the last positions, in their order; filled in when it is read


class Snapshots:
    """The snapshots in a folder; of several processes one writes at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)

    def position(self) -> int:
        """How far into the log the newest one reaches; 0 where there is none."""
        return max(map(_position, self._places()), default=0)

    def age(self) -> float:
        """Seconds since the newest one was written."""
        try:
            return time.time() - max((place.stat().st_mtime for place in self._places()), default=0.0)
        except OSError:  # another process has just replaced it
            return 0.0

    def busy(self) -> bool:
        """Whether a process is writing one; it begins a new file every few seconds."""
        try:
            return time.time() - (self._folder / _WRITING).stat().st_mtime < _ABANDONED
        except OSError:
            return False

    def newest(self, kinds: Kinds, segment: str, log: Log, catalogue: Catalogue) -> Snapshot | None:
        """The newest snapshot that is whole and of these settings, this log and this catalogue."""
        for place in sorted(self._places(), reverse=True):
            try:
                found = _read(place, kinds, segment)
                if fingerprint(catalogue, found.items) != found.catalogue:
                    raise ValueError("it is of another catalogue")
                _recognised(found, log)
            except (OSError, ValueError, KeyError, TypeError) as error:
                lines.warning("snapshot %s is left aside: %s", place.name, error)
            else:
                return found
        return None

    def write(self, snapshot: Snapshot) -> bool:
        """Keep a snapshot in place of the older ones; False if another process is writing or the disk refuses."""
        aside = self._folder / _WRITING
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self.busy():
                return False
            shutil.rmtree(aside, ignore_errors=True)
            try:
                aside.mkdir()
            except FileExistsError:
                return False
            kept = f"{snapshot.position:020d}-{_write(aside, snapshot):08x}"
            aside.rename(self._folder / kept)
            sync(self._folder)
        except OSError as error:
            lines.warning("no snapshot is kept: %s", error)
            shutil.rmtree(aside, ignore_errors=True)
            return False
        self._drop(lambda place: place.name != kept)
        return True

    def purge(self, position: int) -> None:
        """Remove every snapshot that reaches less far, and one that is being written: a person was erased since."""
        self._drop(lambda place: _position(place) < position)
        shutil.rmtree(self._folder / _WRITING, ignore_errors=True)

    def clear(self) -> None:
        """Remove every snapshot, and one that is being written."""
        self.purge(_END)

    def _drop(self, unwanted: Callable[[Path], bool]) -> None:
        """Remove snapshots, first of all their names, so that nobody meets half of one."""
        for place in self._places():
            if unwanted(place):
                with suppress(OSError):  # another process was faster
                    place.rename(self._folder / f"{_GONE}{uuid4().hex[:6]}")
        for place in self._folder.glob(f"{_GONE}*"):
            shutil.rmtree(place, ignore_errors=True)

    def _places(self) -> list[Path]:
        return [place for place in self._folder.glob("*-*") if place.name.partition("-")[0].isdecimal()]


def _position(place: Path) -> int:
    return int(place.name.partition("-")[0])


def _recognised(snapshot: Snapshot, log: Log) -> None:
    """ValueError unless the log tells the snapshot's newest events as the snapshot does."""
    line, newest = snapshot.timeline, _NONE if snapshot.newest is None else snapshot.newest
    if log.tail(snapshot.position - 1, 1).position != snapshot.position:
        raise ValueError(f"the log has nothing at position {snapshot.position}")
    positions = line.position[newest].tolist()
    last = positions[-1] if positions else 0
    tail = log.tail(last - _STRETCH, _STRETCH)
    told = [(p, t, u) for p, t, u in zip(tail.positions, tail.times, tail.users, strict=True) if p <= last]
    kept = zip(positions, line.time[newest].tolist(), line.user[newest].tolist(), strict=True)
    if told != [(position, time, line.names[user]) for position, time, user in kept]:
        raise ValueError("the log tells something else")


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _write(folder: Path, snapshot: Snapshot) -> int:
    """Write everything, the manifest last; returns the check of the manifest."""
    line, files = snapshot.timeline, {}
    for name, array, room in _arrays(line):
        check = save(folder / f"{name}.npy", array, room)
        files[name] = {"filled": len(array), "check": check}
    document = {
        "format": FORMAT,
        "position": snapshot.position,
        "kinds": line.kinds.names,
        "segment": line.segments.key,
        "segments": line.segments.names,
        "items": snapshot.items,
        "catalogue": snapshot.catalogue,
        "changed": snapshot.changed,
        "erased": dict(snapshot.erased),
        "indexed": len(line.indexed(len(line))["time"]),
        "files": files,
    }
    text = orjson.dumps(document)
    with (folder / _MANIFEST).open("xb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    sync(folder)
    return zlib.adler32(text)


def _arrays(line: Timeline) -> Iterator[tuple[str, Array, int]]:
    """Every array of a snapshot with its name and room, one by one, so that few are in memory at once."""
    room = _ROOM + len(line) // 8
    for name in COLUMNS:
        yield name, getattr(line, name), room
    indexed = line.indexed(len(line))
    for by in CODED:
        for name, array in arranged(by, indexed):
            yield f"{by}.{name}", array, 0
    people = int(line.user.max(initial=-1)) + 1
    for name, array in line.names.columns(people).items():
        yield f"names.{name}", array, 0
    yield "newest", _newest(line), 0
    if line.segments.key:
        yield "told", _last(line, people), 0


def _newest(line: Timeline) -> Array:
    """The places of the events of the last positions of the log, in their order."""
    places = np.flatnonzero(line.position > line.position.max(initial=0) - _STRETCH)
    found: Array = places[np.argsort(line.position[places])]
    return found


def _last(line: Timeline, people: int) -> Array:
    """The segment of each person's newest event in order of the log: what they told last, or -1."""
    last = np.full(people, -1, dtype=np.int16)
    order = np.argsort(line.position, kind="stable")
    last[line.user[order]] = line.segment[order]
    return last


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read(place: Path, kinds: Kinds, segment: str) -> Snapshot:
    """A snapshot in its folder; errors of many kinds unless it is whole and of these settings."""
    text = (place / _MANIFEST).read_bytes()
    if zlib.adler32(text) != int(place.name.partition("-")[2], 16):
        raise ValueError("its manifest was altered")
    manifest = orjson.loads(text)
    for what, wanted in (("format", FORMAT), ("kinds", list(kinds.names)), ("segment", segment)):
        if manifest[what] != wanted:
            raise ValueError(f"its {what} is {manifest[what]!r}, and {wanted!r} is wanted")
    files: Mapping[str, Mapping[str, int]] = manifest["files"]
    opened = {name: File(place / f"{name}.npy") for name in files}
    for name, file in opened.items():
        filled, check = files[name]["filled"], files[name]["check"]
        if len(file.shape) != 1 or file.shape[0] < filled or file.check(filled) != check:
            raise ValueError(f"{name} was altered")
    arrays = {name: file.mapped() for name, file in opened.items()}
    people = Names({name: _typed(arrays, f"names.{name}", dtype) for name, dtype in names.COLUMNS.items()})
    segments = Segments(segment, manifest["segments"], _typed(arrays, "told", np.int16)) if segment else None
    return Snapshot(
        timeline=Timeline.resumed(kinds, segments or Segments(), people, _buffers(arrays, opened, manifest)),
        position=int(manifest["position"]),
        catalogue=manifest["catalogue"],
        items=int(manifest["items"]),
        changed=int(manifest["changed"]),
        erased=manifest["erased"],
        newest=_typed(arrays, "newest", np.int64),
    )


def _buffers(arrays: Mapping[str, Array], opened: Mapping[str, File], manifest: Mapping[str, Any]) -> Buffers:
    columns = {name: _typed(arrays, name, dtype) for name, dtype in COLUMNS.items()}
    ((size, capacity),) = {(manifest["files"][name]["filled"], len(column)) for name, column in columns.items()}
    anew: Callable[[], dict[str, Array]] = partial(_mapped, {name: opened[name] for name in COLUMNS})
    buffers = Buffers(columns, size, Base(size, capacity, anew))
    for by in CODED:
        mine = {name.removeprefix(f"{by}."): array for name, array in arrays.items() if name.startswith(f"{by}.")}
        buffers.postings[by] = Postings.kept(int(manifest["indexed"]), mine)
    return buffers


def _mapped(opened: Mapping[str, File]) -> dict[str, Array]:
    return {name: file.mapped() for name, file in opened.items()}


def _typed(arrays: Mapping[str, Array], name: str, dtype: Any) -> Array:
    if arrays[name].dtype != dtype:
        raise ValueError(f"{name} holds {arrays[name].dtype}")
    return arrays[name]
