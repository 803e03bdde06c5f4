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

from penchant.events import walks
from penchant.events.loops import largest
from penchant.events.timeline import UNITS
from penchant.protocols import Context
from penchant.retrieval import counting
from penchant.retrieval.best import best_among, scores_at, steps
from penchant.retrieval.counting import Touched
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
    recent: Annotated[int, Ge(1)] = 750  # newest of all these events whose sessions are compared; 1 or more
    depth: Annotated[int, Ge(1)] = 20  # newest events of each person behind them; 1 or more
    nearest: Annotated[int, Ge(1)] = 300  # most similar sessions that count; 1 or more
    half_life: Annotated[float, Gt(0)] = 30.0  # days, above 0, after which a session counts half

    def retrieve(self, context: Context, limit: int) -> Rows:
        _, rows, scores = self._scored(context)
        return best_among(context, rows, scores, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        touched, _, scores = self._scored(context)
        return {"visit": scores_at(touched, rows, scores)}

    def _scored(self, context: Context) -> tuple[Touched, Rows, Array]:
        return context.once((self, "visit"), lambda: self._compute(context))

    def _compute(self, context: Context) -> tuple[Touched, Rows, Array]:
        visit, weights = self._visit(context)
        people, mine = self._people(context, visit)
        read = walks.read(context.timeline, people, self.depth)
        gap, touched = round(self.gap * MINUTE), counting.untouched(len(context.catalogue))
        touched[0][visit], touched[1][visit] = 1, np.arange(len(visit))
        like, ended, where = counting.sessions(read, mine, context.now - gap, gap, touched, weights)
        touched[0][visit] = 0
        like = like * 0.5 ** ((context.now - ended) / DAY / self.half_life)
        near = largest(like, self.nearest)
        rows, counts = counting.spread(read, tuple(part[near] for part in where), like[near], touched)
        return touched, rows, counts * _rarity(context, rows)

    def _visit(self, context: Context) -> tuple[Rows, Array]:
        """Items of the current session, those met last if it has none yet, newest first, and their weights."""
        recent = context.user["recent"]
        keep = (recent["item"] >= 0) & (recent["weight"] > 0)
        current = keep & (recent["time"] > context.now - self.gap * MINUTE)
        chosen = np.flatnonzero(current if current.any() else keep)[::-1]
        _, first = np.unique(recent["item"][chosen], return_index=True)
        chosen = chosen[np.sort(first)][: self.last]
        return recent["item"][chosen], 1 / (1 + self.pace * steps(recent["time"][chosen]))

    def _people(self, context: Context, visit: Rows) -> tuple[Array, int]:
        """Codes, ascending, of the people of the newest events with the visit's items, and where the person is."""
        timeline = context.timeline
        people = walks.lately(timeline, visit, self.audience, self.recent)
        mine = np.flatnonzero(people == timeline.users.get(context.query.user, -1))
        return people, int(mine[0]) if len(mine) else -1


def _rarity(context: Context, rows: Rows) -> Array:
    """idf of items: ln of all weighted events over those with the item."""
    line, size = context.timeline, len(context.catalogue)
    events = walks.weighed(line, rows, context.now, size)
    rarity: Array = np.log1p(line.tallied(_total, "total", None, context.now, size) / np.maximum(events, 1.0))
    return rarity


def _total(tally: Array) -> float:
    return float((np.maximum(tally, 0) / UNITS).sum())
