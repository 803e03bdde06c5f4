"""A peer to beat: a blend of own frequency, BM25 neighbours and live popularity, weighed on validation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant import pipeline
from penchant.evaluation import metrics
from penchant.evaluation.replay import Progress, Replay, cases, thinned, wanted_of
from penchant.protocols import Release
from penchant.types import Array, Columns, Rows

TERMS = ("again.frequency", "neighbours.bm25")  # and one window of popularity
WINDOWS = ("popular.7d", "popular.1d", "popular.3d", "popular.30d")
WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)
POWERS = (1.0, 0.5)  # roots of shares let many small ones count beside a large one
_CASES = (50, 300)  # questions at least and at most
_CELLS = 5_000_000  # rows of all questions together: a large catalogue is asked less often
_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """Weights of the terms, the last a window of popularity; a term is a power of the share of its largest value."""

    weights: dict[str, float]
    power: float = 1.0

    def score(self, columns: Columns) -> Array:
        """The blend of every row."""
        return self.blend({name: _share(columns[name]) for name in self.weights})

    def blend(self, shares: Columns) -> Array:
        """The blend of shares that are known already."""
        total: Array = np.sum([w * shares[name] ** self.power for name, w in self.weights.items()], axis=0)
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One question of the validation."""

    shares: Columns
    allowed: Array
    wanted: Rows


def tune(past: Replay, release: Release, share: float, progress: Progress) -> Tuned | None:
    """Choose the weights on the newest `share` of the past; None if a term is missing or nothing can be asked."""
    live = replace(release, sources={n: s for n, s in release.sources.items() if _needed(n)})
    asked = list(_questions(past, live, share, progress))
    known = asked[0].shares.keys() if asked else set()
    windows = [name for name in WINDOWS if name in known]
    if not windows or not set(TERMS) <= known:
        return None
    return _climb(Tuned(weights=dict.fromkeys((*TERMS, windows[0]), 1.0)), windows, asked)


def _needed(source: str) -> bool:
    return any(name.startswith(f"{source}.") for name in (*TERMS, *WINDOWS))


def _questions(past: Replay, live: Release, share: float, progress: Progress) -> Iterator[_Asked]:
    timeline = past.timeline
    if not len(timeline):
        return
    begin = int(np.quantile(timeline.time, 1 - share))
    most = int(np.clip(_CELLS // max(len(past.catalogue), 1), *_CASES))
    found = thinned(cases(timeline, begin, int(timeline.time[-1]) + 1), most)
    rows = np.arange(len(past.catalogue), dtype=np.int32)
    for done, case in enumerate(found):
        context = pipeline.permitted(live, past.context(case))
        columns = pipeline.scored(live, context, rows)
        shares = {name: _share(columns[name]) for name in (*TERMS, *WINDOWS) if name in columns}
        yield _Asked(shares=shares, allowed=context.allowed, wanted=wanted_of(timeline, case))
        progress("tune blend", done + 1, len(found))


def _climb(best: Tuned, windows: Sequence[str], asked: Sequence[_Asked]) -> Tuned:
    """Change one thing at a time and keep what is better, until nothing is."""
    reached = _quality(best, asked)
    for _ in range(_ROUNDS):
        before = best
        for others in _changes(windows):
            for other in others(best):
                if (quality := _quality(other, asked)) > reached:
                    best, reached = other, quality
        if best == before:
            break
    return best


def _changes(windows: Sequence[str]) -> list[Callable[[Tuned], list[Tuned]]]:
    """What can be changed: the power, the window, and each weight."""
    weights = [lambda t, at=at: [_weighed(t, at, w) for w in WEIGHTS] for at in range(len(TERMS) + 1)]
    return [lambda t: [replace(t, power=p) for p in POWERS], lambda t: [_seen(t, w) for w in windows], *weights]


def _weighed(tuned: Tuned, at: int, weight: float) -> Tuned:
    return replace(tuned, weights={n: weight if i == at else w for i, (n, w) in enumerate(tuned.weights.items())})


def _seen(tuned: Tuned, window: str) -> Tuned:
    *terms, old = tuned.weights
    return replace(tuned, weights={**{name: tuned.weights[name] for name in terms}, window: tuned.weights[old]})


def _quality(tuned: Tuned, asked: Sequence[_Asked]) -> float:
    found = []
    for question in asked:
        scores = tuned.blend(question.shares)
        ranks, ranked = metrics.ranks_by(scores, question.allowed, question.wanted)
        found.append(metrics.measure(metrics.Outcome(ranks, ranked, len(scores)), 10)["ndcg"])
    return float(np.mean(found))


def _share(column: Array) -> Array:
    known = np.maximum(np.nan_to_num(column.astype(np.float32)), np.float32(0))
    top = known.max(initial=0.0)
    share: Array = known / top if top > 0 else known
    return share
