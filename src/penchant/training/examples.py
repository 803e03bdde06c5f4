"""Replayed slates as labelled rows: the columns that the pipeline itself logged become what a ranker learns from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.evaluation.replay import Case, Progress, answered, slim
from penchant.protocols import Context, Examples, Release
from penchant.training.goals import NEVER_ENDS, Goals
from penchant.training.lessons import Lessons
from penchant.types import Array, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """The rows kept of one question."""

    candidates: Candidates
    labels: Array
    reached: Mapping[str, Array]  # goal → bool per row
    kept: Array  # share of the rows like each that was kept
    context: Context


def labelled(
    lessons: Lessons,
    front: Release,
    found: Sequence[Case],
    *,
    rows: int,
    seed: int,
    progress: Progress,
    goals: Goals | None = None,
) -> Examples:
    """What the stages before a ranker say of each case, with labels; cases with no answer in the union are left out."""
    dice = np.random.default_rng(seed)
    end = NEVER_ENDS if found is lessons.gate else lessons.judged
    questions: list[_Question] = []
    for done, (case, trace) in enumerate(lessons.asked.traces(front, found)):
        result = trace.result.take(~np.isin(trace.result.rows, lessons.known(case)))
        labels = _labels(result, answered(lessons.truth, case))
        followed = goals.reached(lessons.truth, case, end) if goals else {}
        reached = {name: np.isin(result.rows, wanted) for name, wanted in followed.items()}
        if (labels > 0).any():
            wanted = np.logical_or.reduce([labels > 0, *reached.values()])
            chosen, share = _sample(wanted, rows, dice)
            questions.append(
                _Question(
                    candidates=result.take(chosen),
                    labels=labels[chosen],
                    reached={name: which[chosen] for name, which in reached.items()},
                    kept=np.where(wanted[chosen], 1.0, share).astype(np.float32),
                    context=slim(trace.context),
                )
            )
        progress("replay", done + 1, len(found))
    return _stacked(questions)


def valued(examples: Examples, goals: Goals) -> Examples:
    """The examples with what each row's goals are worth as its label, at least 0."""
    worth = np.zeros(len(examples.labels), dtype=np.float32)
    for name, reached in examples.goals.items():
        worth += goals.values[name] * reached
    return replace(examples, labels=np.maximum(worth, 0.0))


def _labels(candidates: Candidates, wanted: Mapping[int, float]) -> Array:
    return np.array([wanted.get(row, 0.0) for row in candidates.rows.tolist()], dtype=np.float32)


def _sample(wanted: Array, rows: int, dice: np.random.Generator) -> tuple[Array, float]:
    """All that was wanted, and others from the same union up to `rows` in all, in order of place; and their share."""
    others = np.flatnonzero(~wanted)
    room, every = max(rows - int(wanted.sum()), rows // 2), max(len(others), 1)
    if len(others) > room:
        others = dice.choice(others, room, replace=False)
    return np.sort(np.concatenate([np.flatnonzero(wanted), others])), len(others) / every


def _stacked(questions: Sequence[_Question]) -> Examples:
    given = [q.candidates for q in questions]
    names = sorted(set.intersection(*(set(c.columns) for c in given))) if given else []
    return Examples(
        columns={name: np.concatenate([c.columns[name] for c in given]) for name in names},
        labels=_joined([q.labels for q in questions], np.float32),
        groups=np.array([len(c) for c in given], dtype=np.int64),
        rows=_joined([c.rows for c in given], np.int32),
        contexts=[q.context for q in questions],
        scores=_joined([c.scores for c in given], np.float32),
        goals={name: np.concatenate([q.reached[name] for q in questions]) for name in questions[0].reached}
        if questions
        else {},
        kept=_joined([q.kept for q in questions], np.float32),
    )


def _joined(parts: Sequence[Array], dtype: type) -> Array:
    return np.concatenate([np.zeros(0, dtype), *parts])
