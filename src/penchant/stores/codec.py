"""Values as JSON documents and bytes, both ways, with the names that files and HTTP use; nothing that could run code.

`from_…` makes a document out of a value, `to_…` the value out of a document. Documents hold only what JSON has:
times are ISO 8601 in UTC with a `Z`, tuples are lists.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson

from penchant.errors import StoreError, UsageError
from penchant.ports import State
from penchant.stores.damage import whole
from penchant.types import Array, Event, Item, Pick, Query, Slate, Value

Document = dict[str, Any]

_ITEM_KEYS = ("item_id", "title", "description", "created_at", "available", "attributes")
_QUERY_DEFAULTS = {f.name: f.default for f in fields(Query) if f.default is not MISSING}
_MAGIC = b"PST1"
_KINDS = "biufcSUMm"  # numpy dtype kinds whose bytes are their value: no objects, no records


def pack(document: object) -> bytes:
    """Write JSON; StoreError if the document holds something that JSON has no word for."""
    try:
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise StoreError(f"cannot be written as JSON: {error}") from error


def unpack(text: str | bytes) -> Any:
    """Read JSON; StoreError if it is damaged."""
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise StoreError(f"damaged JSON in the store: {error}") from error


def from_time(time: datetime) -> str:
    """Write an aware time as ISO 8601 in UTC, to the microsecond."""
    if time.tzinfo is None:
        raise StoreError(f"time {time.isoformat()} has no time zone; give an aware datetime")
    return time.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def to_time(text: str) -> datetime:
    """Read ISO 8601; a time without an offset is taken as UTC."""
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise UsageError(f"time {text!r} is not ISO 8601, like 2026-11-22T16:18:00Z") from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def from_item(item: Item) -> Document:
    """Item as a document; attributes stay in a mapping of their own, so that none can shadow a field."""
    return {
        "item_id": item.id,
        "title": item.title,
        "description": item.description,
        "created_at": item.created and from_time(item.created),
        "available": item.available,
        "attributes": from_values(item.attributes),
    }


@whole
def to_item(document: Mapping[str, Any]) -> Item:
    """Item of a document; keys that are no field become attributes, as columns of a file do."""
    own = document.get("attributes")
    loose = {k: v for k, v in document.items() if k not in _ITEM_KEYS and v is not None}
    if own is not None:
        loose.update(own if isinstance(own, Mapping) else {"attributes": own})
    created = document.get("created_at")
    return Item(
        id=_wanted(document, "item_id"),
        title=document.get("title") or "",
        description=document.get("description") or "",
        attributes=to_values(loose),
        created=None if created is None else to_time(created),
        available=document.get("available") is not False,
    )


def from_event(event: Event) -> Document:
    """Event as a document."""
    return {
        "event_id": event.id,
        "user_id": event.user,
        "item_id": event.item,
        "event_type": event.kind,
        "timestamp": event.time and from_time(event.time),
        "value": event.value,
        "text": event.text,
        "slate_id": event.slate,
        "context": from_values(event.context),
    }


@whole
def to_event(document: Mapping[str, Any]) -> Event:
    """Event of a document; only `user_id` is required."""
    time = document.get("timestamp")
    return Event(
        id=document.get("event_id") or "",
        user=_wanted(document, "user_id"),
        item=document.get("item_id"),
        kind=document.get("event_type") or "view",
        time=None if time is None else to_time(time),
        value=document.get("value"),
        text=document.get("text"),
        slate=document.get("slate_id"),
        context=to_values(document.get("context") or {}),
    )


def from_query(query: Query) -> Document:
    """Query as a document."""
    return {
        "user_id": query.user,
        "k": query.k,
        "surface": query.surface,
        "text": query.text,
        "item_id": query.item,
        "candidates": query.candidates and list(query.candidates),
        "context": from_values(query.context),
        "exclude": list(query.exclude),
        "at": query.at and from_time(query.at),
    }


@whole
def to_query(document: Mapping[str, Any]) -> Query:
    """Query of a document; only `user_id` is required."""
    given = {key: value for key, value in document.items() if value is not None}
    at, candidates = given.get("at"), given.get("candidates")
    return Query(
        user=_wanted(document, "user_id"),
        k=given.get("k", _QUERY_DEFAULTS["k"]),
        surface=given.get("surface", _QUERY_DEFAULTS["surface"]),
        text=given.get("text"),
        item=given.get("item_id"),
        candidates=None if candidates is None else tuple(candidates),
        context=to_values(given.get("context", {})),
        exclude=tuple(given.get("exclude", ())),
        at=None if at is None else to_time(at),
    )


def from_slate(slate: Slate) -> Document:
    """Slate as a document; `items` holds its picks. Reasons must be JSON themselves to come back equal."""
    return {
        "slate_id": slate.id,
        "timestamp": from_time(slate.time),
        "query": from_query(slate.query),
        "items": [_from_pick(pick) for pick in slate.picks],
        "release": slate.release,
        "position": slate.position,
        "degraded": list(slate.degraded),
        "marks": {column: list(values) for column, values in slate.marks.items()},
        "steering": list(slate.steering),
        "cost": dict(slate.cost),
    }


@whole
def to_slate(document: Mapping[str, Any]) -> Slate:
    """Slate of a document."""
    return Slate(
        id=_wanted(document, "slate_id"),
        time=to_time(document["timestamp"]),
        query=to_query(document["query"]),
        picks=tuple(_to_pick(pick) for pick in document["items"]),
        release=document["release"],
        position=document["position"],
        degraded=tuple(document.get("degraded", ())),
        marks={column: tuple(values) for column, values in document.get("marks", {}).items()},
        steering=tuple(document.get("steering", ())),
        cost=document.get("cost", {}),
    )


def _from_pick(pick: Pick) -> Document:
    score = float(pick.score)  # JSON has no infinities: they travel as words
    shown = score if math.isfinite(score) else str(score)
    reasons = [dict(reason) for reason in pick.reasons]
    return {"item_id": pick.item, "score": shown, "reasons": reasons, "propensity": float(pick.propensity)}


def _to_pick(document: Mapping[str, Any]) -> Pick:
    score = float(document["score"])
    reasons, propensity = tuple(document.get("reasons", ())), float(document.get("propensity", 1.0))
    return Pick(item=document["item_id"], score=score, reasons=reasons, propensity=propensity)


def from_values(values: Mapping[str, Value]) -> Document:
    """Attributes or a context as a document; StoreError at a number that JSON cannot hold."""
    for key, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise StoreError(f"{key} = {value} cannot be kept; leave the key out where there is no number")
    return dict(values)


def to_values(document: Mapping[str, Any]) -> dict[str, Value]:
    """Attributes or a context of a document: its lists become tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in document.items()}


def _wanted(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(f"{key} = {value!r}: a non-empty text is wanted")
    return value


def from_state(state: State) -> bytes:
    """State as bytes: a JSON header that names and measures every column, then their little-endian buffers."""
    header: list[tuple[str, str, str, tuple[int, ...]]] = []
    buffers: list[bytes] = []
    for fold, columns in state.folds.items():
        for name, column in columns.items():
            array = _plain(column, f"{fold}.{name}")
            header.append((fold, name, array.dtype.str, array.shape))
            buffers.append(_padded(array.tobytes()))
    head = pack({"position": state.position, "version": state.version, "folds": list(state.folds), "columns": header})
    size = len(head).to_bytes(4, "little")
    return _MAGIC + size + _padded(head) + b"".join(buffers)


@whole
def to_state(data: bytes) -> State:
    """State of its bytes; the columns are read-only views of `data`."""
    if data[:4] != _MAGIC:
        raise StoreError(f"not a state: starts with {data[:4]!r}, not {_MAGIC!r}")
    end = 8 + int.from_bytes(data[4:8], "little")
    head = unpack(data[8:end])
    folds: dict[str, dict[str, Array]] = {name: {} for name in head["folds"]}
    at = _aligned(end)
    for fold, name, code, shape in head["columns"]:
        column = _cut(data, np.dtype(code), math.prod(shape), at)
        folds[fold][name] = column.reshape(shape)
        at = _aligned(at + column.nbytes)
    return State(position=head["position"], version=head["version"], folds=folds)


def _cut(data: bytes, dtype: np.dtype[Any], count: int, at: int) -> Array:
    if dtype.kind not in _KINDS or at + count * dtype.itemsize > len(data):
        raise StoreError(f"damaged state: no {count} × {dtype.str} at byte {at} of {len(data)}")
    return np.frombuffer(data, dtype=dtype, count=count, offset=at) if count else np.zeros(0, dtype)


def _plain(column: Array, name: str) -> Array:
    array = np.asarray(column)
    if array.dtype.kind not in _KINDS:
        raise StoreError(f"column {name} has dtype {array.dtype}; a state holds numbers, times and fixed-length text")
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _aligned(size: int) -> int:
    return -(-size // 8) * 8


def _padded(data: bytes) -> bytes:
    return data.ljust(_aligned(len(data)), b"\0")
