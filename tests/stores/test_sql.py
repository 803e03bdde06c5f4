"""What SQL stores promise beyond their ports: privacy on disk, bounded slates, several processes, speed."""

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from penchant import build as building
from penchant.errors import StoreError
from penchant.stores import memory as memory_module
from penchant.stores import open as stores
from penchant.stores import slates as slates_module
from penchant.stores.retention import Retention
from penchant.testing.samples import NOON, a_slate, a_state, an_event
from penchant.types import Item, Pick, Query, Slate, micros, moment

URL = "sqlite:///penchant.db"


@pytest.fixture
def log(tmp_path):
    log = stores.log(URL, tmp_path)
    yield log
    log.close()


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_nothing_of_a_forgotten_person_stays_on_disk(log, tmp_path):
    log.append(an_event(n, id=f"x{n}", user="Zaphod-Beeblebrox", text="secret-wish") for n in range(300))
    log.append(an_event(n) for n in range(300))
    log.append(a_slate(n, user="Zaphod-Beeblebrox") for n in range(250))
    log._slates.flush()
    assert b"Zaphod" in bytes_of(tmp_path)
    assert log.forget("Zaphod-Beeblebrox") == {"events": 300, "slates": 250}
    assert b"Zaphod" not in bytes_of(tmp_path)
    assert b"secret-wish" not in bytes_of(tmp_path)
    assert len(log.events("ann")) == 300


@contextmanager
def another_writer(path):
    """Somebody else who holds SQLite's lock."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def eventually(true, seconds=10):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_an_answer_does_not_wait_for_who_writes_elsewhere(log, tmp_path):
    other = stores.log(URL, tmp_path)
    states = stores.states(URL, tmp_path)
    with another_writer(tmp_path / "penchant.slates.db"), another_writer(tmp_path / "penchant.db"):
        start = time.perf_counter()
        for number in range(20):
            log.append([a_slate(number)])
        waited = time.perf_counter() - start
        states.put("ann", a_state(1))
        assert waited < 0.2
        assert time.perf_counter() - start < 1
        assert states.get("ann") is None
        assert len(log.slates(user="ann")) == 20
        assert not other.slates(user="ann")
    assert eventually(lambda: len(other.slates(user="ann")) == 20)
    states.put("ann", a_state(1))
    assert states.get("ann").position == 1
    states.close()
    other.close()


def test_an_erasure_elsewhere_reaches_slates_that_wait(log, tmp_path):
    log.append([an_event(1)])
    other = stores.log(URL, tmp_path)
    with ThreadPoolExecutor(1) as pool:
        with another_writer(tmp_path / "penchant.slates.db"):
            log.append([a_slate(1), a_slate(2, user="bob")])
            receipt = pool.submit(other.forget, "ann")
            assert eventually(lambda: not log.events("ann"))  # the erasure is logged, the slates are still to go
        receipt.result(timeout=30)
    assert eventually(lambda: other.slates(user="bob"))
    assert other.slates(user="ann") == log.slates(user="ann") == []
    other.close()


def test_a_closed_log_has_written_its_slates(tmp_path):
    log, other = stores.log(URL, tmp_path), stores.log(URL, tmp_path)
    log.append([a_slate(1)])
    log.close()
    assert other._slates._look("s1", None)
    with pytest.raises(StoreError, match=r"slates\.db is closed"):
        log.append([a_slate(2)])
    other.close()


def a_bare_slate(number, time):
    query = Query(user="u")
    return Slate(id=f"s{number}", time=time, query=query, picks=(Pick(item="i", score=1.0),), release="r", position=0)


def written(log):
    if hasattr(log._slates, "flush"):
        log._slates.flush()


@pytest.mark.parametrize("url", [URL, "memory://"])
def test_the_newest_slates_are_kept(url, tmp_path):
    log = stores.log(url, tmp_path, retention=Retention(slates=300))
    for start in range(0, 1_000, 100):
        log.append(a_bare_slate(n, NOON + timedelta(seconds=n)) for n in range(start, start + 100))
    written(log)
    assert [r.entry.id for r in log.slates(user="u")] == [f"s{n}" for n in range(700, 1_000)]
    log.close()


@pytest.mark.parametrize("url", [URL, "memory://"])
def test_slates_age_from_their_arrival_whatever_time_they_were_asked_for(url, tmp_path, monkeypatch):
    log = stores.log(url, tmp_path, retention=Retention(age=timedelta(days=2)))
    for day in range(6):
        for module in (slates_module, memory_module):
            monkeypatch.setattr(module, "_now", lambda day=day: micros(NOON + timedelta(days=day)))
        asked = (moment(0), NOON + timedelta(days=999))[day % 2] + timedelta(hours=day)
        log.append([a_bare_slate(day, asked)])
        written(log)
    assert {r.entry.id for r in log.slates(user="u")} == {"s3", "s4", "s5"}
    log.close()


def test_a_slates_file_lies_beside_the_log(log, tmp_path):
    log.append([a_slate(1)])
    assert (tmp_path / "penchant.slates.db").exists()


@pytest.mark.parametrize(("lag", "there"), [(0.001, True), (60.0, False)])
def test_slates_lag_as_far_as_is_allowed(tmp_path, lag, there):
    log, other = (stores.log(URL, tmp_path, retention=Retention(lag=lag)) for _ in range(2))
    log.append([a_slate(1)])
    until = time.monotonic() + (20 if there else 0.3)
    while not (found := other.slates()) and time.monotonic() < until:
        time.sleep(0.01)
    assert (bool(found), bool(log.slates())) == (there, True)
    log.close()
    assert len(other.slates()) == 1
    other.close()


def test_a_project_says_how_many_answers_are_kept(settings, tmp_path):
    engine = building.build(settings("[slates]\nkept = 3\n", stores=URL), tmp_path).engine
    engine.put_items([Item(id="i")])
    asked = [engine.recommend(Query(user="u", k=k)).id for k in range(1, 9)]
    engine.log._slates.flush()
    assert [record.entry.id for record in engine.log.slates(user="u")] == asked[-3:]
    engine.close()


def test_a_refusing_disk_does_not_fill_the_memory(tmp_path, monkeypatch, caplog):
    log = stores.log(URL, tmp_path, retention=Retention(waiting=300))

    def refuse(rows, patience):
        raise StoreError("disk full")

    monkeypatch.setattr(log._slates, "_write", refuse)
    for number in range(1_000):
        log.append([a_slate(number)])
    assert list(log._slates._waiting) == [f"s{n}" for n in range(700, 1_000)]
    assert "disk full" in caplog.text
    assert "given up" in caplog.text
    monkeypatch.undo()
    log.close()


def test_many_slates_at_once_are_written_all(log):
    log.append(a_slate(n) for n in range(10_000))
    written(log)
    assert len(log.slates(user="ann")) == 10_000


_WRITER = """
import sys
from pathlib import Path
from penchant.stores import open as stores
from penchant.testing.samples import an_event
log = stores.log("sqlite:///penchant.db", Path(sys.argv[1]))
for n in range(50):
    log.append([an_event(n, id=f"{sys.argv[2]}-{n}"), an_event(n, id=f"shared-{n}")])
log.close()
"""


def test_several_processes_write_one_log(tmp_path):
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    running = [subprocess.Popen([*command, str(n)], stderr=subprocess.PIPE) for n in range(3)]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, b"")
    log = stores.log(URL, tmp_path)
    positions = log.tail(0).positions
    assert len(positions) == len(set(positions)) == 3 * 50 + 50
    log.close()


def test_a_killed_writer_leaves_whole_batches(tmp_path):
    endless = _WRITER.replace("range(50)", "range(10**6)").replace("log.append", "print(n, flush=True); log.append")
    command = [sys.executable, "-c", endless, str(tmp_path), "x"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            if int(line) >= 40:
                break
        process.kill()
    log = stores.log(URL, tmp_path)
    assert len(log.tail(0).positions) >= 80
    assert len(log.tail(0).positions) % 2 == 0
    log.close()


def test_nothing_that_is_read_all_the_time_is_searched_for(log, tmp_path):
    log.append(an_event(n) for n in range(9))
    with closing(sqlite3.connect(tmp_path / "penchant.db")) as raw:
        for sql, given in ((log._tail, (5, 9, 0)), (log._events, ("ann",)), (log._some, ("ann", *[0] * 64))):
            plan = " ".join(row[-1] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", given))
            assert "SEARCH" in plan
            assert "SCAN" not in plan
