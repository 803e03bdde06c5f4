"""The running example of the article on semantic ranking, as it stands: eight actions without times, Chinese texts."""

import json
import shutil
from pathlib import Path

import pytest

from penchant.cli import main

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "semantic-ranking"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("article") / "project"
    shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("*.db*", "releases", "rejected.jsonl"))
    files = ["--items", str(place / "items.csv"), "--events", str(place / "interactions.csv")]
    assert main(["import", str(place), *files]) == 0
    return place


def ask(folder, capsys, *options):
    capsys.readouterr()
    assert main(["recommend", str(folder), "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_person_1_gets_what_is_like_the_watch(folder, capsys):
    items = [item["item_id"] for item in ask(folder, capsys, "--user", "1")["items"]]
    assert {"1009", "1010"} <= set(items[:5])  # the heart-rate strap and the scale that measures the heart
    assert not {"1001", "1002", "1003"} & set(items)


def test_training_on_eight_actions_leaves_a_working_release(folder, capsys):
    before = ask(folder, capsys, "--user", "1")["items"]
    assert main(["train", str(folder)]) == 0
    assert [i["item_id"] for i in ask(folder, capsys, "--user", "1")["items"]] == [i["item_id"] for i in before]


def test_a_wish_in_chinese_comes_first(folder, capsys):
    answer = ask(folder, capsys, "--user", "1", "--text", "我想买一些户外用品", "--explain", "--language", "zh")
    first = answer["items"][0]
    assert first["item_id"] == "1014"  # the camping lamp
    assert any("户外" in reason["text"] for reason in first["reasons"])


def test_the_kinds_of_the_file_are_understood(folder, capsys):
    capsys.readouterr()
    assert main(["export", str(folder), "--user", "1"]) == 0
    events = json.loads(capsys.readouterr().out)["events"]
    assert [(e["item_id"], e["event_type"]) for e in events] == [
        ("1001", "view"),
        ("1002", "click"),
        ("1003", "purchase"),
    ]


def test_the_program_offers_the_heart_rate_first(example, capsys):
    offered = example("semantic-ranking").main()
    assert set(offered["1"][:2]) == {"1009", "1010"}
    assert offered["2"][0] == "1012"  # the grinder, for who looked at a coffee set
    assert offered["3"][0] == "1013"  # the experiments, for who bought bricks
    assert "心率胸带  与「智能手表」相似。" in capsys.readouterr().out
