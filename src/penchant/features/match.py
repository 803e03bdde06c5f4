"""How the item fits what this person usually takes: category and price."""

from dataclasses import dataclass

import numpy as np

from penchant.protocols import Context
from penchant.types import Array, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Columns `match_category`, the share of the person's items in the same category, and `match_price`.

    The price match is the log ratio to the geometric mean price of what they took.
    """

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        interest = context.user["interest"]
        liked = interest["item"][interest["weight"] > 0]
        columns = {
            "match_category": self._category(context, liked, candidates.rows),
            "match_price": self._price(context, liked, candidates.rows),
        }
        return candidates.with_columns({name: c.astype(np.float32) for name, c in columns.items()})

    def _category(self, context: Context, liked: Array, rows: Array) -> Array:
        category = context.catalogue.columns["category"]
        known = category[liked][category[liked] >= 0]
        if not len(known):
            return np.full(len(rows), np.nan)
        share = np.bincount(known, minlength=len(context.catalogue.categories)) / len(known)
        return np.where(category[rows] >= 0, share[category[rows]], np.nan)

    def _price(self, context: Context, liked: Array, rows: Array) -> Array:
        price = context.catalogue.columns["price"]
        known = price[liked]
        known = known[known > 0]
        mean = np.log(known).mean() if len(known) else np.nan
        return np.log(np.where(price[rows] > 0, price[rows], np.nan)) - mean
