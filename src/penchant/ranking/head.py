"""A Bayesian head of one person: what they weigh, learned from one comparison at a time in microseconds.

A comparison is z = φ(chosen) − φ(passed over), and a person's weights w should give zᵀw = 1. With a variance ρ of that
one and forgetting f this is recursive least squares: K = Pz / (ρ + zᵀPz), w ← w + K(1 − zᵀw), P ← (P − KzᵀP) / f.
"""

from dataclasses import dataclass, replace

import numpy as np

from penchant.types import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Weights with their uncertainty after `count` comparisons."""

    weights: Array  # (columns,)
    spread: Array  # (columns × columns) covariance
    count: int = 0

    def after(self, z: Array, noise: float, keep: float) -> "Head":
        """The head after one comparison; `noise` is ρ and `keep` is f."""
        aside = self.spread @ z
        gain = aside / (noise + z @ aside)
        return replace(
            self,
            weights=self.weights + gain * (1 - z @ self.weights),
            spread=(self.spread - np.outer(gain, aside)) / keep,
            count=self.count + 1,
        )

    def doubt(self) -> Array:
        """(columns × columns): the weights plus this times z, z normal, may as well be true."""
        values, directions = np.linalg.eigh(self.spread)
        found: Array = directions * np.sqrt(np.maximum(values, 0.0))
        return found


def start(weights: Array, variance: float) -> Head:
    """The head of somebody who has not answered yet."""
    return Head(weights=weights, spread=np.eye(len(weights)) * variance)
