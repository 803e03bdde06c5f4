"""Time never goes back, whatever the system's clock does."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from penchant.build import build
from penchant.clocks import Steady
from penchant.types import Event, Query

START = datetime(2026, 3, 1, tzinfo=UTC)


class Times:
    """A wall clock that can be set, and ticks that only grow."""

    def __init__(self):
        self.wall, self.ticks = START.timestamp(), 1_000.0

    def go(self, seconds):
        self.wall += seconds
        self.ticks += seconds

    def clock(self, world):
        return Steady(world, wall=lambda: self.wall, ticks=lambda: self.ticks)


@pytest.fixture
def times():
    return Times()


@pytest.fixture
def engine(settings, tmp_path):
    made = build(settings(), tmp_path).engine
    yield made
    made.close()


@pytest.fixture
def told(times, engine):
    """How many seconds after the start it is said to be."""
    world = engine.follower.catch_up()
    clock = times.clock(world)
    return lambda: (clock(world) - START).total_seconds()


def test_it_is_the_systems_clock(times, told):
    times.go(60)
    assert told() == 60
    times.wall += 3_600  # set forward
    assert told() == 3_660


def test_set_back_it_goes_on_at_half_speed_until_it_is_caught_up_with(times, told):
    times.go(60)
    assert told() == 60
    times.wall -= 100
    assert told() == 60
    times.go(40)
    assert told() == 80
    times.go(160)
    assert told() == 160
    times.go(10)
    assert told() == 170


def test_events_and_slates_stay_in_order_and_are_seen_at_once(times, engine):
    engine.clock = times.clock(engine.follower.catch_up())
    slates = []
    for turn in range(12):
        times.go(5)
        times.wall -= 7_200 * (turn == 6)
        assert engine.observe([Event(id=f"e{turn}", user="ann", item=f"i{turn}", kind="view")]).accepted == 1
        slates.append(engine.recommend(Query(user="ann", k=3)))
        context = engine.trace(Query(user="ann", k=3)).context
        assert context.catalogue.row_of[f"i{turn}"] in context.user["recent"]["item"].tolist()
    assert [record.entry.id for record in engine.log.events("ann")] == [f"e{turn}" for turn in range(12)]
    assert [record.entry.id for record in engine.log.slates(user="ann")] == [slate.id for slate in slates]
    assert len({slate.id for slate in slates}) == 12
    timeline = engine.follower.catch_up().timeline
    assert (np.diff(timeline.time) > 0).all()
    assert (np.diff(timeline.position) > 0).all()


def test_a_clock_that_was_set_back_while_nobody_looked_is_told_by_the_log(times, engine, caplog):
    engine.record([Event(id="e", user="ann", item="i1", kind="view", time=START + timedelta(days=9))])
    world = engine.follower.catch_up()
    assert times.clock(world)(world) - START == timedelta(days=9)
    assert "2026-03-10" in caplog.text
    times.wall += 8.5 * 86_400  # half a day ahead may be an import's
    assert times.clock(world)(world) - START == timedelta(days=8.5)
