"""A wish in plain words: what was asked for comes first, in the order that suits this person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Ge

from penchant.protocols import Context
from penchant.types import Array, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """If the query has a text, reorder by its match + `person` / log₂(1 + the ranker's place); scores stay as they are.

    The match is a weighted sum of shares from 0 to 1, a convex combination as in Bruch et al. 2023: of `compared`
    columns the way from the least value among the candidates to the largest, of `counted` ones the value as it is. An
    item of which a column says nothing has no share of it.
    """

    person: Annotated[float, Ge(0)] = 0.4  # what the ranker's first place is worth in whole shares; 0 or more
    compared: Mapping[str, Annotated[float, Ge(0)]] = field(default_factory=lambda: {"nearest.wish": 1.0})  # → weight
    counted: Mapping[str, Annotated[float, Ge(0)]] = field(default_factory=lambda: {"lexical.match": 1.0})  # → weight

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        if not context.query.text or not len(candidates):
            return candidates
        total, columns = self.person / np.log2(2.0 + np.arange(len(candidates))), candidates.columns
        for name in self.compared.keys() & columns.keys():
            total += self.compared[name] * _share(columns[name])
        for name in self.counted.keys() & columns.keys():
            total += self.counted[name] * np.nan_to_num(columns[name])
        return candidates.take(np.argsort(-total, kind="stable"))


def _share(match: Array) -> Array:
    """From 0 to 1 between the least and the largest known value; 0 for what is unknown, and where all are equal."""
    if np.isnan(match).all():
        return np.zeros(len(match))
    low, high = float(np.nanmin(match)), float(np.nanmax(match))
    return np.nan_to_num((match.astype(np.float64) - low) / max(high - low, 1e-9))
