"""How many slates are kept, for how long, and how far their writing may lag: they are bulky, and can be made again.

Age counts from a slate's arrival: one that was asked as of a day long past is as young as any other.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Bounds on the slates that a log keeps."""

    slates: int = 200_000
    age: timedelta = timedelta(days=30)
    lag: float = 0.02  # seconds that a slate waits for company
    waiting: int = 4_000  # that wait; beyond, while the database refuses them, the oldest are given up

    def oldest(self, now: int) -> int:
        """Time of arrival (µs) before which slates go."""
        return now - self.age // timedelta(microseconds=1)
