"""What is kept is shown whole, and what is forgotten is gone."""

from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import orjson
import pytest

from penchant import privacy
from penchant.ports import Erasure, State
from penchant.stores import codec
from penchant.stores.memory import MemoryLog, MemoryStates
from penchant.types import Event, Pick, Query, Slate

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
EVENT = Event(id="e1", user="ada", item="i1", kind="purchase", time=AT, value=2.5, text="for tea", context={"n": 1})
SLATE = Slate(
    id="s1",
    time=AT,
    query=Query(user="ada", k=3, text="tea", candidates=("i1", "i2"), context={"tags": ("a", "b")}, at=AT),
    picks=(Pick(item="i1", score=0.5, reasons=({"kind": "because", "part": 0.5},)),),
    release="r1",
    position=4,
    degraded=("cold",),
)


@pytest.fixture
def kept() -> tuple[MemoryLog, MemoryStates]:
    log, states = MemoryLog(), MemoryStates()
    log.append([EVENT, Event(id="e2", user="bob", item="i1", time=AT), SLATE])
    states.put("ada", State(position=2, version="1", folds={"recent": {"item": np.arange(3)}, "rates": {}}))
    return log, states


def test_an_export_holds_everything_in_the_shapes_of_files_and_http(kept):
    document = privacy.export(*kept, "ada")
    assert document["user_id"] == "ada"
    assert document["events"] == [codec.from_event(EVENT)]
    assert document["slates"] == [orjson.loads(codec.pack(codec.from_slate(SLATE)))]
    assert document["state"] == {"position": 2, "folds": {"recent": 3, "rates": 0}}
    assert orjson.loads(orjson.dumps(document)) == document
    assert privacy.holds(document)


def test_an_export_of_nobody_is_empty(kept):
    document = privacy.export(*kept, "eve")
    assert document == {"user_id": "eve", "events": [], "slates": [], "state": None}
    assert not privacy.holds(document)


def test_forgetting_removes_one_person_and_says_what_it_removed(kept):
    log, states = kept
    receipt = privacy.forget(log, states, "ada", at=AT)
    assert receipt["removed"] == {"events": 1, "slates": 1, "states": 1}
    assert receipt["forgotten_at"] == "2026-03-01T09:30:00Z"
    assert receipt["digest"] == sha256(b"ada").hexdigest()
    assert "training" in receipt["remaining"][0]
    assert not privacy.holds(privacy.export(log, states, "ada"))
    assert privacy.holds(privacy.export(log, states, "bob"))
    assert "ada" not in orjson.dumps(receipt).decode()


def test_forgetting_again_removes_nothing_and_the_log_does_not_grow(kept):
    log, states = kept
    privacy.forget(log, states, "ada")
    position = log.tail(0).position
    receipt = privacy.forget(log, states, "ada")
    assert receipt["removed"] == {"events": 0, "slates": 0, "states": 0}
    assert receipt["remaining"] == []
    assert log.tail(0).position == position
    assert sum(isinstance(r.entry, Erasure) for r in log.tail(0).changes) == 1


def test_a_state_alone_is_forgotten_too(kept):
    log, states = kept
    states.put("eve", State(position=0, version="1", folds={}))
    assert privacy.forget(log, states, "eve")["removed"]["states"] == 1
    assert states.get("eve") is None
