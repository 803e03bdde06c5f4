"""Items: fields, attributes, the last of several rows, and refused rows."""

from datetime import UTC, datetime

import polars as pl

from penchant.catalogue.ingest import import_items
from penchant.types import Item


def imported(sink, rows, **options):
    kept = sink(replaces=True)
    return import_items(rows, kept, **options), kept.kept


def test_every_field_and_the_rest_are_attributes(tmp_path, sink):
    path = tmp_path / "items.csv"
    path.write_text(
        "item_id,title,description,category,tags,price,image_url,created_at,available,brand,year,new\n"
        'a,"Lamp, red",Bright,Home,"red;small",$12.50,http://x/a.png,2024-01-31,no,Lux,1999,true\n'
        "b,,,,,,,,,,,false\n"
    )
    summary, kept = imported(sink, path)
    assert summary.written == 2
    assert kept["a"] == Item(
        id="a",
        title="Lamp, red",
        description="Bright",
        created=datetime(2024, 1, 31, tzinfo=UTC),
        available=False,
        attributes={
            "category": "Home",
            "tags": ("red", "small"),
            "price": 12.5,
            "image_url": "http://x/a.png",
            "brand": "Lux",
            "year": 1999,
            "new": True,
        },
    )
    assert kept["b"] == Item(id="b", attributes={"new": False})


def test_the_last_good_row_of_an_item_wins_and_a_second_import_changes_nothing(sink):
    rows = [
        {"item_id": "a", "title": "old", "price": 1},
        {"item_id": "b", "title": "b", "price": 2},
        {"item_id": "a", "title": "new", "price": 3},
        {"item_id": "a", "title": "bad", "price": "free"},
    ]
    store = sink(replaces=True)
    summary = import_items(rows, store)
    assert (summary.rows, summary.written, summary.unchanged, summary.rejected) == (4, 2, 1, {"bad price": 1})
    assert store.kept["a"].title == "new"
    assert "rows that a later row with the same item_id replaces: 1" in summary.notes
    again = import_items(rows, store)
    assert (again.written, again.unchanged) == (0, 3)


def test_bad_items(sink):
    rows = [
        {"item_id": "", "title": "x"},
        {"item_id": "a\nb"},
        {"item_id": "c", "price": -1},
        {"item_id": "d", "created_at": "soon"},
        {"item_id": "e", "available": "perhaps"},
        {"item_id": "f", "created_at": "1937-12-21", "available": "YES", "price": 0},
        {"item_id": "g", "available": False},
        {"item_id": "h", "created_at": "2024-01-01T10:00:00Z", "available": 1.0},
    ]
    summary, kept = imported(sink, rows)
    assert summary.rejected == {
        "missing item_id": 1,
        "control characters in id": 1,
        "bad price": 1,
        "bad created_at": 1,
        "bad available": 1,
    }
    assert [(kept[i].available, kept[i].created is None) for i in "fgh"] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def test_genres_split_and_the_exact_category_does_not(sink):
    _, kept = imported(sink, [{"movieId": 1, "title": "Heat", "genres": "Crime|Drama"}])
    assert kept["1"].attributes == {"category": "Crime", "tags": ("Crime", "Drama")}
    _, kept = imported(sink, [{"item_id": 1, "category": "Home, Garden & Tools"}])
    assert kept["1"].attributes == {"category": "Home, Garden & Tools"}


def test_lists_of_parquet(tmp_path, sink):
    path = tmp_path / "items.parquet"
    pl.DataFrame(
        {
            "parent_asin": ["a", "b"],
            "asin": ["x", "y"],
            "categories": [["Beauty", "Hair"], None],
            "images": [["u1", "u2"], []],
            "features": [["soft"], []],
            "score": [float("nan"), 1.5],
        }
    ).write_parquet(path)
    _, kept = imported(sink, path)
    assert kept["a"].attributes["category"] == "Beauty"
    assert kept["a"].attributes["tags"] == ("Beauty", "Hair")
    assert kept["a"].attributes["features"] == ("soft",)
    assert kept["b"].attributes == {"asin": "y", "score": 1.5}


def test_a_lone_description_in_another_spelling_is_the_title(sink):
    _, kept = imported(sink, [{"StockCode": "1", "Description": "WHITE LANTERN"}])
    assert (kept["1"].title, kept["1"].description) == ("WHITE LANTERN", "")
    _, kept = imported(sink, [{"item_id": "1", "description": "A white lantern."}])
    assert (kept["1"].title, kept["1"].description) == ("", "A white lantern.")
