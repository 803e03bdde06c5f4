"""`penchant tune` on a small shop, and settings written into a penchant.toml that somebody wrote by hand."""

import tomllib

import pytest

from penchant import config
from penchant.build import plan
from penchant.cli.rewriting import fragment, rewritten, save
from penchant.errors import UsageError
from penchant.training.tuning import applied

BY_HAND = """\
# ours
[events]
repeats = true   # people come back

[[sources]]
kind = "again"   # what they had
limit = 60
[[sources]]
name = "graph"
kind = "linear"
l2_long = 200.0  # by guess
# the end of the sources

[[stages]]
kind = "trees"
otherwise = { kind = "blend" }
"""
CHANGES = {"sources": {"graph": {"l2_long": 77.5, "tau": 1.5, "limit": 90}}, "stages": {"trees": {"leaves": 31}}}


def test_tune(shop, run):
    before = (shop / "penchant.toml").read_text()
    words = ["tune", shop, "--trials", "1", "--cases", "60", "--json"]
    first = run(*words)
    assert first.code == 0
    assert [s["name"] for s in first.json["searches"]] == [
        "again",
        "neighbours",
        "linear",
        "nearest",
        "limits",
        "trees",
    ]
    assert (shop / "tune.db").exists()
    assert (shop / "penchant.toml").read_text() == before
    assert "search linear: done" in first.err
    again = run(*words)
    assert again.json == first.json
    assert run(*words, "--restart").json == first.json


def test_settings_are_written_only_if_they_are_better(shop, run, monkeypatch):
    from penchant.project import Project
    from penchant.training.tuning import Tuning

    changes = {"stages": {"trees": {"leaves": 7}}}
    found = {"begin": "2026-01-17 00:00", "questions": 20, "people": 9, "searches": [], "before": 0.1, "after": 0.2}

    def tuned(better):
        def tune(self, **_):
            ahead = (0.1, 0.05 if better else -0.05, 0.2)
            made = applied(self.built.plan, changes).digest()
            return Tuning(**found, changes=changes, ahead=ahead, better=better, plan=made)

        return tune

    monkeypatch.setattr(Project, "tune", tuned(False))
    before = (shop / "penchant.toml").read_text()
    told = run("tune", shop, "--write")
    assert "not shown to be better: NDCG@10 0.1000 → 0.2000, +0.1000 (-0.0500 to +0.2000)" in told.out
    assert "is left as it is" in told.out
    assert (shop / "penchant.toml").read_text() == before
    monkeypatch.setattr(Project, "tune", tuned(True))
    told = run("tune", shop)
    assert "leaves = 7  # tuned" in told.out
    assert (shop / "penchant.toml").read_text() == before
    told = run("tune", shop, "--write")
    assert told.code == 0
    assert config.read(shop).stages[2].plugin.leaves == 7
    assert not (shop / "penchant.toml.new").exists()


def test_misuse_is_one_line(shop, run):
    for words in (["--trials", "0"], ["--minutes", "-1"], ["--protocol", "guess"]):
        told = run("tune", shop, *words)
        assert (told.code, told.out) == (2, "")
        assert len(told.err.splitlines()) == 1


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_comments_stay_and_values_change():
    made = rewritten(BY_HAND, CHANGES)
    for line in (
        "# ours",
        "repeats = true   # people come back",
        'kind = "again"   # what they had',
        "l2_long = 77.5  # by guess",
    ):
        assert line in made
    known = tomllib.loads(made)
    assert known["sources"][0] == {"kind": "again", "limit": 60}
    assert known["sources"][1] == {"name": "graph", "kind": "linear", "l2_long": 77.5, "tau": 1.5, "limit": 90}
    assert known["stages"][0]["leaves"] == 31
    assert plan(config.parse(made)).digest() == applied(plan(config.parse(BY_HAND)), CHANGES).digest()


def test_a_family_that_is_not_written_is_written_out():
    text = "[events]\nrepeats = false\n"
    changes = {"sources": {"linear": {"tau": 1.5, "limit": 90}}}
    made = rewritten(text, changes)
    assert made.startswith(text)
    assert plan(config.parse(made)).digest() == applied(plan(config.parse(text)), changes).digest()
    assert len(tomllib.loads(made)["sources"]) == len(config.DEFAULTS["sources"])
    stages = rewritten(text, {"stages": {"trees": {"leaves": 31}}})
    assert config.parse(stages).stages[6].otherwise is not None


def test_a_list_in_one_line_is_understood():
    text = 'similar = []\nsources = [{ kind = "again" }, { kind = "popular" }]\n'
    made = rewritten(text, {"sources": {"again": {"recency": 1.0}}})
    assert tomllib.loads(made)["sources"] == [{"kind": "again", "recency": 1.0}, {"kind": "popular"}]


def test_a_fragment_says_what_changes():
    found = fragment(BY_HAND, CHANGES)
    assert tomllib.loads(found) == {
        "sources": [{"name": "graph", "kind": "linear", "l2_long": 77.5, "tau": 1.5, "limit": 90}],
        "stages": [{"kind": "trees", "leaves": 31}],
    }
    assert "tau = 1.5  # tuned" in found
    whole = tomllib.loads(fragment("", {"sources": {"linear": {"tau": 1.5}}}))
    assert [entry["kind"] for entry in whole["sources"]] == [e["kind"] for e in config.DEFAULTS["sources"]]


def test_what_could_not_be_read_again_is_not_written(tmp_path):
    file = tmp_path / "penchant.toml"
    file.write_text(BY_HAND)
    wrong = rewritten(BY_HAND, {"sources": {"graph": {"tau": -1.0}}})
    with pytest.raises(UsageError, match=r"left as it is: with the new settings it could not be read: .*tau is -1"):
        save(tmp_path, wrong, "")
    with pytest.raises(UsageError, match="it does not say what was measured"):
        save(tmp_path, rewritten(BY_HAND, CHANGES), "another plan")
    assert file.read_text() == BY_HAND
    assert [f.name for f in tmp_path.iterdir()] == ["penchant.toml"]
