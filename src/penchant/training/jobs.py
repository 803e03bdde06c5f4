"""One training: experts before a cut, a replay of what followed, the ranker on its rows, a verdict, the experts again.

Time is cut into experts | ranker | gate. Experts are fit strictly before the rows they score; the gate judges before
anything is fit again, since afterwards it would judge what it has seen.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import NotReadyError
from penchant.evaluation.metrics import Outcome, measure, ranks_in
from penchant.evaluation.replay import Case, Progress, Replay, answered, cases, one_thread, thinned
from penchant.protocols import History, Release
from penchant.training.examples import labelled
from penchant.training.plan import Plan
from penchant.types import NEVER, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How the log is cut and how much of it is replayed; see [training]."""

    ranker: float
    gate: float
    cases: int
    rows: int
    seed: int


def train(plan: Plan, replay: Replay, budget: Budget, folder: Path, progress: Progress) -> dict[str, Any]:
    """Train every recipe of the plan on the replay's timeline into `folder`; returns metrics by recipe.

    A recipe that finds too little to learn from is left out, with the reason under its name.
    """
    metrics: dict[str, Any] = {}
    begin, gate = _cuts(replay, budget)
    if plan.rankers() and begin is not None:
        past = folder / "past"
        _fit_experts(plan, replay, past, begin, budget.seed, lambda *a: progress(f"{a[0]} (past)", a[1], a[2]))
        found = thinned(cases(replay.timeline, begin, gate), budget.cases)
        judged = thinned(cases(replay.timeline, gate, _end(replay)), max(budget.cases // 8, 50))
        for name, ranker in plan.rankers().items():
            front = _before(plan, plan.release(past), name)
            with one_thread():
                rows = labelled(replay, front, found, rows=budget.rows, seed=budget.seed, progress=progress)
            progress(name, 0, 1)
            history = History(timeline=replay.timeline, catalogue=replay.catalogue, examples=rows, seed=budget.seed)
            metrics[name] = _fit(ranker, history, past / name)
            progress(name, 1, 1)
            if (past / name).is_dir():
                with one_thread():
                    metrics["gate"] = verdict = _judge(plan, replay, past, name, judged, progress)
                if verdict[name] < verdict.get("otherwise", 0.0):
                    metrics[name]["not served"] = "its stand-in was better on the gate's questions"
                else:
                    shutil.copytree(past / name, folder / name)
        shutil.rmtree(past)
    metrics.update(_fit_experts(plan, replay, folder, _end(replay), budget.seed, progress))
    return metrics


def _cuts(replay: Replay, budget: Budget) -> tuple[int | None, int]:
    """When the ranker's time and the gate's begin, µs; None if nothing positive ever happened."""
    timeline = replay.timeline
    positive = timeline.time[(timeline.kinds.weights[timeline.kind] > 0) & (timeline.item >= 0)]
    if len(positive) < 10:
        return None, NEVER
    share = [1 - budget.ranker, 1 - budget.ranker * budget.gate]
    begin, gate = (int(positive[min(int(len(positive) * s), len(positive) - 1)]) for s in share)
    return begin, max(gate, begin)


def _end(replay: Replay) -> int:
    return int(replay.timeline.time[-1]) + 1 if len(replay.timeline) else NEVER


def _fit_experts(plan: Plan, replay: Replay, folder: Path, end: int, seed: int, progress: Progress) -> dict[str, Any]:
    """Fit every source recipe on what happened before `end`."""
    history = History(timeline=replay.timeline.until(end - 1), catalogue=replay.catalogue, seed=seed)
    metrics = {}
    for name, recipe in plan.recipes().items():
        progress(name, 0, 1)
        metrics[name] = _fit(recipe, history, folder / name)
        progress(name, 1, 1)
    return metrics


def _fit(recipe: Any, history: History, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True)
    try:
        found: dict[str, Any] = recipe.train(history, folder)
    except NotReadyError as error:
        shutil.rmtree(folder)
        return {"not trained": str(error)}
    return found


def _before(plan: Plan, release: Release, name: str) -> Release:
    """The release up to a stage, which may be missing from it."""
    before = list(plan.stages)[: list(plan.stages).index(name)]
    return replace(release, stages={n: stage for n, stage in release.stages.items() if n in before})


def _judge(
    plan: Plan, replay: Replay, folder: Path, name: str, judged: Sequence[Case], progress: Progress
) -> dict[str, float]:
    """NDCG@10 of the candidate and of its stand-in on the gate's cases."""
    candidate = plan.release(folder)
    releases = {name: candidate, **_without(plan, candidate, name)}
    scores: dict[str, list[float]] = {n: [] for n in releases}
    for done, case in enumerate(judged):
        wanted = np.array(list(answered(replay.timeline, case)), dtype=np.int32)
        for label, release in releases.items():
            scores[label].append(_ndcg(replay, release, case, wanted))
        progress("gate", done + 1, len(judged))
    return {label: float(np.mean(values)) if values else float("nan") for label, values in scores.items()}


def _without(plan: Plan, release: Release, name: str) -> dict[str, Release]:
    stand_in = plan.otherwise.get(name)
    if stand_in is None:
        return {}
    stages = {n: stand_in if n == name else s for n, s in release.stages.items()}
    return {"otherwise": replace(release, stages=stages)}


def _ndcg(replay: Replay, release: Release, case: Case, wanted: Rows) -> float:
    _, trace = next(replay.traces(release, [case]))
    order = trace.result.rows
    outcome = Outcome(ranks_in(order, wanted), len(order), len(replay.catalogue))
    return measure(outcome, 10)["ndcg"]
