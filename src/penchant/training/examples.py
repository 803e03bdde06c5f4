"""Replayed slates as labelled rows: the columns that the pipeline itself logged become what a ranker learns from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.evaluation.replay import Case, Progress, answered
from penchant.protocols import Context, Examples, Release
from penchant.training.lessons import Lessons
from penchant.types import Array, Candidates


def labelled(
    lessons: Lessons, front: Release, found: Sequence[Case], *, rows: int, seed: int, progress: Progress
) -> Examples:
    """What the stages before a ranker say of each case, with labels; cases with no answer in the union are left out."""
    dice = np.random.default_rng(seed)
    kept: list[tuple[Candidates, Array, Context]] = []
    for done, (case, trace) in enumerate(lessons.asked.traces(front, found)):
        result = trace.result.take(~np.isin(trace.result.rows, lessons.known(case)))
        labels = _labels(result, answered(lessons.truth, case))
        if (labels > 0).any():
            chosen = _sample(labels, rows, dice)
            kept.append((result.take(chosen), labels[chosen], _slim(trace.context)))
        progress("replay", done + 1, len(found))
    return _stacked(kept)


def _labels(candidates: Candidates, wanted: Mapping[int, float]) -> Array:
    return np.array([wanted.get(row, 0.0) for row in candidates.rows.tolist()], dtype=np.float32)


def _sample(labels: Array, rows: int, dice: np.random.Generator) -> Array:
    """All positives, and negatives from the same union up to `rows` in all, in order of place."""
    negatives = np.flatnonzero(labels <= 0)
    room = max(rows - int((labels > 0).sum()), rows // 2)
    if len(negatives) > room:
        negatives = dice.choice(negatives, room, replace=False)
    return np.sort(np.concatenate([np.flatnonzero(labels > 0), negatives]))


def _slim(context: Context) -> Context:
    """The context without what was only worth keeping for one answer: thousands are held at once."""
    return replace(context, allowed=np.zeros(0, dtype=bool), memo={})


def _stacked(kept: Sequence[tuple[Candidates, Array, Context]]) -> Examples:
    names = sorted(set.intersection(*(set(c.columns) for c, _, _ in kept))) if kept else []
    columns = {name: np.concatenate([c.columns[name] for c, _, _ in kept]) for name in names}
    return Examples(
        columns=columns,
        labels=np.concatenate([label for _, label, _ in kept]) if kept else np.zeros(0, np.float32),
        groups=np.array([len(c) for c, _, _ in kept], dtype=np.int64),
        rows=np.concatenate([c.rows for c, _, _ in kept]) if kept else np.zeros(0, np.int32),
        contexts=[context for _, _, context in kept],
        scores=np.concatenate([c.scores for c, _, _ in kept]) if kept else np.zeros(0, np.float32),
    )
