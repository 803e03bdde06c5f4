"""Logs, timings and metrics. One Telemetry is made by whoever builds the engine and handed down; nothing is global.

Neither logs nor metrics ever carry user ids, texts or item ids, and every label has few values.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.metrics_core import Metric

from penchant.telemetry.laps import Laps
from penchant.telemetry.tallies import Tally

log = logging.getLogger("penchant")
SURFACES = 20  # surfaces counted by name
RELEASES = 8  # releases counted by name, the newest that answered
BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # seconds
COUNTS = (0, 1, 5, 10, 20, 50, 100, 200, 500, 1_000)  # candidates
FIELDS = ("context", "event_id", "event_type", "item_id", "slate_id", "text", "timestamp", "user_id", "value")
NONE: Mapping[str, str] = MappingProxyType({})
Traced = Callable[[str, Laps], None]  # told of the laps of every "answer", and of all "events" that are logged


class Telemetry:
    """The metrics of one engine, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.traced: Traced | None = None
        self._settled: list[Callable[[], None]] = []
        self._surfaces: set[str] = set()
        self._releases: dict[str, None] = {}
        self.timings = self._tally("stage_seconds", "Time of one step of an answer", "step", "part")
        self.waits = self._tally("generator_seconds", "Time of one question to the language model")
        self.candidates = Tally("penchant_candidates", "Items that a source found", ["source"], COUNTS, self.registry)
        self.answers = self._counter("answers", "Slates answered", "surface", "release")
        self.responses = self._counter(
            "slate_events", "Slates answered by such an event at least once", "surface", "release", "kind"
        )
        self.unmatched = self._counter("slate_events_unmatched", "Events that name a slate which is not known")
        self.degraded = self._counter("degraded", "Answers that had to do without something", "what")
        self.events = self._counter("events", "Events by outcome", "outcome")
        self.rejected = self._counter("rejected_rows", "Events that were not taken, by what was wrong", "field")
        self.appends = self._tally("append_seconds", "Durable append of events that came together")
        self.visible = self._tally("visible_seconds", "From the durable append of events to their being read")
        self.ranked = self._tally("event_to_rank_seconds", "From a durable append to the first answer that has read it")
        self.generated = self._counter(
            "generator_calls", "What became of questions to the language model", "outcome"
        )  # answered, remembered, late, failed, unusable, busy, paused, refused
        self.tokens = self._counter("generator_tokens", "Tokens asked and answered")
        self.requests = self._counter("http_requests", "HTTP answers", "route", "status")
        self.inside = Gauge("penchant_http_inside", "Requests in work or waiting for it", registry=self.registry)
        self.durations = self._tally("http_seconds", "Time of HTTP answers", "route")
        self.copies = self._counter("copy", "Texts about picks, by who wrote them", "writer")
        self.refused = self._counter("copy_rejected", "Texts of a generator that were not shown", "why")

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"penchant_{name}", told, labels, registry=self.registry)

    def _tally(self, name: str, told: str, *labels: str) -> Tally:
        return Tally(f"penchant_{name}", told, labels, BUCKETS, self.registry)

    def written(self, writer: str, rejected: str) -> None:
        """Count a text about a pick, and why one was not taken if one was not."""
        self.copies.labels(writer).inc()
        if rejected:
            self.refused.labels(rejected.partition(":")[0]).inc()

    def made(self, laps: Laps, found: Mapping[str, Sized]) -> None:
        """Count the laps of an answer and what each source found, and tell whoever traces."""
        self.timings.add([(lap, (end - begin) / 1e9) for lap, begin, end in laps])
        self.candidates.add([((source,), len(rows)) for source, rows in found.items()])
        if self.traced is not None:
            self.traced("answer", laps)

    def logged(self, laps: Laps) -> None:
        """Count how long events took to be logged and then read, and tell whoever traces."""
        appended, read = ((end - begin) / 1e9 for _, begin, end in laps)
        self.appends.one(appended)
        self.visible.one(read)
        if self.traced is not None:
            self.traced("events", laps)

    def answered(self, surface: str, release: str, degraded: Sequence[str]) -> None:
        """Count an answer; surfaces beyond the first few are counted together, since callers make up their names."""
        self.answers.labels(self.surface(surface), self.release(release)).inc()
        for what in degraded:
            self.degraded.labels(lacking(what)).inc()

    def responded(self, surface: str, release: str, kind: str) -> None:
        """Count a slate's first event of a kind."""
        self.responses.labels(self.surface(surface), self.release(release), kind).inc()

    def observed(self, accepted: int, duplicate: int, reasons: Iterable[str]) -> None:
        """Count events by what became of them, the rejected ones by the field that was wrong."""
        for outcome, count in (("accepted", accepted), ("duplicate", duplicate)):
            if count:
                self.events.labels(outcome).inc(count)
        for reason in reasons:
            self.events.labels("rejected").inc()
            field = re.match(r"\w*", reason)
            self.rejected.labels(field[0] if field and field[0] in FIELDS else "other").inc()

    def requested(self, route: str, status: int, seconds: float) -> None:
        """Count an HTTP answer under the template of its route."""
        self.requests.labels(route, str(status)).inc()
        self.durations.one(seconds, route)

    def surface(self, name: str) -> str:
        """A surface as a label."""
        if name not in self._surfaces:
            name = name if len(self._surfaces) < SURFACES else "other"
            self._surfaces.add(name)
        return name

    def release(self, version: str) -> str:
        """A release as a label; when there are too many, what was counted of the oldest is dropped."""
        if version not in self._releases:
            self._releases[version] = None
            if len(self._releases) > RELEASES:
                oldest = next(iter(self._releases))
                self._releases.pop(oldest, None)
                self._drop(oldest)
        return version

    def _drop(self, release: str) -> None:
        for counter in (self.answers, self.responses):
            for sample in [s for metric in counter.collect() for s in metric.samples]:
                if sample.labels["release"] == release and sample.name.endswith("_total"):
                    counter.remove(*sample.labels.values())

    @contextmanager
    def timed(self, tally: Tally, *labels: str) -> Iterator[None]:
        """Time a block into a tally."""
        began = time.perf_counter()
        try:
            yield
        finally:
            tally.one(time.perf_counter() - began, *labels)

    def watch(self, collector: Any, settle: Callable[[], None]) -> None:
        """Ask a collector whenever the metrics are read, and have something settled before."""
        self.registry.register(collector)
        self._settled.append(settle)

    def exposition(self, **labels: str) -> bytes:
        """The metrics in Prometheus text format, every sample with these labels besides its own."""
        for settle in self._settled:
            settle()
        return exposed(self.registry.collect(), labels)


class _Found:
    """Metrics as a registry has them."""

    def __init__(self, metrics: Iterable[Metric], labels: Mapping[str, str]) -> None:
        self._metrics, self._labels = metrics, labels

    def collect(self) -> Iterator[Metric]:
        """Each metric with the labels on every sample."""
        for metric in self._metrics:
            metric.samples = [s._replace(labels={**s.labels, **self._labels}) for s in metric.samples]
            yield metric


def exposed(metrics: Iterable[Metric], labels: Mapping[str, str] = NONE) -> bytes:
    """Metrics in Prometheus text format, every sample with these labels besides its own."""
    return generate_latest(_Found(metrics, labels))


def lacking(note: str) -> str:
    """A note about what an answer did without, as a label: the part's name; never an item, nor a version."""
    what = note.partition(":")[0]
    return "release" if what.startswith("release ") else what
