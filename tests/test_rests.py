"""Rests: only where they are wanted, in proportion to the work, and never long."""

import threading

import pytest

from penchant import rests
from penchant.rests import gently, rest


@pytest.fixture
def clock(monkeypatch):
    """A clock that only work and rests move; the rests it has seen."""

    class Clock:
        now, slept = 100.0, []

        def perf_counter(self):
            return self.now

        def sleep(self, seconds):
            self.slept.append(round(seconds, 6))
            self.now += seconds

        def work(self, seconds):
            self.now += seconds
            rest()

    made = Clock()
    made.slept = []
    monkeypatch.setattr(rests, "time", made)
    return made


def test_work_rests_longer_than_it_works(clock):
    with gently():
        clock.work(0.010)
        clock.work(0.004)
    assert clock.slept == [0.030, 0.012]


def test_small_work_rests_together_and_large_work_not_too_long(clock):
    with gently():
        for _ in range(4):
            clock.work(0.0004)
        clock.work(5)
    assert clock.slept == [0.0036, 0.2]


def test_nothing_rests_elsewhere(clock):
    clock.work(1)
    with gently():
        other = threading.Thread(target=clock.work, args=(1,))
        other.start()
        other.join()
    clock.work(1)
    assert clock.slept == []
