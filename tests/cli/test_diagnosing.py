"""`penchant diagnose` on a small shop."""

import pytest


def test_diagnose(shop, run):
    found = run("diagnose", shop, "--cases", "30", "--json").json
    assert sum(found["fates"].values()) == pytest.approx(1.0)
    assert [s["source"] for s in found["sources"]] == ["again", "neighbours", "linear", "popular", "nearest"]
    assert found["union"]["recall"] == pytest.approx(1.0)  # thirty items: nothing can be missed
    assert found["ranker"] == "trees"
    assert found["columns"]
    assert all(column["drift"] is None or column["drift"] >= 0 for column in found["columns"])
    assert found["advice"]


def test_diagnose_is_read_by_people(shop, run):
    told = run("diagnose", shop, "--cases", "20")
    assert told.code == 0
    for part in ("what became of it", "alone", "column of trees", "week of", "found, in the list", "- "):
        assert part in told.out


def test_a_release_that_has_seen_the_answers_is_refused(shop, run):
    version = run("releases", shop, "--json").json["releases"][-1]["version"]
    told = run("diagnose", shop, "--release", version)
    assert (told.code, told.out) == (2, "")
    assert "it has seen what is asked" in told.err
    assert run("diagnose", shop, "--release", "9").code == 1


def test_a_release_of_the_past_can_be_asked(shop, run, tmp_path):
    version = run("releases", shop, "--json").json["releases"][-1]["version"]
    more = tmp_path / "more.csv"
    rows = "\n".join(f"u{n},G{n % 10},2026-02-{n % 9 + 10:02d}T10:0{n % 10}:00+00:00,purchase" for n in range(30))
    more.write_text(f"user_id,item_id,timestamp,event_type\n{rows}\n")
    assert run("import", shop, "--events", more).code == 0
    config = shop / "penchant.toml"
    config.write_text(config.read_text().replace("[evaluation]", '[evaluation]\ncut = "2026-02-01"'))
    told = run("diagnose", shop, "--release", version, "--json")
    assert told.code == 0
    assert told.json["questions"] == 30
    assert all(column["drift"] is None for column in told.json["columns"])
