"""Batches that are logged together: the log and every caller are told what one after the other would have been."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant import config
from penchant.build import build
from penchant.checks import Observed
from penchant.errors import StoreError
from penchant.types import Event, Query

INF = float("inf")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROJECT = '[stores]\nitems = "{0}"\nlog = "{0}"\nstate = "{0}"\nartefacts = "memory://"\n[encoder]\nmodel = "hashing"\n'
MEMORY, SQLITE = "memory://", "sqlite:///p.db"
GOOD = st.builds(
    Event,
    id=st.sampled_from(["", "a", "b", "c", "d", "bare:i1"]),
    user=st.sampled_from(["ada", "bo"]),
    item=st.sampled_from(["i0", "i1", "i2"]),
    kind=st.sampled_from(["view", "Purchase", "kauf"]),
    time=st.sampled_from([None, NOW - timedelta(days=1)]),
)
REFUSED = st.builds(Event, user=st.sampled_from(["", "ada"]), kind=st.just("view"))  # by the checks: an item is missing
UNKEPT = st.just(Event(user="cy", item="i1", kind="view", context={"share": INF}))  # refused by the log
BATCHES = st.lists(st.lists(st.one_of(GOOD, GOOD, GOOD, REFUSED, UNKEPT), max_size=4), min_size=1, max_size=6)


@pytest.fixture
def started():
    with ExitStack() as opened:

        def start(stores):
            folder = Path(opened.enter_context(TemporaryDirectory()))
            made = build(config.parse(PROJECT.format(stores)), folder).engine
            opened.callback(made.close)
            made.clock = lambda _: NOW
            return made

        yield start


def taken(outcomes):
    """What callers are told, but for positions and ids that are given out (`event ID: …`)."""
    return [
        (o.accepted, o.duplicates, o.rejected) if isinstance(o, Observed) else str(o).replace(o.args[0][6:38], "")
        for o in outcomes
    ]


def logged(engine):
    """Everything in the log, in its order; ids that were given out are left out."""
    records = sorted(chain.from_iterable(map(engine.log.events, ["ada", "bo", "cy"])), key=lambda r: r.position)
    ids = [r.entry.id if len(r.entry.id) < 32 else "" for r in records]
    return [
        (i, r.entry.user, r.entry.item, r.entry.kind, r.entry.time) for i, r in zip(ids, records, strict=True)
    ], engine.follower.catch_up().catalogue.row_of


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(batches=BATCHES, stores=st.sampled_from([MEMORY, SQLITE]))
def test_together_is_as_one_by_one(batches, stores):
    with ExitStack() as opened:
        engines = []
        for _ in range(2):
            folder = Path(opened.enter_context(TemporaryDirectory()))
            engines.append(build(config.parse(PROJECT.format(stores)), folder).engine)
            opened.callback(engines[-1].close)
            engines[-1].clock = lambda _: NOW
        together, alone = engines
        found = together.intake.take(batches)
        assert taken(found) == taken([alone.intake.take([batch])[0] for batch in batches])
        assert logged(together) == logged(alone)
        assert together.telemetry.registry.get_sample_value(
            "penchant_events_total", {"outcome": "accepted"}
        ) == alone.telemetry.registry.get_sample_value("penchant_events_total", {"outcome": "accepted"})
        read = together.follower.seen.position
        assert all(o.position <= read for o in found if isinstance(o, Observed))


@pytest.mark.parametrize("stores", [MEMORY, SQLITE])
def test_one_that_cannot_be_kept_fails_alone_and_whole(started, stores):
    engine = started(stores)
    bad = [Event(user="cy", item="i1", kind="view"), Event(user="cy", item="i2", kind="view", context={"share": INF})]
    good = [Event(id=name, user="ada", item=f"i{name}", kind="view") for name in "abc"]
    first, failed, second = engine.intake.take([good[:2], bad, good[2:]])
    assert (first.accepted, second.accepted) == (2, 1)
    assert isinstance(failed, StoreError)
    assert not engine.log.events("cy")
    assert [record.entry.id for record in engine.log.events("ada")] == ["a", "b", "c"]
    assert list(engine.follower.catch_up().catalogue.row_of) == ["ia", "ib", "ic"]  # no item of what failed
    with pytest.raises(StoreError, match="share"):
        engine.observe(bad)


def test_many_are_one_transaction_and_one_look_at_the_log(started, monkeypatch):
    engine, asked = started(SQLITE), []
    for verb in ("append", "tail"):
        method = getattr(engine.log, verb)
        monkeypatch.setattr(engine.log, verb, lambda *a, m=method, v=verb, **k: (asked.append(v), m(*a, **k))[1])
    engine.intake.take([[Event(user="ada", item="i0", kind="view")] for _ in range(8)])
    assert asked == ["tail", "append", "tail"]  # the items that nobody has described are in the same transaction


def test_what_stops_the_log_stops_everybody(started, monkeypatch):
    engine = started(MEMORY)

    def full(entries):
        raise StoreError("no room")

    monkeypatch.setattr(engine.log, "append", full)
    found = engine.intake.take([[Event(user="ada", item="i0", kind="view")], [], [Event(user="bo", kind="view")]])
    assert [str(one) for one in found] == ["no room"] * 3
    monkeypatch.undo()
    assert engine.observe([Event(user="ada", item="i0", kind="view")]).accepted == 1


def test_threads_and_processes_in_any_order_count_each_event_once(tmp_path):
    """Two engines on one file, each with threads that take the same events in groups of their own."""
    with ExitStack() as opened:
        engines = [build(config.parse(PROJECT.format(SQLITE)), tmp_path).engine for _ in range(2)]
        for engine in engines:
            opened.callback(engine.close)
        told, begin = [], Barrier(4)

        def work(number):
            engine, events = (
                engines[number % 2],
                [Event(id=f"e{n}", user=f"u{n % 3}", item="i0", kind="view") for n in range(30)],
            )
            begin.wait()
            for at in range(0, 30, number + 1):
                found = engine.intake.take([[event] for event in events[at : at + number + 1]])
                told.extend(found)
                assert all(engine.follower.seen.position >= one.position for one in found)

        threads = [Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(one.accepted for one in told) == 30
        assert sum(one.duplicates for one in told) == 90
        for engine in engines:
            assert len(engine.follower.catch_up().timeline) == 30
            assert engine.recommend(Query(user="u0"), min_position=max(one.position for one in told)).position
