"""Replay: the questions a stretch of the log would have asked, answered by the one pipeline as of their moment.

Only what had happened before a question is visible to its answer; what a question tells has happened just before it.
What the person had asked for in words within the half hour before is the question's text, as a caller would pass it on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits

from penchant import pipeline
from penchant.engine import Engine
from penchant.events.timeline import Timeline
from penchant.protocols import Context, Fold, Release, Trace
from penchant.recollection import Recollection, hearing
from penchant.text.speech import SILENT, Language
from penchant.types import Array, Catalogue, Query, Rows

Progress = Callable[[str, int, int], None]  # what, done, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question of the past: who, just before when, and the places in the timeline that answered it."""

    user: str
    time: int  # of the answer, microseconds since 1970
    places: Array
    told: Array = field(default_factory=lambda: np.zeros(0, np.int64))  # places of the same basket that are known
    segment: int = -1  # of the person, as the visit tells it; -1 where it does not


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Asks a release about the past."""

    timeline: Timeline
    catalogue: Catalogue
    folds: Sequence[Fold]
    language: Language = SILENT
    recollection: Recollection | None = None  # of the log, for what people said; without one nobody said anything
    hears: int = 0  # how much of what a person said is read; see `Hears`
    frozen: bool = False  # every answer sees the whole timeline, whenever it happened (leave-one-out)
    stale: int = 0  # microseconds by which what is known lags behind the moment of the question

    def context(self, case: Case, k: int = 10) -> Context:
        """The context of a case: a microsecond before its answer, or when the last thing it tells was logged."""
        now = case.time if len(case.told) else case.time - 1
        view = self._known(case, now)
        user = pipeline.person(view, case.user, self.folds)
        told = dict.fromkeys(self.timeline.item[case.told].tolist())
        excluded = tuple(self.catalogue.items[row].id for row in told)
        memory = self.recollection
        text = memory.asked(case.user, view, now) if memory else None
        query = Query(user=case.user, k=k, exclude=excluded, context=self._visit(case), text=text)
        seed = pipeline.slate_id(query, now, 0, "")
        context = pipeline.context(
            query,
            now=now,
            timeline=view,
            catalogue=self.catalogue,
            user=user,
            folds=self.folds,
            language=self.language,
            seed=seed,
        )
        return memory.heard(self.hears, context) if memory else context

    def _visit(self, case: Case) -> dict[str, str]:
        """What a visit tells of its person's segment from its first moment on, as a caller would."""
        segments = self.timeline.segments
        return {segments.key: segments.name(case.segment)} if case.segment >= 0 else {}

    def _known(self, case: Case, now: int) -> Timeline:
        if self.frozen:
            return self.timeline
        last = int(self.timeline.position[case.told].max()) if len(case.told) and not self.stale else None
        return self.timeline.until(now - self.stale, last)

    def traces(self, release: Release, cases: Sequence[Case], k: int = 10) -> Iterator[tuple[Case, Trace]]:
        """Each case with every step of its answer."""
        for case in cases:
            yield case, pipeline.run(release, self.context(case, k))


def replaying(engine: Engine, stages: Iterable[object]) -> Replay:
    """The replay of an engine's log, for stages that may hear what people said."""
    world = engine.follower.catch_up()
    return Replay(
        timeline=world.timeline,
        catalogue=world.catalogue,
        folds=engine.folds,
        language=engine.language,
        recollection=engine.recollection,
        hears=hearing(stages),
    )


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
    groups, segment = np.split(order, starts[1:]), timeline.segment[order]
    return [
        Case(user=names[user[s]], time=int(time[s]), places=g, segment=int(segment[s]))
        for s, g in zip(starts.tolist(), groups, strict=True)
    ]


def thinned(found: Sequence[Case], most: int) -> list[Case]:
    """At most `most` cases, evenly spread over time."""
    if len(found) <= most:
        return list(found)
    return [found[i] for i in np.linspace(0, len(found) - 1, most).round().astype(int).tolist()]


def wanted_of(timeline: Timeline, case: Case) -> Rows:
    """Catalogue rows that the case's events name, ascending."""
    rows: Rows = np.unique(timeline.item[case.places]).astype(np.int32)
    return rows


def slim(context: Context) -> Context:
    """The context without what was only worth keeping for one answer, where many are held at once."""
    return replace(context, allowed=np.zeros(0, dtype=bool), memo={})


def answered(timeline: Timeline, case: Case) -> dict[int, float]:
    """Catalogue rows that the case's events name, with the largest weight of each."""
    rows, weights = timeline.item[case.places], timeline.kinds.weights[timeline.kind[case.places]]
    found: dict[int, float] = {}
    for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
        found[row] = max(weight, found.get(row, 0.0))
    return found
