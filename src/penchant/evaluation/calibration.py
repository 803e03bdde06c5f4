"""What a margin promises: the places of all lists by their score, and how many of each group were hits."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from penchant.types import Array

_GROUPS = 10
_Z = 1.96  # of a 95 % interval


def calibration(scores: Sequence[Array], hits: Sequence[Array]) -> list[dict[str, Any]]:
    """Groups of equal size, lowest margins first: `margin` (mean), `shown`, `rate` of hits with `low` and `high`.

    Empty where nothing was shown or all margins are one.
    """
    margin = np.concatenate([*scores, np.zeros(0)]).astype(np.float64)
    hit = np.concatenate([*hits, np.zeros(0, bool)])
    if not len(margin) or margin.min() == margin.max():
        return []
    order = np.argsort(margin, kind="stable")
    return [_group(margin[part], hit[part]) for part in np.array_split(order, _GROUPS) if len(part)]


def _group(margin: Array, hit: Array) -> dict[str, Any]:
    rate, low, high = wilson(int(hit.sum()), len(hit))
    return {"margin": float(margin.mean()), "shown": len(hit), "rate": rate, "low": low, "high": high}


def wilson(hits: int, tries: int) -> tuple[float, float, float]:
    """A rate with its 95 % interval (Wilson 1927)."""
    rate, per = hits / tries, _Z**2 / tries
    middle = (rate + per / 2) / (1 + per)
    reach = _Z * sqrt(rate * (1 - rate) / tries + per / (4 * tries)) / (1 + per)
    return rate, max(0.0, middle - reach), min(1.0, middle + reach)
