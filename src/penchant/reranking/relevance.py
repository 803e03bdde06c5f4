"""What re-rankers agree on: relevance has the order they were given and the ranker's spread as its unit."""

import numpy as np

from penchant.types import Array, Candidates, Floats


def relevance(scores: Floats) -> Array:
    """Scores in standard deviations; a score that stands below a smaller one, as a stage before left it, counts as
    much as that one.
    """
    found: Array = np.minimum.accumulate(scores.astype(np.float64)) / (float(scores.std()) or 1.0)
    return found


def first(candidates: Candidates, chosen: Array) -> Candidates:
    """The candidates with those at the `chosen` places first, in that order; the rest follow as they stood."""
    rest = np.ones(len(candidates), dtype=bool)
    rest[chosen] = False
    return candidates.take(np.concatenate([chosen, np.flatnonzero(rest)]).astype(np.int64))
