"""Compiled walks and counts against their twins in NumPy, on timelines that grew in every order."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.events import timeline as module
from penchant.events import walks
from penchant.events.kinds import Kinds
from penchant.events.timeline import Timeline
from penchant.retrieval import counting
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


@pytest.fixture(
    params=[(0, 1_000), (20_000, 1_000), (20_000, 0), (4, 1)],
    ids=["index always new", "index never new", "late index always new", "all of them old"],
)
def tail(request, monkeypatch):
    monkeypatch.setattr(module, "_TAIL", request.param[0])
    monkeypatch.setattr(module, "_MARGIN", request.param[1])


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
            walks.read(grown[-1], np.arange(USERS), 1)
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


def events_read(read):
    """(item, weight, time, place in the list of people) of every positive event with an item that a loop reads."""
    index, raw, (lo, kept, first, ends, places), gain = read
    for h in range(len(lo)):
        for e in range(ends[h]):
            columns, at = (index, lo[h] + e) if e < kept[h] else (raw, places[first[h] + e - kept[h]])
            if columns[0][at] >= 0 and gain[columns[1][at]] > 0:
                yield columns[0][at], gain[columns[1][at]], columns[2][at], h


@modest
@given(batches=BATCHES, last=LASTS)
def test_what_is_read_of_people_is_their_newest_events(tail, batches, last):
    asked = np.array([2, 0, 3])
    for view in views(batches):
        wanted = [
            (view.item[p], KINDS.weights[view.kind[p]], view.time[p], slot)
            for slot, code in enumerate(asked)
            for p in newest(view.user, code, last)
            if view.item[p] >= 0 and KINDS.weights[view.kind[p]] > 0
        ]
        assert list(events_read(walks.read(view, asked, last))) == wanted


@modest
@given(batches=BATCHES, last=LASTS, most=st.integers(1, 5))
def test_lately_is_the_people_of_the_newest_of_all(tail, batches, last, most):
    rows = np.array([1, 4, 2])
    for view in views(batches):
        places = np.sort(np.concatenate([newest(view.item, row, last) for row in rows]))[-most:]
        assert walks.lately(view, rows, last, most).tolist() == np.unique(view.user[places]).tolist()


TAKERS, THINGS = 5, 20


def some_events(seed=0, size=400, behind=30):
    """What five people took, with moments and long pauses; the newest events stand behind the index."""
    dice = np.random.default_rng(seed)
    line = Timeline(KINDS)
    line.codes([f"u{n}" for n in range(TAKERS)])
    columns = {
        "time": np.cumsum(dice.choice([0, 1, 10, 100], size)) * MINUTE,
        "user": dice.integers(0, TAKERS, size).astype(np.int32),
        "item": dice.integers(-1, THINGS, size).astype(np.int32),
        "kind": dice.integers(0, len(KINDS.names), size).astype(np.int16),
        "value": np.full(size, np.nan, np.float32),
        "position": np.arange(size),
    }
    line = line.append({name: column[: size - behind] for name, column in columns.items()})
    line.postings("user")
    read = walks.read(line.append({n: c[size - behind :] for n, c in columns.items()}), np.arange(TAKERS), 60)
    item, weight, time, owner = (np.array(column) for column in zip(*events_read(read), strict=True))
    return read, item, weight, time, owner


def test_counts_fade_as_powers_of_two():
    (read, item, weight, time, owner), now = some_events(), 16_000 * MINUTE
    values = np.arange(TAKERS) + 1.0, np.arange(TAKERS) / 3
    lives = 3_000.0 * MINUTE, 50.0 * MINUTE
    rows, *found = counting.counts(read, values, now, lives, counting.HALVES, touched := counting.untouched(THINGS))
    known(touched, rows, item)
    age = np.maximum(now - time, 0)
    for count, value, life in zip(found, (values[0], values[1], values[1]), (np.inf, *lives), strict=True):
        wanted = np.bincount(item, value[owner] * weight * 0.5 ** (age / life), minlength=THINGS)
        assert count.tolist() == pytest.approx(wanted[rows].tolist(), rel=5e-5, abs=1e-11)


def known(touched, rows, item):
    """What was met is noted, once, at its place."""
    assert sorted(rows.tolist()) == np.unique(item).tolist() == np.flatnonzero(touched[0]).tolist()
    assert touched[1][rows].tolist() == list(range(len(rows)))


def test_sessions_are_cut_by_person_and_pause():
    (read, item, _, time, owner), worth = some_events(1), np.where(np.arange(20) % 3 == 0, (np.arange(20) + 1) / 4, 0.0)
    since = int(np.median(time))
    kept = (owner != 2) | (time <= since)
    owner, time, item = owner[kept], time[kept], item[kept]
    begins = (np.diff(owner, prepend=-1) != 0) | (np.diff(time, prepend=0) >= 30 * MINUTE)
    session = np.cumsum(begins) - 1
    shared = [worth[np.unique(item[session == at])] for at in range(session[-1] + 1)]
    wanted = [at for at in range(len(shared)) if shared[at].any()]
    assert 0 < len(wanted) < len(shared)
    touched, some = counting.untouched(20), np.flatnonzero(worth)
    touched[0][some], touched[1][some] = 1, np.arange(len(some))
    like, ended, where = counting.sessions(read, 2, since, 30 * MINUTE, touched, worth[some])
    assert like.tolist() == pytest.approx([shared[at].sum() * shared[at].max() for at in wanted])
    assert ended.tolist() == [time[session == at].max() for at in wanted]
    assert where[0].tolist() == [owner[session == at][0] for at in wanted]
    like[::3] = 0.0
    total = np.zeros(THINGS)
    for at, value in zip(wanted, like, strict=True):
        total[np.unique(item[session == at])] += value
    rows, found = counting.spread(read, where, like, touched := counting.untouched(THINGS))
    known(touched, rows, np.flatnonzero(total))
    assert found.tolist() == pytest.approx(total[rows].tolist())


def test_habits_fade_with_the_moments_that_came_since():
    read, item, weight, time, owner = some_events(2)
    fades, like, mine = 0.9 ** np.arange(60), np.array([1.0, 0.0, 0.5, 2.0, 0.0]), np.arange(THINGS) % 4 / 2.0
    back = [len(np.unique(time[(owner == o) & (time > t)])) for o, t in zip(owner, time, strict=True)]
    strength = weight * fades[back]
    wanted = np.bincount(item, like[owner] * strength, minlength=THINGS)
    touched = counting.untouched(THINGS)
    rows, found = counting.habits(read, fades, like, touched)
    assert found.tolist() == pytest.approx(wanted[rows].tolist())
    more, again = counting.habits(read, fades, like[::-1].copy(), touched)
    rows = np.concatenate([rows, more])
    known(touched, rows, item[like[owner] + like[::-1][owner] > 0])
    wanted = np.bincount(item, like[::-1][owner] * strength, minlength=THINGS)
    assert again.tolist() == pytest.approx(wanted[rows].tolist())
    assert touched[2].tolist() == [len(rows)]
    shared, whole = counting.sharing(read, fades, touched, mine[rows])
    mine[~np.isin(np.arange(THINGS), rows)] = 0
    assert shared.tolist() == pytest.approx(np.bincount(owner, strength * mine[item], minlength=TAKERS).tolist())
    assert whole.tolist() == pytest.approx(np.bincount(owner, strength, minlength=TAKERS).tolist())


def test_items_that_are_newer_than_the_catalogue_count_nowhere():
    read = some_events()[0]
    values = np.ones(TAKERS), np.ones(TAKERS)
    for found in (
        counting.counts(read, values, 0, (1.0, 1.0), counting.HALVES, counting.untouched(4)),
        counting.habits(read, np.ones(60), np.ones(TAKERS), counting.untouched(4)),
    ):
        assert {len(part) for part in found} == {len(found[0])}
        assert found[0].max() < 4
    touched = counting.untouched(4)
    assert counting.sharing(read, np.ones(60), touched, np.zeros(0))[0].tolist() == [0.0] * TAKERS
    touched[0][:], touched[1][:] = 1, np.arange(4)
    like, _, where = counting.sessions(read, -1, 0, MINUTE, touched, np.ones(4))
    assert counting.spread(read, where, like, counting.untouched(4))[0].max() < 4


def test_nobody_and_nothing():
    nothing = np.zeros(0, np.int64)
    line = Timeline(Kinds({"view": 1.0, "other": 1.0}, {}))
    read = walks.read(line, nothing, 5)
    assert list(events_read(read)) == []
    assert [len(part) for part in counting.sessions(read, -1, 0, 1, counting.untouched(2), np.ones(2))[2]] == [0, 0, 0]
    assert walks.lately(line, np.arange(ITEMS), 5, 3).tolist() == []
    assert [len(part) for part in walks.crowd(line, nothing, np.zeros(0), 5)] == [0, 0]
    assert [len(part) for part in walks.crowd(line, np.arange(ITEMS), np.ones(ITEMS), 5)] == [0, 0]
