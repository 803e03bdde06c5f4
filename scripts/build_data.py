"""Rebuilds the bundled data sets from their published raw files: clean, sort by time, write small Parquet.

    python scripts/build_data.py RAW [--to src/penchant/data]

RAW holds `online_retail/raw.parquet` (the UCI spreadsheet, its columns unchanged) and `movietweetings_100k/` with
`ratings.parquet`, `movies.parquet` and `LICENSE` (the 100K snapshot's two tables, genres joined by "|").

The rule: nothing is invented. Rows are dropped or reformatted, and the same raw files always give the same tables.
"""

import argparse
import re
import shutil
from pathlib import Path

import polars as pl

SERVICES = ("23444", "23574", "23702")  # carriage, packing charge, an image file: numbered like goods, but none
UPPER = {"3D", "CD", "LED", "TV", "VIP"}  # stay in capitals
WORD = re.compile(r"\d*[A-Za-z]+(?:'[A-Za-z]+)?")


def main() -> None:
    """Write both data sets and say how large they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("raw", type=Path, help="folder of the raw files")
    parser.add_argument("--to", type=Path, default=Path("src/penchant/data"), help="folder of the data sets")
    arguments = parser.parse_args()
    build(arguments.raw, arguments.to)
    for path in sorted(arguments.to.rglob("*.parquet")):
        print(
            f"{path}: {pl.scan_parquet(path).select(pl.len()).collect().item():,} rows, {path.stat().st_size:,} bytes"
        )


def build(raw: Path, to: Path) -> None:
    """Write `shop` and `movies` below `to`."""
    lines = shop_lines(pl.read_parquet(raw / "online_retail" / "raw.parquet"))
    write(shop_events(lines), to / "shop" / "events.parquet")
    write(shop_items(lines), to / "shop" / "items.parquet")
    tweets = raw / "movietweetings_100k"
    write(movie_events(pl.read_parquet(tweets / "ratings.parquet")), to / "movies" / "events.parquet")
    write(movie_items(pl.read_parquet(tweets / "movies.parquet")), to / "movies" / "items.parquet")
    shutil.copyfile(tweets / "LICENSE", to / "movies" / "LICENSE")


def shop_lines(raw: pl.DataFrame) -> pl.DataFrame:
    """Keep the lines in which a known customer buys or returns a product, in the order of the file."""
    code = pl.col("StockCode").str.strip_chars().str.to_uppercase()
    return raw.with_columns(item_id=code).filter(
        pl.col("CustomerID").is_not_null(),
        pl.col("item_id").str.contains(r"^\d"),  # the others are postage, fees, discounts, vouchers, samples
        ~pl.col("item_id").is_in(SERVICES),
        pl.col("UnitPrice") > 0,
        pl.col("Quantity") != 0,
    )


def shop_events(lines: pl.DataFrame) -> pl.DataFrame:
    """Give each line an event; cancelled invoices are returns, whose quantity and value stay positive."""
    returned = pl.col("InvoiceNo").str.starts_with("C")
    return lines.select(
        pl.col("CustomerID").cast(pl.Int64).cast(pl.String).alias("user_id"),
        "item_id",
        pl.col("InvoiceDate").dt.replace_time_zone("UTC").alias("timestamp"),
        pl.when(returned).then(pl.lit("return")).otherwise(pl.lit("purchase")).alias("event_type"),
        (pl.col("Quantity").abs() * pl.col("UnitPrice")).round(2).alias("value"),
        pl.col("Quantity").abs().cast(pl.Int32).alias("quantity"),
        pl.col("Country").alias("country"),
    ).sort("timestamp", maintain_order=True)


def shop_items(lines: pl.DataFrame) -> pl.DataFrame:
    """Describe each product by its most frequent title and its median price."""
    titled = lines.with_columns(title=pl.col("Description").map_elements(title, return_dtype=pl.String))
    named = titled.group_by("item_id", "title", maintain_order=True).len()
    # stable: of equally frequent titles the first of the file wins
    best = named.sort("len", descending=True, maintain_order=True).unique("item_id", keep="first", maintain_order=True)
    prices = titled.group_by("item_id").agg(pl.col("UnitPrice").median().round(2).alias("price"))
    return best.select("item_id", "title").join(prices, on="item_id").sort("item_id")


def title(description: str) -> str:
    """Turn `"SET/6 RED  SPOTTY CUPS 10CM."` into `"Set/6 Red Spotty Cups 10cm"`."""
    text = re.sub(r"\s+", " ", description.replace('""', '"')).replace(" ,", ",")
    return WORD.sub(_cased, text.strip(" .,"))


def _cased(match: re.Match[str]) -> str:
    word = match[0]
    if word.upper() in UPPER:
        return word.upper()
    return word.lower() if word[0].isdigit() else word.capitalize()


def movie_events(ratings: pl.DataFrame) -> pl.DataFrame:
    """Give each rating an event whose value is the rating, 0 to 10."""
    return ratings.select(
        pl.col("user_id").cast(pl.String),
        "item_id",
        pl.from_epoch("timestamp", time_unit="s").dt.replace_time_zone("UTC").dt.cast_time_unit("us"),
        pl.lit("rating").alias("event_type"),
        pl.col("rating").cast(pl.Float64).alias("value"),
    ).sort("timestamp", maintain_order=True)


def movie_items(movies: pl.DataFrame) -> pl.DataFrame:
    """Split titles from years; the first genre is the category, all of them are tags."""
    genres = pl.when(pl.col("genres") == "").then(pl.lit([], dtype=pl.List(pl.String)))
    return (
        movies.with_columns(genres=genres.otherwise(pl.col("genres").str.split("|")))
        .select(
            "item_id",
            pl.col("title").str.replace(r"\s*\(\d{4}\)$", "").str.strip_chars(),
            pl.col("year").cast(pl.Int32),
            pl.col("genres").list.first().alias("category"),
            pl.col("genres").alias("tags"),
        )
        .sort("item_id")
    )


def write(table: pl.DataFrame, path: Path) -> None:
    """Write one row group of dictionary-encoded, hard-pressed columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write_parquet(path, compression="zstd", compression_level=22, row_group_size=len(table), statistics=False)


if __name__ == "__main__":
    main()
