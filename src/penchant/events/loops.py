"""Loops over many events that NumPy would take several passes for, compiled; their twins in NumPy are in the tests.

Every loop reads an index in the order of its codes, so that the events of one person or item lie side by side in
memory. Sums are made in the order of the events, so that they do not depend on who asks.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from penchant.types import Array

Loop = TypeVar("Loop", bound=Callable[..., Any])
Arrays = tuple[Array, ...]


def compiled(loop: Loop) -> Loop:
    """Compile a loop over arrays at its first call, and keep what was compiled where that can be written."""
    try:
        return cast(Loop, njit(cache=True, nogil=True)(loop))
    except RuntimeError:  # nowhere to keep it
        return cast(Loop, njit(nogil=True)(loop))


@compiled
def spans(
    order: Array, starts: Array, late: tuple[int, Array, Array], tail: Array, codes: Array, last: int, n: int
) -> Arrays:
    """Where the `last` newest of the first `n` events of each code lie.

    `order`[starts[c]:starts[c + 1]] are the ascending places of code c in an index over the first events, maybe more
    than `n`; `late` is where those begin that followed, with their own order, counted from there, and starts; `tail`
    has the codes of the newest, which are in neither. Returns lo and hi of each code in the first index, and the
    places (codes,) first … first + count of a code in the last one returned: its events behind that.
    """
    size, begin = len(codes), late[0]
    lo, hi = np.empty(size, np.int64), np.empty(size, np.int64)
    low, high = np.zeros(size, np.int64), np.zeros(size, np.int64)
    first, end = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for h in range(size):  # written out twice: a compiled function that is given arrays costs more than it does here
        code = min(codes[h], len(starts) - 1)
        lo[h], hi[h] = starts[code], starts[min(code + 1, len(starts) - 1)]
        if hi[h] > lo[h] and order[hi[h] - 1] >= n:
            hi[h] = _at(order, n, lo[h], hi[h])
    between, since = late[1], late[2]
    for h in range(size if len(between) else 0):
        code = min(codes[h], len(since) - 1)
        low[h], high[h] = since[code], since[min(code + 1, len(since) - 1)]
        if high[h] > low[h] and between[high[h] - 1] >= n - begin:
            high[h] = _at(between, n - begin, low[h], high[h])
        high[h] = max(high[h], low[h])
        end[h] = high[h] - low[h]
    owner, newest = _late(tail, codes)
    for e in range(len(owner)):
        end[owner[e]] += 1
    places = np.empty(end.sum(), np.int64)
    at = 0
    for h in range(size):
        lo[h] = max(lo[h], hi[h] - max(last - end[h], 0))
        first[h], at = at, at + end[h]
        for j in range(low[h], high[h]):
            places[first[h] + j - low[h]] = begin + between[j]
        end[h] = first[h] + high[h] - low[h]
    for e in range(len(owner)):
        places[end[owner[e]]] = n - len(tail) + newest[e]
        end[owner[e]] += 1
    for h in range(size):
        first[h] = max(first[h], end[h] - last)
    return lo, hi, first, end, places


@compiled
def _at(ascending: Array, value: int, lo: int, hi: int) -> int:
    """The first place from lo up to hi that is not below the value."""
    while lo < hi:
        middle = (lo + hi) // 2
        if ascending[middle] < value:
            lo = middle + 1
        else:
            hi = middle
    return lo


@compiled
def _late(tail: Array, codes: Array) -> tuple[Array, Array]:
    """The places in `tail` of any of the codes, ascending, and which of them each is."""
    owner, late, found = np.empty(len(tail), np.int64), np.empty(len(tail), np.int64), 0
    if not len(tail) or not len(codes):
        return owner[:0], late[:0]
    stood = np.argsort(codes)
    ascending = codes[stood]
    most = ascending[-1]
    marked = np.zeros(most // 8 + 1, np.uint8)  # a bit each: cheap to ask before it is looked for
    for code in ascending:
        marked[code >> 3] |= np.uint8(1 << (code & 7))
    for e in range(len(tail)):
        code = tail[e]
        if 0 <= code <= most and marked[code >> 3] >> (code & 7) & 1:
            owner[found] = stood[_at(ascending, code, 0, len(ascending))]
            late[found] = e
            found += 1
    return owner[:found], late[:found]


@compiled
def _events(span: Arrays) -> int:
    """How many events the spans hold."""
    size = 0
    for h in range(len(span[0])):
        size += span[1][h] - span[0][h] + span[3][h] - span[2][h]
    return size


@compiled
def crowd(index: Arrays, raw: Arrays, span: Arrays, weights: Array, gain: Array, size: int) -> tuple[Array, Array]:
    """The people of the events in the spans of some items, and of everybody Σ weight of the item × gain of the kind.

    `index` and `raw` are (user, kind) in the order of the index and of the timeline; `size` people are known.
    """
    lo, hi, first, end, places = span
    total, seen, people, found = np.zeros(size), np.zeros(size, np.uint8), np.empty(size, np.int64), 0
    for h in range(len(lo)):
        for j in range(lo[h], hi[h]):
            user = index[0][j]
            total[user] += weights[h] * gain[index[1][j]]
            if not seen[user]:
                seen[user], people[found] = 1, user
                found += 1
        for e in range(first[h], end[h]):
            user = raw[0][places[e]]
            total[user] += weights[h] * gain[raw[1][places[e]]]
            if not seen[user]:
                seen[user], people[found] = 1, user
                found += 1
    return people[:found], total


@compiled
def newest(order: Array, span: Arrays, most: int, n: int) -> Array:
    """The places, span by span, of the newest `most` events among all those in the spans, of the first `n` events."""
    lo, hi, first, end, late = span
    begin, behind = 0, n  # the last place behind which there are at least `most`
    while behind - begin > 1:
        middle, count = (begin + behind) // 2, 0
        for h in range(len(lo)):
            count += hi[h] - _at(order, middle, lo[h], hi[h]) + end[h] - _at(late, middle, first[h], end[h])
        begin, behind = (middle, behind) if count >= most else (begin, middle)
    found, k = np.empty(_events(span), np.int64), 0
    for h in range(len(lo)):
        for j in range(_at(order, begin, lo[h], hi[h]), hi[h]):
            found[k] = order[j]
            k += 1
        for e in range(_at(late, begin, first[h], end[h]), end[h]):
            found[k] = late[e]
            k += 1
    return found[:k]


@compiled
def top(scores: Array, allowed: Array, limit: int) -> tuple[Array, Array]:
    """Rows, ascending, and scores of the allowed rows with a positive score, `limit` best or more if they are equal."""
    size = min(len(scores), len(allowed))
    rows, values = np.empty(size, np.int32), np.empty(size, scores.dtype)
    for cut in (_guess(scores, allowed, limit, size), 0.0):
        found = 0
        for row in range(size):
            rows[found], values[found] = row, scores[row]
            found += scores[row] > 0 and scores[row] >= cut and allowed[row]
        if found >= limit or cut == 0:
            break
    if not 0 < limit < found:
        return rows[:found], values[:found]
    cut, kept = _select(values[:found].copy(), limit), 0
    for at in range(found):
        rows[kept], values[kept] = rows[at], values[at]
        kept += values[at] >= cut
    return rows[:kept], values[:kept]


@compiled
def largest(values: Array, limit: int) -> Array:
    """The places, ascending, of the `limit` largest values; of equal ones the first."""
    places, kept = np.empty(len(values), np.int64), 0
    cut = _select(values.copy(), limit) if 0 < limit < len(values) else -np.inf
    spare = limit - np.count_nonzero(values > cut)
    for at in range(len(values) if limit > 0 else 0):
        places[kept] = at
        if values[at] > cut or spare > 0:
            kept += values[at] >= cut
            spare -= values[at] == cut
    return places[:kept]


@compiled
def _guess(scores: Array, allowed: Array, limit: int, size: int) -> float:
    """A score that about twice as many rows reach as are wanted, judged by a thousand of them; 0 if that is too few."""
    step, found = size // 1_024 + 1, 0
    drawn = np.empty(size // step + 1, scores.dtype)
    for row in range(0, size, step):
        drawn[found] = scores[row]
        found += scores[row] > 0 and allowed[row]
    rank = 2 * limit // step + 16
    return _select(drawn[:found], rank) if rank < found and step > 1 else 0.0


@compiled
def _select(values: Array, rank: int) -> float:
    """The value of a rank, 1 the largest, which moves the values (quickselect: Hoare 1961)."""
    low, high, wanted = 0, len(values) - 1, rank - 1
    while low < high:
        one, other, middle = values[low], values[high], values[(low + high) // 2]
        pivot = max(min(one, other), min(max(one, other), middle))
        i, j = low, high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i, j = i + 1, j - 1
        if j < wanted < i:
            break
        low, high = (low, j) if wanted <= j else (i, high)
    return float(values[wanted])


@compiled
def distinct(rows: Array, ends: Array, limit: int) -> Array:
    """The distinct rows of several lists, one of each at a time, at most `limit`; `ends` is where each ends."""
    found, kept = np.empty(len(rows), np.int32), 0
    most = 0
    for row in rows:
        most = max(most, row)
    met = np.zeros(most + 1, np.uint8)
    for turn in range(len(rows)):
        for one in range(len(ends)):
            at = turn + (ends[one - 1] if one else 0)
            if at < ends[one] and not met[rows[at]]:
                if kept == limit:
                    return found[:kept]
                met[rows[at]], found[kept] = 1, rows[at]
                kept += 1
    return found[:kept]


@compiled
def tallied(counts: Array, told: Arrays, weights: Array, segment: int) -> None:
    """Add to the count of each item the weights of its events' kinds; of one segment's, unless that is −1.

    `told` are item, kind and segment of each event. However many they are, nothing is copied.
    """
    item, kind, part = told
    for e in range(len(item)):
        if 0 <= item[e] < len(counts) and (segment < 0 or part[e] == segment):
            counts[item[e]] += weights[kind[e]]
