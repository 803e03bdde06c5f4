"""A wish in plain words: what was asked for comes first, in the order that suits this person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Ge

from penchant.protocols import Context
from penchant.types import Array, Candidates

MATCHES = {"nearest.wish": 1.0, "lexical.match": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """If the query has a text, reorder by `weight` × the text's standing + the ranker's; scores stay as they are.

    A standing is a reciprocal rank 1/(offset + rank), as in reciprocal rank fusion (Cormack et al. 2009); the text's is
    the sum over the columns that match it. An item of which a column says nothing, or 0, has no standing there.
    """

    weight: Annotated[float, Ge(0)] = 3.0  # of the text against the ranker; 0 or more, 0 keeps the ranker's order
    offset: Annotated[float, Ge(1)] = 10.0  # more makes the first places weigh less; 1 or more
    columns: Mapping[str, Annotated[float, Ge(0)]] = field(default_factory=lambda: dict(MATCHES))  # column → its weight

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        matches = [name for name in self.columns if name in candidates.columns]
        if not context.query.text or not matches or not len(candidates):
            return candidates
        text = sum(self.columns[name] * self._standing(candidates.columns[name]) for name in matches)
        fused = self.weight * text + 1 / (self.offset + np.arange(len(candidates)))
        return candidates.take(np.argsort(-fused, kind="stable"))

    def _standing(self, match: Array) -> Array:
        known = ~np.isnan(match) & (match != 0)
        rank = np.empty(len(match))
        rank[np.argsort(-np.where(known, match, -np.inf), kind="stable")] = np.arange(len(match))
        return np.where(known, 1 / (self.offset + rank), 0.0)
