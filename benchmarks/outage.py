"""The language model's server is stopped or killed under load: how long answers take before and after.

Run `python benchmarks/outage.py`. The bundled films, untrained, with `listwise` at a deadline of 0.3 s and a server as
a process of its own that takes 50 ms; four threads ask without a pause. Writes `benchmarks/results/outage.md`.
"""

import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import penchant
from penchant.data import dataset

RESULTS = Path(__file__).parent / "results"
SERVER = Path(__file__).parents[1] / "tests" / "language" / "chat_server.py"
DEADLINE, SECONDS, THREADS = 0.3, 6.0, 4
SIGNS = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}


def main() -> None:
    """Measure and write the table."""
    lines = [
        "# The server of the language model goes away",
        "",
        "| server | phase | answers | p50 ms | p99 ms | longest ms | with the model | what became of its calls |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, sign in SIGNS.items():
            lines += rows(folder / name, name, sign)
    facts = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines += ["", f"Deadline {DEADLINE * 1_000:.0f} ms; {THREADS} threads; {facts}; {datetime.now(UTC):%Y-%m-%d}."]
    (RESULTS / "outage.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def rows(folder: Path, name: str, sign: int) -> list[str]:
    """The rows of one way to go away."""
    folder.mkdir()
    process = subprocess.Popen([sys.executable, str(SERVER), "0.05"], stdout=subprocess.PIPE, text=True)
    port = process.stdout.readline().strip()
    settings = f"""
        [encoder]
        model = "hashing"
        [clock]
        now = "log"
        [generator]
        model = "http://127.0.0.1:{port}/v1#order"
        calls = 1000000
        tokens = 1000000000
        [[sources]]
        kind = "popular"
        [[sources]]
        kind = "neighbours"
        [[stages]]
        kind = "standings"
        [[stages]]
        kind = "blend"
        [[stages]]
        kind = "listwise"
        deadline = {DEADLINE}
        events = 1000000
        calls = 1000000
    """
    (folder / "penchant.toml").write_text("\n".join(line.strip() for line in settings.splitlines()))
    try:
        with penchant.open(folder) as project:
            project.import_items(dataset("movies") / "items.parquet")
            project.import_events(dataset("movies") / "events.parquet")
            people = project.engine.follower.catch_up().timeline.names
            for person in people[:50]:
                project.recommend(person)
            alive = answers(project, people, 0)
            threading.Timer(0.5, lambda: process.send_signal(sign)).start()
            gone = answers(project, people, 1)
            told = project.engine.telemetry.exposition().decode().splitlines()
    finally:
        process.kill()
        process.wait()
    counts = [line.split('"') for line in told if line.startswith("penchant_generator_calls_total")]
    calls = ", ".join(f"{float(value.split()[-1]):.0f} {outcome}" for _, outcome, value in counts)
    return [row(name, "there", alive, ""), row(name, f"{name} after 0.5 s", gone, calls)]


def answers(project: "penchant.project.Project", people: list[str], phase: int) -> list[tuple[float, bool]]:
    """Seconds of each answer, and whether the model had a say in it."""
    found: list[tuple[float, bool]] = []
    end = time.monotonic() + SECONDS

    def ask(thread: int) -> None:
        n = 0
        while time.monotonic() < end:
            began = time.perf_counter()
            slate = project.recommend(people[(thread * 97 + n) % len(people)], text=f"film {phase} {thread} {n}")
            found.append((time.perf_counter() - began, not any("listwise" in note for note in slate.degraded)))
            n += 1

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def row(name: str, phase: str, found: list[tuple[float, bool]], calls: str) -> str:
    """One row of the table."""
    times = np.array([took for took, _ in found]) * 1_000
    p50, p99 = np.quantile(times, [0.5, 0.99])
    share = np.mean([asked for _, asked in found])
    return f"| {name} | {phase} | {len(found):,} | {p50:.1f} | {p99:.1f} | {times.max():.1f} | {share:.0%} | {calls} |"


if __name__ == "__main__":
    main()
