"""Off-policy estimates: what other lists would have earned, from logged slates whose items know the chance they had.

An item is taken to earn what it earns wherever it stands and whatever stands beside it (the document-based model of Li
et al. 2018), so chances are those of being in the slate at all. Intervals are of a bootstrap over people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

import numpy as np

from penchant.errors import UsageError
from penchant.types import Array

NAMES = ("shown", "ips", "snips", "dr")
Estimate = tuple[float, float, float]  # value, low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was shown, one entry per item of each slate: `slate … expected`; and one entry per slate: `size …`.

    `chance` is the policy's in question, `expected` what a model of the rewards says of the item, and `direct` the sum
    over all items of chance × expected; zeros where there is no model.
    """

    slate: Array  # which of the slates, from 0 on
    reward: Array  # what the item earned there
    propensity: Array  # chance that it had to be in that slate, as logged; above 0
    chance: Array  # that the policy in question would have shown it there
    expected: Array
    size: Array  # how many items the policy shows there: the sum of its chances
    direct: Array
    person: Array  # whose slate it was, from 0 on; slates of one person are no independent evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Reward per slate by estimator, and how far the policy is ahead of what was shown, with 95 % intervals.

    `shown` is the mean of the log itself; `ips`, `snips` and `dr` are what the policy in question would have earned.
    """

    rewards: Mapping[str, Estimate]
    ahead: Mapping[str, Estimate]  # paired differences to `shown`
    slates: int
    people: int
    effective: float  # items' worth of evidence: (Σw)² / Σw² over the weights w = chance / propensity
    covered: float  # share of what the policy shows that the log could have shown; IPS counts the rest as nothing
    facts: Mapping[str, object] = field(default_factory=dict)  # what was asked, for the record


def estimate(shown: Shown, *, clip: float = inf, seed: int = 0, draws: int = 1_000) -> Estimates:
    """Estimate a policy's reward per slate by IPS, SNIPS (Swaminathan and Joachims 2015) and DR (Dudík et al. 2011).

    Weights above `clip` are cut to it: less variance, and a bias towards what was shown. Raises UsageError where a
    propensity is not in (0, 1] or there is nothing to learn from.
    """
    if not len(shown.size):
        raise UsageError("no logged slates to estimate from")
    if not ((shown.propensity > 0) & (shown.propensity <= 1)).all():
        raise UsageError("a logged propensity is not in (0, 1]")
    weight = np.minimum(shown.chance / shown.propensity, clip)
    sums = _sums(shown, weight)
    dice = np.random.default_rng(seed)
    drawn = np.stack([_values(sums[dice.integers(0, len(sums), len(sums))].sum(axis=0)) for _ in range(draws)])
    value, base = _values(sums.sum(axis=0)), NAMES.index("shown")
    gaps = drawn - drawn[:, [base]]
    return Estimates(
        rewards={name: _interval(value[i], drawn[:, i]) for i, name in enumerate(NAMES)},
        ahead={name: _interval(value[i] - value[base], gaps[:, i]) for i, name in enumerate(NAMES) if i != base},
        slates=len(shown.size),
        people=len(sums),
        effective=float(weight.sum() ** 2 / max((weight**2).sum(), 1e-300)),
        covered=float(weight.sum() / max(shown.size.sum(), 1e-300)),
    )


def _sums(shown: Shown, weight: Array) -> Array:
    """(people × 6): slates, reward, weighted reward, weight, size and doubly robust reward of each person."""

    def per_slate(values: Array) -> Array:
        total: Array = np.bincount(shown.slate, weights=values, minlength=len(shown.size))
        return total

    robust = shown.direct + per_slate(weight * (shown.reward - shown.expected))
    every = np.ones(len(shown.size))
    plain = (every, per_slate(shown.reward), per_slate(weight * shown.reward), per_slate(weight), shown.size, robust)
    _, person = np.unique(shown.person, return_inverse=True)
    return np.stack([np.bincount(person, weights=column) for column in plain], axis=1)


def _values(sums: Array) -> Array:
    """The estimators of `NAMES` on sums over people."""
    slates, reward, weighted, weight, size, robust = sums
    normalised = weighted / weight * size if weight > 0 else 0.0
    found: Array = np.array([reward, weighted, normalised, robust]) / slates
    return found


def _interval(value: float, drawn: Array) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return float(value), low, high
