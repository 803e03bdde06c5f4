"""Texts from the command line: for people, slates and items, to the terminal or a file."""

import json

import pytest


def test_writes_for_a_person(shop, run):
    ran = run("copy", shop, "--user", "u1", "-k", 3)
    assert (ran.code, len(ran.out.splitlines())) == (0, 4)
    assert "kitchen thing" in ran.out


def test_writes_about_a_slate_in_its_order(shop, run):
    slate = run("recommend", shop, "--user", "u1", "-k", 4, "--json").json
    told = run("copy", shop, "--slate", slate["slate_id"], "--language", "zh", "--json").json["texts"]
    assert [text["item_id"] for text in told] == [item["item_id"] for item in slate["items"]]
    assert all(text["language"] == "zh" and "。" in text["text"] for text in told)


def test_writes_everything_into_a_file(shop, run, tmp_path):
    ran = run("copy", shop, "--everyone", "-k", 2, "--out", tmp_path / "copy.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "copy.jsonl").read_text().splitlines()]
    assert (ran.code, len(lines)) == (0, 60)
    assert "60 texts" in ran.out
    assert "write: done" in ran.err
    assert {line["user_id"] for line in lines} == {f"u{n}" for n in range(30)}
    assert {line["written_by"] for line in lines} == {"template"}


def test_writes_about_items_alone(shop, run):
    told = run("copy", shop, "--item", "G3", "--item", "K1", "--json").json["texts"]
    assert [text["item_id"] for text in told] == ["G3", "K1"]
    assert len(run("copy", shop, "--json").json["texts"]) == 30


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--user", "nobody"], 1, "nothing is known"),
        (["--slate", "none"], 1, "no slate 'none'"),
        (["--item", "X"], 1, "no item 'X'"),
        (["--slate", "none", "--user", "u1"], 2, "exclude one another"),
        (["--slate", "none", "--item", "G1"], 2, "exclude one another"),
        (["--user", "u1", "-k", "101"], 2, "allowed is 1 to 100"),
    ],
)
def test_says_what_is_wrong(shop, run, words, code, said):
    ran = run("copy", shop, *words)
    assert (ran.code, said in ran.err) == (code, True), ran.err
