"""The doctor finds what is broken and leaves it alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from penchant.doctor import examination, machine
from penchant.ports import State
from penchant.project import Project
from penchant.types import Event


def findings(run, shop):
    """Check name → status."""
    ran = run("doctor", shop, "--json")
    return ran.code, {check["name"]: check["status"] for check in ran.json["checks"]}


def test_a_sound_project(run, shop, state):
    run("recommend", shop, "--user", "u1")
    before = state(shop)
    code, found = findings(run, shop)
    assert code == 0
    assert set(found) >= {"packages", "extras", "config", "disk", "log", "items", "state", "release", "encoder"}
    assert set(found.values()) <= {"ok", "warn"}
    assert found["release"] == found["state"] == found["log"] == found["items"] == found["encoder"] == "ok"
    assert state(shop) == before
    assert "ok    log: 600 events" in run("doctor", shop).out


def test_a_state_that_is_not_what_the_events_make(run, shop):
    with Project(shop) as project:
        engine = project.engine
        project.recommend("u1")
        kept = engine.states.get("u1")
        folds = {name: dict(columns) for name, columns in kept.folds.items()}
        folds["counts"]["count"] = folds["counts"]["count"] + 1
        engine.states.put("u1", State(position=kept.position, version=kept.version, folds=folds))
    code, found = findings(run, shop)
    assert (code, found["state"]) == (1, "fail")
    run("rebuild", shop)
    assert findings(run, shop)[1]["state"] == "ok"


def test_a_release_that_was_altered(run, shop):
    for file in filter(Path.is_file, shop.glob("releases/*/linear/**/*")):
        file.write_bytes(file.read_bytes() + b" ")
    code, found = findings(run, shop)
    assert (code, found["release"]) == (1, "fail")


def test_config_that_cannot_be_read_ends_it(run, shop):
    (shop / "penchant.toml").write_text("[nonsense]")
    code, found = findings(run, shop)
    assert (code, found["config"]) == (1, "fail")
    assert "log" not in found


def test_items_nobody_described_and_rows_that_were_refused(run, shop, tmp_path):
    file = tmp_path / "more.csv"
    file.write_text("user_id,item_id,timestamp\nu1,bare,2026-02-01\n,G1,2026-02-01\n")
    run("import", shop, "--events", file)
    code, found = findings(run, shop)
    assert code == 0
    assert found["items"] == found["encoder"] == found["rejected"] == "warn"


def test_a_language_model_that_does_not_answer(run, shop):
    assert findings(run, shop)[1]["generator"] == "ok"
    file = shop / "penchant.toml"
    file.write_text(f'{file.read_text()}\n[generator]\nmodel = "http://127.0.0.1:9/v1#none"\n')
    code, found = findings(run, shop)
    assert (code, found["generator"]) == (0, "warn")
    assert "127.0.0.1:9" in run("doctor", shop).out


def test_no_release(run, tmp_path):
    run("init", tmp_path)
    text = (tmp_path / "penchant.toml").read_text().replace('#model = "auto"', 'model = "hashing"')
    (tmp_path / "penchant.toml").write_text(text)
    code, found = findings(run, tmp_path)
    assert (code, found["release"], found["log"]) == (0, "warn", "warn")


@pytest.mark.parametrize("free", [50 << 20, 500 << 20])
def test_little_room(monkeypatch, tmp_path, free):
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert machine.disk(tmp_path).status == ("fail" if free < (100 << 20) else "warn")


def test_a_check_that_breaks_is_a_failure():
    def look(_):
        raise ZeroDivisionError("no")

    found = examination.guarded("log", look, None)
    assert (found.status, found.found) == ("fail", "ZeroDivisionError: no")
    assert found.line() == "fail  log: ZeroDivisionError: no"


def test_what_is_installed(monkeypatch):
    monkeypatch.setattr(machine, "find_spec", lambda name: name if name != "onnxruntime" else None)
    found = machine.extras().found
    assert "not installed onnx" in found
    assert "minilm, e5, export, hf" in found


def found_of(name, shop):
    return next(check for check in examination.examine(shop) if check.name == name)


def test_a_clock_behind_the_log(shop):
    text = (shop / "penchant.toml").read_text().replace('now = "log"', 'now = "system"')
    (shop / "penchant.toml").write_text(text)
    assert found_of("clock", shop).status in {"ok", "warn"}
    soon = datetime.now(UTC) + timedelta(hours=5)
    for ahead, status in ((soon, "warn"), (soon + timedelta(days=3), "fail")):
        with Project(shop) as project:
            project.engine.record([Event(id=f"{ahead}", user="u1", item="G1", kind="view", time=ahead)])
        assert found_of("clock", shop).status == status
    assert "set the system's clock" in found_of("clock", shop).advice


def test_a_torn_line_among_refused_rows(shop):
    (shop / "rejected.jsonl").write_bytes(b'{"file":"a.csv"}\n{"fi')
    found = found_of("rejected", shop)
    assert (found.status, found.found) == ("warn", "2 rows of imports were refused, the last line is torn")


def test_a_torn_snapshot(run, shop, monkeypatch):
    assert found_of("snapshot", shop).found == "none: a start reads the whole log"
    monkeypatch.setattr("penchant.world._LEAST", 10)
    with Project(shop) as project:
        project.engine.follower.keep()
    found = found_of("snapshot", shop)
    assert (found.status, found.found) == ("ok", "up to position 630, 600 events")
    for file in (shop / "snapshots").rglob("manifest.json"):
        file.write_bytes(file.read_bytes()[:50])
    found = found_of("snapshot", shop)
    assert found.status == "warn"
    assert found.found.startswith("the one up to position 630 is torn")
    assert run("recommend", shop, "--user", "u1").code == 0
    monkeypatch.undo()
    run("rebuild", shop)
    assert found_of("snapshot", shop).status == "ok"


def test_a_folder_that_may_not_be_written(monkeypatch, tmp_path):
    monkeypatch.setattr("os.access", lambda *_: False)
    assert machine.disk(tmp_path).status == "fail"


def test_no_release_is_promoted_though_there_are_some(shop):
    (shop / "releases" / "current").unlink()
    found = found_of("release", shop)
    assert (found.status, found.found) == ("warn", "none is promoted, the untrained blend answers")
    assert found.advice.startswith("`penchant promote` one of 20")


def test_a_damaged_release_names_those_that_are_whole(shop):
    older, newest = sorted(path.name for path in (shop / "releases").glob("2*"))
    (shop / "releases" / newest / "manifest.json").write_bytes(b"{")
    found = found_of("release", shop)
    assert found.status == "fail"
    assert found.found.endswith(f"{older} answers")
    assert found.advice.endswith(f"one that is whole: {older}")
