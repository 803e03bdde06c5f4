"""What is held of people in memory never shows: an answer is what a process that holds nothing would give."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant import people
from penchant.build import build
from penchant.testing import worlds
from penchant.types import Event, Item, Query, moment

START = moment(worlds.START)
ITEMS = 12
SOURCES = """
[[sources]]
kind = "nearest"
[[sources]]
kind = "neighbours"
[[sources]]
kind = "popular"
[[stages]]
kind = "standings"
[[stages]]
kind = "blend"
"""
NAMES = st.sampled_from(["ada", "bo", "cy"])
STEPS = st.one_of(
    st.tuples(st.just("ask"), NAMES, st.just(0)),
    st.tuples(st.just("look"), NAMES, st.integers(0, ITEMS - 1)),
    st.tuples(st.sampled_from(["view", "purchase", "dislike"]), NAMES, st.integers(0, ITEMS - 1)),
    st.tuples(st.sampled_from(["late", "forget", "price"]), NAMES, st.integers(0, ITEMS - 1)),
)


@pytest.fixture
def engine(settings, tmp_path):
    made = build(settings(SOURCES, "memory://"), tmp_path)
    made.engine.put_items(worlds.items(ITEMS))
    yield made.engine
    made.engine.close()


def shown(slate):
    return [(pick.item, pick.score) for pick in slate.picks]


def act(engine, what, user, row, minute):
    """One step; returns the query that it asks, if it asks one."""
    time = START + timedelta(minutes=minute)
    if what in ("ask", "look"):
        return Query(user=user, k=6, item=f"i{row}" if what == "look" else None)
    if what == "forget":
        engine.forget(user)
    elif what == "price":
        engine.put_items([Item(id=f"i{row}", title=f"new words {minute}")])
    else:
        kind, when = ("view", time - timedelta(days=2)) if what == "late" else (what, time)
        engine.observe([Event(user=user, item=f"i{row}", kind=kind, time=when)])
    return None


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=4, max_size=20))
def test_what_is_held_changes_no_answer(settings, tmp_path, steps):
    made = build(settings(SOURCES, "memory://"), tmp_path)
    engine = made.engine
    try:
        engine.put_items(worlds.items(ITEMS))
        for minute, step in enumerate([*steps, ("ask", "ada", 0), ("ask", "bo", 0)]):
            engine.clock = lambda _, minute=minute: START + timedelta(days=1, minutes=minute)  # the same for both
            if query := act(engine, *step, minute):
                held = shown(engine.preview(query))
                engine.people._held.clear()
                assert shown(engine.preview(query)) == held
    finally:
        engine.close()


def test_who_comes_again_is_not_read_again(engine, monkeypatch):
    engine.observe([Event(user="ada", item="i1", kind="purchase", time=START)])
    asked = []
    get = engine.states.get
    monkeypatch.setattr(engine.states, "get", lambda user: (asked.append(user), get(user))[1])
    for _ in range(3):
        engine.recommend(Query(user="ada"))
    assert asked == ["ada"]
    engine.observe([Event(user="ada", item="i2", kind="purchase", time=START + timedelta(hours=1))])
    engine.recommend(Query(user="ada"))
    assert asked == ["ada", "ada"]


def test_who_asked_longest_ago_is_let_go(engine, monkeypatch):
    monkeypatch.setattr(people, "_MOST", 2)
    for name in ("ada", "bo", "cy", "bo", "di"):
        engine.observe([Event(user=name, item="i1", kind="purchase", time=START)])
        engine.recommend(Query(user=name))
    assert list(engine.people._held) == ["bo", "di"]


def test_nothing_is_held_of_who_was_forgotten(engine):
    engine.observe([Event(user="ada", item="i1", kind="purchase", time=START)])
    engine.recommend(Query(user="ada"))
    engine.forget("ada")
    assert "ada" not in engine.people._held
    assert engine.states.get("ada") is None


def test_nothing_made_with_another_catalogue_is_held(engine):
    for name in ("ada", "bo"):
        engine.observe([Event(user=name, item="i1", kind="purchase", time=START)])
        engine.recommend(Query(user=name))
    assert all(held.person.made for held in engine.people._held.values())
    engine.put_items([Item(id="i3", title="other words")])
    engine.recommend(Query(user="ada"))
    assert [bool(held.person.made) for held in engine.people._held.values()] == [False, True]
