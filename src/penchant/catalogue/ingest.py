"""Import of files, DataFrames and lists of dicts: rows in, batches of events and items out.

Rule: this module knows no store. Batches go to `write` whole and in order, ids depend on the rows alone, so an import
that was cut off leaves whole batches, and running it again adds only what is missing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import polars as pl

from penchant.catalogue.cells import types
from penchant.catalogue.digests import Occurrences
from penchant.catalogue.event_rows import EventForm, read_events
from penchant.catalogue.item_rows import ItemForm, check_items, read_items
from penchant.catalogue.job import Job, Progress, run
from penchant.catalogue.readers import Chunk, Source, chunks
from penchant.catalogue.rows import whole_ids
from penchant.catalogue.spellings import EVENTS, ITEMS, USERS, Mapped, Spellings
from penchant.catalogue.summary import Summary
from penchant.errors import UsageError
from penchant.types import Array, Event, Item, micros

__all__ = ["Progress", "Source", "Summary", "import_events", "import_items", "import_users"]

_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)  # of profiles without a time: fixed, so that a second import adds none
_AHEAD = timedelta(days=1)
_OLDEST_ITEM = micros(datetime(1900, 1, 1, tzinfo=UTC))


def import_events(
    source: Source,
    write: Callable[[list[Event]], int],
    *,
    kinds: Callable[[str], str] = str,
    default_kind: str | None = None,
    columns: Mapping[str, str] | None = None,
    time_unit: str | None = None,
    latest: datetime | None = None,
    rejected: Path | None = None,
    progress: Progress | None = None,
    batch: int = 50_000,
    dry_run: bool = False,
) -> Summary:
    """Read events and hand them to `write` in batches; it returns how many were new.

    `kinds` gives the house name of a kind; rows without one are `default_kind` ("view", or "rating" where the value is
    a rating and nothing says otherwise). `columns` maps columns to fields where names do not speak for themselves.
    `time_unit` ("s", "ms", "us", "ns") settles what numbers are. Rows later than `latest` (a day from now if it is
    None) are refused. `rejected` is the JSONL file of refused rows. A dry run writes nothing. Raises UsageError when
    the source cannot be read or understood as a whole; bad rows raise nothing.
    """
    job = Job(
        source=source,
        what="events",
        latest=_last(latest),
        write=write,
        columns=columns,
        time_unit=time_unit,
        rejected=rejected,
        progress=progress,
        batch=batch,
        dry_run=dry_run,
    )
    return _as_events(job, EVENTS, ("user_id", "item_id"), kinds, default_kind, None)


def import_users(
    source: Source,
    write: Callable[[list[Event]], int],
    *,
    now: datetime = _UNDATED,
    columns: Mapping[str, str] | None = None,
    time_unit: str | None = None,
    latest: datetime | None = None,
    rejected: Path | None = None,
    progress: Progress | None = None,
    batch: int = 50_000,
    dry_run: bool = False,
) -> Summary:
    """Read people's attributes as events of the kind "profile", their context being the attributes.

    They happened when a column such as `updated_at` says, else at `now`. The rest is as in `import_events`.
    """
    job = Job(
        source=source,
        what="users",
        latest=_last(latest),
        write=write,
        columns=columns,
        time_unit=time_unit,
        rejected=rejected,
        progress=progress,
        batch=batch,
        dry_run=dry_run,
    )
    return _as_events(job, USERS, ("user_id",), str, "profile", micros(now))


def import_items(
    source: Source,
    write: Callable[[list[Item]], int],
    *,
    columns: Mapping[str, str] | None = None,
    time_unit: str | None = None,
    rejected: Path | None = None,
    progress: Progress | None = None,
    batch: int = 50_000,
    dry_run: bool = False,
) -> Summary:
    """Read items and hand them to `write` in batches; it returns how many were new or different.

    Of several good rows with one item_id the last is written and the others count as unchanged: the source is read
    twice, first to find them. The rest is as in `import_events`.
    """
    job = Job(
        source=source,
        what="items",
        write=write,
        columns=columns,
        time_unit=time_unit,
        rejected=rejected,
        progress=progress,
        batch=batch,
        dry_run=dry_run,
    )
    with closing(chunks(source)) as found:
        sample = next(found)
        mapped = job.resolve(sample, ITEMS, ("item_id",))
        created = job.detect(sample, mapped, "created_at", earliest=_OLDEST_ITEM)
        trim = whole_ids(sample, mapped)
        form = ItemForm(mapped=mapped, created=created, types=_types(sample, mapped), trim=trim)
        superseded = _superseded(form, chain([sample], found))
    notes = [*mapped.notes, *([created.note("created_at")] if created else []), *_trim_notes(trim)]
    if len(superseded):
        notes.append(f"rows that a later row with the same item_id replaces: {len(superseded):,}")
    with closing(chunks(source)) as found:
        return run(job, found, lambda chunk: read_items(form, chunk, superseded), notes)


def _as_events(
    job: Job,
    table: Spellings,
    required: tuple[str, ...],
    kinds: Callable[[str], str],
    default_kind: str | None,
    at: int | None,
) -> Summary:
    """Import rows as events; `at` is the time of rows without one, None: their order is."""
    with closing(chunks(job.source)) as found:
        sample = next(found)
        mapped = job.resolve(sample, table, required)
        form = EventForm(
            mapped=mapped,
            latest=job.latest,
            time=job.detect(sample, mapped, "timestamp"),
            at=at,
            types=_types(sample, mapped),
            trim=whole_ids(sample, mapped),
            kinds=kinds,
            default_kind=default_kind or ("rating" if mapped.ratings else "view"),
            apart=at is None,  # a person who is described twice alike is described once
        )
        notes = [*mapped.notes, *_time_notes(form), *_trim_notes(form.trim)]
        if default_kind is None and mapped.ratings:
            notes.append("events without a kind read as rating")
        seen = Occurrences()
        return run(job, chain([sample], found), lambda chunk: read_events(form, chunk, seen), notes)


def _last(latest: datetime | None) -> int:
    """Microseconds of the last time that is believed: one bad clock must not move the log's idea of now."""
    if latest is None:
        return micros(datetime.now(UTC) + _AHEAD)
    if latest.tzinfo is None:
        raise UsageError(f"latest: found {latest}, wanted a time with its zone")
    return micros(latest)


def _superseded(form: ItemForm, found: Iterator[Chunk]) -> Array:
    """Return the ascending numbers of the good rows that are followed by another of the same item."""
    parts = []
    for chunk in found:
        frame, why = check_items(form, chunk)
        parts.append(frame.filter(why.is_null()).select("item_id", "row"))
    last = pl.concat(parts).filter(pl.col("row") != pl.col("row").max().over("item_id"))
    return last["row"].sort().to_numpy()


def _types(sample: Chunk, mapped: Mapped) -> dict[str, str]:
    return types({name: sample.columns[name] for name in mapped.extras(sample.columns)})


def _time_notes(form: EventForm) -> list[str]:
    if form.time:
        return [form.time.note("timestamp")]
    in_order = "no column of times: the order of the rows is the time, one second apart from 2000-01-01"
    return [in_order] if form.at is None else []


def _trim_notes(trim: frozenset[str]) -> list[str]:
    return [f"{name} written as 17850.0 read as 17850" for name in sorted(trim)]
