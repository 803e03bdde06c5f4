"""The bootstrap: how far a mean would move if other people had come. People are drawn, each with all their questions.

Questions of one person are alike, so drawing questions one by one would promise more than is known. Every series of
one comparison sees the same draws, which makes differences paired.
"""

from dataclasses import dataclass

import numpy as np

from penchant.types import Array

DRAWS = 4_000
_CHUNK = 2_000_000  # draws × people held at once


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its two-sided interval, and the share of draws that do not agree with its sign, doubled."""

    mean: float
    low: float
    high: float
    p: float


def drawn(values: Array, people: Array, *, draws: int = DRAWS, seed: int = 0) -> Array:
    """Means of (cases × series) values over draws of people (an int per case): (draws × series) float64."""
    _, owner = np.unique(people, return_inverse=True)
    size = int(owner.max(initial=-1)) + 1
    columns = np.concatenate([values, np.ones((len(values), 1))], axis=1)
    sums = np.stack([np.bincount(owner, weights=column, minlength=size) for column in columns.T], axis=1)
    dice, found = np.random.default_rng(seed), []
    for begin in range(0, draws, step := max(1, _CHUNK // max(size, 1))):
        rows = min(step, draws - begin)
        chosen = dice.integers(0, size, (rows, size)) + np.arange(rows)[:, None] * size
        times = np.bincount(chosen.ravel(), minlength=rows * size).reshape(rows, size)
        total = times.astype(np.float64) @ sums
        found.append(total[:, :-1] / total[:, -1:])
    return np.concatenate(found)


def means(values: Array, people: Array) -> list[Interval]:
    """The mean of each of (cases × series) values, with its 95 % interval over draws of people."""
    draws = drawn(values, people)
    return [interval(float(values[:, at].mean()), draws[:, at]) for at in range(values.shape[1])]


def interval(mean: float, means: Array, level: float = 0.05) -> Interval:
    """The percentile interval of a mean at a level, from its draws."""
    low, high = np.quantile(means, [level / 2, 1 - level / 2])
    return Interval(mean, float(low), float(high), doubt(means))


def doubt(means: Array) -> float:
    """Two-sided bootstrap p-value that a difference is 0."""
    wrong = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    return float(min(1.0, 2 * (wrong + 1) / (len(means) + 1)))


def holm(doubts: Array, level: float = 0.05) -> Array:
    """The level each of several comparisons may use (Holm 1979): level / (m − i) for the i-th smallest p-value.

    The first that fails stops the descent: it and all after it share its level.
    """
    order, levels = np.argsort(doubts, kind="stable"), np.zeros(len(doubts))
    share = level / max(len(doubts), 1)
    for place, at in enumerate(order.tolist()):
        if not place or doubts[order[place - 1]] <= share:
            share = level / (len(doubts) - place)
        levels[at] = share
    return levels
