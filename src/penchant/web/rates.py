"""How often each caller may ask: one bucket of tokens a caller, refilled by the clock. Nobody waits here."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000  # callers remembered; who has not asked for longest is forgotten first


class Rates:
    """Buckets of `burst` tokens that gain `rate` tokens a second; a rate of 0 is no limit."""

    def __init__(self, rate: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # caller → tokens, when they were counted
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, caller: str) -> float:
        """Take a token: 0 if there was one, else the seconds until there is one."""
        if not self._rate:
            return 0.0
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(caller, (self._burst, now))
            tokens = min(self._burst, tokens + max(0.0, now - since) * self._rate)
            admitted = tokens >= 1
            self._buckets[caller] = (tokens - admitted, now)
            if len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
            return 0.0 if admitted else (1 - tokens) / self._rate
