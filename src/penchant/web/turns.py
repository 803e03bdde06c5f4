"""The few threads that answer, in the order in which requests came, and how long one has to wait for them.

Answers are work for a processor: more threads than cores do not make them faster, they only make them wait for each
other. What may wait for something else, a language model above all, does not belong here.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_MEMORY = 0.05  # weight of the newest turn in what turns take
_LONGEST = 0.25  # seconds that one turn counts at most, so that a hiccup is soon forgotten


class Turns:
    """A pool of `threads`; whoever finds all of them busy waits. What it counts belongs to one event loop."""

    def __init__(self, threads: int) -> None:
        self._count = threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="penchant-answers")
        self._inside = 0
        self.between = 0.0  # seconds between the ends of two turns while there is always one under way
        self._last = 0.0  # when a turn ended last, or the first of many began

    def __call__(self, work: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
        """The same function for an event loop: it runs when its turn comes."""

        @wraps(work)
        async def turn(*args: P.args, **options: P.kwargs) -> T:
            if not self._inside:
                self._last = time.monotonic()
            self._inside += 1
            call = partial(copy_context().run, work, *args, **options)  # with the name of the request
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, call)
            finally:
                self._inside -= 1
                self._learn(time.monotonic())

        turn.__dict__["turns"] = self
        return turn

    def _learn(self, now: float) -> None:
        took, self._last = min(now - self._last, _LONGEST), now
        self.between += _MEMORY * (took - self.between)

    @property
    def wait(self) -> float:
        """Seconds that whoever comes now would wait for a thread, as far as the last turns tell."""
        return max(0, self._inside - self._count + 1) * self.between

    def close(self) -> None:
        """Take nothing more; what is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
