"""Work behind answers that rests longer than it works, so that whoever waits for an answer hardly notices it.

What takes long rests where it can stop; outside of `gently` nothing ever does.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SHARE = 3.0  # seconds of rest for each second of work
_LEAST = 0.001  # seconds of work that are worth a rest
_LONGEST = 0.2  # seconds of one rest
_WOKE: ContextVar[float | None] = ContextVar("woke", default=None)  # when the last rest ended, where there are any


@contextmanager
def gently() -> Iterator[None]:
    """Rest in this block, and in what it calls."""
    token = _WOKE.set(time.perf_counter())
    try:
        yield
    finally:
        _WOKE.reset(token)


def rest() -> None:
    """Rest from what was done since the last time, if this is to be done gently."""
    woke = _WOKE.get()
    if woke is None or (worked := time.perf_counter() - woke) < _LEAST:
        return
    time.sleep(min(_SHARE * worked, _LONGEST))
    _WOKE.set(time.perf_counter())
