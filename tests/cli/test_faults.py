"""Disks that are full, files that are torn or damaged: one clear error for each, and what is whole is served."""

import errno
import logging
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from sqlalchemy import event

from penchant.errors import StoreError
from penchant.project import REJECTED, Project
from penchant.serving import server as serving
from penchant.types import Event

PAGE = 4_096


def full(project, room=0):
    """Make every database of a project refuse to grow, as a full disk does."""
    for store in (project.engine.log, project.engine.log._slates):
        database = store._database
        pages = database.read("PRAGMA page_count")[0][0] + room
        database.engine.dispose()
        event.listen(
            database.engine,
            "connect",
            lambda connection, _, most=pages: connection.execute(f"PRAGMA max_page_count={most}"),
        )


def test_a_full_disk_costs_no_answer(shop, caplog):
    """The database cannot grow: events are refused with 503, answers go on, and nothing that was refused is there."""
    project = Project(shop)
    full(project)
    with caplog.at_level(logging.WARNING), serving.background(project) as url:
        statuses = []
        for turn in range(400):
            event = {"event_id": f"x{turn}", "user_id": "u1", "item_id": "G1", "event_type": "view", "text": "x" * 400}
            statuses.append(requests.post(f"{url}/v1/events", json={"events": [event]}, timeout=20).status_code)
            if statuses[-1] != 200:
                break
        assert statuses[-1] == 503
        for user in range(30):
            answer = requests.post(f"{url}/v1/recommend", json={"user_id": f"u{user}"}, timeout=20)
            assert answer.status_code == 200, answer.text
    assert "database or disk is full; make room on its disk" in caplog.text
    assert "Traceback" not in caplog.text
    with Project(shop) as project:
        mine = [record.entry.id for record in project.engine.log.events("u1")]
        assert [name for name in mine if name[0] == "x"] == [f"x{turn}" for turn in range(len(statuses) - 1)]
        assert project.observe([Event(id="room", user="u1", item="G1", kind="view")]).accepted == 1


def test_an_import_that_fills_the_disk_is_completed_by_the_next(run, shop, tmp_path):
    rows = [f"y{n},u{n % 30},G{n % 10},2026-02-{1 + n % 28:02}" for n in range(4_000)]
    file = tmp_path / "more.csv"
    file.write_text("event_id,user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    with Project(shop) as project:
        full(project, room=60)
        with pytest.raises(StoreError, match="disk is full; make room"):
            project.import_events(file, batch=100)
    with Project(shop) as project:
        there = [r.entry.id for n in range(30) for r in project.engine.log.events(f"u{n}") if r.entry.id[0] == "y"]
        assert 0 < len(there) < 4_000
        assert len(there) % 100 == 0
        assert project.import_events(file).written == 4_000 - len(there)


def test_temporary_files_without_room(run, shop, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("penchant.project.train", fail)
    ran = run("train", shop)
    assert (ran.code, ran.err.count("no space left: on the project's disk, or where temporary files go")) == (1, 1)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of eight megabytes, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("only root may mount a disk; the full database above is the same to us")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk):
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(PAGE)):
            pass


def test_a_disk_that_is_really_full(run, shop, small_disk, files):
    here = shutil.copytree(shop, small_disk / "shop")
    project = Project(here)
    with serving.background(project) as url, requests.Session() as session:
        fill(small_disk)
        event = {"user_id": "u1", "item_id": "G1", "event_type": "view", "text": "x" * 900}

        def tell():
            return session.post(f"{url}/v1/events", json={"events": [event]}, timeout=20).status_code

        assert 503 in (tell() for _ in range(1_000))  # the write-ahead log has some room
        for user in range(30):
            assert session.post(f"{url}/v1/recommend", json={"user_id": f"u{user}"}, timeout=20).status_code == 200
        (small_disk / "filler").unlink()
        assert tell() == 200
        fill(small_disk)
        with pytest.raises(StoreError, match=r"releases: No space left on device"):
            project.train()
    ran = run("doctor", here)
    assert ran.code == 1
    assert "make room" in ran.out


def test_a_disk_that_is_read_only(run, shop, small_disk, files, caplog):
    run("recommend", shop, "--user", "u1", "--json")
    here = shutil.copytree(shop, small_disk / "shop")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with serving.background(Project(here)) as url, requests.Session() as session:
        for user in range(30):
            answer = session.post(f"{url}/v1/recommend", json={"user_id": f"u{user}"}, timeout=20)
            assert (answer.status_code, bool(answer.json()["items"])) == (200, True)
        event = {"user_id": "u1", "item_id": "G1", "event_type": "view"}
        assert session.post(f"{url}/v1/events", json={"events": [event]}, timeout=20).status_code == 503
    assert "penchant.db lies on a read-only disk" in caplog.text
    for words in (["import", here, "--events", files["events"]], ["train", here], ["forget", here, "--user", "u1"]):
        ran = run(*words)
        assert ran.code > 0
        assert "ead-only" in ran.err
        assert "unexpected" not in ran.err
    ran = run("doctor", here)
    assert ran.code == 0
    assert "warn  disk: its disk is read-only" in ran.out


def test_what_waits_to_be_merged_on_a_read_only_disk_is_not_overlooked(run, shop, small_disk):
    project = Project(shop)
    project.observe([Event(user="u1", item="G1", kind="view")])
    here = shutil.copytree(shop, small_disk / "shop")
    project.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ran = run("recommend", here, "--user", "u1")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "penchant.db-wal waits to be merged" in ran.err


def damage(file, table, pages=slice(None)):
    """Overwrite pages of a table's leaves: the one in the middle, or those of a slice with a step."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        sql = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path"
        leaves = [page for (page,) in connection.execute(sql, (table,))]
    content = bytearray(file.read_bytes())
    for page in leaves[pages] if pages.step else [leaves[len(leaves) // 2]]:
        content[(page - 1) * PAGE : page * PAGE] = b"\xab" * PAGE
    file.write_bytes(content)


def test_a_damaged_page_of_peoples_state_costs_no_answer(shop, caplog):
    with Project(shop) as project:
        before = [project.recommend(f"u{n}").picks for n in range(30)]
    damage(shop / "penchant.db", "states")
    with Project(shop) as project:
        assert [project.recommend(f"u{n}").picks for n in range(30)] == before
    assert "people's state cannot be read, the log is folded for each answer" in caplog.text
    assert sum("state cannot be" in message for message in caplog.messages) == 1


@pytest.mark.parametrize("pointer", [b"", b"\xff\xfe\x00", b"20261123T0"])
def test_a_torn_pointer_to_the_release(run, shop, pointer, caplog):
    (shop / "releases" / "current").write_bytes(pointer)
    newest = run("releases", shop, "--json").json["releases"][-1]["version"]
    with Project(shop) as project:
        slate = project.recommend("u1")
    assert slate.release == newest
    assert slate.degraded[0] == "release unreadable-pointer: cannot be used"
    assert run("doctor", shop).code == 1
    run("promote", shop, newest)
    assert run("doctor", shop).code == 0


def test_a_damaged_release_leaves_the_one_before(run, shop):
    older, newest = (release["version"] for release in run("releases", shop, "--json").json["releases"])
    weights = max((shop / "releases" / newest / "linear").rglob("*.np*"))
    weights.write_bytes(weights.read_bytes()[:-9])
    with Project(shop) as project:
        slate = project.recommend("u1")
        assert slate.release == older
        assert slate.degraded == (f"release {newest}: cannot be used", *project.built.releases.of(older).degraded)
        assert slate.items
    run("promote", shop, older)
    shutil.rmtree(shop / "releases" / older / "linear")
    with Project(shop) as project:  # a newer one was not wanted, an older one there is not
        assert project.recommend("u1").release == "untrained"


def test_a_torn_line_of_refused_rows(run, shop, tmp_path):
    (shop / REJECTED).write_bytes(b'{"file":"other.csv","line":3,"reason":"x","row":{}}\n{"file":"other.csv","li')
    bad = tmp_path / "bad.csv"
    bad.write_text("user_id,item_id,timestamp\nu1,G1,never\n")
    run("import", shop, "--events", bad)
    first, second = (shop / REJECTED).read_text().splitlines()
    assert '"other.csv","line":3' in first
    assert '"bad.csv","line":2' in second


def test_refused_rows_that_cannot_be_written(run, shop, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    (shop / f"{REJECTED}.part").symlink_to("/dev/full")
    bad = tmp_path / "bad.csv"
    bad.write_text("user_id,item_id,timestamp\n" + "u1,G1,never\n" * 5_000)
    with Project(shop) as project, pytest.raises(StoreError, match=r"rejected\.jsonl.*No space left"):
        project.import_events(bad)


# ── damaged databases ───────────────────────────────────────────────────────────────────────────────────────────────


def everything(shop):
    """Events with their positions, items by row, and what thirty people are offered."""
    with Project(shop) as project:
        world = project.engine.follower.catch_up()
        records = [record for n in range(30) for record in project.engine.log.events(f"u{n}")]
        events = {record.entry.id: (record.position, record.entry) for record in records}
        return events, world.catalogue.items, [project.recommend(f"u{n}").picks for n in range(30)]


def databases(run, shop):
    """What the doctor finds of the databases."""
    return [c for c in run("doctor", shop, "--json").json["checks"] if c["name"] == "databases"]


@pytest.mark.parametrize("table", ["items", "vectors", "states"])
def test_what_the_log_knows_is_mended_without_loss(run, shop, table):
    before = everything(shop)
    damage(shop / "penchant.db", table)
    (found,) = [c for c in databases(run, shop) if c["status"] == "fail"]
    assert f"cannot be read to their end: {table}" in found["found"]
    assert "run `penchant rebuild`" in found["advice"]
    ran = run("rebuild", shop, "--json")
    assert ran.code == 0, ran.err
    (mended,) = ran.json["mended"]
    assert mended["lost"] == []
    assert mended["saved"]["log"] == 630
    assert everything(shop) == before
    assert [c["status"] for c in databases(run, shop)] == ["warn", "ok"]
    assert run("rebuild", shop, "--json").json["mended"] == []


def test_a_log_with_a_hole_keeps_the_rest_and_an_import_fills_it(run, shop, files):
    events, items, _ = everything(shop)
    damage(shop / "penchant.db", "log")
    assert run("recommend", shop, "--user", "u1").code == 1
    ran = run("doctor", shop)
    assert ran.code == 1
    assert "cannot be read to their end: log" in ran.out
    assert "import the same files again" in ran.out
    (mended,) = run("rebuild", shop, "--json").json["mended"]
    kept, _, slates = everything(shop)
    assert 5 < len(mended["lost"]) < 60
    assert set(events) - set(kept) == set(mended["lost"])
    assert all(kept[name] == events[name] for name in kept)
    assert all(slates)
    run("import", shop, "--items", files["items"], "--events", files["events"])
    again, whole, _ = everything(shop)
    assert set(again) == set(events)
    assert whole == items
    positions = [again[name][0] for name in mended["lost"]]
    assert min(positions) > max(position for position, _ in events.values())  # none is given out twice
    assert run("doctor", shop).code == 0
    assert sqlite3.connect(mended["aside"]).execute("PRAGMA page_count").fetchone()[0] > 10


def test_many_holes(run, shop):
    events, _, _ = everything(shop)
    file = shop / "penchant.db"
    damage(file, "log", slice(1, None, 2))
    (mended,) = run("rebuild", shop, "--json").json["mended"]
    kept, _, _ = everything(shop)
    assert 100 < len(set(events) - set(kept)) < 500
    assert set(events) - set(kept) == set(mended["lost"]) & set(events)
    assert all(kept[name] == events[name] for name in kept)


def test_slates_that_are_damaged_cost_no_answer(run, shop):
    with Project(shop) as project:
        for turn in range(60):
            project.recommend(f"u{turn % 30}")
    file = shop / "penchant.slates.db"
    damage(file, "slates")
    with Project(shop) as project:
        project.engine.swap(replace(project.engine.release, recalls=5))  # as if a stage learned from slates
        slates = [project.recommend(f"u{n}") for n in range(30)]
        assert all(slate.items for slate in slates)
        lacking = ["recollection: the log or its slates cannot be read" in slate.degraded for slate in slates]
        assert any(lacking)
    assert "penchant.slates.db" in next(c["found"] for c in databases(run, shop) if c["status"] == "fail")
    (mended,) = run("rebuild", shop, "--json").json["mended"]
    assert 0 < mended["saved"]["slates"] < 62
    assert {c["status"] for c in databases(run, shop)} == {"ok", "warn"}


def test_a_database_in_use_is_not_mended(run, shop):
    damage(shop / "penchant.db", "states")
    with Project(shop):
        ran = run("rebuild", shop)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "in use: stop the server first" in ran.err
    assert not list(shop.glob("*.damaged-*"))
    assert run("rebuild", shop).code == 0


@pytest.mark.parametrize("content", [b"not a database at all" * 400, None])
def test_what_cannot_be_read_at_all_stays_where_it_is(run, shop, content):
    file = shop / "penchant.db"
    whole = file.read_bytes()
    file.write_bytes(content or whole[:100] + b"\xff" * (PAGE - 100) + whole[PAGE:])
    before = file.read_bytes()
    ran = run("rebuild", shop)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "restore a backup" in ran.err
    assert file.read_bytes() == before
    assert run("doctor", shop).code == 1


def test_a_file_cut_short(run, shop):
    events, _, _ = everything(shop)
    file = shop / "penchant.db"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert run("doctor", shop).code == 1
    assert run("rebuild", shop).code == 0
    kept, _, slates = everything(shop)
    assert all(kept[name] == events[name] for name in kept)
    assert len(kept) > 50
    assert all(slates)


def test_a_log_that_lost_its_end_is_told_from_a_new_one(run, shop):
    for file in shop.glob("penchant.*db*"):
        file.unlink()
    ran = run("doctor", shop)
    assert ran.code == 1
    assert "a release has read it up to 630: its end is lost" in ran.out


def test_a_torn_write_ahead_log_keeps_whole_batches(run, shop, tmp_path):
    """What a power cut may leave: the end of the file is missing or garbage. What was merged before stays."""
    project = Project(shop)
    for turn in range(40):
        project.observe([Event(id=f"w{turn}-{part}", user="u1", item="G1", kind="view") for part in range(3)])
    content = (shop / "penchant.db-wal").read_bytes()
    for name, torn in (("cut", content[: len(content) // 2]), ("garbage", content[:-9_000] + b"\xab" * 9_000)):
        here = shutil.copytree(shop, tmp_path / name, ignore=shutil.ignore_patterns("*-shm"))
        (here / "penchant.db-wal").write_bytes(torn)
        events, _, slates = everything(here)
        new = [event for event in events if event[0] == "w"]
        assert new == [f"w{turn}-{part}" for turn in range(len(new) // 3) for part in range(3)]
        assert 0 < len(new) < 120
        assert all(slates)
        assert run("doctor", here).code == 0
    project.close()
