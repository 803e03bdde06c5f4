"""The ports to storage, and the records that pass through them. Five methods at most; `stores/` has the adapters.

The log is the truth; items, states and releases can be looked up in their stores, and states rebuilt from the log.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from penchant.types import Catalogue, Columns, Event, Floats, Item, Slate


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """An item became what `item` says; logged, so that a replay sees the catalogue of the moment."""

    id: str
    time: datetime
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A person was forgotten; `digest` is sha256 of the user id, so that other processes can forget too."""

    id: str
    time: datetime
    digest: str


Entry = Event | ItemChange | Erasure | Slate


def digest(user: str) -> str:
    """What an Erasure calls a person."""
    return hashlib.sha256(user.encode()).hexdigest()


def fingerprint(catalogue: Catalogue, size: int) -> str:
    """Digest of the first `size` item ids in order of row: what rows mean to who keeps them."""
    ids = "\n".join(item.id for item in catalogue.items[:size])
    return hashlib.sha256(f"{min(size, len(catalogue))}\n{ids}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """An entry of the log at its position. Positions only grow; clients treat them as opaque."""

    position: int
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """A stretch of the log: events as columns, in order of position, and the other entries as records."""

    position: int  # of the last entry read
    positions: Sequence[int] = ()
    times: Sequence[int] = ()  # microseconds since 1970
    users: Sequence[str] = ()
    items: Sequence[str | None] = ()
    kinds: Sequence[str] = ()
    values: Sequence[float | None] = ()
    segments: Sequence[str] = ()  # what each event's context tells of the key asked for, empty where nothing; or none
    changes: Sequence[Record] = ()  # ItemChange and Erasure


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A person's folds, having read the log up to `position`; `version` names the folds and kinds that made it."""

    position: int
    version: str
    folds: Mapping[str, Columns]


class ItemStore(Protocol):
    """The catalogue as it is now, and the vectors of its texts. The n-th item put in has row n for ever."""

    def put(self, items: Sequence[Item]) -> list[Item]:
        """Insert or replace by id; returns those that were new or different."""
        ...

    def items(self, start: int = 0) -> Iterator[Item]:
        """The items from row `start` on, in order of row."""
        ...

    def keep_vectors(self, encoder: str, vectors: Mapping[str, Floats]) -> None:
        """Remember vectors by digest of their text."""
        ...

    def vectors(self, encoder: str, digests: Sequence[str]) -> dict[str, Floats]:
        """Those of the vectors that are remembered."""
        ...


class Log(Protocol):
    """The truth: what happened, in order of arrival."""

    def append(self, entries: Iterable[Entry]) -> list[Record]:
        """Write durably and all at once; returns the records whose id was new.

        Slates have no position and are not among them; they are written moments later, the first of one id staying.
        """
        ...

    def tail(self, after: int, limit: int = 50_000, *, key: str = "") -> Tail:
        """What follows position `after`, at most `limit` entries; slates are not part of it.

        With a `key` of the context, what each event tells of it is told too.
        """
        ...

    def events(self, user: str, positions: Sequence[int] | None = None) -> list[Record]:
        """Everything one person did, in order of time; if `positions` are given, what of it is at these."""
        ...

    def slates(self, *, slate: str | None = None, user: str | None = None, limit: int | None = None) -> list[Record]:
        """The slate with this id, those of a person, or everybody's, in order of time; the newest `limit` of them."""
        ...

    def forget(self, user: str) -> dict[str, int]:
        """Remove a person's events and slates and log an `Erasure`; returns how many of each were removed."""
        ...


class StateStore(Protocol):
    """A cache of folds: anything in it may be thrown away and folded again from the log."""

    def get(self, user: str) -> State | None:
        """What is kept of a person; None as well if it cannot be read."""
        ...

    def put(self, user: str, state: State) -> None:
        """Keep the state unless what is there has read further with the same version, or it cannot be written now."""
        ...

    def delete(self, user: str) -> None: ...
    def clear(self) -> None: ...


class ArtefactStore(Protocol):
    """Versioned, immutable releases."""

    def publish(self, folder: Path, manifest: Mapping[str, Any]) -> str:
        """Copy a folder in, its manifest (with sha256 of every file) last; returns the version. Does not promote."""
        ...

    def promote(self, version: str) -> None:
        """Make a version the current one."""
        ...

    def current(self) -> str | None: ...
    def fetch(self, version: str) -> tuple[Path, dict[str, Any]]:
        """Folder and manifest, every file verified by its digest."""
        ...

    def versions(self) -> list[dict[str, Any]]:
        """Manifests, oldest first, each with its `version`."""
        ...
