"""What a margin promises: the places of all lists by their score, and how many of each group were hits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from penchant.types import Array

GROUPS = 10
_Z = 1.96  # of a 95 % interval


def calibration(scores: Sequence[Array], hits: Sequence[Array], groups: int = GROUPS) -> list[dict[str, Any]]:
    """Groups of equal size, lowest margins first: `margin` (mean), `shown`, `rate` of hits with `low` and `high`.

    The interval is Wilson's (1927). Empty where nothing was shown or all margins are one.
    """
    margin = np.concatenate([*scores, np.zeros(0)]).astype(np.float64)
    hit = np.concatenate([*hits, np.zeros(0, bool)])
    if not len(margin) or margin.min() == margin.max():
        return []
    order = np.argsort(margin, kind="stable")
    return [_group(margin[part], hit[part]) for part in np.array_split(order, groups) if len(part)]


def _group(margin: Array, hit: Array) -> dict[str, Any]:
    shown, rate = len(hit), float(hit.mean())
    middle = (rate + _Z**2 / (2 * shown)) / (1 + _Z**2 / shown)
    reach = _Z * np.sqrt(rate * (1 - rate) / shown + _Z**2 / (4 * shown**2)) / (1 + _Z**2 / shown)
    low, high = max(0.0, float(middle - reach)), min(1.0, float(middle + reach))
    return {"margin": float(margin.mean()), "shown": shown, "rate": rate, "low": low, "high": high}
