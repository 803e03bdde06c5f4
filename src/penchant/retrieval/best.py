"""The best rows of a score over the whole catalogue, and what a person did as weights on items."""

from collections.abc import Sequence

import numpy as np

from penchant.events.loops import distinct, top
from penchant.events.timeline import UNITS
from penchant.protocols import Context
from penchant.types import DAY, Array, Rows


def best(context: Context, scores: Array, limit: int) -> Rows:
    """At most `limit` allowed rows with a positive score, best first, ties by row."""
    return best_of(scores, limit, context.allowed)


def best_among(context: Context, rows: Rows, scores: Array, limit: int) -> Rows:
    """What `best` says where only these rows, in any order, have a score."""
    places, values = top(scores, context.allowed[rows], limit)
    found: Rows = rows[places]
    return found[np.lexsort((found, -values))][:limit]


def scores_at(touched: tuple[Array, Array, Array], rows: Rows, scores: Array) -> Array:
    """The scores of some rows, 0 for those that were not touched (`counting.untouched`)."""
    found = np.zeros(len(rows), np.float32)
    met = touched[0][rows] > 0
    found[met] = scores[touched[1][rows[met]]]
    return found


def best_of(scores: Array, limit: int, allowed: Array | None = None) -> Rows:
    """At most `limit` places with a positive score, best first, ties by place."""
    rows, values = top(scores, np.ones(len(scores), dtype=bool) if allowed is None else allowed, limit)
    order: Rows = rows[np.argsort(-values, kind="stable")][:limit]
    return order


def liked(
    context: Context, half_life: float, size: int, pace: float = 1.0, *, since_last: bool = False
) -> tuple[Rows, Array]:
    """Items with net positive weight, newest first, and weights that fade by `half_life` days and with every step.

    A step is a moment of the person's past: an item met s steps before the newest counts 1/(1 + pace·s) of it, which
    is all there is to go by where times are only an order. With `since_last` nothing has faded since the newest:
    all weights are larger by one factor, and do not depend on when it is asked.
    """
    interest = context.user["interest"]
    rows = interest["item"]
    keep = (interest["weight"] > 0) & (interest["refused"] < interest["last"])
    places = np.flatnonzero(keep)
    places = places[np.lexsort((rows[places], -interest["last"][places]))[:size]]
    last = interest["last"][places]
    age = ((last[0] if since_last and len(last) else context.now) - last) / DAY
    strength = np.minimum(interest["weight"][places] / UNITS, 1.0) / (1 + pace * steps(last))
    return rows[places], strength * 0.5 ** (np.maximum(age, 0.0) / half_life)


def steps(times: Array) -> Array:
    """How many moments of these times, which are in order, come before each: 0 for those of the first."""
    return np.cumsum(np.diff(times, prepend=times[:1]) != 0)


def in_turn(tops: Sequence[Rows], limit: int) -> Rows:
    """The distinct rows of several lists, one of each at a time, at most `limit`."""
    found = np.concatenate([*tops, np.zeros(0, np.int32)])
    return distinct(found, np.cumsum([len(top) for top in tops], dtype=np.int64), limit)
