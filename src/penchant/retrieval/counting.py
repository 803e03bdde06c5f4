"""Compiled counting for the sources that count: neighbours, sessions, habits, linear.

What people did is read as `walks.read` gives it: person by person, each person's events in order of time. Each loop
reads them for itself, since compiled loops call others with arrays only slowly. They are given plain tuples: what is
kept of a compiled loop names the types of what it was given, and a type of our own might be another one tomorrow.
"""

import numpy as np

from penchant.loops import Arrays, compiled
from penchant.types import Array

Reading = tuple[Arrays, Arrays, Arrays, Array]  # see `walks.read`
STEPS = 64  # of the table of a half-life
HALVES = np.append(2.0 ** -(np.arange(40 * STEPS) / STEPS), [0.0, 0.0])  # 2^(−x/STEPS), up to 40 half-lives


@compiled
def faded(table: Array, x: float) -> float:
    """2^(−x/STEPS), x from 0 on, by straight lines between the points of `HALVES`: within 2e-5 of it, 0 at the end."""
    x = min(x, len(table) - 2.0)
    step = int(x)
    return float(table[step] + (x - step) * (table[step + 1] - table[step]))


@compiled
def counts(
    read: Reading, values: tuple[Array, Array], now: int, lives: tuple[float, float], table: Array, size: int
) -> tuple[Array, Array, Array]:
    """Per item Σ together·weight, and Σ even·weight fading by each of two half-lives (µs).

    `values` are (together, even), one entry per person.
    """
    (items, kinds, times), raw, (lo, kept, first, ends, places), gain = read
    together, one, other = np.zeros(size), np.zeros(size), np.zeros(size)
    pace, rush = STEPS / lives[0], STEPS / lives[1]
    for h in range(len(lo)):
        for e in range(ends[h]):
            if e < kept[h]:
                item, weight, time = items[lo[h] + e], gain[kinds[lo[h] + e]], times[lo[h] + e]
            else:
                late = places[first[h] + e - kept[h]]
                item, weight, time = raw[0][late], gain[raw[1][late]], raw[2][late]
            if weight > 0 and 0 <= item < size:
                age, even = float(max(now - time, 0)), values[1][h] * weight
                together[item] += values[0][h] * weight
                one[item] += even * faded(table, age * pace)
                other[item] += even * faded(table, age * rush)
    return together, one, other


@compiled
def sessions(read: Reading, mine: int, since: int, gap: int, worth: Array) -> tuple[Array, Array, Arrays]:
    """The sessions with an item of some worth: their likeness, their end (µs), and (person, first event, end).

    A session ends where `gap` µs pass without an event. Events of the person `mine` after `since` are in no session.
    The likeness is Σ worth of the distinct items × the largest of these.
    """
    (items, kinds, times), raw, (lo, kept, first, ends, places), gain = read
    most = ends.sum()
    like, ended = np.empty(most), np.empty(most, np.int64)
    of, begin, end = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
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
            if item < len(worth) and worth[item] > 0 and met[item] != at:
                if shared == 0:
                    found += 1
                met[item], shared, largest = at, shared + worth[item], max(largest, worth[item])
                of[found], begin[found] = h, start
            if shared > 0:
                like[found], ended[found], end[found] = shared * largest, last, e + 1
    return like[: found + 1], ended[: found + 1], (of[: found + 1], begin[: found + 1], end[: found + 1])


@compiled
def spread(read: Reading, where: Arrays, like: Array, size: int) -> Array:
    """Σ like of the sessions, given as (person, first event, end), that hold each item, an item once per session."""
    (items, kinds, _), raw, (lo, kept, first, _, places), gain = read
    total, met = np.zeros(size), np.full(size, -1, np.int64)
    for s in range(len(like)):
        h = where[0][s]
        for e in range(where[1][s], where[2][s] if like[s] > 0 else 0):
            if e < kept[h]:
                item, weight = items[lo[h] + e], gain[kinds[lo[h] + e]]
            else:
                late = places[first[h] + e - kept[h]]
                item, weight = raw[0][late], gain[raw[1][late]]
            if weight > 0 and 0 <= item < size and met[item] != s:
                met[item] = s
                total[item] += like[s]
    return total


@compiled
def habits(read: Reading, fades: Array, like: Array, size: int) -> Array:
    """Σ like of the person × weight × `fades`[moments of theirs that came since], per item."""
    (items, kinds, times), raw, (lo, kept, first, ends, places), gain = read
    total = np.zeros(size)
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
                if item < size:
                    total[item] += like[h] * (weight * fades[back])
    return total


@compiled
def sharing(read: Reading, fades: Array, mine: Array) -> tuple[Array, Array]:
    """For each person, Σ of their habits × `mine` over the items, and Σ of their habits."""
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
                if item < len(mine):
                    shared[h] += weight * fades[back] * mine[item]
    return shared, whole


@compiled
def scattered(items: Array, values: Array, rows: Array, weights: Array, size: int) -> Array:
    """Σ weight of the row × its values, each at the place that `items` names: a sparse matrix by a sparse vector."""
    total = np.zeros(size)
    for h in range(len(rows)):
        for j in range(items.shape[1]):
            total[items[rows[h], j]] += weights[h] * values[rows[h], j]
    return total
