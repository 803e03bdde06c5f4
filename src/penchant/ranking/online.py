"""Learning from every answer: what this person weighs otherwise than everybody, added to the ranker before it.

Nothing is stored: the head is folded anew from the slates that the person answered, so it is as much a function of the
log as everything else, and forgetting a person forgets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.protocols import Context
from penchant.ranking.answers import comparisons
from penchant.ranking.facts import matching
from penchant.ranking.head import Head, start
from penchant.types import DOUBT, HOUR, MARK, Array, Candidates, Columns

_FAR = 3.0  # deviations beyond which an expert's opinion is no stronger


@dataclass(frozen=True, slots=True, kw_only=True)
class Online:
    """Score + strength · deviation of the scores · n/(n + patience) · (w − w₀)ᵀφ after n answered slates.

    φ are the experts' columns standardised among the candidates, clipped at 3 deviations; each is added as
    `<column>~z`, which a slate keeps for its picks, so that answers to it can be learned from. What the head does not
    know yet is added as columns `doubt_0`, `doubt_1`, …: a later stage may try it out.
    """

    experts: tuple[str, ...] = ("*~share",)  # columns that may be weighed otherwise; * stands for anything
    weights: Mapping[str, float] = field(default_factory=dict)  # w₀, column → weight; 0 where none is given
    strength: Annotated[float, Ge(0)] = 1.0  # of the person against the ranker; 0 or more
    variance: Annotated[float, Gt(0)] = 0.1  # of a weight before the first answer; above 0
    noise: Annotated[float, Gt(0)] = 1.0  # variance ρ of a single answer; above 0
    keep: Annotated[float, Interval(gt=0, le=1)] = 0.995  # share f of what is known that stays after an answer
    patience: Annotated[float, Ge(0)] = 20.0  # answered slates after which the head has half of its say; 0 or more
    within: Annotated[float, Gt(0)] = 24.0  # hours in which an event answers a slate; above 0
    recalls: Annotated[int, Ge(1)] = 50  # answered slates that are read, the newest; 1 or more

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        if not len(candidates):
            return candidates
        opinions = self._opinions(candidates)
        marks = {name + MARK: column.astype(np.float32) for name, column in opinions.items()}
        shift = np.sum([*self.shifts(context, candidates).values(), np.zeros(len(candidates))], axis=0)
        found = candidates.with_columns({**marks, **self._doubts(context, candidates, opinions)})
        return found.with_scores(candidates.scores + shift)

    def shifts(self, context: Context, candidates: Candidates) -> Columns:
        """What each column adds to the ranker's score of each candidate, of all that were ranked."""
        opinions = self._opinions(candidates)
        scale = self._scale(candidates)
        own = self._own(self._known(context, tuple(opinions)), tuple(opinions))
        return {name: scale * weight * column for (name, column), weight in zip(opinions.items(), own, strict=True)}

    def head(self, context: Context, names: tuple[str, ...]) -> Head:
        """What the answers so far say of the weights of these columns."""
        head = start(self._prior(names), self.variance)
        marks = [name + MARK for name in names]
        events, row_of = context.user["recent"], context.catalogue.row_of
        for z in comparisons(context.slates[-self.recalls :], events, row_of, marks, self.within * HOUR):
            head = head.after(z, self.noise, self.keep)
        return head

    def _known(self, context: Context, names: tuple[str, ...]) -> Head:
        return context.once(("online", repr(self), *names), lambda: self.head(context, names))

    def _own(self, head: Head, names: tuple[str, ...]) -> Array:
        """By how much this person's weights are otherwise, as far as that can be trusted."""
        trust = head.count / (head.count + self.patience) if head.count else 0.0
        own: Array = trust * (head.weights - self._prior(names))
        return own

    def _doubts(self, context: Context, candidates: Candidates, opinions: Columns) -> dict[str, Array]:
        """How far each score may be off in each direction in which the weights are not known."""
        if not opinions:
            return {}
        phi = np.stack(list(opinions.values()), axis=1)
        off = self._scale(candidates) * phi @ self._known(context, tuple(opinions)).doubt()
        return {f"{DOUBT}{place}": column.astype(np.float32) for place, column in enumerate(off.T)}

    def _scale(self, candidates: Candidates) -> float:
        return self.strength * float(candidates.scores.std()) if len(candidates) else 0.0

    def _prior(self, names: tuple[str, ...]) -> Array:
        return np.array([self.weights.get(name, 0.0) for name in names], dtype=np.float64)

    def _opinions(self, candidates: Candidates) -> dict[str, Array]:
        """φ: each expert's column, standardised; 0 where it has nothing to say or says the same of all."""
        found = {}
        for name in matching(list(candidates.columns), self.experts):
            values = candidates.columns[name].astype(np.float64)
            known = np.isfinite(values)
            spread = values[known].std() if known.any() else 0.0
            away = (values - values[known].mean()) / spread if spread > 0 else np.zeros(len(values))
            found[name] = np.clip(np.nan_to_num(away), -_FAR, _FAR)
        return found
