"""Items to columns: a Catalogue is built once and then changed by copy, a row belonging to one item for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from penchant.types import NEVER, Array, Catalogue, Floats, Item, Value, micros

_MILLISECONDS = 1e11  # numbers from here on are milliseconds since 1970, smaller ones seconds


def build(items: Sequence[Item], vectors: Floats, encoder: str) -> Catalogue:
    """The catalogue of these items; `vectors` is (len(items) × dim)."""
    names = sorted({c for item in items if (c := category(item))})
    code = {name: place for place, name in enumerate(names)}
    columns = {
        "available": np.array([item.available for item in items], dtype=bool),
        "created": np.array([NEVER if i.created is None else micros(i.created) for i in items], dtype=np.int64),
        "expires": np.array(
            [_time(i.attributes.get("expires", i.attributes.get("expires_at"))) for i in items], dtype=np.int64
        ),
        "price": np.array([_number(i.attributes.get("price")) for i in items], dtype=np.float32),
        "category": np.array([code.get(category(i), -1) for i in items], dtype=np.int32),
    }
    row_of = {item.id: row for row, item in enumerate(items)}
    return Catalogue(
        items=tuple(items),
        row_of=row_of,
        vectors=vectors,
        centre=vectors.mean(axis=0) if len(items) else np.zeros(vectors.shape[1], np.float32),
        columns=columns,
        categories=tuple(names),
        encoder=encoder,
    )


def changed(catalogue: Catalogue, items: Mapping[int, Item], vectors: Mapping[int, Floats], encoder: str) -> Catalogue:
    """A catalogue in which these rows hold these items and vectors; rows past the end are added without gaps."""
    if not items:
        return catalogue
    size = max(len(catalogue), max(items) + 1)
    everything = [items.get(row) or catalogue.items[row] for row in range(size)]
    dim = max(catalogue.vectors.shape[1], *(len(v) for v in vectors.values()))
    grown = np.zeros((size, dim), np.float32)
    grown[: len(catalogue), : catalogue.vectors.shape[1]] = catalogue.vectors
    for row, vector in vectors.items():
        grown[row, : len(vector)] = vector
    changed_rows = np.array(sorted(items), dtype=np.int32)
    return replace(build(everything, grown, encoder), memo=catalogue.handed_on(changed_rows), share=catalogue.share)


def category(item: Item) -> str:
    """The item's category as one word; empty if it has none."""
    value = item.attributes.get("category", "")
    if isinstance(value, tuple):
        value = value[0] if value else ""
    return str(value)


def hidden(catalogue: Catalogue, rows: Array) -> Catalogue:
    """The catalogue without some of its items: their rows stay, but say nothing, may not be offered, shift no mean."""
    if not len(rows):
        return catalogue
    available = catalogue.columns["available"].copy()
    available[rows] = False
    rest = np.delete(catalogue.vectors, rows, axis=0)
    centre = rest.mean(axis=0) if len(rest) else np.zeros_like(catalogue.centre)
    items = list(catalogue.items)
    for row in rows.tolist():
        items[row] = Item(id=items[row].id, available=False)
    columns, memo = {**catalogue.columns, "available": available}, catalogue.handed_on(rows.astype(np.int32))
    return replace(catalogue, items=tuple(items), centre=centre, columns=columns, memo=memo)


def _number(value: Value | None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    return float(value)


def _time(value: Value | None) -> int:
    """Microseconds of an ISO 8601 time, or of seconds or milliseconds since 1970; NEVER for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return NEVER
    try:
        number = float(value)
        return int(number * (1e6 if abs(number) < _MILLISECONDS else 1e3))
    except (ValueError, OverflowError):
        pass
    try:
        time = datetime.fromisoformat(str(value).replace("/", "-"))
    except ValueError:
        return NEVER
    return micros(time if time.tzinfo else time.replace(tzinfo=UTC))
