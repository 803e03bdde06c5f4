"""How far each item is what a person asked for: the meaning of a delta, given a catalogue and a moment.

What the catalogue has words for is matched by its words alone, so that nothing else moves; only what it has no words
for is matched by likeness of texts.
"""

from collections.abc import Mapping

import numpy as np

from penchant.events.timeline import UNITS
from penchant.protocols import Context
from penchant.text.lexicon import vocabulary
from penchant.text.steers import Delta
from penchant.types import Array, Rows

_FROM, _FULL = 2.5, 4.0  # standard deviations above the mean likeness from which on, and at which, an item is meant
_LEAST = 0.2  # cosine that is needed at all
_APART = 0.8  # share of the usual price at which an item is cheaper; 1 / that and it is dearer


def fit(context: Context, delta: Delta) -> Array:
    """0 to 1 for each item of the catalogue: how far it is what the delta is about. All 0 for a trend; see `trend`."""
    return context.once(("fit", delta), lambda: _fit(context, delta))


def allowed(context: Context) -> Array:
    """One bool per row: what the filters among the person's deltas let through."""
    found = np.ones(len(context.catalogue), dtype=bool)
    for delta in context.steering:
        if delta.hard:
            found &= through(context, delta)
    return found


def through(context: Context, delta: Delta) -> Array:
    """One bool per row: what one filter lets through."""
    found: Array = (fit(context, delta) > 0) == (delta.way == "only")
    return found


def refusing(context: Context, row: int) -> tuple[Delta, ...]:
    """The filters that an item does not pass."""
    return tuple(d for d in context.steering if d.hard and not through(context, d)[row])


def trend(context: Context, delta: Delta, rows: Rows, head: Rows) -> Array:
    """One bool per row: whether it lies in the direction of the trend from the middle of the head of a list.

    `delta.way` says in which direction; what has no number lies in none.
    """
    values, usual = _measure(context, delta.attribute, rows), _measure(context, delta.attribute, head)
    known = usual[~np.isnan(usual)]
    if not len(known):
        return np.zeros(len(rows), dtype=bool)
    middle, rising = float(np.median(known)), delta.way in ("more", "only")
    if delta.attribute == "price" and middle > 0:
        middle = middle / _APART if rising else middle * _APART
    found: Array = values > middle if rising else values < middle
    return found


def _fit(context: Context, delta: Delta) -> Array:
    found = np.zeros(len(context.catalogue))
    if delta.aim == "concept":
        found = _named(context, delta) if delta.terms else _like(context, delta.about)
    elif delta.aim == "range":
        found[:] = 1.0
    if delta.low is not None or delta.high is not None:
        found = found * _within(context, delta)
    return found


def _named(context: Context, delta: Delta) -> Array:
    """1 where each term is met by one of its alternatives."""
    words, found = vocabulary(context.catalogue), np.ones(len(context.catalogue), dtype=bool)
    for term in delta.terms:
        met = np.zeros(len(found), dtype=bool)
        for pair in term:
            met[words.rows(pair)] = True
        found &= met
    return found.astype(np.float64)


def _like(context: Context, about: str) -> Array:
    """How far the text of each item stands out as like this one."""
    vectors, wish = context.catalogue.vectors, context.language.wish(about)
    if wish is None or not len(vectors) or vectors.shape[1] != len(wish):
        return np.zeros(len(vectors))
    likeness = (vectors @ wish).astype(np.float64)
    apart = (likeness - likeness.mean()) / (float(likeness.std()) or 1.0)
    found: Array = np.clip((apart - _FROM) / (_FULL - _FROM), 0.0, 1.0) * (likeness >= _LEAST)
    return found


def _within(context: Context, delta: Delta) -> Array:
    numbers = vocabulary(context.catalogue).numbers.get(delta.attribute)
    if numbers is None:
        return np.zeros(len(context.catalogue))
    low, high = (-np.inf if delta.low is None else delta.low), (np.inf if delta.high is None else delta.high)
    found: Array = ((numbers >= low) & (numbers <= high)).astype(np.float64)
    return found


def _measure(context: Context, attribute: str, rows: Rows) -> Array:
    """The number of each row that a trend is about, NaN where it has none."""
    if attribute == "popularity":
        count: Array = context.timeline.tally(None, context.now, len(context.catalogue))[rows] / UNITS
        return count
    if attribute == "novelty":
        return _novelty(context, rows)
    numbers: Mapping[str, Array] = vocabulary(context.catalogue).numbers
    return numbers[attribute][rows] if attribute in numbers else np.full(len(rows), np.nan)


def _novelty(context: Context, rows: Rows) -> Array:
    """1 less the greatest likeness to the newest items the person has met; 0 for those, NaN for a guest."""
    interest = context.user["interest"]
    if not len(interest["item"]):
        return np.full(len(rows), np.nan)
    met = interest["item"][np.argsort(-interest["last"], kind="stable")[:100]]
    vectors = context.catalogue.vectors
    likeness = (vectors[rows] @ vectors[met].T).max(axis=1).astype(np.float64)
    return np.where(np.isin(rows, interest["item"]), 0.0, 1.0 - likeness)
