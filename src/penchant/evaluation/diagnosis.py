"""What ails a pipeline: where wanted items are lost, what each source brings, which columns decide, what has drifted.

Everything comes of one replay of the questions that an evaluation asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from penchant.evaluation import importance
from penchant.evaluation.drift import weeks
from penchant.evaluation.importance import Ranked
from penchant.evaluation.losses import losses, ranker
from penchant.evaluation.playback import heard
from penchant.evaluation.replay import Progress, Replay, one_thread, slim, wanted_of
from penchant.evaluation.splits import Split, digest
from penchant.protocols import Examples, Release, Trace
from penchant.types import Rows, moment

_KEPT = 200  # questions whose candidates are kept, for the columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What is known of how the ranker learned: gains by column, and the rows it learned from; neither if unknown."""

    gains: Mapping[str, float]
    rows: Examples | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The findings; shares are of the wanted items."""

    digest: str
    cut: str
    target: str
    k: int
    questions: int
    targets: int
    possible: float  # share of the wanted items that perfect lists would hold; below 1 where more than k are wanted
    fates: Mapping[str, float]  # found, catalogue, rule:…, retrieval, ranking, stage:… → share; together 1
    sources: Sequence[Mapping[str, Any]]  # source, limit, listed, recall, alone
    union: Mapping[str, float]  # size, recall, recall_300
    ranker: str | None
    columns: Sequence[Mapping[str, Any]]  # column, weight, drop, drift
    cold: float  # share of the wanted items about which nothing had happened before the cut
    weeks: Sequence[Mapping[str, Any]]  # week, events, new, kinds
    degraded: Sequence[str]

    def document(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        return asdict(self)


def diagnose(
    release: Release, replay: Replay, parts: Split, lesson: Lesson | None, progress: Progress, k: int = 10
) -> Diagnosis:
    """Ask a release, which has seen nothing behind the cut, every case of the split, and say what became of it."""
    last, kept = ranker(release), list[Ranked]()
    known = lesson or Lesson(gains={})
    with one_thread():
        lost = losses(_asked(release, replay, parts, k, kept, progress), release)
        said = importance.columns(release.stages[last], kept, known.gains, known.rows, k) if last else []
    wanted = np.array([len(wanted_of(replay.timeline, case)) for case in parts.cases])
    return Diagnosis(
        digest=digest(replay.timeline, replay.catalogue, parts.cases),
        cut=f"{moment(parts.cut):%Y-%m-%d %H:%M}",
        target=parts.target,
        k=k,
        questions=len(parts.cases),
        targets=len(lost.fates),
        possible=float(np.minimum(wanted, k).sum() / wanted.sum()),
        fates=lost.shares(),
        sources=lost.sources({name: limit for name, (_, limit) in release.sources.items()}),
        union=lost.union(),
        ranker=last,
        columns=said,
        cold=_cold(replay, parts),
        weeks=weeks(replay.timeline) if not parts.frozen else [],
        degraded=release.degraded,
    )


def _asked(
    release: Release, replay: Replay, parts: Split, k: int, kept: list[Ranked], progress: Progress
) -> Iterator[tuple[Trace, Rows]]:
    """Each answer with what was wanted; what came to the ranker is kept of some, evenly spread."""
    last, step = ranker(release), max(1, -(-len(parts.cases) // _KEPT))
    before = list(release.stages).index(last) if last else 0
    for done, (case, trace) in enumerate(heard(replay, parts).traces(release, parts.cases, k)):
        wanted = wanted_of(replay.timeline, case)
        if done % step == 0:
            kept.append(Ranked(context=slim(trace.context), candidates=trace.steps[before][1], wanted=wanted))
        yield trace, wanted
        progress("diagnose", done + 1, len(parts.cases))


def _cold(replay: Replay, parts: Split) -> float:
    known = parts.past.tally(None, parts.cut, len(replay.catalogue)) > 0
    wanted = np.concatenate([wanted_of(replay.timeline, case) for case in parts.cases])
    return float((~known[wanted]).mean())
