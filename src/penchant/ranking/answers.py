"""What a person did with what they were offered, as comparisons between a chosen item and those passed over for it.

An event answers the newest slate before it, in order of the log, that showed its item. An item answered with pleasure
beats what stood above it and just below without an answer (Joachims et al. 2005): what stood lower may never have been
seen. One that was answered with displeasure loses to them.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from penchant.types import Array, Columns, Slate


def comparisons(
    slates: Sequence[Slate], events: Columns, row_of: Mapping[str, int], names: Sequence[str]
) -> list[Array]:
    """φ(chosen) − φ(passed over) of every answer, oldest first; `names` are the marks that make φ."""
    told = sorted((slate for slate in slates if slate.marks), key=lambda slate: (slate.position, slate.time, slate.id))
    verdicts = _verdicts(told, events, row_of)
    return [z for at, places in verdicts if (z := _comparison(told[at], places, names)) is not None]


def _verdicts(
    slates: Sequence[Slate], events: Columns, row_of: Mapping[str, int]
) -> list[tuple[int, dict[int, float]]]:
    """Each newly answered place in order of its first answer: the slate, and what was answered of it by place."""
    seats: dict[int, list[tuple[int, int]]] = {}  # row → slates that showed it, oldest first, with its place
    for at, slate in enumerate(slates):
        for place, item in enumerate(slate.items):
            seats.setdefault(row_of.get(item, -1), []).append((at, place))
    sums: dict[tuple[int, int], float] = {}  # in order of the first answer
    for event in np.argsort(events["position"], kind="stable").tolist():
        position, row = int(events["position"][event]), int(events["item"][event])
        before = [seat for seat in seats.get(row, ()) if slates[seat[0]].position < position]
        if row >= 0 and before:
            sums[before[-1]] = sums.get(before[-1], 0.0) + float(events["weight"][event])
    answered: dict[int, dict[int, float]] = {}
    for (at, place), total in sums.items():
        if total:
            answered.setdefault(at, {})[place] = total
    return [(at, {place: total, **answered[at]}) for (at, place), total in sums.items() if total]


def _comparison(slate: Slate, verdicts: Mapping[int, float], names: Sequence[str]) -> Array | None:
    """The first place of the verdicts against those that stood above it or just below and have none."""
    place, total = next(iter(verdicts.items()))
    length = max((len(values) for values in slate.marks.values()), default=0)
    others = [other for other in range(min(place + 2, length)) if other not in verdicts]
    if place >= length or not others:
        return None
    marks = np.array([slate.marks.get(name, (0.0,) * length) for name in names], dtype=np.float64)
    z: Array = np.sign(total) * (marks[:, place] - marks[:, others].mean(axis=1))
    return z
