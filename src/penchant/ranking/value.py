"""The value to expect of an item: for each goal a model of whether it is reached, times what reaching it is worth.

Rule: the parts of a score add up to it. TreeSHAP shares out a margin m − m₀; the same shares, times the mean slope of σ
between the two, which is above 0, add up to σ(m) − σ(m₀) (the rescale rule of DeepLIFT, Shrikumar 2017).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from penchant.protocols import Context
from penchant.types import Array, Candidates, Columns

_FLAT = 1e-9  # margins nearer than this have the slope of their place


class Margins(Protocol):
    """A model of the log-odds that a goal is reached."""

    def margins(self, candidates: Candidates) -> Array:
        """One margin per candidate."""
        ...

    def parts(self, context: Context, candidates: Candidates) -> Columns:
        """Column name → its part of each margin, `base` included."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Score = Σ over goals of value · σ(margin)."""

    models: Mapping[str, Margins]
    values: Mapping[str, float]  # goal → value of reaching it

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        if not len(candidates):
            return candidates
        score = np.zeros(len(candidates))
        for goal, model in self.models.items():
            score += self.values[goal] * chance(model.margins(candidates))
        return candidates.with_scores(score)

    def parts(self, context: Context, candidates: Candidates) -> Columns:
        """What every column adds to the value to expect, over all goals; `base` is what is expected of any item."""
        found: dict[str, Array] = {}
        for goal, model in self.models.items():
            parts = dict(model.parts(context, candidates))
            base = parts.pop("base")
            slope = _slope(base, base + np.sum([np.zeros(len(candidates)), *parts.values()], axis=0))
            shares = {name: slope * part for name, part in parts.items()}
            for name, share in {**shares, "base": chance(base)}.items():
                found[name] = found.get(name, np.zeros(len(candidates))) + self.values[goal] * share
        return found


def chance(margin: Array) -> Array:
    """σ: the chance of log-odds."""
    found: Array = 1 / (1 + np.exp(-np.clip(margin, -500, 500)))
    return found


def _slope(start: Array, end: Array) -> Array:
    """The mean slope of σ between two margins."""
    apart = end - start
    here = chance(start)
    steep: Array = (chance(end) - here) / np.where(np.abs(apart) < _FLAT, 1.0, apart)
    return np.where(np.abs(apart) < _FLAT, here * (1 - here), steep)
