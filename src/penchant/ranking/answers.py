"""What a person did with what they were offered, as one comparison per slate of the chosen and the passed over.

An event answers the newest slate before it, in order of the log, that showed its item, unless that was too long ago.
What was answered with pleasure beats the rest of the slate; what was answered with displeasure loses to it. The rest is
all of it: what merely stood above the choice is what the ranker likes best, and would teach to distrust the ranker. A
whole basket is one comparison: its items are chosen together, and each alone would promise more than is known.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from penchant.types import Array, Columns, Slate, micros


def comparisons(
    slates: Sequence[Slate], events: Columns, row_of: Mapping[str, int], names: Sequence[str], within: float
) -> list[Array]:
    """φ(chosen) − φ(passed over), by first answer, of every slate answered `within` µs; `names` are the marks of φ."""
    told = sorted((slate for slate in slates if slate.marks), key=lambda slate: (slate.position, slate.time, slate.id))
    found = (_comparison(told[at], verdicts, names) for at, verdicts in _verdicts(told, events, row_of, within).items())
    return [z for z in found if z is not None]


def _verdicts(
    slates: Sequence[Slate], events: Columns, row_of: Mapping[str, int], within: float
) -> dict[int, dict[int, float]]:
    """What the answered places of each answered slate weigh in sum, in order of the slate's first answer."""
    seats: dict[int, list[tuple[int, int]]] = {}  # row → slates that showed it, oldest first, with its place
    for at, slate in enumerate(slates):
        for place, item in enumerate(slate.items):
            seats.setdefault(row_of.get(item, -1), []).append((at, place))
    found: dict[int, dict[int, float]] = {}
    for event in np.argsort(events["position"], kind="stable").tolist():
        position, row = int(events["position"][event]), int(events["item"][event])
        before = [seat for seat in seats.get(row, ()) if slates[seat[0]].position < position]
        if row >= 0 and before and events["time"][event] - micros(slates[before[-1][0]].time) <= within:
            at, place = before[-1]
            sums = found.setdefault(at, {})
            sums[place] = sums.get(place, 0.0) + float(events["weight"][event])
    return found


def _comparison(slate: Slate, verdicts: Mapping[int, float], names: Sequence[str]) -> Array | None:
    """The mean of what was liked less the mean of the rest; None if there is only one of the two."""
    length = max((len(values) for values in slate.marks.values()), default=0)
    answered = [place for place, total in verdicts.items() if total and place < length]
    liked = [place for place in answered if verdicts[place] > 0]
    refused = [place for place in answered if verdicts[place] < 0]
    passed = [place for place in range(length) if place not in answered]
    better, worse = (liked, passed + refused) if liked else (passed, refused)
    if not answered or not better or not worse:
        return None
    known = [slate.marks.get(name, (0.0,) * length) for name in names]
    marks = np.array(known, dtype=np.float64).reshape(len(names), length)
    z: Array = marks[:, better].mean(axis=1) - marks[:, worse].mean(axis=1)
    return z
