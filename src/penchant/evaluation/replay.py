"""Replay: the questions a stretch of the log would have asked, answered by the one pipeline as of their moment."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from penchant import pipeline
from penchant.protocols import Context, Fold, Release, Trace
from penchant.timeline import Timeline
from penchant.types import Array, Catalogue, Query

Progress = Callable[[str, int, int], None]  # what, done, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question of the past: who, just before when, and the places in the timeline that answered it."""

    user: str
    time: int  # of the answer, microseconds since 1970
    places: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Asks a release about the past; only what had happened before a question is visible to its answer."""

    timeline: Timeline
    catalogue: Catalogue
    folds: Sequence[Fold]
    frozen: bool = False  # every answer sees the whole timeline, whenever it happened (leave-one-out)

    def context(self, case: Case, k: int = 10) -> Context:
        """The context of a case, a microsecond before its answer."""
        now = case.time - 1
        view = self.timeline if self.frozen else self.timeline.until(now)
        user = pipeline.person(view, case.user, self.folds)
        query = Query(user=case.user, k=k)
        seed = pipeline.slate_id(query, now, 0, "")
        return pipeline.context(
            query, now=now, timeline=view, catalogue=self.catalogue, user=user, folds=self.folds, seed=seed
        )

    def traces(self, release: Release, cases: Sequence[Case], k: int = 10) -> Iterator[tuple[Case, Trace]]:
        """Each case with every step of its answer."""
        for case in cases:
            yield case, pipeline.run(release, self.context(case, k))


def one_thread() -> AbstractContextManager[object]:
    """Small products only: a second BLAS thread costs a replay more than it gives."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


def cases(timeline: Timeline, begin: int, end: int) -> list[Case]:
    """Every moment in [begin, end) at which somebody did something positive, by time; one basket is one case."""
    lo, hi = np.searchsorted(timeline.time, [begin, end], side="left").tolist()
    names = timeline.names
    positive = (timeline.kinds.weights[timeline.kind[lo:hi]] > 0) & (timeline.item[lo:hi] >= 0)
    places = lo + np.flatnonzero(positive)
    order = places[np.lexsort((places, timeline.user[places], timeline.time[places]))]
    if not len(order):
        return []
    user, time = timeline.user[order], timeline.time[order]
    starts = np.flatnonzero((np.diff(user, prepend=-2) != 0) | (np.diff(time, prepend=-2) != 0))
    groups = np.split(order, starts[1:])
    return [
        Case(user=names[user[s]], time=int(time[s]), places=g) for s, g in zip(starts.tolist(), groups, strict=True)
    ]


def thinned(found: Sequence[Case], most: int) -> list[Case]:
    """At most `most` cases, evenly spread over time."""
    if len(found) <= most:
        return list(found)
    return [found[i] for i in np.linspace(0, len(found) - 1, most).round().astype(int).tolist()]


def answered(timeline: Timeline, case: Case) -> dict[int, float]:
    """Catalogue rows that the case's events name, with the largest weight of each."""
    rows, weights = timeline.item[case.places], timeline.kinds.weights[timeline.kind[case.places]]
    found: dict[int, float] = {}
    for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
        found[row] = max(weight, found.get(row, 0.0))
    return found
