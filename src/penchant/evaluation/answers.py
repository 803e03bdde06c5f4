"""What was asked and what each model answered, as columns: whatever is measured later needs no second replay.

One entry per question, or one per wanted item, whose question is its `owner`. Ranks are kept under three masks, since
leaving rows out changes them; every other slice only chooses among the wanted items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from penchant.evaluation.metrics import Outcomes
from penchant.evaluation.replay import Case
from penchant.events.timeline import Timeline
from penchant.protocols import Context
from penchant.types import Array, Rows

MASKS = ("all", "repeats", "novel")  # what may be ranked: everything allowed, what the person had before, what not


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The questions."""

    people: Array  # code of the person, per question
    time: Array  # int64 µs of the answer, per question
    history: Array  # items the person had chosen before, per question
    totals: Mapping[str, Array]  # mask → rows that could be ranked, per question
    rows: Rows  # catalogue row, per wanted item
    owner: Array  # place of its question, per wanted item
    repeat: Array  # bool per wanted item: had before
    value: Array  # float32 per wanted item: what the answer was worth (a rating, a price), NaN unknown


@dataclass(slots=True, kw_only=True)
class Asking:
    """Questions as they are collected during a replay."""

    cases: list[Case] = field(default_factory=list)
    history: list[int] = field(default_factory=list)
    totals: dict[str, list[int]] = field(default_factory=lambda: {mask: [] for mask in MASKS})
    wanted: list[Rows] = field(default_factory=list)
    repeat: list[Array] = field(default_factory=list)
    value: list[Array] = field(default_factory=list)

    def add(self, case: Case, truth: Timeline, context: Context) -> dict[str, Array]:
        """Take a question in; returns the masks under which its answers are ranked."""
        interest = context.user["interest"]
        seen = np.zeros(len(context.catalogue), dtype=bool)
        seen[interest["item"][interest["count"] > 0]] = True
        masks = {"all": context.allowed, "repeats": context.allowed & seen, "novel": context.allowed & ~seen}
        wanted, first = np.unique(truth.item[case.places], return_index=True)
        self.cases.append(case)
        self.history.append(int(np.count_nonzero(interest["count"] > 0)))
        self.wanted.append(wanted.astype(np.int32))
        self.repeat.append(seen[wanted])
        self.value.append(truth.value[case.places[first]])
        for mask, may in masks.items():
            self.totals[mask].append(int(np.count_nonzero(may)))
        return masks

    def columns(self, truth: Timeline) -> Asked:
        """The questions as columns."""
        return Asked(
            people=np.array([truth.users[case.user] for case in self.cases]),
            time=np.array([case.time for case in self.cases], dtype=np.int64),
            history=np.array(self.history),
            totals={mask: np.array(counts) for mask, counts in self.totals.items()},
            rows=joined(self.wanted),
            owner=np.repeat(np.arange(len(self.cases)), [len(rows) for rows in self.wanted]),
            repeat=joined(self.repeat),
            value=joined(self.value),
        )


@dataclass(slots=True, kw_only=True)
class Answers:
    """What one model answered: ranks of the wanted items under every mask, and the best k."""

    name: str
    ranks: dict[str, list[Array]] = field(default_factory=lambda: {mask: [] for mask in MASKS})
    ranked: dict[str, list[int]] = field(default_factory=lambda: {mask: [] for mask in MASKS})
    tops: list[Rows] = field(default_factory=list)

    def add(self, order: Rows, wanted: Rows, masks: Mapping[str, Array], k: int) -> None:
        """Take a ranked list in."""
        place = np.full(len(masks["all"]), -1)
        place[order] = np.arange(len(order))
        at = place[wanted]
        self.tops.append(order[:k])
        for mask, may in masks.items():
            kept = may[order]
            ranks = np.cumsum(kept)
            reached = (at >= 0) & may[wanted]
            self.ranks[mask].append(np.where(reached, ranks[at], 0) if len(order) else np.zeros(len(at), np.int64))
            self.ranked[mask].append(int(ranks[-1]) if len(order) else 0)

    def outcomes(self, asked: Asked, mask: str = "all") -> Outcomes:
        """Its answers to all questions under a mask."""
        return Outcomes(joined(self.ranks[mask]), asked.owner, np.array(self.ranked[mask]), asked.totals[mask])


def joined(parts: Sequence[Array]) -> Array:
    """The parts behind one another; an empty array of nothing."""
    return np.concatenate(parts) if len(parts) else np.zeros(0)
