"""What people were offered and answered, for stages that learn from it; never more than the log says.

A slate counts as answered by what was logged behind the position it had read, so a slate that nobody answered yet
changes nothing, and a person's slates have to be read again only when the person has done something new.
"""

import threading
from collections.abc import Mapping

import numpy as np

from penchant.ports import Log
from penchant.protocols import Context, Release
from penchant.types import MARK, Candidates, Slate

_PEOPLE = 2_000  # whose slates are held in memory

Slates = tuple[Slate, ...]


class Recollection:
    """The answered slates of people, by person; threads may share it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[tuple[int, int], Slates]] = {}

    def read(self, release: Release, context: Context) -> Slates:
        """What the person answered, as far as a stage of the release reads it."""
        return self.of(context, release.recalls) if release.recalls else ()

    def of(self, context: Context, most: int) -> Slates:
        """The newest `most` slates with marks that showed an item which the person touched later, oldest first."""
        user, touched = context.query.user, _touched(context)
        key = max(touched.values(), default=-1), most
        with self._lock:
            kept = self._kept.pop(user, None)
            if kept is not None and kept[0] == key:
                self._kept[user] = kept
                return kept[1]
        if key[0] < 0:
            return ()
        found = self._read(user, touched, most)
        with self._lock:
            self._kept[user] = (key, found)
            while len(self._kept) > _PEOPLE:
                del self._kept[next(iter(self._kept))]
        return found

    def _read(self, user: str, touched: Mapping[str, int], most: int) -> Slates:
        slates = [r.entry for r in self._log.slates(user=user) if isinstance(r.entry, Slate)]
        answered = [
            slate
            for slate in slates
            if slate.marks
            and slate.query.at is None  # answers about the past were shown to nobody
            and any(touched.get(item, -1) > slate.position for item in slate.items)
        ]
        return tuple(sorted(answered, key=lambda slate: (slate.position, slate.time, slate.id))[-most:])


def _touched(context: Context) -> dict[str, int]:
    """The position in the log of the person's newest event with each item."""
    recent, items = context.user["recent"], context.catalogue.items
    order = np.argsort(recent["position"], kind="stable")
    rows, positions = recent["item"][order].tolist(), recent["position"][order].tolist()
    return {items[row].id: position for row, position in zip(rows, positions, strict=True) if row >= 0}


def marks(result: Candidates, count: int) -> dict[str, tuple[float, ...]]:
    """What the slate keeps of its picks' columns: short in the log, near enough to learn from."""
    names = [name for name in result.columns if name.endswith(MARK)]
    return {name: tuple(round(value, 3) for value in result.columns[name][:count].tolist()) for name in names}
