"""What people who share a person's past went for: live neighbours, so that they move with every event.

A person v is as near as Σ_h w_h·x_vh / len_h over the past h. An item is counted over the nearest people's events:
`together` is Σ_v near_v·idf_v²·x_vi, with idf_v = ln N − ln(1 + n_v); `bm25` divides it by len_i = 1 − b + b·n_i/mean n
(BM25 with a large k₁, as in implicit's BM25 recommender) and `cosine` by √n_i. `peers` and `lately` are
Σ_v near_v / n_v^even · x_vi with each event fading by its age: what is on the mind of people like this one.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.events import walks
from penchant.events.loops import largest
from penchant.events.timeline import UNITS, Timeline
from penchant.protocols import Context
from penchant.retrieval.best import best_among, in_turn, liked, scores_at
from penchant.retrieval.counting import HALVES, Touched, counts, untouched
from penchant.types import DAY, Array, Columns, Rows

COLUMNS = ("together", "bm25", "cosine", "peers", "lately")


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Columns `together`, `bm25`, `cosine`, `peers` and `lately` over the people who share most with the person."""

    history: Annotated[int, Ge(1)] = 50  # items of the person's past that are used; 1 or more
    half_life: Annotated[float, Gt(0)] = 60.0  # days, above 0, after which an item of the past counts half
    pace: Annotated[float, Ge(0)] = 0.3  # an item met s steps ago counts 1/(1 + pace·s); 0 or more
    audience: Annotated[int, Ge(1)] = 500  # most recent events of each such item; 1 or more
    people: Annotated[int, Ge(1)] = 800  # people of the audience who share most; 1 or more
    depth: Annotated[int, Ge(1)] = 30  # most recent events of each of them; 1 or more
    b: Annotated[float, Interval(ge=0, le=1)] = 0.2  # how much popularity is divided out of `bm25`, from 0 to 1
    even: Annotated[float, Interval(ge=0, le=1)] = 0.7  # how much less those who do much count in `peers`, from 0 to 1
    peers: Annotated[float, Gt(0)] = 30.0  # days, above 0, after which an event counts half in `peers`
    lately: Annotated[float, Gt(0)] = 3.0  # days, above 0, after which an event counts half in `lately`

    def retrieve(self, context: Context, limit: int) -> Rows:
        """Half of the limit by `bm25` and half by `lately`, in turn."""
        _, rows, counts = self._counts(context)
        return in_turn([best_among(context, rows, counts[name], limit) for name in ("bm25", "lately")], limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        touched, _, counts = self._counts(context)
        return {name: scores_at(touched, rows, scores) for name, scores in counts.items()}

    def _counts(self, context: Context) -> tuple[Touched, Rows, dict[str, Array]]:
        return context.once((self, "counts"), lambda: self._compute(context))

    def _compute(self, context: Context) -> tuple[Touched, Rows, dict[str, Array]]:
        touched = untouched(len(context.catalogue))
        people, near, seen = self._nearest(context)
        if not len(people):
            return touched, np.zeros(0, np.int32), dict.fromkeys(COLUMNS, np.zeros(0))
        values = near * _rarity(context, seen), near / seen**self.even
        lives, events = (self.peers * DAY, self.lately * DAY), walks.read(context.timeline, people, self.depth)
        rows, together, peers, lately = counts(events, values, context.now, lives, HALVES, touched)
        root = np.sqrt(np.maximum(_events(context, rows), 1.0))
        columns = (together, together / self._length(context, rows), together / root, peers, lately)
        return touched, rows, dict(zip(COLUMNS, columns, strict=True))

    def _length(self, context: Context, rows: Rows) -> Array:
        """By what `bm25` divides the count of each item."""
        mean = context.timeline.tallied(_mean, "mean", None, context.now, len(context.catalogue))
        length: Array = np.maximum(1 - self.b + self.b * _events(context, rows) / max(mean, 1e-9), 1e-9)
        return length

    def _nearest(self, context: Context) -> tuple[Array, Array, Array]:
        """Codes of the people who share most with the person, how near they are, how many events each has."""
        timeline = context.timeline
        past, weights = liked(context, self.half_life, self.history, pace=self.pace)
        positive = np.maximum(timeline.kinds.weights, 0.0)
        people, near = walks.crowd(timeline, past, weights / self._length(context, past), self.audience, positive)
        others = (near > 0) & (people != timeline.users.get(context.query.user, -1))
        people, near = people[others], near[others]
        seen = activity(timeline, people)
        if len(people) > self.people:
            nearest = largest(near * _rarity(context, seen), self.people)
            people, near, seen = people[nearest], near[nearest], seen[nearest]
        return people, near, seen


def _events(context: Context, rows: Rows) -> Array:
    """The weighted events with each item."""
    return walks.weighed(context.timeline, rows, context.now, len(context.catalogue))


def _mean(tally: Array) -> float:
    """The weighted events with an item that has any."""
    events = np.maximum(tally, 0) / UNITS
    return float(events.sum() / max(np.count_nonzero(events), 1))


def _rarity(context: Context, seen: Array) -> Array:
    """idf² of people: who does little says more by each thing done."""
    known = context.once("population", lambda: population(context.timeline))
    rarity: Array = np.maximum(np.log(max(known, 1)) - np.log1p(seen), 0.1) ** 2
    return rarity


def activity(timeline: Timeline, people: Array) -> Array:
    """How many events each of these people has, at least 1."""
    lo, hi, first, end, _ = timeline.spans("user", people, len(timeline))
    count: Array = np.maximum(hi - lo + end - first, 1)
    return count


def population(timeline: Timeline) -> int:
    """How many people have done something; `timeline.users` also has those who come later."""
    index = timeline.postings("user")
    late = timeline.user[index.size :]
    starts, ends = index.bounds(late)
    return int(np.searchsorted(index.firsts, len(timeline))) + len(np.unique(late[starts == ends]))
