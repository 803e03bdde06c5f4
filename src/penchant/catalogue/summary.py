"""What an import did, in figures and in plain words.

Rule: every row is counted once: rows = written + unchanged + rejected.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from penchant.catalogue.rows import Checked
from penchant.types import moment

_SHOWN = 20  # notes about kinds; more would hide the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The outcome of one import."""

    source: str
    what: str  # events, items or users
    rows: int
    written: int  # new or different; in a dry run, what would have been offered
    unchanged: int  # known already, or superseded by a later row of the same item
    rejected: Mapping[str, int]  # reason → rows
    notes: tuple[str, ...] = ()  # what was detected
    kinds: Mapping[str, int] = field(default_factory=dict)  # kind → rows
    first: datetime | None = None
    last: datetime | None = None
    rejected_file: Path | None = None
    dry_run: bool = False

    def lines(self) -> list[str]:
        """Return the summary as lines to print."""
        verb = "would be written" if self.dry_run else "written"
        refused = sum(self.rejected.values())
        head = f"{self.source}: {self.rows:,} rows, {self.written:,} {self.what} {verb}"
        found = [f"{head}, {self.unchanged:,} unchanged, {refused:,} rejected"]
        if self.first and self.last:
            found.append(f"  from {self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M} UTC")
        if self.kinds:
            counts = sorted(self.kinds.items(), key=lambda pair: (-pair[1], pair[0]))
            found.append("  kinds: " + ", ".join(f"{kind} ×{n:,}" for kind, n in counts[:_SHOWN]))
        found += [f"  {note}" for note in self.notes]
        found += [f"  rejected ×{n:,}: {reason}" for reason, n in sorted(self.rejected.items())]
        if refused and self.rejected_file and not self.dry_run:
            found.append(f"  the rejected rows are in {self.rejected_file}")
        return found


class Tally:
    """The running figures of an import."""

    def __init__(self) -> None:
        self.rows = 0
        self.good = 0
        self.superseded = 0
        self.written = 0
        self.rejected: Counter[str] = Counter()
        self.kinds: Counter[tuple[str, str]] = Counter()
        self.span: tuple[int, int] | None = None

    def add(self, rows: int, checked: Checked) -> None:
        """Count a chunk of `rows` good rows and what lay between them."""
        self.rows += rows
        self.good += len(checked.good)
        self.superseded += rows - len(checked.good) - len(checked.broken)
        self.rejected.update(row.reason for row in checked.broken)
        self.kinds.update(checked.kinds)
        if checked.span:
            a, b = self.span or checked.span
            self.span = (min(a, checked.span[0]), max(b, checked.span[1]))

    def kind_notes(self) -> list[str]:
        """Say which kinds were read as others."""
        renamed = [(n, raw, kind) for (raw, kind), n in self.kinds.items() if raw != kind]
        renamed.sort(key=lambda found: (-found[0], found[1]))
        return [f"kind {raw} read as {kind} ×{n:,}" for n, raw, kind in renamed[:_SHOWN]]

    def by_kind(self) -> dict[str, int]:
        """Return rows by kind, as it was read."""
        counts: Counter[str] = Counter()
        for (_, kind), n in self.kinds.items():
            counts[kind] += n
        return dict(counts)

    def times(self) -> tuple[datetime | None, datetime | None]:
        """Return the earliest and latest time."""
        return (moment(self.span[0]), moment(self.span[1])) if self.span else (None, None)
