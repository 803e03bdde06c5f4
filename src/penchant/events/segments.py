"""Segments of people: the values of one key of the context of events, as codes.

Rule: an event is of the segment that it tells, or else of the one its person told last, in order of the log; so codes
are a function of the log, and what is told later changes nothing that has happened.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from penchant.types import Array, Value

_MOST = 2**15 - 1  # segments; people of any further one count as of none
_NOBODY: Array = np.zeros(0, dtype=np.int16)


class Segments:
    """Codes of segments by name, and who told which last; grows with the log. Without a key there are none."""

    def __init__(self, key: str = "", names: Sequence[str] = (), last: Array = _NOBODY) -> None:
        self.key = key  # of the context
        self._codes = {name: code for code, name in enumerate(names)}
        self._kept = last  # person → segment, as a snapshot had it
        self._last: dict[int, int] = {}  # person → segment, as told since

    @property
    def names(self) -> list[str]:
        """The segments that anybody has told, in order of their codes."""
        return list(self._codes)

    def code(self, name: str) -> int:
        """The code of a segment that somebody has told; -1 if nobody has."""
        return self._codes.get(name, -1)

    def name(self, code: int) -> str:
        """The name of a code; empty where there is none."""
        return list(self._codes)[code] if 0 <= code < len(self._codes) else ""

    def of(self, people: Array, told: Sequence[str]) -> Array:
        """The segments of events by these people (codes, in order of the log): int16, -1 where none is known."""
        found = np.full(len(people), -1, dtype=np.int16)
        for place, (person, name) in enumerate(zip(people.tolist(), told, strict=True) if self.key else ()):
            if name and (name in self._codes or len(self._codes) < _MOST):
                self._last[person] = self._codes.setdefault(name, len(self._codes))
            elif name:
                self._last[person] = -1
            found[place] = self._of(person)
        return found

    def _of(self, person: int) -> int:
        kept = self._last.get(person)
        if kept is None:
            kept = int(self._kept[person]) if person < len(self._kept) else -1
        return kept

    def forget(self, person: int) -> None:
        """Forget what a person told."""
        self._last[person] = -1


def named(value: Value | None) -> str:
    """The name of a segment from a value of a context; empty where there is none."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return (value[0] if value else "") if isinstance(value, tuple) else str(value)


def told(context: Mapping[str, Value], key: str) -> str:
    """What a context tells of a key; empty where it tells nothing."""
    return named(context.get(key)) if key else ""
