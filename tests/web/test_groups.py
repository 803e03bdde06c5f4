"""Requests that are worked on together: each gets its own word, nobody waits for company, and sizes are bounded."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from penchant.errors import StoreError
from penchant.web.groups import Groups
from penchant.web.turns import Turns


class Slow:
    """Work that waits until it is let go; remembers its groups."""

    def __init__(self):
        self.groups, self.open = [], threading.Event()

    def __call__(self, asked):
        self.groups.append(list(asked))
        assert self.open.wait(30)
        if "all" in asked:
            raise RuntimeError("all of it")
        return [ValueError(one) if one.startswith("bad") else one.upper() for one in asked]


@pytest.fixture
def turns():
    made = Turns(1)
    yield made
    made.close()


def answered(turns, first, *others, size=lambda asked: 1, most=100):
    """What the first and the others get, who came while the first was worked on; and the groups."""
    work = Slow()

    async def ask():
        groups = Groups(work, turns, size, most)
        tasks = [asyncio.create_task(groups(first))]
        while not work.groups:
            await asyncio.sleep(0.001)
        tasks += [asyncio.create_task(groups(other)) for other in others]
        await asyncio.sleep(0)
        turns.between = 1.0
        waits = groups.wait
        work.open.set()
        return await asyncio.gather(*tasks, return_exceptions=True), waits

    found, waits = asyncio.run(ask())
    return [str(one) for one in found], work.groups, waits


def test_who_comes_meanwhile_is_the_next_group(turns):
    found, groups, _ = answered(turns, "a", "b", "c", "d")
    assert groups == [["a"], ["b", "c", "d"]]
    assert found == ["A", "B", "C", "D"]


def test_an_error_is_of_the_one_it_belongs_to(turns):
    found, _, _ = answered(turns, "a", "bad b", "c")
    assert found == ["A", "bad b", "C"]


def test_an_error_of_the_work_is_everybodys_of_that_group(turns):
    found, _, _ = answered(turns, "a", "b", "all", "c")
    assert found == ["A", "all of it", "all of it", "all of it"]


def test_sizes_are_bounded_and_waiting_is_told(turns):
    found, groups, waits = answered(turns, "a", "bbb", "c", "dd", "e", size=len, most=3)
    assert groups == [["a"], ["bbb"], ["c", "dd"], ["e"]]
    assert found == ["A", "BBB", "C", "DD", "E"]
    assert waits == 3.0  # the one under way, and the 7 that wait fill two more


def test_who_does_not_wait_any_more_disturbs_nobody(turns):
    work = Slow()

    async def ask():
        groups = Groups(work, turns, len, 100)
        tasks = [asyncio.create_task(groups(one)) for one in "abc"]
        while not work.groups:
            await asyncio.sleep(0.001)
        tasks[0].cancel()
        tasks[1].cancel()
        await asyncio.sleep(0)
        work.open.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(ask())
    assert [type(one) for one in found[:2]] == [asyncio.CancelledError] * 2
    assert found[2] == "C"


def test_events_that_come_together_get_receipts_of_their_own(make_engine, serve):
    engine = make_engine()
    append, sizes = engine.log.append, []

    def picky(entries):
        entries = list(entries)
        sizes.append(len(entries))
        if any(getattr(entry, "user", "") == "unwanted" for entry in entries):
            raise StoreError("not this one")
        return append(entries)

    engine.log.append = picky
    with serve(engine) as url, ThreadPoolExecutor(12) as pool:

        def tell(n):
            user = "unwanted" if n % 10 == 3 else f"new-{n}"
            event = {"user_id": user, "item_id": "G00", "event_id": f"x{n // 2}", "value": "?" if n % 10 == 5 else 1}
            return n, requests.post(f"{url}/v1/events", json={"events": [event]}, timeout=30)

        told = dict(pool.map(tell, range(120)))
        receipts = {n: answer.json() for n, answer in told.items() if answer.status_code == 200}
        assert {n for n, answer in told.items() if answer.status_code == 503} == set(range(3, 120, 10))
        assert all([r["index"] for r in receipts[n]["rejected"]] == [0] for n in range(5, 120, 10))
        whole = [n for n in range(0, 120, 2) if n % 10 not in (2, 4)]  # whose pair of one id was taken on both sides
        for n in whole:
            assert sorted((receipts[n + i]["accepted"], receipts[n + i]["duplicates"]) for i in (0, 1)) == [
                (0, 1),
                (1, 0),
            ]
        assert len(engine.log.events("new-5")) == 0
        assert max(sizes) > 1
        for n in whole:
            assert sum(len(engine.log.events(f"new-{n + i}")) for i in (0, 1)) == 1
