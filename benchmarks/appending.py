"""Several processes that append to one SQLite log, each event durable before the next: who decides whose turn it is?

    python benchmarks/appending.py [--seconds 5] [--processes 1 2 4] [--out FOLDER]

`sqlite`: its own lock, asked for again and again with pauses that grow. `file`: a lock on a file beside it, for which
the kernel wakes the next one. `appender`: one process that appends for all of them, as many at once as have come. The
ceiling is one process, one connection and nothing around it. Writes `benchmarks/results/appending.md`.
"""

import argparse
import fcntl
import multiprocessing
import os
import platform
import queue
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import numpy as np

from penchant.stores import open as stores
from penchant.stores.database import Databases
from penchant.types import Event

RESULTS = Path(__file__).parent / "results"
SPAWN = multiprocessing.get_context("spawn")
CLIENTS = 8  # of all processes together; each waits for its event to be durable
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(name: str, number: int) -> Event:
    """An event like any other."""
    return Event(id=f"{name}-{number}", user=f"u{number % 500}", item=f"i{number % 900}", kind="view", time=NOW)


@contextmanager
def held(file: int) -> Any:
    """The lock of a file, for one transaction."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def clients(way: str, folder: Path, name: str, count: int, seconds: float, out: Any) -> None:
    """So many threads of one process that append until the time is up; tells what each append took."""
    took: list[float] = []
    append = appending(way, folder)
    until = time.monotonic() + seconds

    def loop(mine: str) -> None:
        number = 0
        while time.monotonic() < until:
            began = time.perf_counter()
            append(event(mine, number))
            took.append(time.perf_counter() - began)
            number += 1

    threads = [threading.Thread(target=loop, args=(f"{name}-{n}",)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out.send(took)


def appending(way: str, folder: Path) -> Callable[[Event], object]:
    """How one process appends an event."""
    if way == "appender":
        local = threading.local()

        def ask(deed: Event) -> object:
            if not hasattr(local, "line"):
                local.line = Client(str(folder / "appender"))
            local.line.send(deed)
            return local.line.recv()

        return ask
    log = stores.log("sqlite:///log.db", folder, Databases())
    file = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    inside = threading.Lock()  # a lock on a file is held by the process, not by its threads
    around: Callable[[], AbstractContextManager[Any]] = nullcontext if way == "sqlite" else lambda: held(file)

    def append(deed: Event) -> object:
        with inside, around():
            return log.append([deed])

    return append


def appender(folder: Path) -> None:
    """Appends for others, all at once who wait."""
    log, waiting = stores.log("sqlite:///log.db", folder, Databases()), queue.SimpleQueue[tuple[Event, Connection]]()

    def listen(line: Connection) -> None:
        try:
            while True:
                waiting.put((line.recv(), line))
        except EOFError:
            return

    def accept() -> None:
        with Listener(str(folder / "appender"), backlog=64) as listener:
            while True:
                threading.Thread(target=listen, args=(listener.accept(),), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    while True:
        some = [waiting.get()]
        while not waiting.empty():
            some.append(waiting.get())
        log.append([deed for deed, _ in some])
        for _, line in some:
            line.send(1)


def ceiling(folder: Path, seconds: float) -> list[float]:
    """One durable row after the other."""
    database = sqlite3.connect(folder / "ceiling.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
    took, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        database.execute("INSERT INTO t (body) VALUES ('x')")
        took.append(time.perf_counter() - began)
    database.close()
    return took


def measured(way: str, processes: int, seconds: float) -> list[float]:
    """What the appends of all processes took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if way == "ceiling":
            return ceiling(folder, seconds)
        stores.log("sqlite:///log.db", folder, Databases()).close()
        other = SPAWN.Process(target=appender, args=(folder,), daemon=True)
        if way == "appender":
            other.start()
            while not (folder / "appender").exists():
                time.sleep(0.02)
        ears = []
        for number in range(processes):
            ear, mouth = SPAWN.Pipe(duplex=False)
            arguments = (way, folder, str(number), CLIENTS // processes, seconds, mouth)
            SPAWN.Process(target=clients, args=arguments).start()
            ears.append(ear)
        took = [seconds for ear in ears for seconds in ear.recv()]
        if way == "appender":
            other.kill()
        return took


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    lines = [
        "# appending",
        "",
        "| processes | way | a second | p50 ms | p99 ms | longest ms |",
        "|---:|---|" + "---:|" * 4,
    ]
    runs = [(1, "ceiling"), *((n, way) for n in options.processes for way in ("sqlite", "file", "appender"))]
    for processes, way in runs:
        took = np.array(measured(way, processes, options.seconds)) * 1_000
        p50, p99, last = np.quantile(took, [0.5, 0.99, 1])
        lines.append(
            f"| {processes} | {way} | {len(took) / options.seconds:,.0f} | {p50:.2f} | {p99:.2f} | {last:.1f} |"
        )
        print(lines[-1], flush=True)
    facts = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines += ["", f"{CLIENTS} clients in all, single durable events; {facts}; {datetime.now(UTC):%Y-%m-%d}.", ""]
    options.out.mkdir(exist_ok=True)
    (options.out / "appending.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
