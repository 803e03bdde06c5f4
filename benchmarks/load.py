"""A server under load: what it answers, how fast, and what it does when more is asked than it can answer.

    python benchmarks/load.py [--project FOLDER] [--workers 1 2] [--seconds 15] [--minutes 10] [--only NAME ...]

The bundled shop, a trained release (or a project of one's own), people drawn as often as they occur in the events. The
generator of load is a process of its own on the same machine. Every figure stands beside the empty endpoint of the
same server, asked in the same way in the same run. Writes `benchmarks/results/load.md`, `.csv` and two charts.
"""

import argparse
import csv
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from journeys import event_to_rank, swap
from served import EMPTY, Answers, Request, Served, serving

import penchant
from penchant.data import dataset

RESULTS = Path(__file__).parent / "results"
STEPS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)  # of what it can answer
COLUMNS = (
    "workers",
    "what",
    "a second",
    "p50 ms",
    "p99 ms",
    "shed",
    "failed",
    "empty: a second",
    "p50",
    "p99",
    "wanted",
)
Row = dict[str, Any]


class Crowd:
    """People and items of a project, drawn as often as they occur in its events."""

    def __init__(self, folder: Path, size: int = 20_000) -> None:
        with penchant.open(folder) as project:
            world = project.engine.follower.catch_up()
            names, line = list(world.timeline.users), world.timeline
            places = np.random.default_rng(0).integers(len(line), size=size)
            self.people = [names[code] for code in line.user[places].tolist()]
            items = [world.catalogue.items[row].id for row in line.item[places].tolist()]
        self.deeds = [
            {"user_id": u, "item_id": i, "event_type": "view"} for u, i in zip(self.people, items, strict=True)
        ]

    def asks(self) -> list[Request]:
        """Recommendations, reasons off."""
        return [("/v1/recommend", {"user_id": person}) for person in self.people]

    def events(self, batch: int) -> list[Request]:
        """Events in batches."""
        return [
            ("/v1/events", {"events": self.deeds[at : at + batch]}) for at in range(0, len(self.deeds) - batch, batch)
        ]

    def mixed(self) -> list[Request]:
        """Four asks to one event."""
        asks, events = self.asks(), self.events(1)
        return [events[n] if n % 5 == 4 else asks[n] for n in range(len(events))]


def row(what: str, found: Answers, empty: Answers | None, wanted: str = "", each: int = 1) -> Row:
    """A line of the table; `each` is how many things one request carries."""
    told: Row = {"what": what, "a second": found.rate * each, "p50 ms": found.ms(0.5), "p99 ms": found.ms(0.99)}
    told |= {"shed": found.shed, "failed": found.failed, "wanted": wanted}
    if empty is not None:
        told |= {"empty: a second": empty.rate, "p50": empty.ms(0.5), "p99": empty.ms(0.99)}
    return told


def steady(served: Served, crowd: Crowd, options: argparse.Namespace) -> Iterator[Row]:
    """A constant 300 requests a second, whatever comes back."""
    task = {"rate": 300.0, "seconds": options.seconds, "connections": 500}
    found = served.load(crowd.asks(), **task)
    yield row("recommend, 300/s", found, served.load(EMPTY, **task), "p99 ≤ 25 ms")


def busy(served: Served, crowd: Crowd, options: argparse.Namespace) -> Iterator[Row]:
    """Sixteen connections that ask again as soon as they are answered."""
    task = {"seconds": options.seconds, "connections": 16}
    found = served.load(crowd.asks(), **task)
    yield row("recommend, 16 connections", found, served.load(EMPTY, **task), "≥ 800/s, p99 ≤ 30 ms")


def durable(served: Served, crowd: Crowd, options: argparse.Namespace) -> Iterator[Row]:
    """Events, in batches and singly."""
    task = {"seconds": options.seconds, "connections": 8}
    empty = served.load(EMPTY, **task)
    yield row(
        "events, batches of 100, 8 clients", served.load(crowd.events(100), **task), empty, "≥ 10,000/s", each=100
    )
    yield row("events, singly, 8 clients", served.load(crowd.events(1), **task), empty, "≥ 1,500/s")


def mixed(served: Served, crowd: Crowd, options: argparse.Namespace) -> Iterator[Row]:
    """Four asks to one event for minutes, the memory watched."""
    task = {"rate": options.rate, "seconds": 60.0 * options.minutes, "connections": 500}
    load, began = served.begin(crowd.mixed(), **task), time.monotonic()
    memory: list[tuple[float, float]] = []
    while load.child.poll() is None:
        memory.append((time.monotonic() - began, served.memory() / 2**20))
        time.sleep(1)
    found = load.end()
    table(options.out / "load-memory.csv", ("seconds", "MiB"), [{"seconds": t, "MiB": m} for t, m in memory])
    half = memory[len(memory) // 2 :]
    grown = np.polyfit(*np.array(half).T, 1)[0] * 60 if len(half) > 2 else float("nan")
    said = f"80 % recommend, 20 % events, {options.rate:g}/s, {options.minutes:g} min"
    told = f"{memory[0][1]:.0f} MiB at first, {memory[-1][1]:.0f} at last, {grown:+.2f} MiB a minute in the second half"
    yield row(f"{said}; {told}", found, None, "no failure, flat")


def overload(served: Served, crowd: Crowd, options: argparse.Namespace) -> Iterator[Row]:
    """From a quarter of what it can answer up to four times as much."""
    capacity = served.load(crowd.asks(), seconds=options.seconds, connections=16).rate
    rows = []
    for step in STEPS:
        found = served.load(crowd.asks(), rate=step * capacity, seconds=options.seconds, connections=900)
        away = float(np.quantile(found.took[found.status == 503], 0.99)) * 1_000 if found.shed else float("nan")
        rows.append({"offered": len(found.took) / options.seconds, "answered": found.rate})
        rows[-1] |= {"shed": found.shed / found.seconds, "failed": found.failed, "lost": found.lost}
        rows[-1] |= {"p50 ms": found.ms(0.5), "p99 ms": found.ms(0.99), "p99 ms of a refusal": away, "load": step}
        yield row(f"recommend, {step:g} × capacity offered", found, None, "sheds, p99 bounded" if step > 1 else "")
    table(options.out / "load-overload.csv", tuple(rows[0]), rows)
    chart(rows, options.out / "load-overload.png")


def chart(rows: list[Row], file: Path) -> None:
    """Offered against answered and shed, and against the time of an answer."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    offered = [found["offered"] for found in rows]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    left.plot(offered, offered, ":", color="grey", label="offered")
    for name in ("answered", "shed"):
        left.plot(offered, [found[name] for found in rows], "o-", label=name)
    for name in ("p50 ms", "p99 ms"):
        right.plot(offered, [found[name] for found in rows], "o-", label=name.removesuffix(" ms"))
    left.set(xlabel="requests offered a second", ylabel="a second")
    right.set(xlabel="requests offered a second", ylabel="milliseconds until the answer", ylim=(0, None))
    left.legend(frameon=False)
    right.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file, dpi=120)


def journeys(served: Served, crowd: Crowd, options: argparse.Namespace) -> Iterator[Row]:
    """From an event at one worker to an answer of another that has read it."""
    for what, took in event_to_rank(served, crowd.deeds, options.rounds):
        yield {"what": what, "p50 ms": np.median(took), "p99 ms": np.quantile(took, 0.99), "wanted": "p99 ≤ 10 ms"}


def swapped(served: Served, crowd: Crowd, options: argparse.Namespace) -> Iterator[Row]:
    """Another release under load."""
    before, after, all_of_it = swap(served, crowd.asks(), options.rate, options.seconds)
    empty = served.load(EMPTY, rate=options.rate, seconds=options.seconds, connections=500)
    for what, chosen in (("before the swap", before), ("in the seconds of the swap", after)):
        told = row(f"recommend, {options.rate:g}/s, {what}", all_of_it, empty, "p99 ≤ 2 × before, none lost")
        yield told | {"p50 ms": all_of_it.ms(0.5, chosen), "p99 ms": all_of_it.ms(0.99, chosen)}


MEASURES: dict[str, Callable[[Served, Crowd, argparse.Namespace], Iterator[Row]]] = {
    "steady": steady,
    "busy": busy,
    "durable": durable,
    "journeys": journeys,
    "swap": swapped,
    "overload": overload,
    "mixed": mixed,
}


def trained(scratch: Path) -> Path:
    """The bundled shop with a release."""
    folder = scratch / "shop"
    folder.mkdir()
    shutil.copy(dataset("shop") / "penchant.toml", folder)
    with penchant.open(folder) as project:
        project.import_items(dataset("shop") / "items.parquet")
        project.import_events(dataset("shop") / "events.parquet")
        project.train()
    return folder


def table(file: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    """Write rows as CSV."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns, restval="")
        writer.writeheader()
        writer.writerows({key: shown(value) for key, value in found.items()} for found in rows)


def shown(value: Any) -> str:
    """A figure, as short as it may be."""
    if isinstance(value, int | str):
        return str(value)
    return "–" if np.isnan(value) else f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def page(rows: list[Row], options: argparse.Namespace) -> str:
    """The table of the results."""
    facts = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = ["# load", "", f"| {' | '.join(COLUMNS)} |", "|---:|---|" + "---:|" * 8 + "---|"]
    lines += ["| " + " | ".join(shown(found.get(name, "")) for name in COLUMNS) + " |" for found in rows]
    return "\n".join(
        [
            *lines,
            "",
            f"Bundled shop, reasons off, one BLAS thread a worker, {options.seconds:g} s each; server and generator on "
            f"one machine; {facts}; load average {os.getloadavg()[2]:.2f} before; {datetime.now(UTC):%Y-%m-%d}.",
            "",
        ]
    )


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, help="a trained project instead of the bundled shop")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=15.0, help="of each run")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the mixed load")
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second of mixed load and swap")
    parser.add_argument("--rounds", type=int, default=500, help="journeys from event to rank")
    parser.add_argument("--only", nargs="+", choices=list(MEASURES), default=list(MEASURES))
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2, 4], help="of each worker, compared")
    parser.add_argument("--serving", default="", help="settings of [serving], e.g. 'threads = 1'")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.project or trained(Path(scratch))
        crowd, rows = Crowd(folder), list[Row]()
        for workers in options.workers:
            with serving(folder, Path(scratch), workers, options.serving) as served:
                served.load(crowd.asks(), seconds=3, connections=4 * workers)  # so that all is compiled and read
                for name in options.only:
                    for found in MEASURES[name](served, crowd, options):
                        rows.append({"workers": workers, **found})
                        print(" | ".join(shown(rows[-1].get(key, "")) for key in COLUMNS), flush=True)
            for threads in options.threads:
                with serving(folder, Path(scratch), workers, f"threads = {threads}") as served:
                    served.load(crowd.asks(), seconds=3, connections=4 * workers)
                    for found in (*busy(served, crowd, options), *steady(served, crowd, options)):
                        rows.append({"workers": workers, **found, "what": f"{found['what']}, threads = {threads}"})
                        print(" | ".join(shown(rows[-1].get(key, "")) for key in COLUMNS), flush=True)
        (options.out / "load.md").write_text(page(rows, options), encoding="utf-8")
        table(options.out / "load.csv", COLUMNS, rows)


if __name__ == "__main__":
    main()
