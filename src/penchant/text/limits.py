"""What keeps a language model from costing more than it may: a memory, a minute's budget, and a breaker.

All of them are shared by threads; none of them ever waits.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Clock = Callable[[], float]
_MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be asked of a generator, and for how long it is waited for."""

    deadline: float = 30.0  # seconds that one answer may take at most, whatever the caller allows
    calls: int = 600  # per minute
    tokens: int = 200_000  # per minute, asked and answered
    workers: int = 4  # calls under way at once; a local model has one
    memory: int = 10_000  # answers kept
    failures: int = 3  # in a row, after which it is not asked for a while
    pause: float = 15.0  # seconds of that while


class Memory(Generic[T]):
    """The values of the last `size` keys, least recently used out first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> T | None:
        """The value of a key, if it is kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: str, value: T) -> None:
        """Remember a value."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


class Minute:
    """Calls and tokens of the last sixty seconds; what is reserved is counted before it is known."""

    def __init__(self, *, calls: int, tokens: int, clock: Clock = time.monotonic) -> None:
        self._most = (calls, tokens)
        self._clock = clock
        self._spent: deque[tuple[float, int, int]] = deque()
        self._sums = [0, 0]
        self._lock = threading.Lock()

    def reserve(self, calls: int, tokens: int, *, leave: int = 0) -> str:
        """Count calls and tokens if there is room for them, and `leave` calls are left; else say what is missing."""
        with self._lock:
            self._forget()
            for what, asked, sum_, most in zip(
                ("calls", "tokens"), (calls, tokens), self._sums, self._most, strict=True
            ):
                if sum_ + asked > most - (leave if what == "calls" else 0):
                    return f"{sum_:,} of {most:,} {what} a minute are spent, {asked:,} more were asked for"
            self._add(calls, tokens)
            return ""

    def correct(self, tokens: int) -> None:
        """Count tokens more, or fewer, than were reserved."""
        with self._lock:
            self._add(0, tokens)

    def _add(self, calls: int, tokens: int) -> None:
        self._spent.append((self._clock(), calls, tokens))
        self._sums = [self._sums[0] + calls, self._sums[1] + tokens]

    def _forget(self) -> None:
        while self._spent and self._spent[0][0] <= self._clock() - _MINUTE:
            _, calls, tokens = self._spent.popleft()
            self._sums = [self._sums[0] - calls, self._sums[1] - tokens]


class Breaker:
    """Opens after so many failures in a row; when its pause is over one call may try, and the others go on waiting."""

    def __init__(self, *, failures: int, pause: float, clock: Clock = time.monotonic) -> None:
        self._most, self._pause, self._clock = failures, pause, clock
        self._failed, self._until = 0, 0.0
        self._lock = threading.Lock()

    def closed(self) -> bool:
        """Whether a call may be tried now."""
        with self._lock:
            if self._failed < self._most:
                return True
            now = self._clock()
            if now < self._until:
                return False
            self._until = now + self._pause  # for all but this one
            return True

    def tell(self, *, worked: bool) -> None:
        """Learn how a call went."""
        with self._lock:
            self._failed = 0 if worked else self._failed + 1
            if self._failed >= self._most:
                self._until = self._clock() + self._pause
