"""An answer has its time: what is late is left out and named, what keeps items back never is."""

import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest

from penchant import pacing, pipeline
from penchant.protocols import Notes, Release
from penchant.ranking.blend import Blend
from penchant.reranking.allowed import Available, NotExcluded
from penchant.reranking.quotas import Caps
from penchant.reranking.steered import Steered
from penchant.tempo import Aside, Late, Pace, Tempo
from penchant.testing import worlds
from penchant.testing.worlds import Told
from penchant.types import NEVER


@dataclass(frozen=True)
class Slow:
    """A source, and a stage that turns the list round; both take until the gate opens, or for ever."""

    gate: threading.Event
    rows: tuple[int, ...] = (3, 1, 2)

    def retrieve(self, context, limit):
        self.gate.wait(20)
        return np.array(self.rows, np.int32)

    def score(self, context, rows):
        self.gate.wait(20)
        return {"seen": np.ones(len(rows), np.float32)}

    def apply(self, context, candidates):
        self.gate.wait(20)
        context.notes.degraded.append("slow: said something")
        context.memo["slow"] = context.dice.random()
        return candidates.take(slice(None, None, -1))


@dataclass(frozen=True)
class Turn:
    """A stage that turns the list round at once."""

    vital: bool = False

    def apply(self, context, candidates):
        return candidates.take(slice(None, None, -1))


@pytest.fixture
def gate():
    """Closed at first, open at the end."""
    opened = threading.Event()
    yield opened
    opened.set()


def release(sources, **stages):
    return Release(
        version="r",
        until=NEVER,
        rules={"available": Available(), "excluded": NotExcluded()},
        sources={name: (source, 10) for name, source in sources.items()},
        stages=stages,
        similar={},
    )


def ran(shop, asked, pace, **query):
    return pipeline.run(asked, replace(worlds.context(shop, **query), notes=Notes(pace=pace)))


OVER = Pace(until=0.0)  # a time long ago


def test_without_a_budget_nothing_is_left_out(shop):
    trace = ran(shop, release({"a": Told(3, 1, 2)}, blend=Blend(weights={"a.place": 1.0})), Tempo().pace(), k=3)
    assert trace.context.notes.degraded == []
    assert [name for name, _ in trace.steps] == ["union", "blend"]


def test_once_the_time_is_up_enough_is_found_and_the_rest_is_named(shop):
    asked = release(
        {"a": Told(3, 1), "b": Told(2, 9), "c": Told(7, 8)}, blend=Blend(weights={"c.place": 1.0}), turn=Turn()
    )
    trace = ran(shop, asked, OVER, k=3)
    assert {name: rows.tolist() for name, rows in trace.found.items()} == {"a": [3, 1], "b": [2, 9]}
    assert trace.result.rows.tolist() == [3, 1, 2, 9]
    assert trace.context.notes.degraded == [
        "c: no time to find",
        *(f"{name}: no time to score" for name in "abc"),
        "blend: no time",
        "turn: no time",
    ]
    assert [name for name, _ in trace.steps] == ["union"]


def test_what_keeps_items_back_is_never_left_out(shop):
    """Item 5 is withdrawn, 3 is excluded, and what is vital is applied whatever the time."""
    asked = release({"a": Told(5, 3, 1, 2)}, turn=Turn(vital=True), other=Turn())
    trace = ran(shop, asked, OVER, k=2, exclude=["i3"])
    assert trace.result.rows.tolist() == [2, 1]
    assert trace.context.notes.degraded == ["a: no time to score", "other: no time"]
    assert Steered.vital
    assert Caps.vital


def test_the_budget_is_counted_from_its_beginning(shop):
    pace = Tempo(budget=30.0).pace()
    assert 29 < pace.left <= 30
    trace = ran(shop, release({"a": Told(3, 1)}, turn=Turn()), pace, k=1)
    assert (trace.result.rows.tolist(), trace.context.notes.degraded) == ([1, 3], [])


def test_a_plug_in_with_a_deadline_is_left_when_it_is_late(shop, gate):
    asked = release({"slow": Slow(gate), "a": Told(2, 9)}, late=Slow(gate), turn=Turn())
    trace = ran(shop, asked, Tempo(deadlines={"slow": 0.01, "late": 0.01}).pace(), k=1)
    assert trace.result.rows.tolist() == [9, 2]
    assert trace.context.notes.degraded == ["slow: no time to find", "slow: no time to score", "late: no time"]
    assert "slow" not in trace.context.memo


def test_a_plug_in_that_is_in_time_answers_as_if_it_had_no_deadline(shop, gate):
    gate.set()
    asked = release({"slow": Slow(gate), "a": Told(2, 9)}, late=Slow(gate), again=Slow(gate))
    plain = ran(shop, asked, Pace(), k=1)
    timed = ran(shop, asked, Tempo(deadlines={"slow": 20.0, "late": 20.0, "again": 20.0}).pace(), k=1)
    assert timed.result.rows.tolist() == plain.result.rows.tolist()
    assert timed.context.memo["slow"] == plain.context.memo["slow"]  # the same throws of the dice
    assert timed.context.notes.degraded == plain.context.notes.degraded == ["slow: said something"] * 2


def test_the_budget_cuts_what_runs_aside_too(shop, gate):
    asked = release({"a": Told(2, 9)}, late=Slow(gate))
    trace = ran(shop, asked, Tempo(budget=0.2, deadlines={"late": 600.0}).pace(), k=1)
    assert trace.context.notes.degraded == ["late: no time"]


def test_an_answer_that_is_made_again_lacks_what_it_lacked(shop, gate):
    gate.set()
    asked = release({"slow": Slow(gate), "a": Told(2, 9)}, late=Slow(gate), turn=Turn())
    notes = ("slow: no time to find", "late: no time")
    trace = ran(shop, asked, Pace(missing=("trees: not trained yet", *notes)), k=1)
    assert trace.context.notes.degraded == list(notes)
    assert trace.found.keys() == {"a"}
    assert [name for name, _ in trace.steps] == ["union", "turn"]


def test_errors_of_what_runs_aside_are_its_own(shop):
    class Broken:
        def apply(self, context, candidates):
            raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        ran(shop, release({"a": Told(1)}, broken=Broken()), Tempo(deadlines={"broken": 20.0}).pace(), k=1)


def test_what_never_comes_back_costs_a_few_threads(gate):
    aside = Aside(most=2)
    begun = []

    def never():
        begun.append(1)
        gate.wait(20)

    for _ in range(5):
        with pytest.raises(Late):
            aside("stuck", 0.01, never)
    assert len(begun) == 2
    assert aside("other", 20, lambda: 7) == 7
    gate.set()
    until = time.monotonic() + 10
    while True:
        try:
            assert aside("stuck", 20, lambda: 8) == 8
            break
        except Late:
            assert time.monotonic() < until


def test_context_of_its_own_shares_what_it_finds(shop, gate):
    gate.set()
    context = replace(worlds.context(shop), notes=Notes(pace=Tempo(deadlines={"a": 20.0}).pace()))
    found = pacing.in_time(context, "a", pacing.FIND, lambda own, made: own.once("key", lambda: made), 3)
    assert (found, context.memo["key"]) == (3, 3)
