"""One training: experts before a cut, a replay of what followed, the ranker on its rows, a verdict, the experts again.

Experts are fit strictly before the rows they score (see `lessons`); the gate judges before anything is fit again,
since afterwards it would judge what it has seen.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from penchant import pipeline
from penchant.errors import NotReadyError
from penchant.evaluation.experts import alone
from penchant.evaluation.replay import Progress, Replay, answered, one_thread
from penchant.ports import Log
from penchant.protocols import History, Release
from penchant.training.examples import labelled, valued
from penchant.training.goals import Goals, goals, ndcg
from penchant.training.lessons import Budget, Lessons, lessons
from penchant.training.plan import Plan
from penchant.training.preferences import distilled, preferred

Taught = Callable[[str, History], None]  # a ranker's name and what it learns from
_ALL = 1_000_000  # rows of one slate


def untold(ranker: str, history: History) -> None:
    """Do nothing with what a ranker learns from."""


def train(
    plan: Plan,
    replay: Replay,
    budget: Budget,
    folder: Path,
    progress: Progress,
    taught: Taught = untold,
    log: Log | None = None,
) -> dict[str, Any]:
    """Train every recipe of the plan on the replay's timeline into `folder`; returns metrics by recipe.

    A recipe that finds too little to learn from is left out, with the reason under its name. `taught` is told what
    each ranker learns from; the `log` has slates that a language model has ordered.
    """
    metrics: dict[str, Any] = {}
    wanted = {name: goals(plan, name, replay.timeline.kinds) for name in plan.rankers()}
    given = lessons(replay, budget) if plan.rankers() else None
    if given is not None:
        given = replace(given, preferred=preferred(log) if log is not None and budget.taught > 0 else ())
        past = folder / "past"
        early = History(timeline=given.past, catalogue=replay.catalogue, seed=budget.seed)
        _fit_experts(plan, early, past, lambda *a: progress(f"{a[0]} (past)", a[1], a[2]))
        for name in plan.rankers():
            metrics |= _fit_ranker(plan, given, budget, past, (name, wanted[name]), progress, taught)
            if (past / name).is_dir() and "not served" not in metrics[name]:
                shutil.copytree(past / name, folder / name)
        shutil.rmtree(past)
    everything = History(timeline=replay.timeline, catalogue=replay.catalogue, seed=budget.seed)
    metrics.update(_fit_experts(plan, everything, folder, progress))
    return metrics


def _fit_ranker(
    plan: Plan,
    given: Lessons,
    budget: Budget,
    past: Path,
    of: tuple[str, Goals | None],
    progress: Progress,
    taught: Taught,
) -> dict[str, Any]:
    """Train one ranker (its name and goals) beside the experts of the past, and judge it against its stand-in."""
    name, wanted = of
    recipe, front = plan.rankers()[name], _before(plan, plan.release(past), name)
    judges = getattr(recipe, "judges", False)
    asked, most = (given.gate, _ALL) if judges else (given.questions, budget.rows)
    with one_thread():
        rows = labelled(given, front, asked, rows=most, seed=budget.seed, progress=progress, goals=wanted)
    rows = valued(rows, wanted) if wanted and judges else rows
    rows = rows if judges else distilled(rows, given.preferred, given, front, budget.taught)
    progress(name, 0, 1)
    history = History(timeline=given.past, catalogue=given.asked.catalogue, examples=rows, seed=budget.seed)
    taught(name, history)
    metrics = {name: _fit(recipe, history, past / name)}
    progress(name, 1, 1)
    if (past / name).is_dir() and not judges:
        with one_thread():
            verdict, metrics["experts"] = _judge(plan, given, past, of, progress)
        metrics["gate"] = verdict
        if verdict[name] < verdict.get("otherwise", 0.0):
            metrics[name]["not served"] = "its stand-in was better on the gate's questions"
    return metrics


def _fit_experts(plan: Plan, history: History, folder: Path, progress: Progress) -> dict[str, Any]:
    """Fit every source recipe."""
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
    plan: Plan, given: Lessons, folder: Path, of: tuple[str, Goals | None], progress: Progress
) -> tuple[dict[str, float], dict[str, float]]:
    """NDCG@10 of the candidate and of its stand-in on the gate's cases, and of every expert alone among the union.

    Where there are goals, the gain of an item is what its goals are worth.
    """
    name, goals = of
    candidate = plan.release(folder)
    releases = {label: _unasked(r) for label, r in {name: candidate, **_without(plan, candidate, name)}.items()}
    scores: dict[str, list[float]] = {n: [] for n in releases}
    experts: dict[str, list[float]] = {}
    for done, case in enumerate(given.gate):
        worth = goals.worth(given.truth, case) if goals else dict.fromkeys(answered(given.truth, case), 1.0)
        known = set(given.known(case).tolist())
        worth = {row: value for row, value in worth.items() if row not in known}
        wanted = np.array(sorted(worth), dtype=np.int32)
        context = given.asked.context(case)  # with what the sources find in it: they are the same for both
        for label, release in releases.items() if len(wanted) else ():
            trace = pipeline.run(release, replace(context, dice=deepcopy(context.dice)))
            scores[label].append(ndcg(trace.result.rows, worth))
            for column, value in alone(trace, wanted).items() if label == name else ():
                experts.setdefault(column, []).append(value)
        progress("gate", done + 1, len(given.gate))
    return _means(scores), _means(experts)


def _unasked(release: Release) -> Release:
    """The release without the stages that ask a language model for an order, which would judge the ranker slowly."""
    kept = {name: stage for name, stage in release.stages.items() if not getattr(stage, "asks", False)}
    return replace(release, stages=kept)


def _means(scores: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {label: float(np.mean(values)) if values else float("nan") for label, values in scores.items()}


def _without(plan: Plan, release: Release, name: str) -> dict[str, Release]:
    """The release with a stage's stand-in in its place; with nothing there if the stage only refines a list."""
    stand_in = plan.otherwise.get(name)
    if stand_in is None and not getattr(plan.stages[name], "refines", False):
        return {}
    stages = {n: stand_in if n == name else s for n, s in release.stages.items()}
    kept = {n: stage for n, stage in stages.items() if stage is not None}
    return {"otherwise": replace(release, stages=kept)}
