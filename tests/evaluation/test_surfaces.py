"""Rates of logged slates, counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from penchant.evaluation.calibration import wilson
from penchant.evaluation.surfaces import surfaces
from penchant.events.kinds import Kinds
from penchant.stores.memory import MemoryLog
from penchant.types import Event, Pick, Query, Slate

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KINDS = Kinds({"view": 0.2, "purchase": 2.0, "dislike": -1.0, "other": 0.5}, {})


def slate(number, user="ann", surface="home", release="r1", **asked):
    picks = tuple(Pick(item=f"i{n}", score=1.0) for n in range(4))
    query = Query(user=user, surface=surface, **asked)
    time = NOW + timedelta(minutes=number)
    return Slate(id=f"s{number}", time=time, query=query, picks=picks, release=release, position=0)


def did(number, item, kind, user="ann", to=None):
    return Event(id=f"e{number}", user=user, item=item, kind=kind, time=NOW + timedelta(hours=1), slate=to)


def test_rates_are_those_of_the_log():
    log = MemoryLog()
    log.append(
        [slate(0), slate(1), slate(2, "guest"), slate(3, release="r2"), slate(4, surface="rank"), slate(5, at=NOW)]
    )
    log.append(
        [
            did(0, "i0", "view", to="s0"),
            did(1, "i0", "purchase", to="s0"),
            did(2, "i1", "view", to="s0"),
            did(3, "i9", "view", to="s1"),  # was not shown there
            did(4, "i2", "dislike", to="s1"),
            did(5, "i2", "view"),  # answers nothing
        ]
    )
    first, second = surfaces(log, KINDS)
    assert (first["surface"], first["release"], first["slates"], first["places"]) == ("home", "r1", 3, 12)
    assert (first["clicks"], first["answered"], first["converted"]) == (2, 1, 1)
    assert first["click_rate"] == wilson(2, 12)
    assert first["answered_rate"][0] == first["conversion_rate"][0] == pytest.approx(1 / 3)
    assert (second["release"], second["slates"], second["answered"]) == ("r2", 1, 0)
    log.append([did(6, "i0", "view", to="s3")])
    (newest,) = surfaces(log, KINDS, most=3)
    assert (newest["release"], newest["answered_rate"]) == ("r2", wilson(1, 1))


def test_a_log_in_which_nobody_answers_says_nothing():
    log = MemoryLog()
    assert surfaces(log, KINDS) == []
    log.append([slate(0), did(0, "i0", "view")])
    assert surfaces(log, KINDS) == []


def test_wilson():
    assert wilson(0, 10) == pytest.approx((0, 0, 0.2775), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.5, 0.2366, 0.7634), abs=1e-4)
