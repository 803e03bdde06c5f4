"""Segments of events and people: what was told last counts, until something else is told."""

import numpy as np
import pytest

from penchant.events import segments as module
from penchant.events.segments import Segments, named, told


def codes(segments, people, *names):
    return segments.of(np.array(people), names).tolist()


def test_an_event_is_of_what_it_tells_or_of_what_its_person_told_last():
    some = Segments("country")
    assert codes(some, [7, 7, 8, 7, 7], "", "France", "Peru", "", "Peru") == [-1, 0, 1, 0, 1]
    assert codes(some, [7, 8, 9], "", "", "") == [1, 1, -1]
    assert ([some.code(n) for n in ("France", "Peru", "Chad")], some.name(1), some.name(-1)) == ([0, 1, -1], "Peru", "")
    some.forget(7)
    assert codes(some, [7, 8], "", "") == [-1, 1]


def test_without_a_key_there_are_none():
    assert codes(Segments(), [1, 2]) == [-1, -1]


def test_what_is_one_too_many_is_none(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 2)
    assert codes(Segments("city"), [1, 2, 3, 1, 1], "a", "b", "c", "c", "a") == [0, 1, -1, -1, 0]


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, ""), (float("nan"), ""), ("Peru", "Peru"), (3, "3"), (True, "True"), (("a", "b"), "a"), ((), "")],
)
def test_names(value, name):
    assert named(value) == name
    assert told({"x": value} if value is not None else {}, "x") == name
    assert told({"x": value} if value is not None else {}, "") == ""
