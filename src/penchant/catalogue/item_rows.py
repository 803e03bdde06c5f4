"""Rows to items.

Rule: what the contract names is checked and typed; every other column becomes an attribute as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from penchant.catalogue.cells import mappings, numbers, values
from penchant.catalogue.readers import Chunk
from penchant.catalogue.rows import Checked, absent, extra_values, field_texts, id_tests, reasons, refused
from penchant.catalogue.spellings import Mapped
from penchant.catalogue.times import LATEST, Reading
from penchant.types import Array, Item, Value, moment

_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")
_MONEY = r"^[$€£¥]\s*|\s*[$€£¥]$"
_SEPARATORS = "|;,"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemForm:
    """How the rows of one source are read."""

    mapped: Mapped
    created: Reading | None  # None: the source does not say when items came
    types: Mapping[str, str]
    trim: frozenset[str]


def check_items(form: ItemForm, chunk: Chunk) -> tuple[pl.DataFrame, pl.Series]:
    """Return the fields of a chunk's rows, and why rows are refused (null: they are not)."""
    names = ("item_id", "title", "description", "image_url", "price", "created_at", "available")
    frame = pl.DataFrame({name: field_texts(chunk, form.mapped, name, form.trim) for name in names})
    frame = frame.with_columns(
        pl.Series(chunk.rows, dtype=pl.Int64).alias("row"),
        numbers(frame["price"].str.replace(_MONEY, "")).alias("money"),
        _created(form, chunk).alias("created"),
        pl.col("available").str.to_lowercase(),
    )
    return frame, reasons(frame, _tests(form))


def read_items(form: ItemForm, chunk: Chunk, superseded: Array) -> Checked:
    """Read a chunk's rows as items; the good rows whose number is in `superseded` (int64, ascending) are left out."""
    frame, why = check_items(form, chunk)
    keep = why.is_null().to_numpy() & ~_among(chunk.rows, superseded)
    attributes = _attributes(form, chunk, frame)
    good = frame.filter(pl.Series(keep)).select("item_id", "title", "description", "created", "available")
    kept = [found for found, there in zip(attributes, keep.tolist(), strict=True) if there]
    items = [
        Item(
            id=id_,
            title=title or "",
            description=description or "",
            attributes=found,
            created=moment(created) if created is not None else None,
            available=available not in _NO,
        )
        for (id_, title, description, created, available), found in zip(good.iter_rows(), kept, strict=True)
    ]
    return Checked(good=items, rows=chunk.rows[keep], broken=refused(chunk, why))


def _among(rows: Array, ascending: Array) -> Array:
    """Tell which rows are in an ascending array; only the stretch that the rows span is looked at."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    lo, hi = np.searchsorted(ascending, [rows[0], rows[-1] + 1])
    return np.isin(rows, ascending[lo:hi])


def _created(form: ItemForm, chunk: Chunk) -> pl.Series:
    column = chunk.columns.get(form.mapped.columns.get("created_at", ""))
    if form.created is None or column is None:
        return absent(len(chunk)).cast(pl.Int64)
    return form.created.micros(column)


def _tests(form: ItemForm) -> list[tuple[pl.Expr, str]]:
    earliest = form.created.earliest if form.created else 0
    there = pl.col("created_at").is_not_null()
    return [
        (pl.col("item_id").is_null(), "missing item_id"),
        *id_tests(("item_id",)),
        (pl.col("price").is_not_null() & pl.col("money").is_null(), "bad price"),
        (pl.col("money") < 0, "bad price"),
        (there & ~pl.col("created").is_between(earliest, LATEST).fill_null(False), "bad created_at"),
        (~pl.col("available").is_in((*_YES, *_NO)), "bad available"),
    ]


def _attributes(form: ItemForm, chunk: Chunk, frame: pl.DataFrame) -> list[dict[str, Value]]:
    """Return the attributes of every row; a column of lists is the one that `category` and `tags` are split from."""
    columns = extra_values(chunk, form.mapped.extras(chunk.columns), form.types)
    found = mappings({**columns, "price": frame["money"].to_list(), "image_url": _images(form, chunk)}, len(chunk))
    exact = form.mapped.columns.get("category") == "category"
    categories = [_split(cell, "|" if exact else _SEPARATORS) for cell in _cells(form, chunk, "category")]
    tags = [_split(cell, _SEPARATORS) for cell in _cells(form, chunk, "tags")]
    for row, of_category, of_tags in zip(found, categories, tags, strict=True):
        if of_category:
            row["category"] = of_category[0]
        both = (*of_tags, *of_category) if len(of_category) > 1 else of_tags
        if both:
            row["tags"] = tuple(dict.fromkeys(both))
    return found


def _cells(form: ItemForm, chunk: Chunk, field: str) -> list[Value | None]:
    column = chunk.columns.get(form.mapped.columns.get(field, ""))
    return [None] * len(chunk) if column is None else values(column)


def _images(form: ItemForm, chunk: Chunk) -> list[Any]:
    """Return one address per row: the first where there are several."""
    return [cell[0] if isinstance(cell, tuple) else cell for cell in _cells(form, chunk, "image_url")]


def _split(cell: Value | None, marks: str) -> tuple[str, ...]:
    """Split a text at the first of `marks` that it has; a list is split already."""
    if cell is None:
        return ()
    if isinstance(cell, tuple):
        return cell
    text = str(cell)
    mark = next((mark for mark in marks if mark in text), None)
    return tuple(filter(None, (part.strip() for part in text.split(mark)))) if mark else (text,)
