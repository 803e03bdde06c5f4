"""One replay of all questions: the pipeline answers each, and every expert and the blend on the same masks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from penchant import pipeline
from penchant.evaluation import metrics
from penchant.evaluation.answers import Answers, Asked, Asking
from penchant.evaluation.blending import Tuned
from penchant.evaluation.replay import Case, Progress, Replay, one_thread
from penchant.evaluation.splits import Split
from penchant.protocols import Release, Trace
from penchant.types import Array, Rows

SYSTEM = "penchant"
BLEND = "tuned blend"


@dataclass(slots=True, kw_only=True)
class Playback:
    """What one replay yields: questions, answers by model, and of the pipeline its margins, hits and times."""

    asking: Asking = field(default_factory=Asking)
    models: dict[str, Answers] = field(default_factory=lambda: {SYSTEM: Answers(name=SYSTEM)})
    margins: list[Array] = field(default_factory=list)  # of the places of each list
    hits: list[Array] = field(default_factory=list)  # bool beside them
    took: list[float] = field(default_factory=list)  # seconds of the whole pipeline


def heard(replay: Replay, parts: Split) -> Replay:
    """The replay as the split lets answers see it."""
    return replace(replay, timeline=parts.past, frozen=True) if parts.frozen else replay


def play(
    replay: Replay, parts: Split, release: Release, tuned: Tuned | None, k: int, baselines: bool, progress: Progress
) -> tuple[Playback, Asked]:
    """Ask every case of the split."""
    found, seen = Playback(), heard(replay, parts)
    with one_thread():
        for done, case in enumerate(parts.cases):
            trace = _ask(found, seen, release, case, k)
            masks = found.asking.add(case, replay.timeline, trace.context)
            wanted = found.asking.wanted[-1]
            found.models[SYSTEM].add(trace.result.rows, wanted, masks, k)
            found.margins.append(trace.result.scores[:k])
            found.hits.append(np.isin(trace.result.rows[:k], wanted))
            if baselines:
                for name, order in _orders(release, trace, tuned).items():
                    found.models.setdefault(name, Answers(name=name)).add(order, wanted, masks, k)
            progress("evaluate", done + 1, len(parts.cases))
    found.models = {n: m for n, m in found.models.items() if n == SYSTEM or any(r.any() for r in m.ranks["all"])}
    return found, found.asking.columns(replay.timeline)


def _ask(found: Playback, seen: Replay, release: Release, case: Case, k: int) -> Trace:
    context = seen.context(case, k=k)
    began = time.perf_counter()
    trace = pipeline.run(release, context)
    found.took.append(time.perf_counter() - began)
    return trace


def _orders(release: Release, trace: Trace, tuned: Tuned | None) -> dict[str, Rows]:
    """The whole catalogue ranked by every column of every source, and by the blend."""
    context = trace.context
    columns = pipeline.scored(release, context, np.arange(len(context.catalogue), dtype=np.int32))
    if tuned:
        columns[BLEND] = tuned.score(columns)
    return {name: metrics.order(scores, context.allowed) for name, scores in columns.items()}


def histogram(took: Sequence[float], bins: int = 40) -> dict[str, list[float]]:
    """Counts of answers by time: `edges` in milliseconds, evenly apart in their logarithm, and `counts` between."""
    times = np.maximum(np.array(took) * 1_000, 1e-3)
    low, high = np.quantile(times, [0, 1])
    edges = np.geomspace(low * 0.999, high * 1.001, bins + 1)
    return {"edges": edges.tolist(), "counts": np.histogram(times, edges)[0].tolist()}


def quantiles(took: Sequence[float]) -> dict[str, float]:
    """Milliseconds: the median, the 90th and the 99th percentile."""
    return dict(zip(("p50", "p90", "p99"), (np.quantile(took, [0.5, 0.9, 0.99]) * 1_000).tolist(), strict=True))
