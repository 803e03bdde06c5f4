"""Compiled counting for the sources that count: neighbours, sessions, habits, linear.

What people took comes as `walks.taken` gives it: owner by owner, in order of time.
"""

import numpy as np

from penchant.loops import Arrays, compiled
from penchant.types import Array

STEPS = 64  # of the table of a half-life
HALVES = 2.0 ** -(np.arange(40 * STEPS + 2) / STEPS)  # 2^(−x/STEPS), up to 40 half-lives


@compiled
def faded(table: Array, x: float) -> float:
    """2^(−x), x from 0 on, by straight lines between the points of `HALVES`: within 2e-5 of it, 0 beyond 40."""
    at = x * STEPS
    if at >= len(table) - 1:
        return 0.0
    step = int(at)
    return float(table[step] + (at - step) * (table[step + 1] - table[step]))


@compiled
def counts(
    taken: Arrays, values: tuple[Array, Array], now: int, lives: tuple[float, float], table: Array, size: int
) -> tuple[Array, Array, Array]:
    """Per item Σ together·weight, and Σ even·weight fading by each of two half-lives (µs).

    `values` are (together, even), one entry per owner.
    """
    item, weight, time, owner = taken
    together, first, second = np.zeros(size), np.zeros(size), np.zeros(size)
    for e in range(len(item)):
        i, age = item[e], float(max(now - time[e], 0))
        if i < size:
            even = values[1][owner[e]] * weight[e]
            together[i] += values[0][owner[e]] * weight[e]
            first[i] += even * faded(table, age / lives[0])
            second[i] += even * faded(table, age / lives[1])
    return together, first, second


@compiled
def sessions(taken: Arrays, mine: int, since: int, gap: int, weight: Array) -> tuple[Array, Array, Array]:
    """Cut into sessions what people took: the session of each event, and of each session its likeness and its end (µs).

    A session ends where `gap` µs pass without an event. Events of the owner `mine` after `since` are in no session: -1.
    The likeness is Σ weight over the distinct items × the largest of these weights.
    """
    item, _, time, owner = taken
    session = np.full(len(item), -1, np.int64)
    shared, newest = np.zeros(len(item)), np.zeros(len(item))
    ended, met = np.zeros(len(item), np.int64), np.full(len(weight), -1, np.int64)
    now, person, last = -1, -1, 0
    for e in range(len(item)):
        if owner[e] == mine and time[e] > since:
            continue
        if owner[e] != person or time[e] - last >= gap:
            now += 1
        person, last, i = owner[e], time[e], item[e]
        session[e], ended[now] = now, last
        if i < len(weight) and weight[i] > 0 and met[i] != now:
            met[i] = now
            shared[now] += weight[i]
            newest[now] = max(newest[now], weight[i])
    return session, (shared * newest)[: now + 1], ended[: now + 1]


@compiled
def spread(item: Array, session: Array, like: Array, size: int) -> Array:
    """Σ like of the sessions that hold each item, an item once per session."""
    total, met = np.zeros(size), np.full(size, -1, np.int64)
    for e in range(len(item)):
        i, s = item[e], session[e]
        if s >= 0 and like[s] > 0 and i < size and met[i] != s:
            met[i] = s
            total[i] += like[s]
    return total


@compiled
def baskets(time: Array, owner: Array) -> Array:
    """How many moments of the same owner come after that of each event."""
    back = np.zeros(len(time), np.int64)
    for e in range(len(time) - 2, -1, -1):
        if owner[e] == owner[e + 1]:
            back[e] = back[e + 1] + (time[e] != time[e + 1])
    return back


@compiled
def scattered(items: Array, values: Array, rows: Array, weights: Array, size: int) -> Array:
    """Σ weight of the row × its values, each at the place that `items` names: a sparse matrix by a sparse vector."""
    total = np.zeros(size)
    for h in range(len(rows)):
        for j in range(items.shape[1]):
            total[items[rows[h], j]] += weights[h] * values[rows[h], j]
    return total
