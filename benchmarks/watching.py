"""What it costs to watch: one lap, a whole answer's laps, a span, each beside two bare looks at the clock.

`python benchmarks/watching.py` writes `benchmarks/results/watching.md`. Prometheus' own histograms stand beside ours,
also in the mode in which processes share them, which has to be chosen before the library is imported: a process of its
own.
"""

import os
import platform
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter_ns

from prometheus_client import CollectorRegistry, Histogram

from penchant.telemetry.laps import Laps
from penchant.telemetry.measures import BUCKETS, Telemetry
from penchant.telemetry.visits import Visit, named

RESULTS = Path(__file__).parent / "results"
LAPS = [("score", f"source {n}") for n in range(36)]  # as many as the default pipeline has
FOUND = {f"source {n}": range(20) for n in range(11)}
SHARED = "PROMETHEUS_MULTIPROC_DIR"


def best(call: Callable[[], object], number: int = 5_000) -> float:
    """Microseconds of a call, the best of nine tries."""
    return min(timeit.repeat(call, number=number, repeat=9)) / number * 1e6


def run() -> Laps:
    """The laps of an answer."""
    laps = Laps()
    for step, part in LAPS:
        laps(step, part)
    return laps


def histogram() -> float:
    """One value into a histogram of Prometheus, under labels that are looked up."""
    made = Histogram("seconds", "Time", ["step", "part"], buckets=BUCKETS, registry=CollectorRegistry())
    return best(lambda: made.labels("score", "source").observe(0.0013))


def traced(share: float) -> float:
    """Laps into spans of OpenTelemetry, sampled or not."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from penchant.serving.tracing import tracing

    tracer = tracing(BatchSpanProcessor(InMemorySpanExporter()), share, "benchmark")
    laps = run()
    try:
        return best(lambda: tracer.laps("answer", laps), 200)
    finally:
        tracer.close()


def rows() -> Iterator[tuple[str, float]]:
    """What is measured, in microseconds."""
    telemetry = Telemetry()
    yield "two looks at the clock (the ceiling)", best(lambda: (perf_counter_ns(), perf_counter_ns()))
    yield "one lap, taken and counted", best(lambda: telemetry.made(run(), {}), 1_000) / len(LAPS)
    yield "one value of a Prometheus histogram", histogram()
    with tempfile.TemporaryDirectory() as folder:
        code = "import benchmarks.watching as w; print(w.histogram())"
        asked = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, SHARED: folder},
            cwd=Path(__file__).parents[1],
            check=True,
            capture_output=True,
            text=True,
        )
        yield "the same, shared by processes", float(asked.stdout)
    yield "an answer: 36 laps, 11 sources", best(lambda: telemetry.made(run(), FOUND), 1_000)
    yield "an answer counted by surface and release", best(lambda: telemetry.answered("home", "r", ()))
    yield "a request named", best(lambda: Visit(named("")))
    yield "an answer into spans, not sampled", traced(0.0)
    yield "an answer into spans, sampled", traced(1.0)


def main() -> None:
    """Measure and write the table."""
    found = dict(rows())
    floor = next(iter(found.values()))
    lines = ["# What it costs to watch", "", "| what | µs | times the ceiling |", "|---|---:|---:|"]
    lines += [f"| {what} | {took:.2f} | {took / floor:.1f} |" for what, took in found.items()]
    facts = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines += ["", f"Best of nine tries; {facts}; {datetime.now(UTC):%Y-%m-%d}.", ""]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "watching.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
