"""The guard of one language model: what all requests to it share, and the threads on which it works."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from penchant.errors import GeneratorError
from penchant.telemetry.measures import Telemetry
from penchant.text.limits import Breaker, Limits, Memory, Minute
from penchant.text.speech import Prompt

T = TypeVar("T")
_PATIENCE = 0.25  # share of a deadline that is waited for others to be done with the model


@dataclass(frozen=True, slots=True)
class Written:
    """An answer, and how many tokens were asked and answered for it."""

    text: str
    tokens: int


class Writer(Protocol):
    """A model as it is: it may raise anything, and should stop by itself when its seconds are over."""

    @property
    def constrained(self) -> bool:
        """Whether an answer follows `Prompt.schema` from its first token on."""
        ...

    def write(self, prompt: Prompt, seconds: float) -> Written:
        """The answer."""
        ...

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[str]:
        """The answer piece by piece."""
        ...


class Weigher(Writer, Protocol):
    """A writer whose likelihoods can be read."""

    def weigh(self, prompt: str, texts: Sequence[str], seconds: float) -> list[float]:
        """Mean log-probability per token of each text after the prompt."""
        ...


class Guard:
    """One model and all that requests to it share."""

    def __init__(self, name: str, make: Callable[[], Any], limits: Limits, telemetry: Telemetry | None = None) -> None:
        self.name, self.limits, self.telemetry = name, limits, telemetry or Telemetry()
        self.texts: Memory[str] = Memory(limits.memory)
        self.weights: Memory[float] = Memory(limits.memory)
        self.minute = Minute(calls=limits.calls, tokens=limits.tokens)
        self.breaker = Breaker(failures=limits.failures, pause=limits.pause)
        self._make, self._made, self._making = make, None, threading.Lock()
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="penchant-generator")
        self._room = threading.BoundedSemaphore(limits.workers)

    @property
    def model(self) -> Any:
        """The model, loaded by whoever needs it first."""
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def close(self) -> None:
        """Take no more work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def until(self, deadline: float) -> float:
        """The monotonic time at which an answer has to be there."""
        return time.monotonic() + min(deadline, self.limits.deadline)

    @contextmanager
    def admitted(self, calls: int, size: int, until: float) -> Iterator[None]:
        """Reserve calls and tokens and take a place.

        Raises GeneratorError if the model is paused or busy, or its minute is spent.
        """
        if not self.breaker.closed():
            self._refuse("paused", calls, "it failed lately and is left alone for a while")
        if not self._room.acquire(timeout=max(0.0, until - time.monotonic()) * _PATIENCE):
            self._refuse("busy", calls, f"{self.limits.workers} requests are under way already")
        try:
            if spent := self.minute.reserve(calls, size):
                self._refuse("refused", calls, spent)
            yield
        finally:
            self._room.release()

    def submit(self, work: Callable[[float], T], until: float) -> "Future[T]":
        """Have a thread do work that is told how many seconds it has."""
        return self._pool.submit(self._timely, work, until)

    def result(self, future: "Future[T]", until: float) -> T:
        """What the work came to. Raises GeneratorError for whatever went wrong."""
        try:
            return future.result(timeout=max(0.0, until - time.monotonic()))
        except TimeoutError:
            future.cancel()
            raise self.failed("late", "too late") from None
        except GeneratorError as error:
            raise self.failed("unusable", str(error), broken=False) from None
        except Exception as error:  # whatever a library raises
            line = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise self.failed("failed", line) from error

    def failed(self, outcome: str, said: str, *, broken: bool = True) -> GeneratorError:
        """Count a failure, against the model if it is `broken`, and make the error that tells of it."""
        self.telemetry.generated.labels(outcome).inc()
        if broken:
            self.breaker.tell(worked=False)
        return GeneratorError(f"{self.name}: {said[:200]}")

    def worked(self, size: int, reserved: int) -> None:
        """Count an answer and what it really took."""
        self.breaker.tell(worked=True)
        self.minute.correct(size - reserved)
        self.telemetry.generated.labels("answered").inc()
        self.telemetry.tokens.inc(size)

    def _refuse(self, outcome: str, calls: int, said: str) -> None:
        self.telemetry.generated.labels(outcome).inc(calls)
        raise GeneratorError(f"{self.name}: {said}")

    def _timely(self, work: Callable[[float], T], until: float) -> T:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        with self.telemetry.timed(self.telemetry.waits):
            return work(left)
