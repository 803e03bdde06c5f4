"""Answers that have to have read so much of the log: they wait for it briefly, and in nobody's way.

What is acknowledged by one worker is in the log that all of them read, so most wait for nothing at all.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from penchant.world import Follower

_PAUSE = 0.005  # seconds between two looks at the log
Handler = Callable[..., Coroutine[Any, Any, Any]]


class Reading:
    """Waits up to `patience` seconds until the log has been read so far; whoever answers says if it has not."""

    def __init__(self, follower: Follower, catch_up: Handler, patience: float) -> None:
        self._follower, self._catch_up, self._patience = follower, catch_up, patience

    def __call__(self, answer: Handler) -> Handler:
        """The handler of a body that may name a `min_position`, begun when that is reached."""

        @wraps(answer)
        async def wait(*args: Any, **options: Any) -> Any:
            await self._reach(options["body"].min_position)
            return await answer(*args, **options)

        return wait

    async def _reach(self, position: int) -> None:
        until = time.monotonic() + self._patience
        while self._follower.seen.position < position:
            await self._catch_up()
            if self._follower.seen.position >= position or time.monotonic() > until:
                return
            await asyncio.sleep(_PAUSE)
