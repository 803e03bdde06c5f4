"""What being up to date is worth: the same release, the same questions, a state that lags behind.

The moment of the question stays; only what is known of the time just before it is taken away.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from penchant import pipeline
from penchant.evaluation import bootstrap, metrics
from penchant.evaluation.answers import Answers, Asked
from penchant.evaluation.replay import Case, Progress, Replay, one_thread, wanted_of
from penchant.protocols import Release
from penchant.types import HOUR, Array

LAGS = {"an hour late": HOUR, "a day late": 24 * HOUR}


def freshness(
    replay: Replay, release: Release, cases: Sequence[Case], asked: Asked, fresh: Array, k: int, progress: Progress
) -> dict[str, dict[str, Any]]:
    """NDCG by lag, and what the fresh state (NDCG per question: `fresh`) is ahead by, with its 95 % interval."""
    found: dict[str, dict[str, Any]] = {"fresh": {"ndcg": float(fresh.mean())}}
    for name, lag in LAGS.items():
        late = Answers(name=name)
        with one_thread():
            for done, case in enumerate(cases):
                _answer(replace(replay, stale=lag), release, case, k, late)
                progress(name, done + 1, len(cases))
        found[name] = _against(metrics.measures(late.outcomes(asked), k)["ndcg"], fresh, asked.people)
    return found


def _answer(replay: Replay, release: Release, case: Case, k: int, late: Answers) -> None:
    trace = pipeline.run(release, replay.context(case, k))
    late.add(trace.result.rows, wanted_of(replay.timeline, case), {"all": trace.context.allowed}, k)


def _against(late: Array, fresh: Array, people: Array) -> dict[str, Any]:
    gap = fresh - late
    (ahead,) = bootstrap.means(gap[:, None], people)
    return {"ndcg": float(late.mean()), "ahead": asdict(ahead)}
