"""The built-in folds. Sums are of whole numbers and orders are total, so that neither the order in which events arrive
nor the way they are cut into batches changes a state. Nothing decays here: weights fade when they are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from penchant.events.timeline import UNITS, Events
from penchant.protocols import Fold
from penchant.types import DAY, NEVER, Array, Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """The newest events, searches included: columns `time, item, kind, value, position`, oldest first."""

    size: int = 200  # events kept per person
    name: str = "recent"  # under which its state is found

    def start(self) -> Columns:
        return {
            "time": np.zeros(0, np.int64),
            "item": np.zeros(0, np.int32),
            "kind": np.zeros(0, np.int16),
            "value": np.zeros(0, np.float32),
            "weight": np.zeros(0, np.float32),
            "position": np.zeros(0, np.int64),
        }

    def step(self, state: Columns, events: Events) -> Columns:
        joined = {name: np.concatenate([column, getattr(events, name)]) for name, column in state.items()}
        keep = np.lexsort((joined["position"], joined["time"]))[-self.size :]
        return {name: column[keep] for name, column in joined.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """Items the person met: `item`, `count` of positive events, net `weight` in thousandths, `first` event, `last`
    event that was not negative, and `refused`, the last whose kind weighs −1 or less.

    Exact for the `size` items met most recently; an older one that comes back starts anew.
    """

    size: int = 5_000  # items kept per person, the most recently met
    name: str = "interest"  # under which its state is found

    def start(self) -> Columns:
        return {
            "item": np.zeros(0, np.int32),
            "count": np.zeros(0, np.int64),
            "weight": np.zeros(0, np.int64),
            "first": np.zeros(0, np.int64),
            "last": np.zeros(0, np.int64),
            "refused": np.zeros(0, np.int64),
        }

    def step(self, state: Columns, events: Events) -> Columns:
        events = events.take(events.item >= 0)
        weight = np.rint(events.weight * UNITS).astype(np.int64)
        item, slot = np.unique(np.concatenate([state["item"], events.item]), return_inverse=True)
        count = _sums(slot, np.concatenate([state["count"], (weight > 0).astype(np.int64)]), len(item))
        total = _sums(slot, np.concatenate([state["weight"], weight]), len(item))
        first = np.full(len(item), np.iinfo(np.int64).max)
        last, refused = np.full(len(item), NEVER), np.full(len(item), NEVER)
        np.minimum.at(first, slot, np.concatenate([state["first"], events.time]))
        np.maximum.at(last, slot, np.concatenate([state["last"], np.where(weight >= 0, events.time, NEVER)]))
        refusal = np.where(weight <= -UNITS, events.time, NEVER)
        np.maximum.at(refused, slot, np.concatenate([state["refused"], refusal]))
        keep = np.sort(np.lexsort((item, np.maximum(last, refused)))[-self.size :])
        columns = {"item": item.astype(np.int32), "count": count, "weight": total}
        columns |= {"first": first, "last": last, "refused": refused}
        return {name: column[keep] for name, column in columns.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Events per kind code (`count`) and the times of the first and last (`span`, empty before the first event)."""

    name: str = "counts"  # under which its state is found

    def start(self) -> Columns:
        return {"count": np.zeros(0, np.int64), "span": np.zeros(0, np.int64)}

    def step(self, state: Columns, events: Events) -> Columns:
        if not len(events):
            return state
        size = max(len(state["count"]), int(events.kind.max()) + 1)
        count = np.bincount(events.kind, minlength=size)
        count[: len(state["count"])] += state["count"]
        times = np.concatenate([state["span"], events.time])
        return {"count": count, "span": np.array([times.min(), times.max()])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Events per active day: `day` (days since 1970, ascending) and `count`."""

    size: int = 60  # active days kept per person
    name: str = "rates"  # under which its state is found

    def start(self) -> Columns:
        return {"day": np.zeros(0, np.int32), "count": np.zeros(0, np.int64)}

    def step(self, state: Columns, events: Events) -> Columns:
        day, slot = np.unique(np.concatenate([state["day"], events.time // DAY]), return_inverse=True)
        count = _sums(slot, np.concatenate([state["count"], np.ones(len(events), np.int64)]), len(day))
        return {"day": day[-self.size :].astype(np.int32), "count": count[-self.size :]}


def fold(folds: Iterable[Fold], events: Events, states: dict[str, Columns] | None = None) -> dict[str, Columns]:
    """The states after `events`, from `states` or from the start."""
    states = states or {}
    return {f.name: f.step(states.get(f.name) or f.start(), events) for f in folds}


def _sums(slot: Array, values: Array, size: int) -> Array:
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, slot, values)
    return sums
