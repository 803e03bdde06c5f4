"""How many slates are kept and for how long: slates are bulky, and what they say can be replayed.

Age counts from a slate's arrival: one that was asked as of a day long past is as young as any other.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Bounds on the slates that a log keeps."""

    slates: int = 200_000
    age: timedelta = timedelta(days=30)

    def oldest(self, now: int) -> int:
        """Time of arrival (µs) before which slates go."""
        return now - self.age // timedelta(microseconds=1)
