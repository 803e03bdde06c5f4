"""The bundled data is what its licence and the documentation say it is."""

import importlib.util
import os
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from penchant.data import NAMES, dataset
from penchant.errors import UnknownError

EVENTS = {
    "shop": ["user_id", "item_id", "timestamp", "event_type", "value", "quantity", "country"],
    "movies": ["user_id", "item_id", "timestamp", "event_type", "value"],
}
ITEMS = {"shop": ["item_id", "title", "price"], "movies": ["item_id", "title", "year", "category", "tags"]}
SIZES = {"shop": (404_777, 4_362, 3_673), "movies": (100_000, 16_554, 10_506)}  # events, users, items
SPANS = {
    "shop": (datetime(2010, 12, 1, 8, 26, tzinfo=UTC), datetime(2011, 12, 9, 12, 50, tzinfo=UTC)),
    "movies": (datetime(2013, 2, 28, 14, 38, 27, tzinfo=UTC), datetime(2013, 9, 1, 20, 27, 45, tzinfo=UTC)),
}
MAX_BYTES = 6 * 2**20


def table(name: str, kind: str) -> pl.DataFrame:
    return pl.read_parquet(dataset(name) / f"{kind}.parquet")


@pytest.mark.parametrize("name", NAMES)
def test_events_have_the_documented_shape(name: str) -> None:
    events = table(name, "events")
    assert events.columns == EVENTS[name]
    assert (len(events), events["user_id"].n_unique(), events["item_id"].n_unique()) == SIZES[name]
    assert events["timestamp"].dtype == pl.Datetime("us", "UTC")
    assert events["user_id"].dtype == events["item_id"].dtype == pl.String


@pytest.mark.parametrize("name", NAMES)
def test_events_are_complete_and_in_order(name: str) -> None:
    events = table(name, "events")
    assert events.null_count().sum_horizontal().item() == 0
    assert events["timestamp"].is_sorted()
    assert (events["timestamp"].min(), events["timestamp"].max()) == SPANS[name]


@pytest.mark.parametrize("name", NAMES)
def test_items_are_those_of_the_events(name: str) -> None:
    items = table(name, "items")
    assert items.columns == ITEMS[name]
    assert len(items) == items["item_id"].n_unique() == SIZES[name][2]
    assert set(items["item_id"]) == set(table(name, "events")["item_id"])
    assert items["title"].null_count() == 0
    assert items["title"].str.len_chars().min() > 0


def test_shop_has_only_products_with_positive_amounts() -> None:
    events, items = table("shop", "events"), table("shop", "items")
    assert events["item_id"].str.contains(r"^\d{5}[A-Z]{0,2}$").all()
    assert events["quantity"].min() > 0
    assert events["value"].min() >= 0
    assert dict(events["event_type"].value_counts().iter_rows()) == {"purchase": 396_241, "return": 8_536}
    assert items["price"].min() > 0


def test_shop_keeps_the_order_of_the_invoice() -> None:
    first = table("shop", "events").head(7)
    assert first["item_id"].to_list() == ["85123A", "71053", "84406B", "84029G", "84029E", "22752", "21730"]
    assert first["user_id"].unique().to_list() == ["17850"]


def test_shop_titles_read_like_titles() -> None:
    titles = dict(table("shop", "items").select("item_id", "title").iter_rows())
    assert titles["84029E"] == "Red Woolly Hottie White Heart"
    assert titles["85123A"] == "White Hanging Heart T-Light Holder"
    assert not [t for t in titles.values() if t != t.strip(" .,") or "  " in t or t.isupper()]


def test_movies_have_ratings_years_and_genres() -> None:
    events, items = table("movies", "events"), table("movies", "items")
    assert (events["value"].min(), events["value"].max()) == (0, 10)
    assert events["event_type"].unique().to_list() == ["rating"]
    assert not items["title"].str.contains(r"\(\d{4}\)$").any()
    assert items["year"].is_between(1890, 2013).all()
    tagged = items.filter(pl.col("category").is_not_null())
    assert (tagged["category"] == tagged["tags"].list.first()).all()
    assert len(items) - len(tagged) == items.filter(pl.col("tags").list.len() == 0).height == 66


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_suit_old_data(name: str) -> None:
    settings = tomllib.loads((dataset(name) / "penchant.toml").read_text(encoding="utf-8"))
    assert settings["clock"]["now"] == "log"
    assert set(settings["events"]["weights"]) == set(table(name, "events")["event_type"])


def test_licences_name_the_authors() -> None:
    shop = (dataset("shop") / "LICENSE.md").read_text(encoding="utf-8")
    assert all(words in shop for words in ("Chen, D. (2015)", "10.24432/C5BW33", "CC BY 4.0", "What was changed"))
    movies = (dataset("movies") / "LICENSE").read_text(encoding="utf-8")
    assert "MIT License" in movies
    assert "Simon Dooms" in movies


def test_the_data_is_small() -> None:
    folder = dataset("shop").parent
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= MAX_BYTES


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(UnknownError, match=r"'books'.*movies, shop"):
        dataset("books")


if RAW := os.environ.get("PENCHANT_RAW"):  # the folder of raw files, where there is one

    def test_the_raw_files_give_these_tables(tmp_path: Path) -> None:
        script = Path(__file__).parents[2] / "scripts" / "build_data.py"
        spec = importlib.util.spec_from_file_location("build_data", script)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.build(Path(RAW), tmp_path)
        for name in NAMES:
            for kind in ("events", "items"):
                assert_frame_equal(pl.read_parquet(tmp_path / name / f"{kind}.parquet"), table(name, kind))
