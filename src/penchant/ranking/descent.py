"""Learning to order: the slopes of LambdaRank (Burges et al. 2006) on slates, and Adam (Kingma and Ba 2015) along them.

Whole slates make a batch, drawn by seeded dice: the same examples teach the same weights.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from penchant.protocols import Examples
from penchant.ranking.facts import Facts
from penchant.types import Array

Weights = Mapping[str, Array]
_BATCH = 64  # slates
_KEEP, _KEEP_SQUARE = 0.9, 0.999  # of the running means of the slopes and of their squares
_STEEP = 30.0  # a difference of scores beyond which nothing is left to learn


class Form(Protocol):
    """A score with slopes."""

    def score(self, weights: Weights, facts: Facts) -> Array: ...
    def slope(self, weights: Weights, facts: Facts, by: Array) -> dict[str, Array]:
        """Gradient of a loss by every weight, given its gradient `by` score."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """How to walk: `epochs` passes at a `rate` that falls to zero, matrices drawn to zero by `l2`."""

    epochs: int
    rate: float
    l2: float
    truncation: int  # places that count

    def walk(
        self, form: Form, start: Weights, facts: Facts, examples: Examples, dice: np.random.Generator
    ) -> dict[str, Array]:
        """The weights at the end of all passes over the examples, of which `facts` has the rows."""
        weights = dict(start)
        mean = {name: np.zeros_like(value) for name, value in weights.items()}
        square = {name: np.zeros_like(value) for name, value in weights.items()}
        count = 0
        for epoch in range(self.epochs):
            rate = self.rate * (1 - epoch / self.epochs)
            for places, sizes in _batches(examples.groups, dice):
                count += 1
                batch = facts.take(places)
                by = self._steepness(form.score(weights, batch), examples.labels[places], sizes)
                for name, slope in form.slope(weights, batch, by).items():
                    full = slope + self.l2 * weights[name] if slope.ndim > 1 else slope
                    mean[name] = _KEEP * mean[name] + (1 - _KEEP) * full
                    square[name] = _KEEP_SQUARE * square[name] + (1 - _KEEP_SQUARE) * full**2
                    spread = np.sqrt(square[name] / (1 - _KEEP_SQUARE**count)) + 1e-8
                    weights[name] = weights[name] - rate * mean[name] / (1 - _KEEP**count) / spread
        return weights

    def _steepness(self, scores: Array, labels: Array, sizes: Array) -> Array:
        """Mean gradient of the slates' losses by score."""
        cuts = np.cumsum(sizes)[:-1]
        slates = zip(np.split(scores, cuts), np.split(labels, cuts), strict=True)
        return np.concatenate([lambdas(s, wanted, self.truncation) for s, wanted in slates]) / len(sizes)


def lambdas(scores: Array, labels: Array, truncation: int) -> Array:
    """Gradient of one slate by score: every pair of unlike labels pulls by what swapping it would change in NDCG."""
    place = np.empty(len(scores))
    place[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    discount = np.where(place < truncation, 1 / np.log2(place + 2), 0.0)
    ideal = (np.sort(labels)[::-1] / np.log2(np.arange(len(labels)) + 2))[:truncation].sum()
    wanted = np.flatnonzero(labels > 0)
    gap = np.maximum(labels[wanted, None] - labels[None, :], 0.0)
    lead = np.clip(scores[wanted, None] - scores[None, :], -_STEEP, _STEEP)
    pull = gap * np.abs(discount[wanted, None] - discount[None, :]) / (1 + np.exp(lead)) / (ideal or 1.0)
    found: Array = pull.sum(axis=0)
    found[wanted] -= pull.sum(axis=1)
    return found


def _batches(groups: Array, dice: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Places of the rows of some slates, and the size of each, until every slate has come."""
    starts = np.cumsum(groups) - groups
    order = dice.permutation(len(groups))
    for begin in range(0, len(order), _BATCH):
        chosen = order[begin : begin + _BATCH]
        places = np.concatenate([np.arange(starts[g], starts[g] + groups[g]) for g in chosen.tolist()])
        yield places, groups[chosen]
