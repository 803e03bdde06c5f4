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
def spans(order: Array, starts: Array, tail: Array, codes: Array, last: int, n: int) -> Arrays:
    """Where the `last` newest of the first `n` events of each code lie.

    `order`[starts[c]:starts[c + 1]] are the ascending places of code c in an index over the first n − len(tail)
    events, or over more of them than n; `tail` has the codes of the events that are not in it. Returns lo and hi of
    each code, the places (codes,) first … first + count of a code in the last one returned: its events in the tail.
    """
    size, most = len(codes), len(starts) - 1
    lo, hi = np.empty(size, np.int64), np.empty(size, np.int64)
    first, end = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for h in range(size):
        lo[h], hi[h] = starts[min(codes[h], most)], starts[min(codes[h] + 1, most)]
        if hi[h] > lo[h] and order[hi[h] - 1] >= n:
            hi[h] = _at(order, n, lo[h], hi[h])
    owner, late = _late(tail, codes)
    for e in range(len(owner)):
        end[owner[e]] += 1
    places = np.empty(len(owner), np.int64)
    at = 0
    for h in range(size):
        lo[h] = max(lo[h], hi[h] - max(last - end[h], 0))
        first[h], at = at, at + end[h]
        end[h] = first[h]
    for e in range(len(owner)):
        places[end[owner[e]]] = n - len(tail) + late[e]
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
    best, found = np.empty(max(min(limit, size), 1), scores.dtype), 0  # a heap: its first is the least of the best
    for row in range(size):
        value = scores[row]
        if value > 0 and allowed[row]:
            if found < limit:
                best[found], found = value, found + 1
                _rise(best, found - 1)
            elif limit > 0 and value > best[0]:
                best[0] = value
                _sink(best)
    cut = best[0] if 0 < limit == found else scores.dtype.type(0)
    rows, values, kept = np.empty(size, np.int32), np.empty(size, scores.dtype), 0
    for row in range(size):
        if scores[row] > 0 and scores[row] >= cut and allowed[row]:
            rows[kept], values[kept] = row, scores[row]
            kept += 1
    return rows[:kept], values[:kept]


@compiled
def _rise(heap: Array, at: int) -> None:
    while at and heap[at] < heap[(at - 1) // 2]:
        heap[at], heap[(at - 1) // 2] = heap[(at - 1) // 2], heap[at]
        at = (at - 1) // 2


@compiled
def _sink(heap: Array) -> None:
    at, size = 0, len(heap)
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[at] <= heap[child]:
            return
        heap[at], heap[child] = heap[child], heap[at]
        at = child


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
