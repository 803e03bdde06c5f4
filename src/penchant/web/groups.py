"""Requests that are worked on together: whoever comes while some are under way waits for the next group.

Nobody waits for company: a group is what has come while the one before it was worked on.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Generic, TypeVar

from penchant.web.turns import Turns

A = TypeVar("A")
R = TypeVar("R")


class Groups(Generic[A, R]):
    """Hands what is asked to `work`, many at once, in turns of one thread; each asker gets its own result or error.

    A group ends with the request that brings its size to `most`. What is counted here belongs to one event loop.
    """

    def __init__(
        self, work: Callable[[Sequence[A]], Sequence[R | Exception]], turns: Turns, size: Callable[[A], int], most: int
    ) -> None:
        self._work, self._turns, self._size, self._most = turns(work), turns, size, most
        self._held = 0  # size of what waits
        self._waiting: deque[tuple[A, asyncio.Future[R], Context]] = deque()
        self._task: asyncio.Task[None] | None = None  # of the group that is worked on

    async def __call__(self, asked: A) -> R:
        """The result for one request. Raises what kept the work from giving one."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future, copy_context()))
        self._held += self._size(asked)
        if self._task is None:
            self._begin()
        return await future

    @property
    def wait(self) -> float:
        """Seconds until the group of whoever comes now would be worked on, as far as the last groups tell."""
        return ((self._task is not None) + self._held // self._most) * self._turns.between

    def _begin(self) -> None:
        """Work on what waits, under the name of the request that waits longest."""
        context = self._waiting[0][2]
        self._task = asyncio.get_running_loop().create_task(self._run(self._group()), context=context)

    def _group(self) -> list[tuple[A, asyncio.Future[R], Context]]:
        group, size = [], 0
        while self._waiting and size < self._most:
            group.append(self._waiting.popleft())
            size += self._size(group[-1][0])
        self._held -= size
        return group

    async def _run(self, group: Sequence[tuple[A, asyncio.Future[R], Context]]) -> None:
        found: Sequence[R | Exception]
        try:
            found = await self._work([asked for asked, _, _ in group])
        except Exception as error:
            found = [error] * len(group)
        self._task = None
        if self._waiting:
            self._begin()
        for (_, future, _), result in zip(group, found, strict=True):
            if future.done():
                continue  # nobody waits for it any more
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
