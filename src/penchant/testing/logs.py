"""The promises of a log; `penchant.testing.ports` says how a suite is used."""

# ruff: noqa: S101  (asserting is what a test suite is for)

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest

from penchant.errors import StoreError
from penchant.ports import Entry, Erasure, ItemChange, Log, Tail
from penchant.testing.samples import ITEM, NOON, a_slate, an_event, needs_durable, opened
from penchant.types import MINUTE, Event, Value, micros


class LogContract:
    """The promises of a `Log`."""

    durable = True

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Callable[[], Log]:
        """Override: a function that opens the log under test."""
        raise NotImplementedError

    @pytest.fixture
    def log(self, opener: Callable[[], Log]) -> Iterator[Log]:
        """The log under test, empty."""
        with opened(opener) as log:
            yield log

    def test_gives_growing_positions_in_order(self, log: Log) -> None:
        records = log.append(an_event(n) for n in (3, 1, 2))
        assert [r.entry.id for r in records] == ["e3", "e1", "e2"]
        positions = [r.position for r in [*records, *log.append([an_event(0)])]]
        assert positions == sorted(set(positions))

    def test_returns_only_what_is_new(self, log: Log) -> None:
        log.append([an_event(1)])
        records = log.append([an_event(1), an_event(2), an_event(2), an_event(3)])
        assert [r.entry.id for r in records] == ["e2", "e3"]
        assert log.append([an_event(1, user="bob")]) == []
        assert len(log.tail(0).positions) == 3

    def test_accepts_nothing(self, log: Log) -> None:
        assert log.append([]) == []
        assert log.tail(0) == Tail(position=0)

    @pytest.mark.parametrize(
        "bad",
        [
            an_event(2, id=""),
            an_event(2, time=None),
            an_event(2, time=datetime(2026, 1, 1)),  # noqa: DTZ001  (the case under test)
            an_event(2, value=float("nan")),
            an_event(2, context={"what": object()}),
            Event(id="e2", time=NOON, user=cast(str, None)),
            an_event(2, text="\ud800"),
        ],
        ids=["no id", "no time", "naive time", "not a number", "not JSON", "no user", "not text"],
    )
    def test_one_bad_entry_leaves_nothing(self, log: Log, bad: Event) -> None:
        with pytest.raises(StoreError):
            log.append([an_event(1), a_slate(1), bad, an_event(3)])
        assert not log.tail(0).positions
        assert not log.slates(slate="s1")
        assert len(log.append([an_event(1)])) == 1

    def test_tail_reads_on_by_stretches(self, log: Log) -> None:
        log.append(an_event(n) for n in range(25))
        read, seen = 0, list[int]()
        while (stretch := log.tail(read, limit=10)).positions:
            assert len(stretch.positions) <= 10
            assert stretch.position == stretch.positions[-1] > read
            seen += stretch.times
            read = stretch.position
        assert seen == [micros(NOON) + n * MINUTE for n in range(25)]
        assert stretch == Tail(position=read)

    def test_tail_tells_of_a_key_of_the_context(self, log: Log) -> None:
        change = ItemChange(id="c1", time=NOON, item=ITEM)
        contexts: list[dict[str, Value]] = [{"country": "Peru"}, {}, {"country": 3, "x": "y"}, {"countries": "Chad"}]
        for given in (contexts[:2], contexts[2:]):
            log.append([*(an_event(contexts.index(c), context=c) for c in given), change])
        assert list(log.tail(0, key="country").segments) == ["Peru", "", "3", ""]
        assert list(log.tail(0, key="x").segments) == ["", "", "y", ""]
        assert replace(log.tail(0, key="x"), segments=()) == log.tail(0)
        nothing: list[str] = []
        log.append([replace(change, id="c2")])
        assert list(log.tail(log.tail(0).position - 1, key="x").segments) == nothing

    def test_tail_has_columns_of_events_and_records_of_the_rest(self, log: Log) -> None:
        change = ItemChange(id="c1", time=NOON, item=ITEM)
        given: list[Entry] = [
            an_event(0, value=2.5),
            change,
            an_event(1, item=None, kind="search", text="tea"),
            a_slate(1),
        ]
        positions = [r.position for r in log.append(given)]
        tail = log.tail(0)
        assert list(tail.positions) == [positions[0], positions[2]]
        assert (list(tail.users), list(tail.items)) == (["ann", "ann"], ["i0", None])
        assert (list(tail.kinds), list(tail.values)) == (["view", "search"], [2.5, None])
        assert [(r.position, r.entry) for r in tail.changes] == [(positions[1], change)]
        only = log.tail(positions[0], limit=1)
        assert (only.position, len(only.positions), len(only.changes)) == (positions[1], 0, 1)

    def test_a_persons_events_come_back_whole_in_order_of_time(self, log: Log) -> None:
        context = {"country": "日本", "tags": ("a", "b"), "n": 3, "x": 0.5, "ok": True}
        full = an_event(1, value=-1.5, text="naïve 🙂", context=context, slate="s1", kind="购买")
        log.append([an_event(2), full, an_event(0, user="bob")])
        assert [r.entry for r in log.events("ann")] == [full, an_event(2)]
        assert log.events("nobody") == []

    @pytest.mark.parametrize("count", [1, 64, 65, 150])
    def test_of_a_persons_events_those_at_positions(self, log: Log, count: int) -> None:
        records = log.append(an_event(n, user=("ann", "bob")[n == 5]) for n in range(count + 7, -1, -1))
        wanted = records[3 : count + 3]
        mine = {r.position: r.entry for r in wanted if isinstance(r.entry, Event) and r.entry.user == "ann"}
        found = log.events("ann", [r.position for r in wanted])
        assert {r.position: r.entry for r in found} == mine
        assert found == [r for r in log.events("ann") if r.position in mine]
        assert log.events("ann", []) == log.events("ann", [records[-1].position + 1]) == []

    def test_slates_come_back_equal(self, log: Log) -> None:
        log.append([a_slate(2), a_slate(1), a_slate(3, user="bob")])
        assert [r.entry for r in log.slates(slate="s3")] == [a_slate(3, user="bob")]
        assert [r.entry for r in log.slates(user="ann")] == [a_slate(1), a_slate(2)]
        assert log.slates(slate="s3", user="ann") == []
        assert [r.entry for r in log.slates()] == [a_slate(1), a_slate(2), a_slate(3, user="bob")]
        assert [r.entry for r in log.slates(user="ann", limit=1)] == [a_slate(2)]
        assert len(log.slates(limit=2)) == 2

    def test_slates_have_no_position_and_the_first_of_one_id_stays(self, log: Log) -> None:
        given: list[Entry] = [a_slate(1), an_event(1), replace(a_slate(1), release="r2")]
        assert [r.entry for r in log.append(given)] == [an_event(1)]
        log.append([replace(a_slate(1), release="r3")])
        assert [r.entry for r in log.slates(slate="s1")] == [a_slate(1)]

    def test_other_processes_find_slates(self, opener: Callable[[], Log], log: Log) -> None:
        needs_durable(self.durable)
        with opened(opener) as other:
            log.append([a_slate(1)])
            assert _soon(lambda: [r.entry for r in other.slates(slate="s1")] == [a_slate(1)])
            assert [r.entry for r in other.slates(user="ann")] == [a_slate(1)]

    def test_who_is_forgotten_elsewhere_is_forgotten_here(self, opener: Callable[[], Log], log: Log) -> None:
        needs_durable(self.durable)
        log.append([an_event(1)])
        with opened(opener) as other:
            for number in range(10):
                log.append([a_slate(number), a_slate(100 + number, user="bob")])
                other.forget("ann")
            assert other.slates(slate="s9", user="ann") == []
        assert _soon(lambda: log.slates(user="ann") == [])
        assert len(log.slates(user="bob")) == 10

    def test_who_comes_back_gets_slates_anew(self, opener: Callable[[], Log], log: Log) -> None:
        needs_durable(self.durable)
        with opened(opener) as other:
            log.append([an_event(1)])
            other.forget("ann")
            log.append([a_slate(1)])
            assert _soon(lambda: [r.entry for r in other.slates(slate="s1")] == [a_slate(1)])

    def test_many_slates_come_back(self, log: Log) -> None:
        for start in range(0, 700, 70):
            log.append(a_slate(n) for n in range(start, start + 70))
        assert len(log.slates(user="ann")) == 700
        assert log.tail(0).position == 0

    def test_forgets_a_person_and_says_so(self, log: Log) -> None:
        log.append([an_event(1), an_event(2), an_event(3, user="bob"), a_slate(1), a_slate(2, user="bob")])
        before = log.tail(0).position
        assert log.forget("ann") == {"events": 2, "slates": 1}
        assert (log.events("ann"), log.slates(user="ann"), log.slates(slate="s1")) == ([], [], [])
        assert (len(log.events("bob")), len(log.slates(user="bob"))) == (1, 1)
        (change,) = log.tail(before).changes
        assert isinstance(change.entry, Erasure)
        assert change.entry.digest == hashlib.sha256(b"ann").hexdigest()
        assert list(log.tail(0).users) == ["bob"]

    def test_who_comes_back_starts_anew(self, log: Log) -> None:
        log.append([an_event(1)])
        log.forget("ann")
        (record,) = log.append([an_event(1)])
        assert record.position > log.tail(0).changes[0].position
        assert [r.entry for r in log.events("ann")] == [an_event(1)]

    def test_many_threads_write_one_sequence(self, log: Log) -> None:
        def write(worker: int) -> list[int]:
            batches = [[an_event(n, id=f"{worker}-{n}"), an_event(n, id=f"shared-{n}")] for n in range(20)]
            return [r.position for batch in batches for r in log.append(batch)]

        with ThreadPoolExecutor(8) as pool:
            positions = [p for found in pool.map(write, range(8)) for p in found]
        assert len(positions) == len(set(positions)) == 8 * 20 + 20
        assert list(log.tail(0).positions) == sorted(positions)

    def test_a_reader_never_misses_what_a_writer_adds(self, log: Log) -> None:
        def write(worker: int) -> None:
            for n in range(30):
                log.append([an_event(n, id=f"{worker}-{n}")])

        seen: list[int] = []
        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write, worker) for worker in range(4)]
            while not all(w.done() for w in writers) or log.tail(seen[-1] if seen else 0).positions:
                seen += log.tail(seen[-1] if seen else 0).positions
        assert len(seen) == len(set(seen)) == 120

    def test_survives_closing(self, opener: Callable[[], Log]) -> None:
        needs_durable(self.durable)
        with opened(opener) as log:
            records = log.append([an_event(1), ItemChange(id="c", time=NOON, item=ITEM), a_slate(1)])
        with opened(opener) as log:
            assert (log.tail(0).position, len(log.tail(0).changes)) == (records[1].position, 1)
            assert [r.entry for r in log.slates(slate="s1")] == [a_slate(1)]
            assert log.append([an_event(1), a_slate(1)]) == []
            assert log.append([an_event(2)])[0].position > records[1].position

    def test_closes_twice(self, opener: Callable[[], Log]) -> None:
        with opened(opener) as log, opened(lambda: log):
            log.append([an_event(1)])


def _soon(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether it becomes true within moments."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()
