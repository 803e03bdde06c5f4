"""A wish in plain words: what was asked for comes first, in the order that suits this person."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from penchant.protocols import Context
from penchant.types import Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """If the query has a text, reorder by `weight` × the text's standing + the ranker's; scores stay as they are.

    Both standings are reciprocal ranks 1/(offset + rank), as in reciprocal rank fusion (Cormack et al. 2009).
    """

    weight: Annotated[float, Ge(0)] = 3.0  # of the text against the ranker; 0 or more, 0 keeps the ranker's order
    offset: Annotated[float, Ge(1)] = 10.0  # more makes the first places weigh less; 1 or more
    column: str = "nearest.wish"  # how well an item fits the text

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        match = candidates.columns.get(self.column)
        if context.wish is None or match is None or not len(candidates):
            return candidates
        rank = np.empty(len(candidates))
        rank[np.argsort(-np.nan_to_num(match, nan=-1.0), kind="stable")] = np.arange(len(candidates))
        fused = self.weight / (self.offset + rank) + 1 / (self.offset + np.arange(len(candidates)))
        return candidates.take(np.argsort(-fused, kind="stable"))
