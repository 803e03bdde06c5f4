"""One import from source to sink: its settings, the loop over chunks, and the figures at the end.

Rule: batches are handed over whole and in order; nothing is kept of a row that was handed over.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penchant.catalogue.readers import Chunk, Source, source_name, total_rows
from penchant.catalogue.rejects import Rejects
from penchant.catalogue.rows import Checked
from penchant.catalogue.spellings import Mapped, Spellings, resolve
from penchant.catalogue.summary import Summary, Tally
from penchant.catalogue.times import LATEST, Reading, detect
from penchant.errors import UsageError

Progress = Callable[[int, int | None, float], None]  # rows done, rows in all if known, share of the source read


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Where rows come from, how they are read and where they go."""

    source: Source
    what: str
    write: Callable[[list[Any]], int]
    columns: Mapping[str, str] | None
    time_unit: str | None
    rejected: Path | None
    progress: Progress | None
    batch: int
    dry_run: bool
    latest: int = LATEST  # the last time that an event may have, microseconds since 1970
    where: str = field(init=False)

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise UsageError(f"batch: found {self.batch}, wanted at least 1")
        object.__setattr__(self, "where", source_name(self.source))

    def resolve(self, sample: Chunk, table: Spellings, required: tuple[str, ...]) -> Mapped:
        """Find the column of every field in a sample of the source."""
        return resolve(sample.columns, table, required, self.columns or {}, self.where)

    def detect(self, sample: Chunk, mapped: Mapped, name: str, **bounds: int) -> Reading | None:
        """Judge by a sample how a column of times is to be read; None if there is no such column."""
        column = mapped.columns.get(name)
        if column is None:
            return None
        where = f"{self.where}: column {column}"
        return detect(sample.columns[column], unit=self.time_unit, where=where, **bounds)


def run(job: Job, found: Iterator[Chunk], read: Callable[[Chunk], Checked], notes: list[str]) -> Summary:
    """Read chunk by chunk, hand over batch by batch, and sum up."""
    tally, total = Tally(), total_rows(job.source)
    pending: list[Any] = []
    with Rejects(None if job.dry_run else job.rejected, job.where) as refused:
        for chunk, checked in _each(found, read):
            tally.add(len(chunk) + len(chunk.broken), checked)
            refused.add(checked.broken)
            pending += checked.good
            while len(pending) >= job.batch:
                tally.written += _hand_over(job, pending[: job.batch])
                del pending[: job.batch]
            if job.progress:
                job.progress(tally.rows, total, chunk.done)
        if pending:
            tally.written += _hand_over(job, pending)
    return _summary(job, tally, notes)


def _each(found: Iterator[Chunk], read: Callable[[Chunk], Checked]) -> Iterator[tuple[Chunk, Checked]]:
    """Yield chunks as they were read; what `write` does meanwhile is collected as usual."""
    while True:
        with _uncollected():
            chunk = next(found, None)
            if chunk is None:
                return
            checked = read(chunk)
        yield chunk, checked


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the cycle collector: rows make no cycles, and looking for some takes as long as reading them."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _hand_over(job: Job, batch: list[Any]) -> int:
    return len(batch) if job.dry_run else job.write(batch)


def _summary(job: Job, tally: Tally, notes: list[str]) -> Summary:
    first, last = tally.times()
    return Summary(
        source=job.where,
        what=job.what,
        rows=tally.rows,
        written=tally.written,
        unchanged=tally.good - tally.written + tally.superseded,
        rejected=dict(tally.rejected),
        notes=(*notes, *tally.kind_notes()),
        kinds=tally.by_kind(),
        first=first,
        last=last,
        rejected_file=job.rejected,
        dry_run=job.dry_run,
    )
