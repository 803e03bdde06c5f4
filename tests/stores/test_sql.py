"""What SQL stores promise beyond their ports: privacy on disk, bounded slates, several processes, speed."""

import subprocess
import sys
import time
from datetime import timedelta

import pytest

from penchant.errors import StoreError
from penchant.stores import open as stores
from penchant.stores import slates as slates_module
from penchant.stores.retention import Retention
from penchant.testing.samples import NOON, a_slate, an_event
from penchant.types import Event, Pick, Query, Slate, micros, moment

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


def test_slates_wait_for_company_but_not_long(tmp_path, monkeypatch):
    log, other = stores.log(URL, tmp_path), stores.log(URL, tmp_path)
    log.append([a_slate(1)])
    assert log.slates(slate="s1")
    assert not other.slates(slate="s1")
    monkeypatch.setattr(slates_module, "_PAUSE", 0.0)
    log.append([an_event(1)])
    assert other.slates(slate="s1")
    log.append([a_slate(2)])
    log.close()
    assert other.slates(slate="s2")
    other.close()


def a_bare_slate(number, time):
    query = Query(user="u")
    return Slate(id=f"s{number}", time=time, query=query, picks=(Pick(item="i", score=1.0),), release="r", position=0)


@pytest.mark.parametrize("url", [URL, "memory://"])
def test_the_newest_slates_are_kept(url, tmp_path):
    log = stores.log(url, tmp_path, retention=Retention(slates=300))
    for start in range(0, 1_000, 100):
        log.append(a_bare_slate(n, NOON + timedelta(seconds=n)) for n in range(start, start + 100))
    assert [r.entry.id for r in log.slates(user="u")] == [f"s{n}" for n in range(700, 1_000)]
    log.close()


@pytest.mark.parametrize("url", [URL, "memory://"])
def test_old_slates_go_by_the_time_of_the_newest(url, tmp_path):
    log = stores.log(url, tmp_path, retention=Retention(age=timedelta(days=2)))
    log.append(a_bare_slate(n, moment(0) + timedelta(days=n)) for n in range(250))
    assert [r.entry.id for r in log.slates(user="u")] == ["s247", "s248", "s249"]
    log.close()


def test_a_slate_of_the_future_drops_nothing():
    now = micros(NOON)
    assert Retention(age=timedelta(days=1)).oldest(now * 2, now) == now - 86_400_000_000


def test_a_slates_file_lies_beside_the_log(log, tmp_path):
    log.append(a_slate(n) for n in range(200))
    assert (tmp_path / "penchant.slates.db").exists()


def test_a_refusing_disk_does_not_fill_the_memory(log, monkeypatch):
    def refuse(rows):
        raise StoreError("disk full")

    monkeypatch.setattr(log._slates, "_write", refuse)
    monkeypatch.setattr(slates_module, "_MOST", 300)
    for number in range(1_000):
        try:
            log.append([a_slate(number)])
        except StoreError:
            continue
    assert len(log._slates._waiting) <= 300
    monkeypatch.undo()


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


def test_reading_on_is_quick(log):
    """Generous bounds, ten times what is measured: they catch a lost index, not a slow machine."""
    start = time.perf_counter()
    log.append(Event(id=f"e{n}", user=f"u{n % 99}", item="i", time=moment(n)) for n in range(20_000))
    wrote = time.perf_counter()
    last = log.tail(0).position
    read = time.perf_counter()
    for _ in range(200):
        log.tail(last)
    idle = (time.perf_counter() - read) / 200
    assert (wrote - start < 4, read - wrote < 1, idle < 0.001) == (True, True, True)
