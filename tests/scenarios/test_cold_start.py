"""A project that nobody has used yet: a sensible list at once, and one that moves with the first thing done."""

import polars as pl
import pytest

import penchant
from penchant import Event

SHELVES = {
    "tea": ("green tea kettle", "green tea pot", "green tea strainer", "green tea cup", "green tea tin"),
    "garden": (
        "garden spade, steel",
        "garden rake, steel",
        "garden fork, steel",
        "garden hoe, steel",
        "garden saw, steel",
    ),
    "desk": ("desk lamp, felt", "desk drawer, felt", "desk pad, felt", "desk tray, felt", "desk holder, felt"),
}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "penchant.toml").write_text('[encoder]\nmodel = "hashing"\n', encoding="utf-8")
    rows = [
        {"item_id": f"{shelf}{n}", "title": title, "views": 10 * (n + 1) * (3 if shelf == "garden" else 1)}
        for shelf, titles in SHELVES.items()
        for n, title in enumerate(titles)
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "items.csv")
    with penchant.open(tmp_path) as found:
        found.import_items(tmp_path / "items.csv")
        yield found


def test_nobody_has_done_anything(project):
    slate = project.recommend("ann", k=4, explain=True)
    assert slate.items == ["garden4", "garden3", "garden2", "garden1"]  # 150, 120, 90 and 60 views
    assert slate.picks[0].reasons[0]["kind"] == "crowd"
    assert slate.picks[0].reasons[0]["text"]


def test_the_first_thing_done_moves_the_list(project):
    before = project.recommend("ann", k=5).items
    project.observe([Event(user="ann", item="tea0", kind="view")])
    after = project.recommend("ann", k=5).items
    assert after != before
    assert sum(item.startswith("tea") for item in after) >= 3


def test_a_wish_counts_more_than_the_crowd(project):
    assert project.recommend("ann", k=3, text="a lamp for the desk").items[0] == "desk0"
