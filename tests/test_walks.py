"""Compiled walks and counts against their twins in NumPy, on timelines that grew in every order."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant import timeline as module
from penchant import walks
from penchant.kinds import Kinds
from penchant.retrieval import counting
from penchant.timeline import Timeline
from penchant.types import MINUTE

KINDS = Kinds({"view": 0.25, "purchase": 2.0, "dislike": -1.0, "other": 0.5}, {})
USERS, ITEMS = 4, 5
EVENT = st.tuples(
    st.integers(0, 12), st.integers(0, USERS - 1), st.integers(-1, ITEMS - 1), st.integers(0, len(KINDS.names) - 1)
)
BATCHES = st.lists(st.lists(EVENT, max_size=6), min_size=1, max_size=6)
LASTS = st.sampled_from([1, 2, 3, 99])
modest = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(params=[0, 20_000], ids=["index always new", "index never new"])
def tail(request, monkeypatch):
    monkeypatch.setattr(module, "_TAIL", request.param)


def views(batches):
    """Every view of a timeline that grows by batches; every second one is asked once, so that it has an index."""
    line = Timeline(KINDS)
    line.codes([f"u{n}" for n in range(USERS)])
    grown = [line]
    for n, batch in enumerate(batches):
        names, dtypes = ("time", "user", "item", "kind"), (np.int64, np.int32, np.int32, np.int16)
        told = {
            name: np.array([e[at] for e in batch], d) for at, (name, d) in enumerate(zip(names, dtypes, strict=True))
        }
        told |= {"value": np.full(len(batch), np.nan, np.float32), "position": 10 * n + np.arange(len(batch))}
        grown.append(grown[-1].append(told))
        if n % 2:
            walks.taken(grown[-1], np.arange(USERS), 1)
    return grown


def newest(column, code, last):
    return np.flatnonzero(column == code)[-last:]


@modest
@given(batches=BATCHES, last=LASTS)
def test_a_crowd_is_everybody_of_the_newest_events(tail, batches, last):
    rows, weights = np.array([3, 0, 4, 1]), np.array([0.5, 2.0, 1.0, 4.0])
    for view in views(batches):
        total, seen = np.zeros(USERS), set()
        for row, weight in zip(rows, weights, strict=True):
            places = newest(view.item, row, last)
            np.add.at(total, view.user[places], weight * KINDS.weights.astype(float)[view.kind[places]])
            seen |= set(view.user[places].tolist())
        people, found = walks.crowd(view, rows, weights, last, KINDS.weights)
        assert people.tolist() == sorted(seen)
        assert found.tolist() == pytest.approx(total[people].tolist())


@modest
@given(batches=BATCHES, last=LASTS)
def test_what_people_took_is_their_newest_positive_events(tail, batches, last):
    asked = np.array([2, 0, 3])
    for view in views(batches):
        found = walks.taken(view, asked, last)
        wanted = [
            (view.item[p], KINDS.weights[view.kind[p]], view.time[p], slot)
            for slot, code in enumerate(asked)
            for p in newest(view.user, code, last)
            if view.item[p] >= 0 and KINDS.weights[view.kind[p]] > 0
        ]
        assert list(zip(*(column.tolist() for column in found), strict=True)) == wanted


@modest
@given(batches=BATCHES, last=LASTS, most=st.integers(1, 5))
def test_lately_is_the_people_of_the_newest_of_all(tail, batches, last, most):
    rows = np.array([1, 4, 2])
    for view in views(batches):
        places = np.sort(np.concatenate([newest(view.item, row, last) for row in rows]))[-most:]
        assert walks.lately(view, rows, last, most).tolist() == np.unique(view.user[places]).tolist()


def some_events(seed=0, size=400):
    """What five people took, in order of owner and time, with moments and long pauses."""
    dice = np.random.default_rng(seed)
    owner = np.sort(dice.integers(0, 5, size)).astype(np.int32)
    time = np.cumsum(dice.choice([0, 1, 10, 100], size)) * MINUTE
    item = dice.integers(0, 20, size).astype(np.int32)
    return walks.Taken(item, dice.choice([0.25, 1.0, 2.0], size).astype(np.float32), time, owner)


def test_counts_fade_as_powers_of_two():
    taken, now = some_events(), 16_000 * MINUTE
    values = np.arange(5) + 1.0, np.arange(5) / 3
    lives = 3_000.0 * MINUTE, 50.0 * MINUTE
    found = counting.counts(taken, values, now, lives, counting.HALVES, 20)
    age = np.maximum(now - taken.time, 0)
    for count, value, life in zip(found, (values[0], values[1], values[1]), (np.inf, *lives), strict=True):
        wanted = np.bincount(taken.item, value[taken.owner] * taken.weight * 0.5 ** (age / life), minlength=20)
        assert count.tolist() == pytest.approx(wanted.tolist(), rel=5e-5, abs=1e-11)


def test_sessions_are_cut_by_person_and_pause():
    taken, weight = some_events(1), np.where(np.arange(20) % 3 == 0, (np.arange(20) + 1) / 4, 0.0)
    since = int(np.median(taken.time))
    session, like, ended = counting.sessions(taken, 2, since, 30 * MINUTE, weight)
    kept = (taken.owner != 2) | (taken.time <= since)
    owner, time, item = taken.owner[kept], taken.time[kept], taken.item[kept]
    begins = (np.diff(owner, prepend=-1) != 0) | (np.diff(time, prepend=0) >= 30 * MINUTE)
    wanted = np.cumsum(begins) - 1
    assert (session[~kept] == -1).all()
    assert session[kept].tolist() == wanted.tolist()
    for at in range(len(ended)):
        shared = weight[np.unique(item[wanted == at])]
        assert like[at] == pytest.approx(shared.sum() * shared.max())
        assert ended[at] == time[wanted == at].max()
    total = np.zeros(20)
    for at in range(len(ended)):
        total[np.unique(item[wanted == at])] += like[at]
    assert counting.spread(taken.item, session, like, 20).tolist() == pytest.approx(total.tolist())


def test_baskets_count_the_moments_behind():
    taken = some_events(2)
    back = counting.baskets(taken.time, taken.owner)
    for owner in range(5):
        times = taken.time[taken.owner == owner]
        wanted = [len(np.unique(times[times > time])) for time in times]
        assert back[taken.owner == owner].tolist() == wanted


def test_items_that_are_newer_than_the_catalogue_count_nowhere():
    taken = some_events()
    values = np.ones(5), np.ones(5)
    assert all(len(c) == 4 for c in counting.counts(taken, values, 0, (1.0, 1.0), counting.HALVES, 4))
    session, like, _ = counting.sessions(taken, -1, 0, MINUTE, np.ones(4))
    assert len(counting.spread(taken.item, session, like, 4)) == 4


def test_nobody_and_nothing():
    nothing = np.zeros(0, np.int64)
    line = Timeline(Kinds({"view": 1.0, "other": 1.0}, {}))
    assert [len(column) for column in walks.taken(line, nothing, 5)] == [0, 0, 0, 0]
    assert [len(part) for part in walks.crowd(line, nothing, np.zeros(0), 5)] == [0, 0]
    assert [len(part) for part in walks.crowd(line, np.arange(ITEMS), np.ones(ITEMS), 5)] == [0, 0]
