"""Kinds of events with a value each, as a ranker is asked to reach them, and which items of a question reached them.

Rule: nothing counts that happened before the question, nor at or after the time of those who judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from penchant.errors import ConfigError, allowed
from penchant.evaluation.replay import Case
from penchant.events.kinds import Kinds
from penchant.events.timeline import Timeline
from penchant.training.plan import Plan
from penchant.types import HOUR, Array, Rows

NEVER_ENDS = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """What a ranker is asked to reach."""

    values: Mapping[str, float]  # kind → value of reaching it
    within: float  # hours behind the question in which an event counts

    def reached(self, timeline: Timeline, case: Case, end: int) -> dict[str, Rows]:
        """By goal the rows of the items that got an event of that kind: in the answer, or soon after it and before
        `end` (µs).
        """
        places = timeline.places("user", timeline.users.get(case.user, -1))
        time = timeline.time[places]
        soon = (time >= case.time) & (time - case.time <= self.within * HOUR) & (time < end)
        counted = np.setdiff1d(np.union1d(places[soon], case.places), case.told)
        item, kind = timeline.item[counted], timeline.kind[counted]
        return {
            name: np.unique(item[(kind == timeline.kinds.code(timeline.kinds.canonical(name))) & (item >= 0)])
            for name in self.values
        }

    def worth(self, timeline: Timeline, case: Case) -> dict[int, float]:
        """Rows with what reaching them was worth in all, of those for which that is above 0."""
        found: dict[int, float] = {}
        for name, rows in self.reached(timeline, case, NEVER_ENDS).items():
            for row in rows.tolist():
                found[row] = found.get(row, 0.0) + self.values[name]
        return {row: value for row, value in found.items() if value > 0}


def goals(plan: Plan, name: str, kinds: Kinds) -> Goals | None:
    """The goals of a ranker, or, of a stage without any, of the last ranker before it; None if there are none.

    Raises ConfigError for what is no kind of event.
    """
    found = None
    for stage, recipe in plan.rankers().items():
        values: Mapping[str, float] = getattr(recipe, "goals", {})
        unknown = [kind for kind in values if kinds.canonical(kind) not in kinds.names]
        if unknown:
            raise ConfigError(f"{stage}.goals: {unknown[0]!r} is no kind of event; there are {allowed(kinds.names)}")
        if values:
            found = Goals(values=values, within=getattr(recipe, "within", 0.0))
        if stage == name:
            break
    return found


def ndcg(order: Rows, worth: Mapping[int, float], k: int = 10) -> float:
    """NDCG@k with what each row is worth as its gain."""
    gains: Array = np.array([worth.get(row, 0.0) for row in order[:k].tolist()])
    best = np.sort(list(worth.values()))[::-1][:k]
    ideal = float((best / np.log2(np.arange(len(best)) + 2)).sum())
    return float((gains / np.log2(np.arange(len(gains)) + 2)).sum()) / ideal if ideal else float("nan")
