"""The timeline against a plain list of events, in every order of arrival; older views never change."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.events import timeline as module
from penchant.events.kinds import Kinds
from penchant.events.timeline import UNITS, Timeline

KINDS = Kinds({"view": 0.2, "purchase": 2.0, "dislike": -1.0, "other": 0.5}, {"Buy": "purchase", "浏览": "view"})
THOUSANDTHS = {"dislike": -1_000, "purchase": 2_000, "view": 200, "other": 500}
USERS, ITEMS, TIMES = 4, 5, 12

EVENT = st.tuples(
    st.integers(0, TIMES), st.integers(0, USERS - 1), st.integers(-1, ITEMS - 1), st.sampled_from(KINDS.names)
)
BATCHES = st.lists(st.lists(EVENT, max_size=6), min_size=1, max_size=6)
modest = settings(
    max_examples=80,
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


def columns(events, first):
    """The columns of (time, user, item, kind) tuples, logged from position `first` on."""
    return {
        "time": np.array([e[0] for e in events], dtype=np.int64),
        "user": np.array([e[1] for e in events], dtype=np.int32),
        "item": np.array([e[2] for e in events], dtype=np.int32),
        "kind": np.array([KINDS.code(e[3]) for e in events], dtype=np.int16),
        "value": np.array([e[0] / 2 for e in events], dtype=np.float32),
        "position": first + np.arange(len(events), dtype=np.int64),
        "segment": np.array([e[1] % 3 - 1 for e in events], dtype=np.int16),
    }


def grow(batches):
    """Every view of a timeline that grows by batches, each with the list of (time, position, user, item, kind)."""
    view, listed = Timeline(KINDS), []
    history = [(view, list(listed))]
    for batch in batches:
        first = len(listed) + 1
        view = view.append(columns(batch, first))
        listed += [(e[0], first + n, e[1], e[2], e[3]) for n, e in enumerate(batch)]
        history.append((view, sorted(listed)))
    return history


def same(view, listed):
    assert len(view) == len(listed)
    got = zip(view.time.tolist(), view.position.tolist(), view.user.tolist(), view.item.tolist(), strict=True)
    assert list(got) == [e[:4] for e in listed]
    assert [KINDS.names[code] for code in view.kind.tolist()] == [e[4] for e in listed]
    np.testing.assert_array_equal(view.value, np.array([e[0] / 2 for e in listed], dtype=np.float32))


def where(listed, field, code):
    return [place for place, event in enumerate(listed) if event[field] == code]


def same_answers(view, listed, now):
    """Places, gatherings, tallies and first times as a walk over the list gives them."""
    for column, field, size in (("user", 2, USERS), ("item", 3, ITEMS)):
        for code in range(size + 1):
            assert view.places(column, code).tolist() == where(listed, field, code)
        for last in (1, 2, 99):
            codes = list(range(size, -1, -1))
            order, spans = view.postings(column).order, view.spans(column, np.array(codes), last)
            for code, lo, hi, first, end in zip(codes, *(span.tolist() for span in spans[:4]), strict=True):
                assert [*order[lo:hi], *spans[4][first:end]] == where(listed, field, code)[-last:]
    born = {e[3]: e[0] for e in reversed(listed)}
    never = np.iinfo(np.int64).max
    assert view.first_seen(np.arange(ITEMS + 2)).tolist() == [born.get(row, never) for row in range(ITEMS + 2)]
    for window in (None, 1, 4, TIMES + 1):
        for size in (ITEMS, ITEMS + 3, 2):
            same_tally(view, listed, now, window, size)


def same_tally(view, listed, now, window, size):
    counted, own = Counter(), Counter()
    for event in listed:
        if window is None or now - window < event[0] <= now:
            counted[event[3]] += THOUSANDTHS[event[4]]
        if event[2] % 3 and (window is None or now - window < event[0] <= now):
            own[event[2] % 3 - 1, event[3]] += THOUSANDTHS[event[4]]
    assert view.tally(window, now, size).tolist() == [counted[row] for row in range(size)]
    made = view.tallied(lambda tally: tally.tolist(), "list", window, now, size)
    assert made == [counted[row] for row in range(size)]
    assert view.tallied(lambda tally: tally.tolist(), "list", window, now, size) is made
    for segment in (0, 1, 2):
        assert view.tally(window, now, size, segment).tolist() == [own[segment, row] for row in range(size)]


@modest
@given(batches=BATCHES)
def test_holds_events_in_order_of_time_and_then_of_arrival(batches):
    for view, listed in grow(batches):
        same(view, listed)


@modest
@given(batches=BATCHES, now=st.integers(-1, TIMES + 1))
def test_answers_as_a_list_would_at_every_age(tail, batches, now):
    history = grow(batches)
    for view, listed in [*history, *reversed(history)]:
        past = [e for e in listed if e[0] <= now]
        same(view.until(now), past)
        same_answers(view.until(now), past, now)
    same_answers(view, listed, TIMES)  # after younger views have built indexes on the shared buffers


@modest
@given(batches=BATCHES, asked=st.lists(st.integers(-1, TIMES + 1), min_size=1, max_size=8))
def test_windows_move_forwards_and_backwards(batches, asked):
    view, listed = grow(batches)[-1]
    for now in asked:
        for window in (None, 2, 5):
            same_tally(view.until(now), [e for e in listed if e[0] <= now], now, window, ITEMS)


@modest
@given(batches=BATCHES, now=st.integers(-1, TIMES + 1), position=st.integers(0, 40))
def test_until_cuts_by_time_and_by_position(batches, now, position):
    for view, listed in grow(batches):
        same(view.until(now, position), [e for e in listed if e[0] <= now and e[1] <= position])


@modest
@given(batches=BATCHES, data=st.data())
def test_where_keeps_only_some(batches, data):
    view, listed = grow(batches)[-1]
    keep = sorted(data.draw(st.sets(st.integers(0, max(len(listed) - 1, 0)), max_size=len(listed))))
    kept = view.where(np.array(keep, dtype=np.int64))
    same(kept, [listed[place] for place in keep])
    late = (0, 0, 0, "view")
    more = kept.append(columns([late], 100))
    same(more, sorted([*(listed[place] for place in keep), (0, 100, 0, 0, "view")]))
    same(view, listed)


def test_two_futures_of_one_past_do_not_meet():
    past = Timeline(KINDS).append(columns([(1, 0, 0, "view")], 1))
    left = past.append(columns([(2, 1, 1, "view")], 2))
    right = past.append(columns([(3, 2, 2, "purchase")], 2))
    assert (past.item.tolist(), left.item.tolist(), right.item.tolist()) == ([0], [0, 1], [0, 2])
    assert right.append(columns([(4, 0, 3, "view")], 3)).item.tolist() == [0, 2, 3]
    assert left.tally(None, 9, 3).tolist() == [200, 200, 0]
    assert right.tally(None, 9, 3).tolist() == [200, 0, 2_000]


def test_buffers_grow_without_a_trace():
    rows = [(n, n % 3, n % 7, "view") for n in range(3_000)]
    view, views = Timeline(KINDS), []
    for start in range(0, 3_000, 100):
        view = view.append(columns(rows[start : start + 100], start + 1))
        assert view.tally(None, 3_000, 7).sum() == 200 * len(view)
        views.append(view)
    for n, older in enumerate(views, start=1):
        assert older.time.tolist() == list(range(100 * n))
        assert older.places("item", 6).tolist() == list(range(6, 100 * n, 7))


def test_one_late_event_takes_its_place():
    view = Timeline(KINDS).append(columns([(n, 0, 0, "view") for n in range(10)], 1))
    late = view.append(columns([(4, 1, 1, "purchase")], 11))
    assert late.position.tolist() == [1, 2, 3, 4, 5, 11, 6, 7, 8, 9, 10]
    assert late.until(4, 10).position.tolist() == [1, 2, 3, 4, 5]


def test_codes_are_given_out_once():
    view = Timeline(KINDS)
    assert view.codes(["b", "a", "b"]).tolist() == [0, 1, 0]
    assert view.codes(["c", "a"]).tolist() == [2, 1]
    assert view.users == {"b": 0, "a": 1, "c": 2}


def test_events_carry_the_weight_of_their_kind():
    view = Timeline(KINDS).append(columns([(1, 0, 2, "purchase"), (0, 0, 1, "wave"), (2, 0, -1, "dislike")], 1))
    events = view.events(slice(None))
    assert events.weight.tolist() == [0.5, 2.0, -1.0]
    assert events.take(events.item >= 0).position.tolist() == [2, 1]
    assert view.positive().tolist() == [0, 1]


def test_kinds_have_one_name_in_every_language():
    assert [KINDS.canonical(k) for k in ("Buy", "浏览", " view ", "wave")] == ["purchase", "view", "view", "wave"]
    assert KINDS.names[KINDS.code("wave")] == "other"
    assert {name: round(w * UNITS) for name, w in zip(KINDS.names, KINDS.weights.tolist(), strict=True)} == THOUSANDTHS


def test_many_read_while_one_appends():
    steps, size = 150, 30
    latest, done = [Timeline(KINDS)], threading.Event()

    def write():
        for step in range(steps):
            rows = [(step * size + n, n % USERS, (step + n) % ITEMS, "view") for n in range(size)]
            latest[0] = latest[0].append(columns(rows, step * size + 1))
        done.set()

    def read(code):
        looked = 0
        while not done.is_set() or not looked:
            view = latest[0]
            now = int(view.time[-1]) if len(view) else 0
            assert view.tally(None, now, ITEMS).sum() == 200 * len(view)
            assert view.tally(90, now, ITEMS).sum() == 200 * min(len(view), 90)
            assert view.places("user", code).tolist() == np.flatnonzero(view.user == code).tolist()
            half = view.until(now // 2)
            assert half.places("item", code).tolist() == np.flatnonzero(half.item == code).tolist()
            looked += 1
        return looked

    with ThreadPoolExecutor(USERS) as pool:
        readers = [pool.submit(read, code) for code in range(USERS - 1)]
        pool.submit(write).result()
        assert all(reader.result() for reader in readers)


def test_only_so_many_tallies_are_kept(monkeypatch):
    monkeypatch.setattr(module, "_TALLIES", 3)
    view = Timeline(KINDS).append(columns([(n, n % 4, n % 5, "view") for n in range(12)], 1))
    for _ in range(2):
        for window in range(1, 9):
            assert view.tally(window, 11, 5).sum() == 200 * min(window, 12)
    assert len(view._buffers.tallies) == 3


def test_a_person_is_of_the_segment_of_their_newest_event():
    view = Timeline(KINDS)
    view = view.append({**columns([(n, 0, 0, "view") for n in range(3)], 1), "segment": np.array([-1, 4, 2])})
    view.codes(["ann", "bob"])
    assert [view.until(time).segment_of("ann") for time in (-1, 0, 1, 9)] == [-1, -1, 4, 2]
    assert (view.segment_of("bob"), view.segment_of("eve")) == (-1, -1)
