"""The baseline to beat: personal frequency, item neighbours and live popularity, weighed on validation."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from penchant import pipeline
from penchant.evaluation import metrics
from penchant.evaluation.replay import Progress, Replay, answered, cases, thinned
from penchant.protocols import Release
from penchant.types import Array, Columns

TERMS = ("again.frequency", "neighbours.bm25", "popular.7d")
GRID = (0.0, 0.1, 0.3, 1.0)
_CASES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """Weights of the three terms, each term divided by its largest value."""

    weights: dict[str, float]

    def score(self, columns: Columns) -> Array:
        """The blend of every row."""
        total: Array = np.sum([w * _share(columns[name]) for name, w in self.weights.items()], axis=0)
        return total


def tune(past: Replay, release: Release, share: float, progress: Progress) -> Tuned | None:
    """Choose the weights on the newest `share` of the past; None if a term is missing or nothing can be asked."""
    live = replace(
        release, sources={n: s for n, s in release.sources.items() if any(t.startswith(f"{n}.") for t in TERMS)}
    )
    timeline = past.timeline
    begin = int(np.quantile(timeline.time, 1 - share)) if len(timeline) else 0
    asked = thinned(cases(timeline, begin, int(timeline.time[-1]) + 1), _CASES) if len(timeline) else []
    rows = np.arange(len(past.catalogue), dtype=np.int32)
    seen: list[tuple[Columns, Array, Array]] = []
    for done, case in enumerate(asked):
        context = pipeline.permitted(live, past.context(case))
        columns = pipeline.scored(live, context, rows)
        if not set(TERMS) <= columns.keys():
            return None
        wanted = np.array(sorted(answered(timeline, case)), dtype=np.int32)
        seen.append(({t: _share(columns[t]) for t in TERMS}, context.allowed, wanted))
        progress("tune blend", done + 1, len(asked))
    if not seen:
        return None
    grid = [w for w in product(GRID, GRID, GRID) if max(w) == 1.0]
    return Tuned(weights=dict(zip(TERMS, max(grid, key=lambda w: _quality(w, seen)), strict=True)))


def _quality(weights: Iterable[float], seen: Any) -> float:
    found = []
    for columns, allowed, wanted in seen:
        scores = sum(w * columns[t] for t, w in zip(TERMS, weights, strict=True))
        ranks, ranked = metrics.ranks_by(scores, allowed, wanted)
        found.append(metrics.measure(metrics.Outcome(ranks, ranked, len(scores)), 10)["ndcg"])
    return float(np.mean(found))


def _share(column: Array) -> Array:
    known = np.maximum(np.nan_to_num(column.astype(np.float64)), 0.0)
    top = known.max(initial=0.0)
    share: Array = known / top if top > 0 else known
    return share
