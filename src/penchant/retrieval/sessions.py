"""What went with the items of this visit in the visits of others: VMIS-kNN, live from the timeline.

A session is a run of one person's events with less than `gap` between them. Of the newest sessions that hold an item of
the visit, the nearest k are kept; sim = Σ_h w_h over shared items, w falling with every moment back, and
score_i = Σ_s sim_s·λ_s·fade_s·idf_i, λ_s = w of the newest item shared (V-SKNN: Ludewig & Jannach 2018; VMIS-kNN:
Kersbergen et al. 2022). An item put in a basket or looked at is part of the visit with the very next answer.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

from penchant.protocols import Context
from penchant.retrieval.best import best, steps, taken
from penchant.timeline import UNITS, Timeline
from penchant.types import DAY, MINUTE, Array, Columns, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Column `visit`: how often an item was part of sessions like this one, the rarer the better.

    The visit is what the person did less than `gap` ago and, before their first event of it, the last they did.
    """

    gap: Annotated[float, Gt(0)] = 30.0  # minutes, above 0, without an event that end a session
    last: Annotated[int, Ge(1)] = 50  # newest items of the visit that are used; 1 or more
    pace: Annotated[float, Ge(0)] = 0.3  # an item met s steps ago counts 1/(1 + pace·s); 0 or more
    audience: Annotated[int, Ge(1)] = 500  # newest events of each of them that are looked at; 1 or more
    recent: Annotated[int, Ge(1)] = 1_500  # newest of all these events whose sessions are compared; 1 or more
    depth: Annotated[int, Ge(1)] = 60  # newest events of each person behind them; 1 or more
    nearest: Annotated[int, Ge(1)] = 300  # most similar sessions that count; 1 or more
    half_life: Annotated[float, Gt(0)] = 30.0  # days, above 0, after which a session counts half

    def retrieve(self, context: Context, limit: int) -> Rows:
        return best(context, self._dense(context), limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        return {"visit": self._dense(context)[rows].astype(np.float32)}

    def _dense(self, context: Context) -> Array:
        return context.once((self, "visit"), lambda: self._compute(context))

    def _compute(self, context: Context) -> Array:
        size = len(context.catalogue)
        visit, weights = self._visit(context)
        weight = np.zeros(size)
        weight[visit] = weights
        item, session, ended = self._others(context, visit)
        like = self._likeness(weight, *_distinct(session, item, weight[item] > 0, size), len(ended))
        like *= 0.5 ** ((context.now - ended) / DAY / self.half_life)
        near = np.flatnonzero(like)
        like[near[np.argsort(-like[near], kind="stable")[self.nearest :]]] = 0.0
        session, item = _distinct(session, item, like[session] > 0, size)
        counts: Array = np.bincount(item, weights=like[session], minlength=size)
        return counts * _rarity(context.timeline, context.now, size)

    def _visit(self, context: Context) -> tuple[Rows, Array]:
        """Items of the current session, those met last if it has none yet, newest first, and their weights."""
        recent = context.user["recent"]
        keep = (recent["item"] >= 0) & (recent["weight"] > 0)
        current = keep & (recent["time"] > context.now - self.gap * MINUTE)
        chosen = np.flatnonzero(current if current.any() else keep)[::-1]
        _, first = np.unique(recent["item"][chosen], return_index=True)
        chosen = chosen[np.sort(first)][: self.last]
        return recent["item"][chosen], 1 / (1 + self.pace * steps(recent["time"][chosen]))

    def _likeness(self, weight: Array, session: Array, item: Array, sessions: int) -> Array:
        """sim·λ of each session from the items of the visit that are in it."""
        shared = np.bincount(session, weights=weight[item], minlength=sessions)
        newest = np.zeros(sessions)
        np.maximum.at(newest, session, weight[item])
        likeness: Array = shared * newest
        return likeness

    def _others(self, context: Context, visit: Rows) -> tuple[Array, Array, Array]:
        """Item and session of the events around the visit's items, and when each session ended; without the visit."""
        timeline = context.timeline
        places, _ = timeline.gather("item", visit, self.audience)
        people = np.unique(timeline.user[np.sort(places)[-self.recent :]])
        places, owner = taken(timeline, people, self.depth)
        mine = timeline.user[places] == timeline.users.get(context.query.user, -1)
        keep = ~mine | (timeline.time[places] <= context.now - self.gap * MINUTE)
        places, owner = places[keep], owner[keep]
        time = timeline.time[places]
        begins = (np.diff(owner, prepend=-1) != 0) | (np.diff(time, prepend=0) >= self.gap * MINUTE)
        session = np.cumsum(begins) - 1
        return timeline.item[places].astype(np.int64), session, time[np.append(begins[1:], True)[: len(begins)]]


def _distinct(session: Array, item: Array, keep: Array, size: int) -> tuple[Array, Array]:
    """Session and item of the events kept, an item once per session."""
    return np.divmod(np.unique(session[keep] * size + item[keep]), max(size, 1))


def _rarity(timeline: Timeline, now: int, size: int) -> Array:
    """idf of items: ln of all weighted events over those with the item."""
    tally = np.maximum(timeline.tally(None, now, size), 0) / UNITS
    rarity: Array = np.log1p(tally.sum() / np.maximum(tally, 1.0))
    return rarity
