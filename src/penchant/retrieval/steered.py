"""What a person asked for more of, found: without it a list could only move what other sources happen to find."""

from dataclasses import dataclass

import numpy as np

from penchant import fit
from penchant.events.timeline import UNITS
from penchant.protocols import Context
from penchant.retrieval.best import best, in_turn, liked
from penchant.types import Array, Columns, Rows

_OFFSET = 10  # of reciprocal ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Items that are what the person asked for more of; no columns, since the ranker judges them as all others.

    Among those that are meant alike, what is popular now and what is like the person's taste comes first.
    """

    half_life: float = 60.0  # days after which a liked item counts half in the taste

    def retrieve(self, context: Context, limit: int) -> Rows:
        wanted = [d for d in context.steering if d.way in ("more", "only") and d.aim == "concept"]
        if not wanted:
            return np.zeros(0, np.int32)
        standing = self._standing(context)
        tops = [
            best(context, (found > 0) * (found + standing), limit)
            for d in wanted
            if (found := fit.fit(context, d)).any()
        ]
        return in_turn(tops, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        return {}

    def _standing(self, context: Context) -> Array:
        """Reciprocal ranks by popularity and by likeness to the person's taste, below 1 in all."""
        size, vectors = len(context.catalogue), context.catalogue.vectors
        counts = context.timeline.tally(None, context.now, size) / UNITS
        rows, faded = liked(context, self.half_life, 50)
        taste = vectors @ (faded.astype(np.float32) @ vectors[rows]) if len(rows) else np.zeros(size)
        return (_standing(counts) + _standing(taste)) * _OFFSET / 4


def _standing(values: Array) -> Array:
    """1 / (offset + rank), equals in order of row."""
    found = np.empty(len(values))
    found[np.argsort(-values, kind="stable")] = 1 / (_OFFSET + np.arange(len(values)))
    return found
