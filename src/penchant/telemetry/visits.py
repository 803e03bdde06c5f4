"""One HTTP request as the rest of the process may know it: the name its caller can ask for, and what its answer lacked.

Whoever writes a line of the log, or a problem, while it is answered finds it here. It never knows whose request it is.
"""

import os
import random
import re
from contextvars import ContextVar
from dataclasses import dataclass

_DICE = random.Random()  # asking the system each time would let a busy thread take the interpreter
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True)
class Visit:
    """A request under way."""

    id: str
    degraded: tuple[str, ...] = ()  # parts that the answer had to do without


CURRENT: ContextVar[Visit | None] = ContextVar("visit", default=None)  # threads that answer get a copy


def named(asked: str) -> str:
    """A request's name: the one asked for if it is harmless, else a new one."""
    return asked if _SAFE.fullmatch(asked) else f"{_DICE.getrandbits(96):024x}{os.getpid():08x}"


def name() -> str:
    """The name of the request that is being answered here; empty outside of one."""
    visit = CURRENT.get()
    return visit.id if visit else ""
