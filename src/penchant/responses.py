"""What became of slates: by surface and release, how many were answered by an event of a kind at least once.

A slate is counted once for a kind however often it is answered, so the share of answers that were is a rate below one.
Slates that another process showed are looked up in the log when the counts are read, never while events are taken.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from penchant.events.kinds import Kinds
from penchant.ports import Log
from penchant.telemetry.measures import Telemetry
from penchant.types import Event, Slate

ANY = "any"  # the kind that stands for every event that speaks for the item
_SHOWN = 20_000  # slates remembered
_WAITING = 10_000  # events whose slate is not known yet; more are counted as unmatched
_LOOKED_UP = 1_000  # of them, whenever the counts are read
_PATIENCE = 60.0  # seconds after which the slate of an event that waits is given up; it may be written moments later


@dataclass(slots=True)
class _Shown:
    surface: str
    release: str
    kinds: set[str] = field(default_factory=set)  # counted already


class Responses:
    """Counts a process keeps; threads may share it."""

    def __init__(self, log: Log, telemetry: Telemetry) -> None:
        self._log, self._telemetry = log, telemetry
        self._lock = threading.Lock()
        self._shown: dict[str, _Shown] = {}
        self._waiting: deque[tuple[str, str, bool, float]] = deque()  # slate, kind, speaks for it, until when

    def shown(self, slate: Slate) -> None:
        """Remember a slate; answers about the past were shown to nobody."""
        if slate.query.at is None:
            with self._lock:
                self._remember(slate)

    def answered(self, events: Iterable[Event], kinds: Kinds) -> None:
        """Count events that name their slate."""
        until = time.monotonic() + _PATIENCE
        for event in events:
            if event.slate:
                code = kinds.code(event.kind)
                with self._lock:
                    self._count(event.slate, kinds.names[code], bool(kinds.weights[code] > 0), until)

    def settle(self) -> None:
        """Look up the slates of events that wait."""
        with self._lock:
            waiting = [self._waiting.popleft() for _ in range(min(_LOOKED_UP, len(self._waiting)))]
        for slate, kind, liked, until in waiting:
            found = [r.entry for r in self._log.slates(slate=slate) if isinstance(r.entry, Slate)]
            with self._lock:
                if found and slate not in self._shown:
                    self._remember(found[0])
                self._count(slate, kind, liked, until)

    def _remember(self, slate: Slate) -> None:
        self._shown.setdefault(slate.id, _Shown(slate.query.surface, slate.release))
        while len(self._shown) > _SHOWN:
            del self._shown[next(iter(self._shown))]

    def _count(self, slate: str, kind: str, liked: bool, until: float) -> None:
        shown = self._shown.get(slate)
        if shown is None:
            if time.monotonic() < until and len(self._waiting) < _WAITING:
                self._waiting.append((slate, kind, liked, until))
            else:
                self._telemetry.unmatched.inc()
            return
        for name in {kind, ANY} if liked else {kind}:
            if name not in shown.kinds:
                shown.kinds.add(name)
                self._telemetry.responded(shown.surface, shown.release, name)
