"""How long a project's answers and events take, each beside a ceiling that is measured in the same run.

It works on a double, so that nothing is asked of, or told to, the project itself. One BLAS thread, one call at a time.
"""

import os
import platform
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from penchant.benchmark.double import Double, Progress, doubled
from penchant.engine import Engine
from penchant.errors import UsageError
from penchant.evaluation.replay import one_thread
from penchant.types import Event, Query
from penchant.world import World

WARM = 20  # calls before those that count
BATCH = 100  # events of a batch
_MOST = 2_000  # people and requests that are asked with
_PRODUCT, _APPEND = "one matrix product", "one durable row"
Call = Callable[[int], object]
Sums = Mapping[tuple[str, ...], tuple[int, float]]  # step and part → how often, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The times of one kind of call, in milliseconds."""

    what: str
    p50: float
    p99: float
    calls: int
    ceiling: str = ""  # what the machine itself needs for what cannot be avoided
    ratio: float | None = None  # median over the ceiling's median


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one part of one step of an answer takes, in milliseconds."""

    step: str
    part: str
    mean: float
    share: float  # of the whole answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What was measured."""

    facts: Mapping[str, Any]
    figures: tuple[Figure, ...]
    steps: tuple[Step, ...]  # of the first kind of answer, slowest first
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return asdict(self)

    def told(self) -> list[str]:
        """What was measured, in words."""
        return [f"{value:,} {name}" if isinstance(value, int) else str(value) for name, value in self.facts.items()]

    def markdown(self) -> str:
        """The tables as Markdown."""
        lines = ["| what | p50 ms | p99 ms | ceiling | × |", "|---|---:|---:|---|---:|"]
        for f in self.figures:
            ratio = "" if f.ratio is None else f"{f.ratio:.1f}"
            lines.append(f"| {f.what} | {f.p50:.3f} | {f.p99:.3f} | {f.ceiling} | {ratio} |")
        lines += ["", "| step | part | mean ms | share |", "|---|---|---:|---:|"]
        lines += [f"| {s.step} | {s.part} | {s.mean:.3f} | {s.share:.1%} |" for s in self.steps]
        return "\n".join([*lines, "", f"{', '.join(self.told())}.", *self.notes, ""])


def bench(folder: Path, *, rounds: int = 500, scratch: Path | None = None, progress: Progress) -> Bench:
    """Measure a project. Raises UsageError if it has nobody to answer."""
    with doubled(folder, progress, scratch) as double, one_thread():
        world = double.engine.follower.catch_up()
        if not len(world.timeline) or not len(world.catalogue):
            raise UsageError(f"{folder}: nothing to measure yet; import items and events first")
        calls = Calls(double.engine, world, rounds)
        floors = dict(ceilings(world, double.folder, rounds, progress))
        clocked("first answers", calls.lists(3), 1, progress)  # what is loaded and compiled once is no figure
        asked, before = answers(calls, floors, rounds, progress), double.engine.telemetry.timings.sums()
        figures = [*floors.values(), next(asked)]
        parts = steps(before, double.engine.telemetry.timings.sums())
        figures += asked
        if double.copied:
            figures += observed(calls, floors, rounds, progress)
        notes = () if double.copied else ("Events are not measured: the log is on a server, which was only read.",)
    return Bench(facts=facts(world, double), figures=tuple(figures), steps=parts, notes=notes)


class Calls:
    """The verbs, over the most active people and the words of the catalogue; the same ones in every run."""

    def __init__(self, engine: Engine, world: World, rounds: int) -> None:
        self.engine, self.stride = engine, rounds + WARM
        dice = np.random.default_rng(0)
        names = np.array(list(world.timeline.users), dtype=object)
        busy = np.argsort(-np.bincount(world.timeline.user, minlength=len(names)), kind="stable")[:_MOST]
        self.people: list[str] = dice.permutation(names[busy]).tolist()
        self.items = [world.catalogue.items[row].id for row in dice.permutation(len(world.catalogue))[:_MOST].tolist()]
        titles = [world.catalogue.items[world.catalogue.row_of[item]].title for item in self.items]
        self.texts = [" ".join(title.lower().split()[-2:]) for title in titles if title] or ["something new"]

    def user(self, i: int) -> str:
        """A person."""
        return self.people[i % len(self.people)]

    def lists(self, turn: int, *, explain: bool = False, wish: bool = False) -> Call:
        """Lists for people of whom no other turn asks, as long as there are so many."""

        def call(i: int) -> object:
            text = self.texts[i % len(self.texts)] if wish else None
            return self.engine.recommend(Query(user=self.user(turn * self.stride + i), text=text), explain=explain)

        return call

    def guest(self, i: int) -> object:
        """A list for somebody nothing is known of."""
        return self.engine.recommend(Query(user=f"guest of the benchmark {i}"))

    def similar(self, i: int) -> object:
        """What is like an item."""
        return self.engine.similar(self.items[i % len(self.items)])

    def event(self, i: int) -> Event:
        """A purchase."""
        return Event(user=self.user(i), item=self.items[i % len(self.items)], kind="purchase")

    def observe(self, i: int) -> object:
        """One event, durable and read."""
        return self.engine.observe([self.event(i)])

    def batch(self, i: int) -> object:
        """Events in a batch, durable and read."""
        return self.engine.observe([self.event(i * BATCH + n) for n in range(BATCH)])

    def seen(self, i: int) -> object:
        """One event, and a list for the same person that has read it."""
        position = self.engine.observe([self.event(i)]).position
        return self.engine.recommend(Query(user=self.user(i)), min_position=position)


def ceilings(world: World, folder: Path, rounds: int, progress: Progress) -> Iterator[tuple[str, Figure]]:
    """What the machine needs for the two costs that cannot be avoided: a matrix product and a durable append."""
    vectors = world.catalogue.vectors
    wish = np.ones(vectors.shape[1], np.float32)
    size = f"{vectors.shape[0]:,} × {vectors.shape[1]}"
    yield _PRODUCT, clocked(f"{_PRODUCT}, {size}", lambda _: vectors @ wish, rounds, progress)
    with closing(sqlite3.connect(folder / "ceiling.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
        yield (
            _APPEND,
            clocked(
                f"{_APPEND} in SQLite",
                lambda _: database.execute("INSERT INTO t (body) VALUES ('x')"),
                rounds,
                progress,
            ),
        )


def answers(calls: Calls, floors: Mapping[str, Figure], rounds: int, progress: Progress) -> Iterator[Figure]:
    """The verbs that ask."""
    asked: tuple[tuple[str, Call], ...] = (
        ("recommend", calls.lists(0)),
        ("recommend again", calls.lists(0)),  # to people who have done nothing since
        ("recommend with reasons", calls.lists(1, explain=True)),
        ("recommend to a guest", calls.guest),
        ("recommend for a wish in words", calls.lists(2, wish=True)),
        ("similar", calls.similar),
    )
    for what, call in asked:
        yield clocked(what, call, rounds, progress, floors[_PRODUCT])


def observed(calls: Calls, floors: Mapping[str, Figure], rounds: int, progress: Progress) -> Iterator[Figure]:
    """The verbs that tell."""
    floor = floors[_APPEND]
    yield clocked("observe one event", calls.observe, rounds, progress, floor)
    yield clocked(f"observe {BATCH} events", calls.batch, max(rounds // 5, 1), progress, floor)
    yield clocked("observe one event and recommend", calls.seen, rounds, progress, floor)


def steps(before: Sums, after: Sums) -> tuple[Step, ...]:
    """Where the time of the answers between two looks at the timings has gone."""
    spent = {lap: after[lap][1] - before.get(lap, (0, 0.0))[1] for lap in after}
    rounds = max(after[lap][0] - before.get(lap, (0, 0.0))[0] for lap in after)
    whole = sum(spent.values())
    found = [
        Step(step=step, part=part, mean=seconds / rounds * 1_000, share=seconds / whole)
        for (step, part), seconds in spent.items()
        if seconds
    ]
    return tuple(sorted(found, key=lambda step: -step.mean))


def clocked(what: str, call: Call, rounds: int, progress: Progress, floor: Figure | None = None) -> Figure:
    """The median and 99th percentile of a call, after a warm-up."""
    for i in range(WARM):
        call(rounds + i)
    took = np.zeros(rounds)
    for i in range(rounds):
        began = time.perf_counter()
        call(i)
        took[i] = time.perf_counter() - began
        if not i % 10 or i + 1 == rounds:
            progress(what, i + 1, rounds)
    p50, p99 = (float(value) for value in np.quantile(took, [0.5, 0.99]) * 1_000)
    ceiling, ratio = (floor.what.split(",")[0].split(" in ")[0], p50 / floor.p50) if floor else ("", None)
    return Figure(what=what, p50=p50, p99=p99, calls=rounds, ceiling=ceiling, ratio=ratio)


def facts(world: World, double: Double) -> dict[str, Any]:
    """What was measured, and on what."""
    return {
        "items": len(world.catalogue),
        "events": len(world.timeline),
        "people": len(world.timeline.users),
        "opened": f"opened in {double.opened:.2f} s",
        "release": f"release {double.engine.release.version}",
        "cores": os.cpu_count() or 1,
        "machine": platform.machine(),
        "python": f"Python {platform.python_version()}",
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
    }
