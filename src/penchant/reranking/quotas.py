"""Quotas of a list: at most so many of one kind, at least so many that are new. Nothing is lost, only moved."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Interval

from penchant.events.timeline import UNITS
from penchant.protocols import Context
from penchant.reranking.relevance import first
from penchant.types import DAY, NEVER, Array, Candidates, Item, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """At most `most` items of one value of an attribute among the first k; those above it follow behind the others.

    If the candidates hold too few others, the list is filled with what followed. An attribute of several values, such
    as tags, counts every one; an item without the attribute is never too many. Scores stay.
    """

    vital: ClassVar[bool] = True  # a promise of the shop is never left out for want of time
    attribute: str = "category"  # any attribute of the items, e.g. "brand"
    most: Annotated[int, Ge(0)] = 3  # items of one value; 0 or more, 0 is no limit

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        if not self.most:
            return candidates
        taken: Counter[str] = Counter()
        chosen: list[int] = []
        for place, row in enumerate(candidates.rows.tolist()):
            if len(chosen) == context.query.k:
                break
            values = self._values(context.catalogue.items[row])
            if all(taken[value] < self.most for value in values):
                taken.update(values)
                chosen.append(place)
        return first(candidates, np.array(chosen, dtype=np.int64))

    def _values(self, item: Item) -> set[str]:
        value = item.attributes.get(self.attribute, ())
        return {str(v) for v in (value if isinstance(value, tuple) else (value,))} - {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """At least the share `share` of the first k is new: the best of the new ones take the last places; scores stay.

    An item is new for `days` after it was created (or first met, if nobody said when), and while it has had at most
    `events` positive events. If the candidates hold too few that are new, all of those are shown. The first `after`
    places stay as they are: a short list is left to the ranker, and only a longer one makes room for the new.
    """

    share: Annotated[float, Interval(ge=0, le=1)] = 0.1  # of the first k, rounded to whole items; 0 to 1
    days: Annotated[float, Ge(0)] = 7.0  # an item younger than this is new; 0 or more
    events: Annotated[float, Ge(0)] = 0.0  # weighted events up to which an older item is new too; 0 or more
    after: Annotated[int, Ge(0)] = 0  # places at the head of the list that are never given away; 0 or more

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        k = min(context.query.k, len(candidates))
        wanted = round(self.share * k)
        if not wanted or k == len(candidates) or k <= self.after:
            return candidates
        new = np.flatnonzero(fresh(context, candidates.rows, self.days, self.events))
        if np.count_nonzero(new < k) >= wanted:
            return candidates
        lifted = new[new >= self.after][: min(wanted - np.count_nonzero(new < self.after), k - self.after)]
        others = np.setdiff1d(np.arange(len(candidates)), lifted)[: k - len(lifted)]
        return first(candidates, np.sort(np.concatenate([others, lifted])))


def fresh(context: Context, rows: Rows, days: float, events: float) -> Array:
    """One bool per row: younger than `days`, or with at most `events` weighted events so far."""
    created, line = context.catalogue.columns["created"][rows], context.timeline
    born = np.where(created == NEVER, line.first_seen(rows), created)
    count = line.tally(None, context.now, len(context.catalogue))[rows] / UNITS
    new: Array = (born > context.now - days * DAY) | (count <= events)
    return new
