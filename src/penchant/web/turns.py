"""The few threads that answer, in the order in which requests came.

Answers are work for a processor: more threads than cores do not make them faster, they only make them wait for each
other. What may wait for something else, a language model above all, does not belong here.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """A pool of `threads`; whoever finds all of them busy waits."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="penchant-answers")

    def __call__(self, work: Callable[P, T]) -> Callable[P, Coroutine[None, None, T]]:
        """The same function for an event loop: it runs when its turn comes."""

        @wraps(work)
        async def turn(*args: P.args, **options: P.kwargs) -> T:
            call = partial(copy_context().run, work, *args, **options)  # with the name of the request
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)

        return turn

    def close(self) -> None:
        """Take nothing more; what is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
