"""Cells of any source as texts, numbers and typed values.

Rule: a text says what the source said, whatever the format: 17850, 17850.0 in a column of whole floats and "17850" are
one text, so that ids and digests do not depend on how a table was saved.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
import polars as pl

from penchant.catalogue.readers import Column
from penchant.types import Value

_WHOLE = r"^-?(?:0|[1-9]\d{0,14})$"  # no leading zeros: those are codes, not numbers
_NUMBER = r"^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?(?:[eE][+-]?\d{1,2})?$"
_WHOLE_FLOAT = r"^-?\d{1,15}\.0$"
_TRUTH = {"true": True, "false": False}


def texts(column: Column) -> pl.Series:
    """Return a column as stripped strings; empty cells and NaN are null."""
    if isinstance(column, pl.Series):
        series = _series_texts(column)
    else:
        series = pl.Series([_text(value) for value in column], dtype=pl.String)
    stripped = series.str.strip_chars()
    return stripped.set(stripped == "", None)


def _series_texts(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind == pl.String:
        return column
    if kind.is_float():
        whole = column.is_finite() & (column.abs() < 2**53) & (column == column.round())
        plain = column.set(~whole.fill_null(False), None).cast(pl.Int64).cast(pl.String)
        return plain.fill_null(column.fill_nan(None).cast(pl.String))
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        return pl.Series([_text(value) for value in column.to_list()], dtype=pl.String)
    return column.cast(pl.String, strict=False)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime | date):
        return value.isoformat()
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # integers over 64 bits, texts that are not Unicode
        return str(value).encode("utf-8", "replace").decode()


def numbers(strings: pl.Series) -> pl.Series:
    """Return strings as finite floats; null where one is none."""
    found = strings.cast(pl.Float64, strict=False)
    return found.set(~found.is_finite(), None)


def is_whole_float(strings: pl.Series) -> bool:
    """Tell whether all there is are whole numbers written as floats, as tables with gaps are often saved."""
    there = strings.drop_nulls()
    return bool(len(there)) and bool(there.str.contains(_WHOLE_FLOAT).all())


def types(columns: Mapping[str, Column]) -> dict[str, str]:
    """Judge by a sample what the texts of each column of strings are: whole, number, truth or text."""
    return {
        name: _type(texts(column).drop_nulls())
        for name, column in columns.items()
        if isinstance(column, pl.Series) and column.dtype == pl.String
    }


def _type(there: pl.Series) -> str:
    if not len(there):
        return "text"
    for name, pattern in (("whole", _WHOLE), ("number", _NUMBER), ("truth", "^(?i:true|false)$")):
        if there.str.contains(pattern).all():
            return name
    return "text"


def values(column: Column, kind: str = "text") -> list[Value | None]:
    """Return typed cells; `kind` says what strings are, and a string that is not stays text. Empty cells are None."""
    if not isinstance(column, pl.Series):
        return [_value(value) for value in column]
    if column.dtype == pl.String:
        return _typed(texts(column), kind)
    if column.dtype.is_integer() or column.dtype == pl.Boolean:
        return column.to_list()
    if column.dtype.is_float():
        return column.set(~column.is_finite(), None).to_list()
    if column.dtype.is_nested() or column.dtype == pl.Object:
        return [_value(value) for value in column.to_list()]
    return texts(column).to_list()


def _typed(strings: pl.Series, kind: str) -> list[Value | None]:
    plain: list[Value | None] = strings.to_list()
    if kind == "text":
        return plain
    if kind == "truth":
        return [_TRUTH.get(text.lower(), text) if isinstance(text, str) else None for text in plain]
    pattern, dtype = (_WHOLE, pl.Int64) if kind == "whole" else (_NUMBER, pl.Float64)
    fits = strings.str.contains(pattern)
    read = strings.set(~fits, None).cast(dtype, strict=False)
    if fits.all():
        return read.to_list()
    return [text if number is None else number for number, text in zip(read.to_list(), plain, strict=True)]


def _value(value: Any) -> Value | None:
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return tuple(_flat(value)) or None
    text = _text(value)
    return text.strip() or None if text is not None else None


def _flat(value: Sequence[Any]) -> list[str]:
    found: list[str] = []
    for part in value:
        if isinstance(part, list | tuple):
            found.extend(_flat(part))
        elif (text := _text(part)) is not None and text.strip():
            found.append(text.strip())
    return found


def mappings(columns: Mapping[str, Sequence[Value | None]], height: int) -> list[dict[str, Value]]:
    """Turn columns into one dict per row without the empty cells."""
    if not columns:
        return [{} for _ in range(height)]
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return [{n: v for n, v in zip(names, row, strict=True) if v is not None} for row in rows]
