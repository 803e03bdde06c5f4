"""Every command's usual use, its JSON and what it leaves behind."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant import __version__
from penchant.cli import main
from penchant.cli.commands import _COMMANDS

Run = Callable[..., object]


def test_version(run):
    assert run("--version").out == f"penchant {__version__}\n"


@pytest.mark.parametrize("name", [name for _, name, _ in _COMMANDS])
def test_help_of_every_command(run, name):
    ran = run(*name.split(), "--help")
    assert ran.code == 0
    assert f"penchant {name}" in ran.out
    assert "\x1b" not in ran.out


def test_alone_it_shows_what_there_is(run):
    ran = run()
    assert ran.code == 2
    assert all(name.split()[0] in ran.out for _, name, _ in _COMMANDS)


def test_import_reports_and_is_idempotent(run, files, shop, state):
    before = state(shop)
    ran = run("import", shop, "--items", files["items"], "--events", files["events"])
    assert ran.code == 0
    assert "600 rows, 0 events written, 600 unchanged, 0 rejected" in ran.out
    assert "30 rows, 0 items written" in ran.out
    assert state(shop) == before


def test_import_users_as_json(run, files, shop):
    found = run("import", shop, "--users", files["users"], "--json").json["users"]
    assert (found["rows"], found["written"], found["rejected"]) == (3, 3, {})
    assert run("import", shop, "--users", files["users"], "--json").json["users"]["written"] == 0


def test_dry_run_writes_nothing(run, files, shop, state):
    before = state(shop)
    ran = run("import", shop, "--users", files["users"], "--dry-run")
    assert "3 users would be written" in ran.out
    assert state(shop) == before


def test_columns_and_time_unit(run, shop, tmp_path):
    file = tmp_path / "odd.csv"
    file.write_text("wer,was,wann\nu1,G1,1770000000\nu1,,nonsense\n")
    words = ("--column", "wer=user_id", "--column", "was=item_id", "--column", "wann=timestamp", "--time-unit", "s")
    found = run("import", shop, "--events", file, *words, "--json").json["events"]
    assert found["written"] == 1
    assert sum(found["rejected"].values()) == 1
    assert found["first"].startswith("2026-02-02")
    assert (shop / "rejected.jsonl").exists()


def test_recommend(run, shop):
    ran = run("recommend", shop, "--user", "u1", "-k", "4")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0].split() == ["#", "item", "title", "score"]
    assert len(lines) == 5
    assert "kitchen thing" in ran.out
    assert "\x1b" not in ran.out


def test_recommend_as_json_has_the_shape_of_http(run, shop):
    answer = run("recommend", shop, "--user", "u1", "--k", "3", "--json", "--context", "device=phone").json
    assert list(answer) == ["slate_id", "release", "position", "items", "understood", "degraded", "cost", "took_ms"]
    assert [list(item) for item in answer["items"]] == [["item_id", "score", "reasons"]] * 3
    assert answer["understood"] is None
    assert answer["position"] > 600
    assert answer["took_ms"] > 0


def test_a_wish_an_item_and_exclusions_change_the_list(run, shop):
    def items(*words):
        return [i["item_id"] for i in run("recommend", shop, "--user", "u1", "--json", *words).json["items"]]

    plain = items()
    assert items("--exclude", plain[0], "--exclude", plain[1]) != plain
    assert not {plain[0], plain[1]} & set(items("--exclude", plain[0], "--exclude", plain[1]))
    assert items("--text", "reading thing 3")[0] == "R3"
    assert plain[0] not in items("--item", plain[0])


def test_wish_is_echoed(run, shop):
    answer = run("recommend", shop, "--user", "u1", "--json", "--text", "garden").json
    assert answer["understood"]["text"] == "garden"


def test_explained_in_two_languages(run, shop):
    english = run("recommend", shop, "--user", "u1", "--explain", "--json").json
    chinese = run("recommend", shop, "--user", "u1", "--explain", "--json", "--language", "zh").json
    assert all(item["reasons"] for item in english["items"])
    assert english["items"][0]["reasons"] != chinese["items"][0]["reasons"]
    assert "why" in run("recommend", shop, "--user", "u1", "--explain").out.splitlines()[0]


def test_as_of_a_moment(run, shop):
    now = run("recommend", shop, "--user", "u1", "--json").json
    then = run("recommend", shop, "--user", "u1", "--json", "--at", "2026-01-08").json
    assert then["release"] == "untrained"
    assert now["release"] != "untrained"
    same = run("recommend", shop, "--user", "u1", "--json", "--at", "2026-01-08T00:00:00+00:00").json
    assert same["items"] == then["items"]


def test_similar(run, shop):
    found = run("similar", shop, "--item", "G1", "-k", "5", "--json").json
    assert list(found) == ["items"]
    assert {item["item_id"][0] for item in found["items"]} == {"G"}
    assert "garden thing" in run("similar", shop, "--item", "G1").out


def test_why_an_item_is_in_a_slate(run, shop):
    slate = run("recommend", shop, "--user", "u1", "-k", "3", "--json").json
    top = slate["items"][0]["item_id"]
    words = ("why", shop, "--slate", slate["slate_id"], "--item", top)
    answer = run(*words, "--json").json
    assert (answer["item_id"], answer["shown"], answer["rank"], answer["lost_at"]) == (top, True, 1, None)
    assert sum(r["part"] for r in answer["reasons"]) == pytest.approx(slate["items"][0]["score"], rel=1e-4)
    lines = run(*words).out.splitlines()
    assert lines[0] == f"{top}: shown: place 1 of 3"
    assert lines[1].startswith("found by ")
    assert "place" in lines[-len(answer["steps"]) - 1].split()
    chinese = run(*words, "--json", "--language", "zh").json
    assert [r["text"] for r in chinese["reasons"]] != [r["text"] for r in answer["reasons"]]


def test_why_an_item_is_not_in_a_slate(run, shop):
    slate = run("recommend", shop, "--user", "u1", "-k", "3", "--json", "--exclude", "G1").json["slate_id"]
    answer = run("why", shop, "--slate", slate, "--item", "G1", "--json").json
    assert (answer["shown"], answer["lost_at"]) == (False, "rule:excluded")
    assert run("why", shop, "--slate", slate, "--item", "G1").out == (
        "G1: not shown, lost at rule:excluded: the rule 'excluded' does not allow it\n"
    )
    assert "lost at catalogue" in run("why", shop, "--slate", slate, "--item", "nothing").out


def test_train_prints_its_metrics(run, shop):
    ran = run("train", shop)
    assert ran.code == 0
    assert "is promoted" in ran.out
    assert "linear" in ran.out
    assert "linear: done in" in ran.err
    document = run("train", shop, "--json").json
    assert document["events"] == 600
    assert document["version"] == run("releases", shop, "--json").json["releases"][-1]["version"]


def test_promote_back_and_forth(run, shop):
    old, new = (r["version"] for r in run("releases", shop, "--json").json["releases"])
    for version in (old, new, old):
        assert run("promote", shop, version).code == 0
        current = [r["version"] for r in run("releases", shop, "--json").json["releases"] if r["current"]]
        assert current == [version]
        assert run("recommend", shop, "--user", "u1", "--json").json["release"] == version
    assert f"*  {old}" in run("releases", shop).out
    assert run("promote", shop, new, "--json").json == {"release": new, "before": old}


def test_evaluate_prints_a_board_and_writes_files(run, shop, tmp_path):
    board, page = tmp_path / "board.json", tmp_path / "board.html"
    ran = run("evaluate", shop, "--json", board, "--html", page)
    assert ran.code == 0, ran.err
    assert "penchant" in ran.out
    assert "tuned blend" in ran.out
    document = json.loads(board.read_text())
    assert 0 < document["rows"]["penchant"]["all"]["ndcg"] <= 1
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert "tuned blend" in text
    assert "http" not in text
    assert document["calibration"]
    sliced = run("evaluate", shop, "--slice", "category", "--freshness", "--cases", "20", "--json", "-").json
    assert {"category garden", "history 10–29"} <= sliced["rows"]["penchant"].keys()
    assert sliced["freshness"].keys() == {"fresh", "an hour late", "a day late"}


def test_evaluate_takes_its_settings_from_the_command(run, shop):
    words = ("--protocol", "leave-one-out", "--target", "event", "--cases", "7", "--cut", "0.2", "--json", "-")
    document = json.loads(run("evaluate", shop, *words).out)
    assert document["questions"] == 7
    assert document["question"] | {"protocol": "leave-one-out", "cut": 0.2} == document["question"]
    by_date = json.loads(run("evaluate", shop, "--cases", "5", "--cut", "2026-01-15", "--json", "-").out)
    assert by_date["cut"].startswith("2026-01-15")


def test_export_then_forget(run, shop):
    kept = run("export", shop, "--user", "u1").json
    assert kept["user_id"] == "u1"
    assert len(kept["events"]) == 20
    receipt = run("forget", shop, "--user", "u1", "--json").json
    assert receipt["removed"]["events"] == 20
    assert "u1" not in json.dumps(receipt)
    assert run("export", shop, "--user", "u1").code == 1
    assert "removed: 0 events" in run("forget", shop, "--user", "u1").out


def test_rebuild_changes_no_answer(run, shop):
    before = run("recommend", shop, "--user", "u1", "--json").json["items"]
    assert run("rebuild", shop).code == 0
    assert run("rebuild", shop, "--json").json["rebuilt"] is True
    assert run("recommend", shop, "--user", "u1", "--json").json["items"] == before


def test_releases_of_a_new_project(run, tmp_path):
    assert run("init", tmp_path / "new").code == 0
    assert "no release yet" in run("releases", tmp_path / "new").out


def test_debug_shows_a_traceback_wherever_it_stands(run, tmp_path):
    for words in (("--debug", "train", tmp_path), ("train", tmp_path, "--debug")):
        ran = run(*words)
        assert ran.code == 2
        assert "Traceback" in ran.err
        assert ran.err.splitlines()[-1].startswith("penchant: ")


def test_the_unexpected_is_one_line(run, shop, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("penchant.project.Project.similar", broken)
    ran = run("similar", shop, "--item", "G1")
    assert (ran.code, ran.err) == (
        1,
        "penchant: unexpected ZeroDivisionError: two lines; run again with --debug\n",
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError("too large")])
def test_interruption_and_exhaustion(run, shop, monkeypatch, error):
    def stop(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("penchant.project.Project.rebuild", stop)
    ran = run("rebuild", shop)
    assert ran.code == (130 if isinstance(error, KeyboardInterrupt) else 1)
    assert ran.err.count("\n") == 1


def test_ids_of_any_kind(run, shop):
    for user in ("安娜", "--", "'; DROP TABLE log; --", "a" * 512, "\x1b[31m"):
        answer = run("recommend", shop, f"--user={user}", "--json", "-k", "2")
        assert answer.code == 0
        assert len(answer.json["items"]) == 2


def test_main_returns_for_embedding(pristine: Path):
    assert main(["releases", str(pristine)]) == 0
