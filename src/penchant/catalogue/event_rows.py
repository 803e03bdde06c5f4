"""Rows to events: what people did, and what is known of them.

Rule: what a row means is settled once, by a sample of its source, in an `EventForm`; reading a chunk is a pure function
of the form, the chunk and how often equal rows came before.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from penchant.catalogue.cells import mappings, numbers, texts
from penchant.catalogue.digests import Occurrences, contents, identities
from penchant.catalogue.readers import Chunk
from penchant.catalogue.rows import (
    Checked,
    absent,
    extra_values,
    field_texts,
    id_tests,
    reasons,
    refused,
)
from penchant.catalogue.spellings import Mapped
from penchant.catalogue.times import LATEST, Reading
from penchant.types import EPOCH, Event, Value

PROFILE = "profile"  # the kind of events that need neither item nor text
LONGEST_KIND = 64  # characters
FIRST_ROW = 946_684_800_000_000  # 2000-01-01 in µs: row n of a source without times happened n seconds later
_TEXTS = ("user_id", "item_id", "event_type", "value", "text", "event_id", "slate_id")
_DIGESTED = ("user_id", "item_id", "digested_time", "spelled", "value", "text", "slate_id")
_IDS = ("user_id", "item_id", "event_id", "slate_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventForm:
    """How the rows of one source are read."""

    mapped: Mapped
    time: Reading | None  # None: the source has no times
    at: int | None  # the time of every row without one, µs; None: the order of the rows is the time
    types: Mapping[str, str]
    trim: frozenset[str]  # id fields written as whole floats
    kinds: Callable[[str], str]
    default_kind: str
    latest: int = LATEST  # microseconds since 1970; later times are not believed
    apart: bool = True  # are equal rows different events?


def read_events(form: EventForm, chunk: Chunk, seen: Occurrences) -> Checked:
    """Read a chunk's rows as events."""
    frame, spelled = _frame(form, chunk)
    why = reasons(frame, _tests(form))
    keep = why.is_null()
    names = form.mapped.extras(chunk.columns)
    good = frame.filter(keep)
    fields = {name: good[name] for name in _DIGESTED}
    extras = {name: texts(chunk.columns[name]).filter(keep) for name in names}
    ids = _ids(good["event_id"], fields, extras, seen if form.apart else None)
    contexts = mappings(extra_values(chunk, names, form.types), len(chunk))
    kept = [context for context, there in zip(contexts, keep, strict=True) if there]
    return Checked(
        good=_events(good, ids, kept),
        rows=chunk.rows[keep.to_numpy()],
        broken=refused(chunk, why),
        kinds=_counted(good["spelled"], spelled, form),
        span=(good["time"].min(), good["time"].max()) if len(good) else None,  # type: ignore[arg-type]
    )


def _frame(form: EventForm, chunk: Chunk) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """Return the fields as columns, and how each spelling of a kind was read."""
    columns = {name: field_texts(chunk, form.mapped, name, form.trim) for name in _TEXTS}
    spelled = {raw: form.kinds(raw) or raw for raw in columns["event_type"].unique().drop_nulls().to_list()}
    default = form.kinds(form.default_kind) or form.default_kind
    kind = columns["event_type"].replace_strict(spelled, default=None, return_dtype=pl.String).fill_null(default)
    frame = pl.DataFrame(columns).with_columns(
        kind.alias("kind"),
        columns["event_type"].alias("spelled"),
        numbers(columns["value"]).alias("number"),
        *_times(form, chunk),
    )
    return frame, spelled


def _times(form: EventForm, chunk: Chunk) -> list[pl.Series]:
    if form.time is None:
        rows = pl.Series(chunk.rows, dtype=pl.Int64)
        time = rows * 1_000_000 + FIRST_ROW if form.at is None else rows * 0 + form.at
        return [time.alias("time"), absent(len(chunk)).alias("digested_time")]
    column = chunk.columns.get(form.mapped.columns["timestamp"])
    time = form.time.micros(column if column is not None else absent(len(chunk)))
    return [time.alias("time"), time.cast(pl.String).alias("digested_time")]


def _tests(form: EventForm) -> list[tuple[pl.Expr, str]]:
    item_less = (pl.col("kind") == PROFILE) | pl.col("text").is_not_null()
    earliest = form.time.earliest if form.time else 0
    return [
        (pl.col("user_id").is_null(), "missing user_id"),
        (pl.col("item_id").is_null() & ~item_less, "missing item_id"),
        *id_tests(_IDS),
        (pl.col("time").is_null(), "bad timestamp"),
        (~pl.col("time").is_between(earliest, LATEST), "timestamp out of range"),
        (pl.col("time") > form.latest, "timestamp lies in the future"),
        (pl.col("kind").str.len_chars() > LONGEST_KIND, "bad event_type"),
        (pl.col("kind").str.contains(r"\p{Cc}"), "bad event_type"),
        (pl.col("value").is_not_null() & pl.col("number").is_null(), "bad value"),
    ]


def _ids(
    given: pl.Series, fields: Mapping[str, pl.Series], extras: Mapping[str, pl.Series], seen: Occurrences | None
) -> list[str]:
    without = given.is_null()
    if not without.any():
        return given.to_list()
    lines = contents(fields, extras)
    derived = iter(identities(lines.filter(without), seen))
    return [next(derived) if id_ is None else id_ for id_ in given.to_list()]


def _events(good: pl.DataFrame, ids: list[str], contexts: list[dict[str, Value]]) -> list[Event]:
    columns = [good[name].to_list() for name in ("user_id", "item_id", "kind", "time", "number", "text", "slate_id")]
    return [
        Event(
            user=user,
            item=item,
            kind=kind,
            id=id_,
            time=EPOCH + timedelta(microseconds=time),
            value=value,
            text=text,
            context=context,
            slate=slate,
        )
        for user, item, kind, time, value, text, slate, id_, context in zip(*columns, ids, contexts, strict=True)
    ]


def _counted(raw: pl.Series, spelled: Mapping[str, str], form: EventForm) -> dict[tuple[str, str], int]:
    default = form.kinds(form.default_kind) or form.default_kind
    counts = Counter(raw.to_list())
    return {(kind or default, spelled[kind] if kind else default): n for kind, n in counts.items()}
