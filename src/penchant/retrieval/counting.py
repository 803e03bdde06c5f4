"""Compiled counting for the sources that count: neighbours, sessions, habits, linear.

What people did is read as `walks.read` gives it: person by person, each person's events in order of time. Each loop
reads them for itself, since compiled loops call others with arrays only slowly. They are given plain tuples: what is
kept of a compiled loop names the types of what it was given, and a type of our own might be another one tomorrow.
"""

import numpy as np

from penchant.events.loops import Arrays, compiled
from penchant.types import Array

Touched = tuple[Array, Array, Array]  # see `untouched`
Reading = tuple[Arrays, Arrays, Arrays, Array]  # see `walks.read`
STEPS = 64  # of the table of a half-life
HALVES = np.append(2.0 ** -(np.arange(40 * STEPS) / STEPS), [0.0, 0.0])  # 2^(−x/STEPS), up to 40 half-lives


@compiled
def faded(table: Array, x: float) -> float:
    """2^(−x/STEPS), x from 0 on, by straight lines between the points of `HALVES`: within 2e-5 of it, 0 at the end."""
    x = min(x, len(table) - 2.0)
    step = int(x)
    return float(table[step] + (x - step) * (table[step + 1] - table[step]))


def untouched(size: int) -> Touched:
    """Which of so many items were met (a byte each), at which place each of these is counted, and how many they are.

    The loops count what they meet and nothing else: a catalogue is large, and what some people did is not.
    """
    return np.zeros(size, np.uint8), np.empty(size, np.int32), np.zeros(1, np.int64)


@compiled
def counts(
    read: Reading, values: tuple[Array, Array], now: int, lives: tuple[float, float], table: Array, touched: Touched
) -> tuple[Array, Array, Array, Array]:
    """The items, and of each Σ together·weight, and Σ even·weight fading by each of two half-lives (µs).

    `values` are (together, even), one entry per person.
    """
    (items, kinds, times), raw, (lo, kept, first, ends, places), gain = read
    (seen, place, _), most, found = touched, ends.sum(), 0
    rows, together, one, other = np.empty(most, np.int32), np.zeros(most), np.zeros(most), np.zeros(most)
    pace, rush = STEPS / lives[0], STEPS / lives[1]
    for h in range(len(lo)):
        for e in range(ends[h]):
            if e < kept[h]:
                item, weight, time = items[lo[h] + e], gain[kinds[lo[h] + e]], times[lo[h] + e]
            else:
                late = places[first[h] + e - kept[h]]
                item, weight, time = raw[0][late], gain[raw[1][late]], raw[2][late]
            if weight > 0 and 0 <= item < len(seen):
                if not seen[item]:
                    seen[item], place[item], rows[found] = 1, found, item
                    found += 1
                at, age, even = place[item], float(max(now - time, 0)), values[1][h] * weight
                together[at] += values[0][h] * weight
                one[at] += even * faded(table, age * pace)
                other[at] += even * faded(table, age * rush)
    return rows[:found], together[:found], one[:found], other[:found]


@compiled
def sessions(
    read: Reading, mine: int, since: int, gap: int, touched: Touched, worth: Array
) -> tuple[Array, Array, Arrays]:
    """The sessions with an item that is touched: their likeness, their end (µs), and (person, first event, end).

    `worth`, above 0, is that of the items that are touched, in order of their places. A session ends where `gap` µs
    pass without an event. Events of the person `mine` after `since` are in no session. The likeness is Σ worth
    of the distinct items × the largest of these.
    """
    (items, kinds, times), raw, (lo, kept, first, ends, places), gain = read
    most = ends.sum()
    like, ended = np.empty(most), np.empty(most, np.int64)
    of, begin, end = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    seen, place, _ = touched
    met, found, at = np.full(len(worth), -1, np.int64), -1, -1  # `at`: which session it is; `found`: of those kept
    for h in range(len(lo)):
        last, within = 0, False
        for e in range(ends[h]):
            if e < kept[h]:
                item, weight, time = items[lo[h] + e], gain[kinds[lo[h] + e]], times[lo[h] + e]
            else:
                late = places[first[h] + e - kept[h]]
                item, weight, time = raw[0][late], gain[raw[1][late]], raw[2][late]
            if weight <= 0 or item < 0:
                continue
            if h == mine and time > since:
                break
            if not within or time - last >= gap:
                within, at, shared, largest, start = True, at + 1, 0.0, 0.0, e
            last = time
            if item < len(seen) and seen[item] and met[place[item]] != at:
                if shared == 0:
                    found += 1
                own = worth[place[item]]
                met[place[item]], shared, largest = at, shared + own, max(largest, own)
                of[found], begin[found] = h, start
            if shared > 0:
                like[found], ended[found], end[found] = shared * largest, last, e + 1
    return like[: found + 1], ended[: found + 1], (of[: found + 1], begin[: found + 1], end[: found + 1])


@compiled
def spread(read: Reading, where: Arrays, like: Array, touched: Touched) -> tuple[Array, Array]:
    """The items, and Σ like of the sessions, given as (person, first event, end), that hold each, once per session."""
    (items, kinds, _), raw, (lo, kept, first, _, places), gain = read
    (seen, place, _), found, most = touched, 0, (where[2] - where[1]).sum()
    rows, total, met = np.empty(most, np.int32), np.zeros(most), np.empty(most, np.int64)
    for s in range(len(like)):
        h = where[0][s]
        for e in range(where[1][s], where[2][s] if like[s] > 0 else 0):
            if e < kept[h]:
                item, weight = items[lo[h] + e], gain[kinds[lo[h] + e]]
            else:
                late = places[first[h] + e - kept[h]]
                item, weight = raw[0][late], gain[raw[1][late]]
            if weight > 0 and 0 <= item < len(seen):
                if not seen[item]:
                    seen[item], place[item], rows[found], met[found] = 1, found, item, -1
                    found += 1
                at = place[item]
                if met[at] != s:
                    met[at] = s
                    total[at] += like[s]
    return rows[:found], total[:found]


@compiled
def habits(read: Reading, fades: Array, like: Array, touched: Touched) -> tuple[Array, Array]:
    """The items that had not been touched, and of all Σ like of the person × weight × `fades`[moments that came since].

    The moments are the person's own.
    """
    (items, kinds, times), raw, (lo, kept, first, ends, places), gain = read
    (seen, place, known), most = touched, ends.sum()
    rows, total, old, found = np.empty(most, np.int32), np.zeros(known[0] + most), known[0], known[0]
    for h in range(len(lo)):
        back, later = -1, 0
        for e in range(ends[h] - 1 if like[h] > 0 else -1, -1, -1):
            if e < kept[h]:
                item, weight, time = items[lo[h] + e], gain[kinds[lo[h] + e]], times[lo[h] + e]
            else:
                late = places[first[h] + e - kept[h]]
                item, weight, time = raw[0][late], gain[raw[1][late]], raw[2][late]
            if weight > 0 and item >= 0:
                back, later = back + (back < 0 or time != later), time
                if item < len(seen):
                    if not seen[item]:
                        seen[item], place[item], rows[found - old] = 1, found, item
                        found += 1
                    total[place[item]] += like[h] * (weight * fades[back])
    known[0] = found
    return rows[: found - old], total[:found]


@compiled
def sharing(read: Reading, fades: Array, touched: Touched, mine: Array) -> tuple[Array, Array]:
    """For each person, Σ of their habits × `mine` over the items that are touched, and Σ of their habits."""
    seen, place, _ = touched
    (items, kinds, times), raw, (lo, kept, first, ends, places), gain = read
    shared, whole = np.zeros(len(lo)), np.zeros(len(lo))
    for h in range(len(lo)):
        back, later = -1, 0
        for e in range(ends[h] - 1, -1, -1):
            if e < kept[h]:
                item, weight, time = items[lo[h] + e], gain[kinds[lo[h] + e]], times[lo[h] + e]
            else:
                late = places[first[h] + e - kept[h]]
                item, weight, time = raw[0][late], gain[raw[1][late]], raw[2][late]
            if weight > 0 and item >= 0:
                back, later = back + (back < 0 or time != later), time
                whole[h] += weight * fades[back]
                if item < len(seen) and seen[item]:
                    shared[h] += weight * fades[back] * mine[place[item]]
    return shared, whole


@compiled
def scattered(items: Array, values: Array, rows: Array, weights: Array, size: int) -> Array:
    """Σ weight of the row × its values, each at the place that `items` names: a sparse matrix by a sparse vector."""
    total = np.zeros(size)
    for h in range(len(rows)):
        for j in range(items.shape[1]):
            total[items[rows[h], j]] += weights[h] * values[rows[h], j]
    return total
