"""What a person takes again and again, and what people of the same habits take: TIFU-kNN, live from the timeline.

A person's vector is Σ within^(b mod size)·between^(b div size)·w over their events, b moments (baskets) back: groups of
baskets fade, and baskets fade within a group. `usual` is own·u + (1 − own)·the mean of the nearest people's vectors,
weighted by likeness (Hu et al., SIGIR 2020; likeness here is u·v/|v|₁ over people who share items, not a distance).
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Interval

from penchant.events import walks
from penchant.events.loops import largest
from penchant.protocols import Context
from penchant.retrieval import counting
from penchant.retrieval.best import best_among, scores_at
from penchant.retrieval.counting import Touched
from penchant.types import Array, Columns, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Column `usual`: how much of an item is in the habits of the person and of the people most like them."""

    size: Annotated[int, Ge(1)] = 7  # baskets of a group; 1 or more
    within: Annotated[float, Interval(gt=0, le=1)] = 0.9  # what a basket counts of the next one in its group, to 1
    between: Annotated[float, Interval(gt=0, le=1)] = 0.7  # what a group counts of the next one, above 0, to 1
    own: Annotated[float, Interval(ge=0, le=1)] = 0.4  # share of the person's own habits, from 0 to 1
    history: Annotated[int, Ge(1)] = 1_000  # the person's newest events that are used; 1 or more
    items: Annotated[int, Ge(1)] = 50  # strongest habits by which others are found; 1 or more
    audience: Annotated[int, Ge(1)] = 300  # newest events of each such item; 1 or more
    people: Annotated[int, Ge(1)] = 100  # people of the audience who share most; 1 or more
    depth: Annotated[int, Ge(1)] = 30  # newest events of each of them; 1 or more
    nearest: Annotated[int, Ge(1)] = 100  # of these people, the most alike that count; 1 or more

    def retrieve(self, context: Context, limit: int) -> Rows:
        _, rows, usual = self._usual(context)
        return best_among(context, rows, usual, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        touched, _, usual = self._usual(context)
        return {"usual": scores_at(touched, rows, usual)}

    def _usual(self, context: Context) -> tuple[Touched, Rows, Array]:
        return context.once((self, "usual"), lambda: self._compute(context))

    def _compute(self, context: Context) -> tuple[Touched, Rows, Array]:
        touched, person = counting.untouched(len(context.catalogue)), context.timeline.users.get(context.query.user)
        if person is None:
            return touched, np.zeros(0, np.int32), np.zeros(0)
        fades, alone = self._fades(), np.array([person])
        items, habits = counting.habits(walks.read(context.timeline, alone, self.history), fades, np.ones(1), touched)
        read = walks.read(context.timeline, self._sharing(context, items, habits, person), self.depth)
        shared, whole = counting.sharing(read, fades, touched, habits)
        like = shared / np.maximum(whole, 1e-9)
        near, nearest = np.zeros(len(like)), largest(like, self.nearest)
        near[nearest] = like[nearest]
        others, theirs = counting.habits(read, fades, near, touched)
        usual = (1 - self.own) * theirs / max(near.sum(), 1e-9)
        usual[: len(habits)] += self.own * habits
        return touched, np.concatenate([items, others]), usual

    def _sharing(self, context: Context, items: Rows, habits: Array, person: int) -> Array:
        """Codes of the people who did most of late with the items of these habits."""
        timeline, strongest = context.timeline, np.lexsort((items, -habits))[: self.items]
        people, shared = walks.crowd(timeline, items[strongest], habits[strongest], self.audience)
        people, shared = people[people != person], shared[people != person]
        nearest: Array = people[largest(shared, self.people)]
        return nearest

    def _fades(self) -> Array:
        """What an event counts by how many moments came since."""
        back = np.arange(max(self.history, self.depth))
        fades: Array = self.within ** (back % self.size) * self.between ** (back // self.size)
        return fades
