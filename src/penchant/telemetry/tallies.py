"""Histograms that cost a fraction of a microsecond per value: a list of counts each, and one lock for a whole batch.

Values are told in the units of the bounds; what is read of them is Prometheus' own format.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import HistogramMetricFamily, Metric

Labels = tuple[str, ...]


class Tally:
    """A histogram under labels, whose values the caller keeps few; threads may share it."""

    def __init__(
        self, name: str, told: str, labels: Sequence[str], bounds: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name, self._told, self._labels, self._bounds = name, told, labels, bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        self._lock = threading.Lock()
        registry.register(self)

    def add(self, values: Iterable[tuple[Labels, float]]) -> None:
        """Count values, each under its labels."""
        counts, sums, bounds = self._counts, self._sums, self._bounds
        with self._lock:
            for labels, value in values:
                if labels not in counts:
                    counts[labels], sums[labels] = [0] * (len(bounds) + 1), 0.0
                counts[labels][bisect_left(bounds, value)] += 1
                sums[labels] += value

    def one(self, value: float, *labels: str) -> None:
        """Count one value."""
        self.add(((labels, value),))

    def sums(self) -> dict[Labels, tuple[int, float]]:
        """How many values there were under which labels, and their sum."""
        with self._lock:
            return {labels: (sum(counts), self._sums[labels]) for labels, counts in self._counts.items()}

    def describe(self) -> Iterator[Metric]:
        """The metric without values, for the registry."""
        yield HistogramMetricFamily(self._name, self._told, labels=self._labels)

    def collect(self) -> Iterator[Metric]:
        """The metric as Prometheus reads it: cumulative counts under each bound."""
        family = HistogramMetricFamily(self._name, self._told, labels=self._labels)
        with self._lock:
            found = [(labels, list(counts), self._sums[labels]) for labels, counts in self._counts.items()]
        bounds = [*map(str, map(float, self._bounds)), "+Inf"]
        for labels, counts, total in found:
            upto = [sum(counts[: place + 1]) for place in range(len(counts))]
            family.add_metric(labels, buckets=list(zip(bounds, upto, strict=True)), sum_value=total)
        yield family
