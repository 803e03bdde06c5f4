"""What time it is. Whatever the system's clock does, this one never goes back, so that what was logged stays seen.

The log is a witness: nothing later than a day ahead of the clock is ever taken in, so a log that is ahead by more tells
that the clock has been set back since, while nobody looked.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from penchant.telemetry.measures import log
from penchant.types import DAY, moment
from penchant.world import World

_SLOW = 2  # while the system's clock is behind, this one goes at its speed divided by this, until it is caught up with


class Steady:
    """The system's clock; after it was set back, time goes on at half speed until the system has caught up."""

    def __init__(
        self, world: World, *, wall: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._ticks = wall, ticks
        self._lock = threading.Lock()
        self._last, self._at = int(wall() * 1e6), ticks()
        newest = int(world.timeline.time[-1]) if len(world.timeline) else 0
        if newest - self._last > DAY:
            log.error("the clock says %s, but the log has events of %s", moment(self._last), moment(newest))
            self._last = newest

    def __call__(self, _: World) -> datetime:
        """Now, no earlier than ever before."""
        with self._lock:
            ticks = self._ticks()
            slowly = self._last + int((ticks - self._at) * 1e6) // _SLOW
            self._last, self._at = max(slowly, int(self._wall() * 1e6)), ticks
            return moment(self._last)
