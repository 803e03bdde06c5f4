"""Logs, timings and metrics. One Telemetry is made by whoever builds the engine and handed down; nothing is global.

Neither logs nor metrics ever carry user ids, texts or item ids.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

log = logging.getLogger("penchant")
SURFACES = 20  # surfaces counted by name
BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # seconds


class Telemetry:
    """The metrics of one engine, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._surfaces: set[str] = set()
        self.timings = Histogram(
            "penchant_stage_seconds", "Time of one step of an answer", ["step"], registry=self.registry, buckets=BUCKETS
        )
        self.answers = Counter("penchant_answers", "Slates answered", ["surface", "release"], registry=self.registry)
        self.degraded = Counter(
            "penchant_degraded", "Answers that had to do without something", ["what"], registry=self.registry
        )
        self.events = Counter("penchant_events", "Events by outcome", ["outcome"], registry=self.registry)
        self.generated = Counter(
            "penchant_generator_calls",
            "What became of questions to the language model",
            ["outcome"],
            registry=self.registry,
        )  # answered, remembered, late, failed, unusable, busy, paused, refused
        self.tokens = Counter("penchant_generator_tokens", "Tokens asked and answered", registry=self.registry)
        self.position = Gauge("penchant_log_position", "How far into the log has been read", registry=self.registry)
        self.items = Gauge("penchant_catalogue_items", "Items in the catalogue", registry=self.registry)
        self.requests = Counter("penchant_http_requests", "HTTP answers", ["route", "status"], registry=self.registry)

        self.copies = Counter(
            "penchant_copy", "Texts about picks, by who wrote them", ["writer"], registry=self.registry
        )
        self.refused = Counter(
            "penchant_copy_rejected", "Texts of a generator that were not shown", ["why"], registry=self.registry
        )

    def written(self, writer: str, rejected: str) -> None:
        """Count a text about a pick, and why one was not taken if one was not."""
        self.copies.labels(writer).inc()
        if rejected:
            self.refused.labels(rejected.partition(":")[0]).inc()

    def answered(self, surface: str, release: str, degraded: Sequence[str]) -> None:
        """Count an answer; surfaces beyond the first few are counted together, since callers make up their names."""
        if surface not in self._surfaces:
            surface = surface if len(self._surfaces) < SURFACES else "other"
            self._surfaces.add(surface)
        self.answers.labels(surface, release).inc()
        for what in degraded:
            self.degraded.labels(what.split(":")[0]).inc()

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Time a block under a step's name."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings.labels(step).observe(time.perf_counter() - began)

    def exposition(self) -> bytes:
        """The metrics in Prometheus text format."""
        return generate_latest(self.registry)
