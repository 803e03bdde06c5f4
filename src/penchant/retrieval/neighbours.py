"""Live item-item neighbours: X·Xᵀ with BM25 weights, read from the timeline, so that it moves with every event.

An item is scored by the people who share the person's past: Σ_h w_h Σ_u x_uh·idf_u²·x_ui / (len_h·len_i), with
idf_u = ln N − ln(1 + n_u) and len_i = 1 − b + b·n_i/mean n (BM25 with a large k₁, as in implicit's BM25 recommender).
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.protocols import Context
from penchant.retrieval.best import best, in_turn, liked
from penchant.timeline import UNITS, Timeline
from penchant.types import Array, Columns, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """BM25 item-item counts over the most recent audience of what the person liked."""

    history: Annotated[int, Ge(1)] = 50  # items of the person's past that are used; 1 or more
    half_life: Annotated[float, Gt(0)] = 60.0  # days, above 0, after which an item of the past counts half
    audience: Annotated[int, Ge(1)] = 500  # most recent events of each such item; 1 or more
    people: Annotated[int, Ge(1)] = 800  # people of the audience who share most; 1 or more
    depth: Annotated[int, Ge(1)] = 50  # most recent events of each of them; 1 or more
    b: Annotated[float, Interval(ge=0, le=1)] = 0.2  # how much popularity is divided out of `bm25`, from 0 to 1

    def retrieve(self, context: Context, limit: int) -> Rows:
        """Half of the limit by each column, in turn."""
        together = self._together(context)
        return in_turn([best(context, scores, limit) for scores in (together / self._length(context), together)], limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        together = self._together(context)[rows]
        bm25 = together / self._length(context)[rows]
        return {"together": together.astype(np.float32), "bm25": bm25.astype(np.float32)}

    def _together(self, context: Context) -> Array:
        return context.once((self, "together"), lambda: self._compute(context))

    def _length(self, context: Context) -> Array:
        return context.once((self, "length"), lambda: self._normalise(context))

    def _compute(self, context: Context) -> Array:
        timeline, size = context.timeline, len(context.catalogue)
        past, weights = liked(context, self.half_life, self.history)
        if not len(past) or not len(timeline):
            return np.zeros(size)
        length = self._length(context)
        places, owner = timeline.gather("item", past, self.audience)
        user, kind = timeline.user[places], timeline.kind[places]
        positive = np.maximum(timeline.kinds.weights, 0.0)
        value = positive[kind] * (weights / length[past])[owner]
        shared = np.bincount(user, weights=value)
        shared[timeline.users.get(context.query.user, len(shared)) :][:1] = 0.0
        people = np.flatnonzero(shared)
        if len(people) > self.people:
            people = people[np.argsort(-shared[people], kind="stable")[: self.people]]
        places, owner = timeline.gather("user", people, self.depth)
        seen = np.bincount(owner, minlength=len(people))
        idf = np.maximum(np.log(population(timeline)) - np.log1p(seen), 0.1)
        item, kind = timeline.item[places], timeline.kind[places]
        value = (shared[people] * idf**2)[owner] * positive[kind] * (item >= 0)
        scores: Array = np.bincount(np.maximum(item, 0), weights=value, minlength=size)[:size]
        return scores

    def _normalise(self, context: Context) -> Array:
        count = np.maximum(context.timeline.tally(None, context.now, len(context.catalogue)), 0) / UNITS
        mean = count.sum() / max(np.count_nonzero(count), 1)
        length: Array = 1 - self.b + self.b * count / max(mean, 1e-9)
        return length


def population(timeline: Timeline) -> int:
    """How many people have done something; `timeline.users` also has those who come later."""
    index = timeline.postings("user")
    first = index.order[index.starts[:-1][np.diff(index.starts) > 0]]
    late = np.unique(timeline.user[index.size :])
    starts, ends = index.bounds(late)
    return int(np.count_nonzero(first < len(timeline)) + np.count_nonzero(starts == ends))
