"""How long one answer and one event take, each beside a ceiling measured in the same run. One BLAS thread.

`python benchmarks/latency.py` trains on the bundled shop, then writes `benchmarks/results/latency.md`.
"""

import os
import platform
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import penchant
from penchant.data import dataset
from penchant.project import Project

RESULTS = Path(__file__).parent / "results"
ROUNDS = 500


def clock(call: Callable[[int], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Median and 99th percentile of a call, in milliseconds, after a warm-up."""
    for i in range(20):
        call(i)
    took = np.zeros(rounds)
    for i in range(rounds):
        began = time.perf_counter()
        call(i)
        took[i] = time.perf_counter() - began
    p50, p99 = np.quantile(took, [0.5, 0.99]) * 1_000
    return float(p50), float(p99)


def ceilings(folder: Path) -> dict[str, tuple[float, float]]:
    """What the machine itself needs for the two costs that cannot be avoided."""
    matrix, vector = np.ones((3_673, 384), np.float32), np.ones(384, np.float32)
    database = sqlite3.connect(folder / "ceiling.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
    found = {
        "ceiling: one product, 3,673 × 384": clock(lambda _: matrix @ vector),
        "ceiling: one durable row in SQLite": clock(lambda _: database.execute("INSERT INTO t (body) VALUES ('x')")),
    }
    database.close()
    return found


def answers(project: Project) -> dict[str, tuple[float, float]]:
    """The verbs of a project, over its most active people."""
    timeline = project.engine.follower.catch_up().timeline
    names = list(timeline.users)
    busy = np.argsort(-np.bincount(timeline.user))[: 2 * ROUNDS]
    people = [names[code] for code in np.random.default_rng(0).permutation(busy).tolist()]
    items = [item.id for item in project.engine.follower.catch_up().catalogue.items]

    def observe(i: int) -> object:
        return project.observe([penchant.Event(user=people[i], item=items[i], kind="purchase")])

    return {
        "recommend": clock(lambda i: project.recommend(people[i])),
        "recommend with reasons": clock(lambda i: project.recommend(people[i], explain=True)),
        "recommend to a guest": clock(lambda i: project.recommend(f"guest {i}")),
        "recommend for a wish in words": clock(lambda i: project.recommend(people[i], text=f"red mug {i % 7}")),
        "similar": clock(lambda i: project.similar(items[i])),
        "observe one event": clock(observe),
    }


def main() -> None:
    """Measure and write the table."""
    with tempfile.TemporaryDirectory() as scratch, threadpool_limits(limits=1, user_api="blas"):
        folder = Path(scratch)
        shutil.copy(dataset("shop") / "penchant.toml", folder)
        with penchant.open(folder) as project:
            project.import_items(dataset("shop") / "items.parquet")
            project.import_events(dataset("shop") / "events.parquet")
            project.train()
            rows = {**ceilings(folder), **answers(project)}
        began = time.perf_counter()
        with penchant.open(folder) as project:
            project.recommend("17850")
        rows["open the project and answer once"] = (opened := (time.perf_counter() - began) * 1_000, opened)
    lines = ["# latency", "", "| what | p50 ms | p99 ms |", "|---|---:|---:|"]
    lines += [f"| {what} | {p50:.2f} | {p99:.2f} |" for what, (p50, p99) in rows.items()]
    facts = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines += [
        "",
        f"Bundled shop: 404,777 events, 3,673 items; {ROUNDS} calls each; {facts}; {datetime.now(UTC):%Y-%m-%d}.",
    ]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latency.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
