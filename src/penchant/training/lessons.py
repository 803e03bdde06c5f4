"""What a ranker learns from: questions of the past, and a past in which experts had not yet seen the answers.

Where the log has a time in common, time is cut into experts | ranker | gate. Where it runs person by person, as files
without times often do, there is none: the newest moment of each of some people is held back instead.

Some items are hidden: their events are taken out until a moment of the ranker's time, so that the ranker meets items
about which nobody has done anything yet, and learns what else speaks for them. A share of the baskets is asked for once
their first items are known, so that it learns what a basket says of itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.evaluation.replay import Case, Replay, cases, thinned
from penchant.evaluation.splits import rest_of
from penchant.events.timeline import Timeline
from penchant.types import NEVER, Array, Rows, Slate

_TOLD = 5  # items of a basket that may be known at most when it is asked how it goes on
_GATE_LEAST = 50  # questions the gate is asked at least, where there are so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How the log is cut and how much of it is replayed; see [training]."""

    ranker: float
    gate: float
    cases: int
    rows: int
    seed: int
    hidden: float = 0.0
    within: float = 0.0
    taught: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """Questions for the ranker and for the gate; experts may learn from `past`, and `asked` is what answers see."""

    past: Timeline
    asked: Replay
    truth: Timeline  # what the cases' places are of
    questions: Sequence[Case]
    gate: Sequence[Case]
    hidden: Array  # bool per catalogue row
    preferred: Sequence[Slate] = ()  # that a language model has ordered

    @property
    def judged(self) -> int:
        """When the time of those who judge begins; the largest int64 where there is no time in common."""
        times = [] if self.asked.frozen else [case.time for case in self.gate]
        return min(times, default=int(np.iinfo(np.int64).max))

    def known(self, case: Case) -> Rows:
        """Hidden items that this person had met already: nothing can be learned from them."""
        places = self.truth.places("user", self.truth.users.get(case.user, -1))
        met = self.truth.item[places[self.truth.time[places] < case.time]]
        return np.unique(met[(met >= 0) & self.hidden[met]])


def lessons(replay: Replay, budget: Budget) -> Lessons | None:
    """Cut the log of a replay; None if next to nothing positive ever happened."""
    timeline = replay.timeline
    positive = timeline.positive()
    if len(positive) < 10:
        return None
    if person_by_person(timeline):
        return _by_people(replay, budget, positive)
    return _by_time(replay, budget, positive)


def person_by_person(timeline: Timeline) -> bool:
    """Whether everybody's events lie together, so that time says nothing about who came before whom."""
    people = len(np.unique(timeline.user))
    runs = np.count_nonzero(np.diff(timeline.user, prepend=-2))
    return bool(len(timeline) >= 3 * people > 3 and runs <= 1.02 * people)


def _by_time(replay: Replay, budget: Budget, positive: Array) -> Lessons:
    timeline = replay.timeline
    begin, gate = cuts(timeline.time[positive], budget)
    end = int(timeline.time[-1]) + 1
    hidden = _hidden(timeline.until(begin - 1), len(replay.catalogue), budget)
    dice = np.random.default_rng(budget.seed)
    born = np.full(len(hidden) + 1, NEVER)  # the last is for events without an item
    born[:-1][hidden] = dice.integers(begin, max(gate, begin + 1), int(hidden.sum()))
    kept = np.flatnonzero(timeline.time >= born[timeline.item])
    seen = timeline.where(kept) if hidden.any() else timeline
    questions = thinned(cases(timeline, begin, gate), budget.cases)
    judged = thinned(cases(timeline, gate, end), max(budget.cases // 8, _GATE_LEAST))
    return Lessons(
        past=seen.until(begin - 1),
        asked=replace(replay, timeline=seen),
        truth=timeline,
        questions=_within(timeline, questions, kept, budget),
        gate=_within(timeline, judged, kept, budget),
        hidden=hidden,
    )


def _within(timeline: Timeline, found: Sequence[Case], kept: Array, budget: Budget) -> list[Case]:
    """A share of the baskets is asked for once their first items are known: what is told are places among the kept."""
    dice, given = np.random.default_rng(budget.seed + 2), []
    for case in found:
        told = int(dice.integers(1, _TOLD + 1))
        chosen = dice.random() < budget.within and len(case.places) > told
        part = rest_of(timeline, case, told) if chosen else None
        if part is not None:
            known = part.told[np.isin(part.told, kept)]
            part = replace(part, told=np.searchsorted(kept, known)) if len(known) else None
        given.append(part or case)
    return given


def cuts(time: Array, budget: Budget) -> tuple[int, int]:
    """When the ranker's time and the gate's begin, of ascending times of what was positive."""
    shares = (1 - budget.ranker, 1 - budget.ranker * budget.gate)
    begin, gate = (int(time[min(int(len(time) * share), len(time) - 1)]) for share in shares)
    return begin, max(gate, begin)


def _by_people(replay: Replay, budget: Budget, positive: Array) -> Lessons:
    timeline = replay.timeline
    held = thinned(newest(timeline, positive), budget.cases)
    gate = held[:: max(int(1 / budget.gate), 2)]
    judged = {case.user for case in gate}
    kept = np.ones(len(timeline), dtype=bool)
    kept[np.concatenate([case.places for case in held])] = False
    hidden = _hidden(timeline.where(np.flatnonzero(kept)), len(replay.catalogue), budget)
    kept &= ~np.append(hidden, False)[timeline.item]
    past = timeline.where(np.flatnonzero(kept))
    return Lessons(
        past=past,
        asked=replace(replay, timeline=past, frozen=True),
        truth=timeline,
        questions=[case for case in held if case.user not in judged],
        gate=gate,
        hidden=hidden,
    )


def newest(timeline: Timeline, positive: Array) -> list[Case]:
    """The newest positive moment of each person who had others before, in order of time."""
    user, time = timeline.user[positive], timeline.time[positive]
    last, first = np.zeros(len(timeline.names), np.int64), np.full(len(timeline.names), np.iinfo(np.int64).max)
    np.maximum.at(last, user, time)
    np.minimum.at(first, user, time)
    places = positive[(time == last[user]) & (first[user] < time)]
    order = places[np.lexsort((places, timeline.user[places], timeline.time[places]))]
    starts = np.flatnonzero(np.diff(timeline.user[order], prepend=-2) != 0)
    groups = np.split(order, starts[1:]) if len(starts) else []
    return [_case(timeline, group) for group in groups]


def _case(timeline: Timeline, places: Array) -> Case:
    first = places[0]
    user, time, segment = (column[first] for column in (timeline.user, timeline.time, timeline.segment))
    return Case(user=timeline.names[user], time=int(time), places=places, segment=int(segment))


def _hidden(timeline: Timeline, size: int, budget: Budget) -> Array:
    """A share of the items that somebody has met, drawn by chance."""
    met = np.unique(timeline.item[timeline.item >= 0])
    dice = np.random.default_rng(budget.seed + 1)
    hidden = np.zeros(size, dtype=bool)
    hidden[dice.choice(met, int(len(met) * budget.hidden), replace=False)] = True
    return hidden
