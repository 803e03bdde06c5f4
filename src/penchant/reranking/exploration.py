"""Exploration: some places of a list are left to chance, and every item knows the chance it had.

Without chance a log only says how good the list was that it shows; with known chances it says it of others too
(`evaluation/offpolicy.py`).
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.events.timeline import UNITS
from penchant.protocols import Context
from penchant.reranking.relevance import first, relevance
from penchant.types import DOUBT, PROPENSITY, Array, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Explore:
    """Give `share` of the first k places to items drawn from the `pool` behind them. Scores stay. Put it last.

    Items are drawn in proportion to exp(relevance / temperature + novelty / √(1 + events)), none above certainty, by
    systematic sampling (Madow 1949), which keeps such chances exactly. Column `propensity` is each item's chance to be
    among the first k; it is logged with the slate. A call for the order of given candidates leaves nothing to chance.

    With `draws`, they are drawn in proportion to how often they win a place when the scores are drawn anew from what
    the ranker does not know yet (Thompson sampling): its columns `doubt_…`, which `online` adds. `novelty` is in
    spreads of the scores then, and a share `even` of the chances is dealt out evenly, so that none is 0.
    """

    share: Annotated[float, Interval(ge=0, le=1)] = 0.1  # of the first k; a fraction of a place is left to chance; 0–1
    temperature: Annotated[float, Gt(0)] = 1.0  # above 0, in spreads of the scores, or of the doubt where it is drawn
    novelty: Annotated[float, Ge(0)] = 1.0  # 0 or more; what nobody has touched weighs e to this times as much
    pool: Annotated[int, Ge(1)] = 100  # candidates behind the list that may be drawn; 1 or more
    kept: Annotated[int, Ge(0)] = 3  # places at the top that are never given to chance, if there are others; 0 or more
    draws: Annotated[int, Ge(0)] = 0  # of the scores, to see which win; 0 or more, 0 goes by the scores alone
    even: Annotated[float, Interval(gt=0, le=1)] = 0.1  # share of the chances dealt out evenly; above 0, up to 1

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        k, size = context.query.k, len(candidates)
        if self.share <= 0 or size <= k or context.query.surface == "rank":
            return candidates.with_columns({PROPENSITY: (np.arange(size) < k).astype(np.float64)})
        slots = self.share * k
        chance = self._chances(context, candidates, k, slots)
        drawn = np.flatnonzero(chance * (np.arange(size) >= k - int(slots)))
        drawn = drawn[_systematic(chance[drawn], slots, context.dice)]
        found = candidates.with_columns({PROPENSITY: chance})
        return first(found, self._list(drawn, k, context.dice))

    def _chances(self, context: Context, candidates: Candidates, k: int, slots: float) -> Array:
        """Of each candidate to be shown: the first of them surely, one perhaps, those of the pool by their weights."""
        whole, most = int(slots), int(np.ceil(slots))
        start, size = k - whole, len(candidates)
        end = min(start + max(self.pool, most), size)
        chance = np.zeros(size)
        chance[: k - most] = 1.0
        chance[k - most : start] = 1 - (slots - whole)
        seen = candidates.take(slice(0, end))
        liking = relevance(seen.scores) / (1.0 if self.draws else self.temperature) + self._novelties(context, seen)
        weights = self._wins(seen, liking, start, most, context.dice) if self.draws else _odds(liking)[start:]
        chance[start:end] = inclusion(weights, slots)
        return chance

    def _novelties(self, context: Context, candidates: Candidates) -> Array:
        events = context.timeline.tally(None, context.now, len(context.catalogue))[candidates.rows] / UNITS
        found: Array = self.novelty / np.sqrt(1 + np.maximum(events, 0))
        return found

    def _wins(self, candidates: Candidates, liking: Array, start: int, most: int, dice: np.random.Generator) -> Array:
        """The share of `most` places that each candidate from `start` on wins over all draws, and a little of all."""
        doubts = [c[start:] for name, c in sorted(candidates.columns.items()) if name.startswith(DOUBT)]
        scale = self.temperature / (float(candidates.scores.std()) or 1.0)
        size = len(liking) - start
        off = scale * np.stack([*doubts, np.zeros(size)], axis=1)
        drawn = liking[start:, None] + off @ dice.standard_normal((off.shape[1], self.draws))
        best = np.argsort(-drawn, axis=0, kind="stable")[:most]
        won: Array = np.bincount(best.ravel(), minlength=size) / best.size
        return (1 - self.even) * won + self.even / size

    def _list(self, drawn: Array, k: int, dice: np.random.Generator) -> Array:
        """Places of the candidates that make the list: the drawn ones, somewhere behind those kept, among the first."""
        kept = min(self.kept, k - len(drawn))
        order = np.full(k, -1)
        order[kept + dice.permutation(k - kept)[: len(drawn)]] = drawn
        order[order < 0] = np.arange(k - len(drawn))
        return order


def _odds(liking: Array) -> Array:
    weights: Array = np.exp(liking - liking.max())
    return np.maximum(weights, 1e-12)


def inclusion(weights: Array, total: float) -> Array:
    """Chances in proportion to the weights, none above 1, that sum to `total`, at most as many as there are weights."""
    chance = np.zeros(len(weights))
    sure = np.zeros(len(weights), dtype=bool)
    while True:
        rest = weights * ~sure
        chance = np.where(sure, 1.0, rest * max(total - np.count_nonzero(sure), 0.0) / max(rest.sum(), 1e-300))
        over = chance > 1 + 1e-12
        if not over.any():
            return np.minimum(chance, 1.0)
        sure |= over


def _systematic(chance: Array, total: float, dice: np.random.Generator) -> Array:
    """Places drawn with exactly these chances: in an order by chance, those hit by u, u + 1, … with one u."""
    shuffled = dice.permutation(len(chance))
    edges = np.cumsum(chance[shuffled])
    edges[-1] = total
    ticks = np.arange(dice.random(), total, 1.0)
    return np.sort(shuffled[np.searchsorted(edges, ticks[ticks < total], side="right")])
