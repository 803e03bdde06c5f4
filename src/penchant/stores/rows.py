"""Entries of the log as rows of one table, both ways. A row is checked before anything is written.

Columns: id, type, time (µs), user, kind, item, value, text, context (JSON), slate. An item change keeps its item in
`context`, an erasure its digest in `text`; neither has a user, so `user is null` tells them from events.
"""

import math
from datetime import UTC, datetime
from numbers import Real
from typing import Any
from uuid import uuid4

from penchant.errors import StoreError
from penchant.ports import Entry, Erasure, ItemChange, digest
from penchant.stores import codec
from penchant.types import Event, Slate, Value, micros, moment

Row = tuple[str, str, int, str | None, str | None, str | None, float | None, str | None, str | None, str | None]


def from_entry(entry: Entry) -> Row:
    """Row of an event, item change or erasure; StoreError names what cannot be kept."""
    if not (isinstance(entry.id, str) and entry.id):
        raise StoreError(f"{type(entry).__name__} without an id; every entry of the log needs one")
    match entry:
        case Event():
            return _from_event(entry)
        case ItemChange():
            item = codec.pack(codec.from_item(entry.item)).decode()
            return entry.id, "item", _micros(entry), None, None, entry.item.id, None, None, item, None
        case Erasure():
            return entry.id, "erasure", _micros(entry), None, None, None, None, entry.digest, None, None
        case Slate():
            raise StoreError(f"slate {entry.id} belongs to the slates, not to the log's table")


def _from_event(event: Event) -> Row:
    context = _context(event) if event.context else None
    if not (isinstance(event.user, str) and isinstance(event.kind, str) and isinstance(event.item, str | None)):
        raise StoreError(
            f"event {event.id}: user {event.user!r}, kind {event.kind!r}, item {event.item!r} must be text"
        )
    value = None if event.value is None else _finite(event)
    time = _micros(event)
    return event.id, "event", time, event.user, event.kind, event.item, value, event.text, context, event.slate


def _context(event: Event) -> str:
    try:
        return codec.pack(codec.from_values(event.context)).decode()
    except StoreError as error:
        raise StoreError(f"event {event.id}: its context {error}") from error


def to_context(text: str | None) -> dict[str, Value]:
    """The context of a row."""
    return codec.to_values(codec.unpack(text)) if text else {}


def _finite(event: Event) -> float:
    value = event.value
    if (type(value) is float or isinstance(value, Real)) and math.isfinite(value):
        return float(value)
    raise StoreError(f"event {event.id}: value {value!r} is no finite number; leave it out where there is none")


def _micros(entry: Event | ItemChange | Erasure) -> int:
    if not isinstance(entry.time, datetime) or entry.time.tzinfo is None:
        raise StoreError(f"{type(entry).__name__} {entry.id}: time {entry.time!r} must be an aware datetime")
    return micros(entry.time)


def erasure(user: str) -> Erasure:
    """The note that a person was forgotten now."""
    return Erasure(id=f"erasure:{uuid4().hex}", time=datetime.now(UTC), digest=digest(user))


def to_entry(row: tuple[Any, ...]) -> Entry:
    """Entry of a row."""
    key, type_, time, user, kind, item, value, text, context, slate = row
    if type_ == "item":
        return ItemChange(id=key, time=moment(time), item=codec.to_item(codec.unpack(context)))
    if type_ == "erasure":
        return Erasure(id=key, time=moment(time), digest=text)
    return Event(
        id=key,
        time=moment(time),
        user=user,
        kind=kind,
        item=item,
        value=value,
        text=text,
        context=to_context(context),
        slate=slate,
    )
