"""What an engine tells of itself: is it fast, fresh, good, safe? It counts what passes and decides nothing.

How far the log has been read is measured when the metrics are, by looking at what is not read yet.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from penchant.errors import PenchantError
from penchant.ports import Log
from penchant.protocols import Release, Trace
from penchant.responses import Responses
from penchant.telemetry.laps import Laps
from penchant.telemetry.measures import Telemetry
from penchant.types import Event, Slate, micros
from penchant.world import Follower, World

_UNREAD = 4_096  # appends that no answer has read yet, of which the time is known
_AHEAD = 10_000  # entries of the log that are looked at to see how far it goes on; a lag is told up to that
Logged = int | Exception  # how many events of a batch were new, or why none was logged


class Watched(Protocol):
    """What there is to see of an engine."""

    log: Log
    follower: Follower
    telemetry: Telemetry
    release: Release

    @property
    def clock(self) -> Callable[[World], datetime]:
        """What time it is."""
        ...


class Watch:
    """Counts for one engine; threads may share it."""

    def __init__(self, engine: Watched) -> None:
        self._engine, self._telemetry = engine, engine.telemetry
        self._responses = Responses(engine.log, engine.telemetry)
        self._lock = threading.Lock()
        self._unread: deque[tuple[int, float]] = deque(maxlen=_UNREAD)  # position and time of appends
        self._read = time.monotonic()
        self._telemetry.watch(self, self._settle)

    def made(self, trace: Trace, last: str) -> None:
        """Count the steps of an answer; what was done since the pipeline ended is the `last` one."""
        trace.context.notes.laps(last)
        self._read = time.monotonic()
        self._telemetry.made(trace.context.notes.laps, trace.found)

    def answered(self, slate: Slate) -> None:
        """Count an answer, and how long ago the events that it is the first to have read were appended."""
        self._telemetry.answered(slate.query.surface, slate.release, slate.degraded)
        self._responses.shown(slate)
        if self._unread and slate.query.at is None:
            now = time.perf_counter()
            with self._lock:
                while self._unread and self._unread[0][0] <= slate.position:
                    self._telemetry.ranked.one(now - self._unread.popleft()[1])

    def appended(self, append: Callable[[], list[Logged]]) -> tuple[list[Logged], int]:
        """Append batches of events durably and read on; returns what that gave, and how far the log has been read."""
        laps = Laps()
        logged = append()
        laps("append")
        position = self._engine.follower.catch_up().position
        laps("read")
        if any(new and isinstance(new, int) for new in logged):
            self._telemetry.logged(laps)
            with self._lock:
                self._unread.append((position, laps.times[1] / 1e9))
        return logged, position

    def observed(self, events: Sequence[Event], new: int, reasons: Sequence[str]) -> None:
        """Count events that were taken, and those that were rejected by their reasons."""
        self._telemetry.observed(new, len(events) - new, reasons)
        self._responses.answered(events, self._engine.follower.seen.timeline.kinds)

    def describe(self) -> Sequence[Metric]:
        """Nothing, so that the registry asks only when the metrics are read."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """How things stand now; what the log cannot tell while it is away is left out."""
        world = self._engine.follower.seen
        yield gauge("log_position", "How far into the log has been read", world.position)
        yield gauge("catalogue_items", "Items in the catalogue", len(world.catalogue))
        yield from self._lag(world)
        yield from self._release(world)

    def _settle(self) -> None:
        try:
            self._responses.settle()
        except PenchantError:  # the log is away; what waits goes on waiting
            return

    def _lag(self, world: World) -> Iterator[Metric]:
        try:
            end = self._engine.log.tail(world.position, _AHEAD).position
        except PenchantError:
            return
        late = time.monotonic() - self._read if end > world.position else 0.0
        yield gauge("log_behind_positions", "Positions of the log that have not been read yet", end - world.position)
        yield gauge("log_behind_seconds", "Time since the log was last read to its end, if it has gone on", late)

    def _release(self, world: World) -> Iterator[Metric]:
        release = self._engine.release
        yield gauge("release_info", "The release that answers", 1, release=release.version)
        if release.until > 0:
            age = (micros(self._engine.clock(world)) - release.until) / 1e6
            yield gauge("release_age_seconds", "From the newest event the release has learned from to now", age)


def gauge(name: str, told: str, value: float, **labels: str) -> Metric:
    """A gauge with one value."""
    family = GaugeMetricFamily(f"penchant_{name}", told, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family
