"""What every kind of row shares: texts of its fields, tests of its ids, and the reason why a row is refused.

Rule: a row has one reason, the first that applies; reasons are short and do not change, for programs count by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from penchant.catalogue.cells import is_whole_float, texts, values
from penchant.catalogue.readers import Broken, Chunk
from penchant.catalogue.spellings import Mapped
from penchant.types import Array, Event, Item, Value

LONGEST_ID = 512  # characters
_CONTROL = r"\p{Cc}"
_IDS = ("user_id", "item_id", "event_id", "slate_id")

Tests = Sequence[tuple[pl.Expr, str]]  # what is wrong, and what to call it


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A chunk's rows as objects, and the rows that were refused."""

    good: Sequence[Event | Item]
    rows: Array  # int64: the numbers of the good rows
    broken: Sequence[Broken]
    kinds: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (as it was spelled, as it was read) → rows
    span: tuple[int, int] | None = None  # earliest and latest time, microseconds since 1970


def absent(height: int) -> pl.Series:
    """Return a column of texts without any."""
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)


def field_texts(chunk: Chunk, mapped: Mapped, field_: str, trim: frozenset[str]) -> pl.Series:
    """Return a field's texts, null where the source has none; fields in `trim` lose a trailing `.0`."""
    column = chunk.columns.get(mapped.columns.get(field_, ""))
    if column is None:
        return absent(len(chunk))
    strings = texts(column)
    return strings.str.strip_suffix(".0") if field_ in trim else strings


def whole_ids(chunk: Chunk, mapped: Mapped) -> frozenset[str]:
    """Return the id fields whose cells are all of the form `17850.0`."""
    none: frozenset[str] = frozenset()
    return frozenset(name for name in _IDS if is_whole_float(field_texts(chunk, mapped, name, none)))


def id_tests(names: Sequence[str]) -> list[tuple[pl.Expr, str]]:
    """Return what no id may be."""
    long = [(pl.col(name).str.len_chars() > LONGEST_ID, "id too long") for name in names]
    return long + [(pl.col(name).str.contains(_CONTROL), "control characters in id") for name in names]


def reasons(frame: pl.DataFrame, tests: Tests) -> pl.Series:
    """Return the first reason that applies to each row, null for good rows."""
    found = pl.coalesce(*[pl.when(wrong.fill_null(False)).then(pl.lit(reason)) for wrong, reason in tests])
    return frame.select(reason=found)["reason"]


def refused(chunk: Chunk, why: pl.Series) -> list[Broken]:
    """Return the refused rows of a chunk with those that could not be read, in order of line."""
    bad = np.flatnonzero(why.is_not_null().to_numpy()).tolist()
    found = [Broken(line=int(chunk.lines[at]), reason=str(why[at]), row=_row(chunk, at)) for at in bad]
    return sorted([*chunk.broken, *found], key=lambda row: row.line)


def _row(chunk: Chunk, at: int) -> dict[str, Any]:
    return {name: cell for name, column in chunk.columns.items() if (cell := column[at]) is not None}


def extra_values(chunk: Chunk, names: Sequence[str], types: Mapping[str, str]) -> dict[str, list[Value | None]]:
    """Return the typed cells of the columns that are no field."""
    return {name: values(chunk.columns[name], types.get(name, "text")) for name in names}
