"""How answers, events, memory and start-up grow with items, people and candidates; each worker is a process of its own.

`python benchmarks/growth.py` makes projects scaled from the bundled shop (`scaled.py`), opens each in two processes at
once, and writes `benchmarks/results/growth.csv`, `growth.png` and the exponents that were fitted.
Sizes are parameters: `--items 1000 10000 --people 1000 --rounds 100` is over in minutes. One BLAS thread.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scaled

import penchant

RESULTS = Path(__file__).parent / "results"
AXES = {"items": "items, 10,000 people", "people": "people, 20 events each, 20,000 items", "candidates": "candidates"}
MEASURES = {
    "recommend": ("recommend, ms", ("recommend_p50_ms", "recommend_p99_ms")),
    "observe": ("observe one event, ms", ("observe_p50_ms", "observe_p99_ms")),
    "memory": ("memory of one of two workers, MiB", ("private_mib", "shared_mib", "pss_mib")),
    "start": ("start to the first answer, s", ("start_s", "start_cpu_s")),
}
FEW, MANY = 10_000, 20_000  # people of the curves over items, and items of the others
TRAINED = 20_000  # items up to which a release is trained: beyond, minutes become hours


def clock(call: Callable[[int], object], rounds: int) -> tuple[float, float]:
    """Median and 99th percentile of a call, in milliseconds."""
    took = np.zeros(rounds)
    for i in range(rounds):
        began = time.perf_counter()
        call(i)
        took[i] = time.perf_counter() - began
    p50, p99 = np.quantile(took, [0.5, 0.99]) * 1_000
    return float(p50), float(p99)


def memory() -> dict[str, float]:
    """What this process alone has in memory, what it shares, and its fair share of all, in MiB."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    size = {line.split(":")[0]: int(line.split()[1]) / 1_024 for line in lines}
    return {
        "private_mib": size["Private_Clean"] + size["Private_Dirty"],
        "shared_mib": size["Shared_Clean"] + size["Shared_Dirty"],
        "pss_mib": size["Pss"],
    }


def work(folder: Path, began: float, rounds: int, candidates: list[int], other: bool) -> None:
    """Be a worker: start, answer, observe, and print what it took; the other one answers and waits."""
    with penchant.open(folder) as project:
        world = project.engine.follower.catch_up()
        dice = np.random.default_rng(1)
        people = [world.timeline.names[code] for code in dice.integers(0, len(world.timeline.names), 2 * rounds + 20)]
        ids = [item.id for item in world.catalogue.items]
        project.recommend(people[0])
        found: dict[str, Any] = {"start_s": time.time() - began, "start_cpu_s": time.process_time()}
        clock(lambda i: project.recommend(people[i]), 20)
        if other:
            clock(lambda i: project.recommend(people[i]), rounds)
            print("ready", flush=True)
            sys.stdin.read()
            return
        found["recommend_p50_ms"], found["recommend_p99_ms"] = clock(
            lambda i: project.recommend(people[20 + i]), rounds
        )
        found["candidates"] = {}
        for size in candidates:
            some = [[ids[row] for row in dice.choice(len(ids), min(size, len(ids)), replace=False)] for _ in range(9)]
            found["candidates"][size] = clock(
                lambda i, s=some: project.recommend(people[i], candidates=s[i % 9]), rounds
            )
        events = [penchant.Event(user=people[i], item=ids[i % len(ids)], kind="purchase") for i in range(rounds)]
        found["observe_p50_ms"], found["observe_p99_ms"] = clock(lambda i: project.observe([events[i]]), rounds)
        print(
            json.dumps({**found, **memory(), "events": len(world.timeline), "release": project.engine.release.version})
        )


def measure(folder: Path, rounds: int, candidates: list[int]) -> dict[str, Any]:
    """Open a project in two processes, and measure one while the other rests."""
    call = [
        sys.executable,
        __file__,
        "--work",
        str(folder),
        "--rounds",
        str(rounds),
        "--candidates",
        *map(str, candidates),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    given: dict[str, Any] = {"stdout": subprocess.PIPE, "stdin": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen([*call, "--other", "--began", "0"], **given) as other:
        other.stdout.readline()  # type: ignore[union-attr]
        with subprocess.Popen([*call, "--began", str(time.time())], **given) as worker:
            told, _ = worker.communicate()
        other.communicate()
    if worker.returncode:
        raise SystemExit(f"a worker over {folder} ended with {worker.returncode}")
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def rows(scratch: Path, asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row of the table per size and axis."""
    for items in asked.items:
        folder = project(scratch / "items", items, FEW)
        yield row("items", items, FEW, measure(folder, asked.rounds, []))
        shutil.rmtree(folder)
    if not asked.people and not asked.candidates:
        return
    folder = project(scratch / "people", MANY, FEW)
    if asked.candidates:
        found = measure(folder, asked.rounds, asked.candidates)
        for size, (p50, p99) in found["candidates"].items():
            told = {"recommend_p50_ms": p50, "recommend_p99_ms": p99, "release": found["release"]}
            yield {**row("candidates", MANY, FEW, told), "candidates": int(size)}
    for people in asked.people:
        with penchant.open(folder) as opened:
            scaled.happen(opened, people, asked.events, seed=0)
        yield row("people", MANY, people, measure(folder, asked.rounds, []))


def project(folder: Path, items: int, people: int) -> Path:
    """A scaled project, with a release where that can be trained in minutes."""
    scaled.make(folder, items, people)
    if items <= TRAINED:
        with penchant.open(folder) as opened:
            opened.train()
    return folder


def row(axis: str, items: int, people: int, found: dict[str, Any]) -> dict[str, Any]:
    """A row of the table."""
    figures = {name: round(value, 3) for name, value in found.items() if isinstance(value, float)}
    trained = found["release"] != "untrained"
    told = {
        "axis": axis,
        "items": items,
        "people": people,
        "trained": trained,
        "events": found.get("events"),
        **figures,
    }
    print(json.dumps(told), flush=True)
    return told


def exponent(sizes: list[float], values: list[float]) -> float:
    """b of the value ≈ a · size^b that fits best, by least squares of logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0]) if len(sizes) > 1 else float("nan")


def curves(table: list[dict[str, Any]], axis: str, measure: str) -> tuple[list[float], list[float]]:
    """Sizes and values of a measure along an axis."""
    told = [
        (float(r[axis]), float(r[measure])) for r in table if r["axis"] == axis and r.get(measure) not in (None, "")
    ]
    return [size for size, _ in sorted(told)], [value for _, value in sorted(told)]


def draw(table: list[dict[str, Any]]) -> None:
    """Draw every measure along every axis, both on a logarithmic scale, with its exponent."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(MEASURES), len(AXES), figsize=(13, 13), layout="constrained")
    for (name, measures), line in zip(MEASURES.values(), axes, strict=True):
        for (axis, said), panel in zip(AXES.items(), line, strict=True):
            for measure in measures:
                sizes, values = curves(table, axis, measure)
                if sizes:
                    label = f"{measure.removesuffix('_ms').removesuffix('_mib')}: size^{exponent(sizes, values):.2f}"
                    panel.loglog(sizes, values, marker="o", ms=3.5, linewidth=1.4, label=label)
            panel.set(xlabel=said, ylabel=name)
            panel.set_visible(bool(panel.lines))
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(color="#dddddd", linewidth=0.5)
            if panel.lines:
                panel.legend(frameon=False, fontsize=8)
    figure.savefig(RESULTS / "growth.png", dpi=80, metadata={"Software": None})
    pyplot.close(figure)


def main() -> None:
    """Measure and write the table and the chart; or be one of the workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="*", default=[1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000])
    parser.add_argument("--people", type=int, nargs="*", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--candidates", type=int, nargs="*", default=[50, 100, 200, 500, 1_000, 2_000])
    parser.add_argument("--events", type=float, default=20.0, help="of a person, on average")
    parser.add_argument("--rounds", type=int, default=500, help="calls of each kind")
    parser.add_argument("--scratch", type=Path, help="a folder for the projects; a temporary one by default")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--other", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        return work(asked.work, asked.began, asked.rounds, asked.candidates, asked.other)
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        table = list(rows(Path(scratch), asked))
    RESULTS.mkdir(exist_ok=True)
    names = list(dict.fromkeys(name for told in table for name in told))
    with (RESULTS / "growth.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(table)
    with (RESULTS / "growth-exponents.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["axis", "measure", "exponent"])
        for axis, (_, measures) in product(AXES, MEASURES.values()):
            fitted = {name: curves(table, axis, name) for name in measures}
            lines.writerows([axis, n, f"{exponent(*told):.3f}"] for n, told in fitted.items() if len(told[0]) > 1)
    return draw(table)


if __name__ == "__main__":
    main()
