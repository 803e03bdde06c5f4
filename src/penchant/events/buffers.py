"""Growing columns of events that many views share; only what lies behind every view is ever written.

The first events may be those of a snapshot, mapped so that a page is this process's own from its first write on: what
happened long ago is shared between processes, what is new is not.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from penchant.events.postings import Postings
from penchant.types import Array, Columns

COLUMNS = {
    "time": np.int64,
    "user": np.int32,
    "item": np.int32,
    "kind": np.int16,
    "value": np.float32,
    "position": np.int64,
    "segment": np.int16,
}


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """The columns of a snapshot: `size` events with room up to `capacity`, to be `mapped` as often as is wanted."""

    size: int
    capacity: int
    mapped: Callable[[], dict[str, Array]]


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """The weighted events per item from place `lo` up to `hi`, and what was made of them."""

    lo: int
    hi: int
    counts: Array
    made: dict[Any, Any] = field(default_factory=dict)


class Buffers:
    """Columns of which the first `filled` entries are used."""

    def __init__(self, columns: Columns, filled: int, base: Base | None = None) -> None:
        self.columns = dict(columns)
        self.filled = filled
        self.base = base
        self.postings: dict[str, Postings] = {}  # derived, replaced as a whole
        self.late: dict[str, Postings] = {}  # the same, of what followed these
        self.tallies: dict[tuple[int | None, int], Tally] = {}  # derived, replaced as a whole
        self.lock = threading.Lock()

    def room(self, more: int) -> "Buffers":
        """Buffers with room for more events: these, or larger ones with the same content."""
        if self.filled + more <= len(self.columns["time"]):
            return self
        return self.begun(self.filled, max(1024, 2 * (self.filled + more)), None)

    def cut(self, place: int, more: int) -> "Buffers":
        """Buffers of their own with the events before a place and room for more; what was derived is kept if true."""
        size = place + more
        return self.begun(place, size, self.base if self.base and size <= self.base.capacity else None)

    def begun(self, filled: int, size: int, base: Base | None) -> "Buffers":
        """Other buffers that begin with the same events."""
        shared = min(filled, base.size) if base else 0
        columns = base.mapped() if base else {name: np.zeros(size, dtype) for name, dtype in COLUMNS.items()}
        for name, column in columns.items():
            column[shared:filled] = self.columns[name][shared:filled]
        copy = Buffers(columns, filled, base)
        copy.postings = {by: p for by, p in dict(self.postings).items() if p.size <= filled}
        copy.late = {by: p for by, p in dict(self.late).items() if p.end <= filled}
        copy.tallies = {key: t for key, t in dict(self.tallies).items() if max(t.lo, t.hi) <= filled}
        return copy
