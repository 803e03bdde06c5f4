"""Values that the contract suites put in and expect back equal, and what opens and closes a store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import numpy as np
import pytest

from penchant.ports import State
from penchant.types import Columns, Event, Item, Pick, Query, Slate

S = TypeVar("S")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ITEM = Item(
    id="i1",
    title="Tea ☕",
    description="Green\nand hot",
    attributes={"tags": ("a", "b"), "price": 2.5, "stock": 3, "title": "not the title", "organic": True},
    created=NOON + timedelta(microseconds=5),
    available=False,
)


@contextmanager
def opened(opener: Callable[[], S]) -> Iterator[S]:
    """Open a store and close it again if it can be closed."""
    store = opener()
    try:
        yield store
    finally:
        getattr(store, "close", lambda: None)()


def an_event(number: int, user: str = "ann", **fields: Any) -> Event:
    """The n-th of a row of events, a minute after the one before."""
    time = NOON + timedelta(minutes=number)
    return Event(**{"id": f"e{number}", "user": user, "item": f"i{number % 7}", "time": time, **fields})


def a_slate(number: int, user: str = "ann") -> Slate:
    """The n-th of a row of slates; every field of it and of its query is in use."""
    query = Query(
        user=user,
        k=3,
        surface="basket",
        text="warm, 暖かい",
        item="i1",
        candidates=("i1", "i2"),
        context={"device": "phone", "tags": ("a", "b"), "age": 33, "rate": 0.1, "new": True},
        exclude=("i9",),
        at=datetime(2026, 3, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
    )
    reasons = ({"column": "price", "part": -0.25},)
    picks = (Pick(item="i1", score=1 / 3, reasons=reasons), Pick(item="i2", score=-1e-9, propensity=0.1))
    time = NOON + timedelta(seconds=number, microseconds=1)
    return Slate(
        id=f"s{number}",
        time=time,
        query=query,
        picks=picks,
        release="r1",
        position=7,
        degraded=("late",),
        cost={"calls": 1.0, "seconds": 0.25},
        marks={"popular.7d~share~z": (-0.5, 1.25), "again.frequency~share~z": (3.0, 0.0)},
    )


def a_state(position: int, version: str = "v1") -> State:
    """A state with columns of every kind; its numbers tell its position."""
    recent: Columns = {
        "time": np.arange(position, dtype=np.int64),
        "weight": np.full((2, 3), position, dtype=np.float32),
    }
    odd: Columns = {"names": np.array(["a", "日本"]), "flag": np.array(True), "none": np.zeros((0, 4))}
    return State(position=position, version=version, folds={"recent": recent, "odd": odd, "empty": {}})


def needs_durable(durable: bool) -> None:
    """Skip the test where nothing outlives the store."""
    if not durable:
        pytest.skip("this store keeps nothing")
