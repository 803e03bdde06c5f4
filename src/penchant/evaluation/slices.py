"""Slices of the questions, and what holds in each: no model may win the whole and lose a part unseen.

A slice says which wanted items count and what may be ranked beside them; the other wanted items stay in the way.
Differences on slices of at least `ENOUGH` questions carry intervals that hold together (Holm 1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.evaluation import bootstrap, metrics
from penchant.evaluation.answers import Answers, Asked
from penchant.evaluation.bootstrap import Interval
from penchant.types import DAY, Array

ENOUGH = 300  # questions from which on a slice is tested
_HISTORY = {"history 0": (0, 0), "history 1–2": (1, 2), "history 3–9": (3, 9), "history 10–29": (10, 29)}
_MOST = 8  # values of a segment with a slice of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Which wanted items count, and the mask under which they are ranked."""

    counts: Array  # bool per wanted item
    mask: str = "all"


def slices(asked: Asked, born: Array, learned: Array, segments: Mapping[str, Sequence[str]]) -> dict[str, Slice]:
    """All slices by name, the whole first.

    `born` is the time (µs) of each wanted item's first event, `learned` whether it had one before the cut; `segments`
    has, by name, a label per wanted item.
    """
    every = np.ones(len(asked.rows), dtype=bool)
    history, age = asked.history[asked.owner], asked.time[asked.owner] - born
    found = {
        "all": Slice(counts=every),
        "repeats": Slice(counts=asked.repeat, mask="repeats"),
        "novel": Slice(counts=~asked.repeat, mask="novel"),
        "cold": Slice(counts=~learned),
        "age < 7 d": Slice(counts=learned & (age < 7 * DAY)),
        "age 7–30 d": Slice(counts=learned & (age >= 7 * DAY) & (age < 30 * DAY)),
        "age 30 d +": Slice(counts=learned & (age >= 30 * DAY)),
    }
    for name, (low, high) in _HISTORY.items():
        found[name] = Slice(counts=(history >= low) & (history <= high))
    found["history 30 +"] = Slice(counts=history >= 30)
    for name, labels in segments.items():
        found |= _segments(name, np.array(labels, dtype=object))
    return found


def _segments(name: str, labels: Array) -> dict[str, Slice]:
    """A slice for each of the most frequent labels, and one for all others."""
    values, counts = np.unique(labels.astype(str), return_counts=True)
    top = values[np.argsort(-counts, kind="stable")][:_MOST]
    found = {f"{name} {value or '–'}": Slice(counts=labels == value) for value in top.tolist()}
    if len(values) > _MOST:
        found[f"{name}, other"] = Slice(counts=~np.isin(labels.astype(str), top))
    return found


def measured(answers: Answers, asked: Asked, part: Slice, k: int) -> dict[str, Array]:
    """Every measure of every question on a slice; NaN where nothing of it is wanted."""
    return metrics.measures(answers.outcomes(asked, part.mask).only(part.counts), k)


def gaps(board: Mapping[str, Mapping[str, Array]], asked: Asked, system: str) -> dict[str, dict[str, Interval]]:
    """Slice → model → how far the system is ahead of it, of (slice → model → NDCG per question).

    The intervals hold for all slices together.
    """
    found: dict[str, dict[str, Interval]] = {}
    draws: dict[str, Array] = {}
    means: dict[str, Array] = {}
    for where, models in board.items():
        known = ~np.isnan(models[system])
        if where != "all" and np.count_nonzero(known) >= ENOUGH:
            ahead = np.stack([models[system][known] - values[known] for values in models.values()], axis=1)
            draws[where], means[where] = bootstrap.drawn(ahead, asked.people[known]), ahead.mean(axis=0)
            found[where] = {}
    for place, name in enumerate(next(iter(board.values()), {})):
        doubts = np.array([bootstrap.doubt(drawn[:, place]) for drawn in draws.values()])
        for where, level in zip(draws, bootstrap.holm(doubts).tolist(), strict=True):
            if name != system:
                mean = float(means[where][place])
                found[where][name] = bootstrap.interval(mean, draws[where][:, place], level)
    return found
