"""How likely a causal language model finds an item after what the person did.

The log-probability of its title per token after the person's history, less that after no history: a title is not to
gain by being common words.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.errors import GeneratorError
from penchant.protocols import Context
from penchant.quotes import past, plain
from penchant.text.speech import Weighs
from penchant.types import Array, Candidates

_FOLLOWS = "Next the person takes"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """Column `likelihood` of the best `top` as they stand, missing elsewhere: it belongs behind a first ranker.

    Only models on this machine can say it; without it, or a history, there is no opinion.
    """

    top: Annotated[int, Interval(ge=1, le=200)] = 20  # candidates weighed, 1 to 200
    past: Annotated[int, Ge(1)] = 5  # newest events it is told; 1 or more
    deadline: Annotated[float, Gt(0)] = 1.0  # seconds, above 0, after which there is no opinion
    weight: Annotated[float, Ge(0)] = 0.0  # of it, in spreads of the scores among the weighed; 0: a column only

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        column = np.full(len(candidates), np.nan, dtype=np.float32)
        count = min(self.top, len(candidates))
        if did := past(context, self.past) if count else []:
            try:
                column[:count] = self._asked(context, candidates.rows[:count], did)
            except GeneratorError as why:
                context.notes.degraded.append(f"likelihood: {why}")
        found = candidates.with_columns({"likelihood": column})
        return found.with_scores(found.scores + self._shift(found)) if self.weight else found

    def _asked(self, context: Context, rows: Array, did: Sequence[str]) -> Array:
        generator: object = context.language.generator
        if not isinstance(generator, Weighs):
            raise GeneratorError("no language model whose probabilities can be read is configured")
        items = context.catalogue.items
        titles = [" " + plain(items[row].title or items[row].id, 80) for row in rows.tolist()]
        told = "\n".join([*did, _FOLLOWS])
        try:
            after = generator.likelihood(told, titles, deadline=self.deadline)
            before = generator.likelihood(_FOLLOWS, titles, deadline=self.deadline)
        except GeneratorError as error:
            logger.info("likelihood: %s", error)
            raise GeneratorError("the language model gave no usable answer in time") from error
        found: Array = np.array(after) - np.array(before)
        return np.where(np.isfinite(found), found, np.nan)

    def _shift(self, candidates: Candidates) -> Array:
        """What the likelihood adds to each score: nothing where it has no opinion."""
        column, shift = candidates.columns["likelihood"].astype(np.float64), np.zeros(len(candidates))
        known = np.isfinite(column)
        spread = float(column[known].std()) if known.any() else 0.0
        if spread > 0:
            unit = self.weight * float(candidates.scores[known].std())
            shift[known] = unit * np.clip((column[known] - column[known].mean()) / spread, -3, 3)
        return shift
