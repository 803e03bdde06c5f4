"""What a language model preferred in slates of the ranker's time, as further examples: distillation.

A slate that `listwise` has reordered keeps the preferences as a mark. Its own picks become one more question whose
labels are the preferences; what people did stays as it is.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from penchant import pipeline
from penchant.evaluation.logged import context_of
from penchant.evaluation.replay import Replay, slim
from penchant.ports import Log
from penchant.protocols import Examples, Release
from penchant.training.lessons import Lessons
from penchant.types import MARK, Array, Slate, micros

MOST = 20_000  # slates read, the newest
_MARK = f"listwise{MARK}"
_LEAST = 2  # picks that a comparison needs


def preferred(log: Log) -> list[Slate]:
    """The newest logged slates that a language model has ordered, oldest first; none of questions about the past."""
    slates = (record.entry for record in log.slates(limit=MOST))
    return [slate for slate in slates if isinstance(slate, Slate) and _MARK in slate.marks and slate.query.at is None]


def distilled(examples: Examples, slates: Sequence[Slate], lessons: Lessons, front: Release, weight: float) -> Examples:
    """The examples with one more question per slate of the ranker's time, labelled from 0 up to `weight`.

    Examples with goals stay as they are: a preference is not a value to expect.
    """
    if weight <= 0 or examples.goals or lessons.asked.frozen or not len(examples.groups):
        return examples
    begin = int(lessons.past.time[-1]) if len(lessons.past) else 0
    chosen = [slate for slate in slates if begin < micros(slate.time) < lessons.judged]
    return _joined(examples, list(_questions(chosen, lessons.asked, front, weight)))


def _questions(slates: Sequence[Slate], replay: Replay, front: Release, weight: float) -> Iterator[Examples]:
    for slate in slates:
        trace = pipeline.run(front, context_of(slate, replay))
        likes = {replay.catalogue.row_of.get(i, -1): z for i, z in zip(slate.items, slate.marks[_MARK], strict=False)}
        found = trace.result.take(np.isin(trace.result.rows, list(likes)))
        if len(found) >= _LEAST:
            labels = [weight * (1 + likes[row]) / 2 for row in found.rows.tolist()]
            yield Examples(
                columns=found.columns,
                labels=np.array(labels, np.float32),
                groups=np.array([len(found)], np.int64),
                rows=found.rows,
                contexts=[slim(trace.context)],
                scores=found.scores,
                kept=np.ones(len(found), np.float32),
            )


def _joined(first: Examples, more: Sequence[Examples]) -> Examples:
    every = [first, *more]
    names = sorted(set.intersection(*(set(one.columns) for one in every)))

    def joined(of: str) -> Array:
        return np.concatenate([getattr(one, of) for one in every])

    return Examples(
        columns={name: np.concatenate([one.columns[name] for one in every]) for name in names},
        labels=joined("labels"),
        groups=joined("groups"),
        rows=joined("rows"),
        contexts=[context for one in every for context in one.contexts],
        scores=joined("scores"),
        kept=joined("kept"),
    )
