"""A project whose log is in SQLite or PostgreSQL starts from a snapshot in its own folder."""

import pytest

import penchant
from penchant import config, world
from penchant.mending import mend
from penchant.serving.server import Watcher

ROWS = [{"user_id": f"person {n % 7}", "item_id": f"i{n % 5}", "timestamp": 1_700_000_000 + 60 * n} for n in range(60)]


@pytest.fixture(params=["sqlite:///penchant.db", "postgresql"])
def folder(request, tmp_path, monkeypatch):
    """A project in which some events were imported, and much is little."""
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else request.param
    stores = "\n".join(f'{what} = "{url}"' for what in ("items", "log", "state"))
    (tmp_path / "penchant.toml").write_text(f'[stores]\n{stores}\n[encoder]\nmodel = "hashing"\n')
    monkeypatch.setattr(world, "_LEAST", 20)
    with penchant.open(tmp_path) as project:
        project.import_events(ROWS)
    return tmp_path


def begun(project):
    """How many events a project had from a snapshot when it was opened."""
    return project.engine.follower._resumed[1]


def written(folder):
    """What the files of the snapshots hold."""
    return b"".join(path.read_bytes() for path in (folder / "snapshots").rglob("*") if path.is_file())


def test_a_project_starts_from_what_its_import_kept(folder):
    with penchant.open(folder) as project:
        assert begun(project) == len(ROWS)
        answered = project.recommend("person 1")
        project.observe([penchant.Event(user="person 1", item="i3", kind="purchase")])
    with penchant.open(folder) as project:
        assert begun(project) == len(ROWS)
        assert len(project.engine.follower.catch_up().timeline) == len(ROWS) + 1
        line = project.engine.follower.catch_up().timeline
        assert len(line.places("user", line.users["person 1"])) == 10
    assert {pick.item for pick in answered.picks} <= {f"i{n}" for n in range(5)}


def test_what_is_forgotten_is_in_no_snapshot(folder):
    assert b"person 3" in written(folder)
    with penchant.open(folder) as project:
        project.forget("person 3")
        assert b"person 3" not in written(folder)
    with penchant.open(folder) as project:
        assert begun(project) == len(ROWS) - 9
        assert "person 3" not in project.engine.follower.catch_up().timeline.users


def test_a_rebuild_keeps_nothing_of_what_was_there(folder):
    (old,) = (folder / "snapshots").iterdir()
    (old / "manifest.json").write_text("{}")
    with penchant.open(folder) as project:
        assert begun(project) == 0
        project.rebuild()
        assert begun(project) == len(ROWS)


def test_a_server_keeps_snapshots_of_what_comes(folder):
    with penchant.open(folder) as project:
        events = [penchant.Event(user=f"new {n}", item="i1", kind="view") for n in range(20)]
        project.observe(events)
        watcher = Watcher(project, pause=0.01)
        watcher.start()
        for _ in range(2_000):
            if begun(project) == len(ROWS) + 20:
                break
            watcher._stopped.wait(0.01)
        watcher.stop()
        assert begun(project) == len(ROWS) + 20


def test_a_log_in_memory_has_no_snapshot(tmp_path, monkeypatch):
    monkeypatch.setattr(world, "_LEAST", 1)
    stores = "\n".join(f'{what} = "memory://"' for what in ("items", "log", "state"))
    (tmp_path / "penchant.toml").write_text(f'[stores]\n{stores}\n[encoder]\nmodel = "hashing"\n')
    with penchant.open(tmp_path) as project:
        project.import_events(ROWS)
    assert not (tmp_path / "snapshots").exists()


def test_what_was_kept_of_a_damaged_log_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(world, "_LEAST", 20)
    (tmp_path / "penchant.toml").write_text('[encoder]\nmodel = "hashing"\n')
    with penchant.open(tmp_path) as project:
        project.import_events(ROWS)
    whole = (tmp_path / "penchant.db").read_bytes()
    assert mend(config.read(tmp_path), tmp_path) == []
    assert written(tmp_path)  # nothing was damaged
    (tmp_path / "penchant.db").write_bytes(whole[:8_192] + bytes(4_096) + whole[12_288:])
    mend(config.read(tmp_path), tmp_path)
    assert not written(tmp_path)
