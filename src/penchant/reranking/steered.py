"""What people asked of their lists, applied: filters as a rule, so that no quota is wasted, and shifts as a stage.

The shift is the least that does what was asked of the head of the list; what it does not name keeps its order.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Interval

from penchant import fit
from penchant.protocols import Context
from penchant.text.steers import Delta, words
from penchant.types import Array, Candidates, Columns

PREFIX = "steered."  # begins the columns: how far an item is what the n-th delta is about; NaN where it is not at all
_MARGIN = 0.1  # spreads of the scores by which a moved item passes another, so that variety does not undo it
_ROUNDS = 2  # deltas that were met may be undone by those after them once


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the person's filters let through: "only red", "no horror", "nothing over 30"."""

    def allows(self, context: Context) -> Array:
        return fit.allowed(context)

    def tells(self, context: Context, row: int, language: str) -> str:
        """What the person asked that an item does not meet."""
        found = [words(delta, language) for delta in fit.refusing(context, row)]
        return f"the person asked for {', '.join(found)}" if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """Move `step` of the first `head` places to what the person asked for more of, or away from what they want less of.

    All items that are meant move by one amount, the least that brings about the count wanted; those that are meant more
    stand before those that are meant less. Without steering nothing happens.
    """

    vital: ClassVar[bool] = True  # what a person asked for is never left out for want of time
    step: Annotated[float, Interval(gt=0, le=1)] = 0.3  # share of the head that one wish moves; above 0, up to 1
    head: Annotated[int, Ge(1)] = 10  # places that are counted; 1 or more

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        if not context.steering or not len(candidates):
            return candidates
        meant = self._meant(context, candidates)
        columns = {f"{PREFIX}{n}": np.where(found > 0, found, np.nan) for n, found in enumerate(meant)}
        total = np.sum(self._moves(context, candidates, meant), axis=0)
        order = np.argsort(-(_level(candidates) + total), kind="stable")
        scores = (candidates.scores + total).astype(np.float32)
        moved = Candidates(rows=candidates.rows, scores=scores, columns={**candidates.columns, **columns})
        return moved.take(order)

    def shifts(self, context: Context, candidates: Candidates) -> Columns:
        """What each delta adds to each score."""
        if not context.steering or not len(candidates):
            return {}
        moves = self._moves(context, candidates, self._meant(context, candidates))
        return {f"{PREFIX}{n}": move for n, move in enumerate(moves)}

    def _meant(self, context: Context, candidates: Candidates) -> list[Array]:
        rows = candidates.rows
        head = rows[: min(self.head, context.query.k)]
        return [
            fit.trend(context, delta, rows, head).astype(np.float64)
            if delta.aim == "trend"
            else fit.fit(context, delta)[rows]
            for delta in context.steering
        ]

    def _moves(self, context: Context, candidates: Candidates, meant: list[Array]) -> list[Array]:
        """What each delta adds to the scores, so that all are met as far as they can be."""
        base, spread = _level(candidates), float(candidates.scores.std()) or 1.0
        places = min(self.head, context.query.k, len(candidates))
        wanted = [self._wanted(d, found, places) for d, found in zip(context.steering, meant, strict=True)]
        moves = [np.where(found > 0, spread * (found - found.max()), 0.0) for found in meant]
        for _ in range(_ROUNDS):
            for n, (found, count) in enumerate(zip(meant, wanted, strict=True)):
                scores = base + np.sum(moves, axis=0)
                moves[n] = moves[n] + (found > 0) * _least(scores, found > 0, places, count, _MARGIN * spread)
        return moves

    def _wanted(self, delta: Delta, meant: Array, places: int) -> tuple[int, int]:
        """At least and at most how many of the first places shall be what is meant."""
        now, there = int(np.count_nonzero(meant[:places])), int(np.count_nonzero(meant))
        step = min(places, max(2, round(self.step * delta.amount * places)))
        rising = delta.aim == "trend" or delta.way in ("more", "only")
        if delta.way == "only" and delta.aim != "trend":
            return min(places, there), places
        if rising:
            return min(now + step, places, there), places
        most = 0 if delta.way == "no" else max(0, min(now - step, now // 2))
        return 0, max(most, places - (len(meant) - there))


def _level(candidates: Candidates) -> Array:
    """The scores, none above one that stands before it: the order that was given is the order that is moved."""
    found: Array = np.minimum.accumulate(candidates.scores.astype(np.float64))
    return found


def _least(scores: Array, meant: Array, places: int, wanted: tuple[int, int], margin: float) -> float:
    """The smallest shift of what is meant after which at least and at most so many of it are in the first places."""
    own, others = np.sort(scores[meant])[::-1], np.sort(scores[~meant])[::-1]
    least, most = wanted
    now = int(np.count_nonzero(meant[np.argsort(-scores, kind="stable")[:places]]))
    if now < least:
        return float(others[places - least] - own[least - 1]) + margin
    if now > most:
        return float(others[places - most - 1] - own[most]) - margin
    return 0.0
