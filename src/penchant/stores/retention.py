"""How many slates are kept and for how long: slates are bulky, and what they say can be replayed."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Bounds on the slates that a log keeps."""

    slates: int = 200_000
    age: timedelta = timedelta(days=30)

    def oldest(self, newest: int, now: int) -> int:
        """Time (µs) before which slates go, given the time of the newest slate and of the clock.

        On historical data the newest slate sets the time; one that was asked for in the future must not.
        """
        return min(newest, now) - self.age // timedelta(microseconds=1)
