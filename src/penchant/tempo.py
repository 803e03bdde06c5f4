"""How long the making of an answer may take, and threads beside it for what might be late.

Without a budget and deadlines nothing is timed, so that what is replayed is the same on every machine.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
_MOST = 4  # calls of one plug-in that may be under way aside


class Late(Exception):  # noqa: N818 - not a failure
    """There was no time for it."""


class Aside:
    """Calls on threads of their own. One that never comes back costs its thread, and no more than a few of those."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, name: str, seconds: float, work: Callable[[], T]) -> T:
        """What the work returns or raises; Late if it takes longer, or if too much of that name is late already."""
        with self._lock:
            if self._under_way[name] >= self._most:
                raise Late
            self._under_way[name] += 1
        done: Future[T] = Future()
        threading.Thread(
            target=copy_context().run, args=(self._run, name, work, done), name=f"penchant-{name}", daemon=True
        ).start()
        try:
            return done.result(timeout=seconds)
        except TimeoutError:
            if done.done():  # the work has raised this
                raise
            raise Late from None

    def _run(self, name: str, work: Callable[[], T], done: "Future[T]") -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # for whoever waits, if anybody still does
            done.set_exception(error)
        finally:
            with self._lock:
                self._under_way[name] -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The time of one answer, from now on."""

    until: float = math.inf  # of time.monotonic(); afterwards what can be left out is
    deadlines: Mapping[str, float] = field(default_factory=dict)  # plug-in → seconds after which it is left
    missing: Collection[str] = ()  # what an answer that is made again had to do without, in the words of its notes
    aside: Aside | None = None

    @property
    def left(self) -> float:
        """Seconds that are left; below 0 if none are."""
        return self.until - time.monotonic()


UNHURRIED = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """The time that every answer has."""

    budget: float = 0.0  # seconds; 0: any
    deadlines: Mapping[str, float] = field(default_factory=dict)
    aside: Aside = field(default_factory=Aside)

    def pace(self) -> Pace:
        """The time of an answer that begins now."""
        until = time.monotonic() + self.budget if self.budget else math.inf
        return Pace(until=until, deadlines=self.deadlines, aside=self.aside)
