"""Likeness of texts: items near what the person liked, near the last thing they did, and near what they ask for."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt

from penchant.protocols import Context
from penchant.retrieval.best import best, in_turn, liked
from penchant.types import Array, Columns, Floats, Rows

Metric = Literal["cosine", "dot", "euclidean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """Columns `interest` (all that was liked, fading), `last` (the newest item) and `wish` (the query's text).

    `euclidean` is the negative distance; `dot` leaves the interest vector at its own length. The catalogue's mean is
    taken out of what the person liked, which makes likenesses tell more apart; a wish is matched as it stands.
    """

    metric: Metric = "cosine"  # how two texts are compared
    half_life: Annotated[float, Gt(0)] = 30.0  # days, above 0, after which a liked item counts half
    history: Annotated[int, Ge(1)] = 100  # liked items used; 1 or more

    def retrieve(self, context: Context, limit: int) -> Rows:
        wishes = self._wishes(context)
        if not wishes:
            return np.zeros(0, np.int32)
        asked = {"wish": wishes["wish"]} if "wish" in wishes else wishes
        share = -(-limit // len(asked))
        tops = [best(context, _positive(self._match(context.catalogue.vectors, w)), share) for w in asked.values()]
        return in_turn(tops, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        wishes, vectors = self._wishes(context), context.catalogue.vectors[rows]
        nothing = np.full(len(rows), np.nan, dtype=np.float32)
        names = ("interest", "last", "wish")
        return {name: self._match(vectors, wishes[name]) if name in wishes else nothing for name in names}

    def _wishes(self, context: Context) -> dict[str, Floats]:
        return context.once((self, "wishes"), lambda: self._read(context))

    def _read(self, context: Context) -> dict[str, Floats]:
        vectors, wishes = context.catalogue.vectors, {}
        rows, weights = liked(context, self.half_life, self.history)
        if len(rows):
            centre = context.catalogue.centre
            wishes["interest"] = (weights.astype(np.float32) / max(weights.sum(), 1e-300)) @ vectors[rows] - centre
            wishes["last"] = vectors[rows[0]] - centre
        if context.wish is not None and len(vectors):
            wishes["wish"] = context.wish
        if self.metric != "dot":
            wishes = {name: w / max(float(np.linalg.norm(w)), 1e-9) for name, w in wishes.items()}
        return {name: w for name, w in wishes.items() if w.any()}

    def _match(self, vectors: Floats, wish: Floats) -> Floats:
        dots: Floats = (vectors @ wish).astype(np.float32)
        if self.metric != "euclidean":
            return dots
        lengths = np.einsum("ij,ij->i", vectors, vectors)
        distance: Floats = -np.sqrt(np.maximum(lengths - 2 * dots + float(wish @ wish), 0.0)).astype(np.float32)
        return distance


def _positive(match: Array) -> Array:
    """The same order with no value at or below zero: everything is like a wish, more or less."""
    shifted: Array = match - match.min(initial=0.0) + 1e-6
    return shifted
