"""Whether people were glad of what was found: what they gave it, and what they sent back or disliked later.

The log of another policy only says how people liked what they took; of what nobody took it says nothing.
"""

from typing import Any

import numpy as np

from penchant.evaluation import metrics
from penchant.evaluation.answers import Asked
from penchant.events.timeline import Timeline
from penchant.types import Array


def refused(timeline: Timeline, asked: Asked) -> Array:
    """Bool per wanted item: did this person refuse it (a kind of negative weight) at or after the answer?"""
    places = np.flatnonzero((timeline.kinds.weights[timeline.kind] < 0) & (timeline.item >= 0))
    size = int(max(timeline.item.max(initial=0), asked.rows.max(initial=0))) + 1
    key = timeline.user[places].astype(np.int64) * size + timeline.item[places]
    last = dict(zip(key.tolist(), timeline.time[places].tolist(), strict=True))  # ascending: newest stays
    wanted = asked.people[asked.owner].astype(np.int64) * size + asked.rows
    times = asked.time[asked.owner].tolist()
    found = (last.get(k, -1) >= t for k, t in zip(wanted.tolist(), times, strict=True))
    return np.fromiter(found, dtype=bool, count=len(times))


def satisfaction(asked: Asked, sorry: Array, ranks: Array, k: int) -> dict[str, Any]:
    """Of one model: `value` of the hits, `valued_ndcg` (gain = value), `refused` share of the hits.

    Each stands beside what holds of everything people took (`…_of_all`); what the log does not tell is left out.
    """
    hits = (ranks > 0) & (ranks <= k)
    known = ~np.isnan(asked.value)
    found: dict[str, Any] = {"hits": int(np.count_nonzero(hits))}
    if known.any():
        found["value"], found["value_of_all"] = _mean(asked.value[hits & known]), _mean(asked.value[known])
        found["valued_ndcg"] = _mean(_valued(asked, ranks, k))
    if sorry.any():
        found["refused"], found["refused_of_all"] = _mean(sorry[hits]), _mean(sorry)
    return found


def _valued(asked: Asked, ranks: Array, k: int) -> Array:
    """NDCG at k of every question some of whose wanted items are worth something, each gaining its value."""
    cases, owner = len(asked.time), asked.owner
    gains = np.maximum(np.nan_to_num(asked.value.astype(np.float64)), 0.0)
    best = np.lexsort((-gains, owner))
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=cases))])
    places = np.zeros(len(owner), dtype=np.int64)
    places[best] = np.arange(len(owner)) - starts[owner[best]] + 1
    ideal = metrics.gained(places, owner, cases, k, gains)
    gained = metrics.gained(ranks, owner, cases, k, gains)
    ndcg: Array = gained[ideal > 0] / ideal[ideal > 0]
    return ndcg


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")
