"""Ids of rows that have none: a digest of what the row says and of how many equal rows came before it.

Rule: an id depends on the rows of the source alone, not on batches, the order of columns or the file's name. Where the
order of the file is the time, that time is not part of it, so a row keeps its id when others are put in above it. Hence
two files with equal rows say the same twice: files that say more of the same need times or an event_id.
"""

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import polars as pl

from penchant.types import Array

_MARK = "\x1f"


class Occurrences:
    """Counts equal keys in eight bytes each: sorted runs, merged when they have grown alike."""

    def __init__(self) -> None:
        self._runs: list[Array] = []

    def add(self, keys: Array) -> Array:
        """Return for each uint64 key how often it had come by then, itself included; 1 for a new one."""
        order = np.argsort(keys, kind="stable")
        run = keys[order]
        count = np.empty(len(keys), dtype=np.int64)
        count[order] = np.arange(len(run)) - np.searchsorted(run, run) + 1 + self._before(run)
        self._keep(run)
        return count

    def _before(self, run: Array) -> Array:
        before = np.zeros(len(run), dtype=np.int64)
        for old in self._runs:
            before += np.searchsorted(old, run, side="right") - np.searchsorted(old, run)
        return before

    def _keep(self, run: Array) -> None:
        self._runs.append(run)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            merged.sort(kind="stable")
            self._runs.append(merged)


def contents(fields: Mapping[str, pl.Series], extras: Mapping[str, pl.Series]) -> pl.Series:
    """Join each row's texts: fields in the given order, then extras by name; an absent extra leaves no trace."""
    parts = [series.fill_null("") for series in fields.values()]
    for name in sorted(extras):
        parts.append((pl.Series([f"{name}="]) + extras[name]).fill_null(""))
    columns = [part.alias(str(at)) for at, part in enumerate(parts)]
    frame = pl.DataFrame(columns[: len(fields)]).select(line=pl.concat_str(pl.all(), separator=_MARK))
    for part in columns[len(fields) :]:
        there = part != ""
        frame = frame.with_columns(line=pl.col("line") + pl.when(there).then(_MARK + part).otherwise(pl.lit("")))
    return frame["line"]


def identities(lines: pl.Series, seen: Occurrences | None) -> list[str]:
    """Return 32 hex digits per row; with `seen`, equal rows get different ones."""
    plain = lines.to_list()
    digests = [blake2b(line.encode(), digest_size=16).digest() for line in plain]
    ids = [digest.hex() for digest in digests]
    if seen is None or not digests:
        return ids
    keys = np.frombuffer(b"".join(digests), dtype="<u8")[::2]
    counts = seen.add(keys)
    for at in np.flatnonzero(counts > 1).tolist():
        again = f"{plain[at]}{_MARK}{_MARK}{counts[at]}"
        ids[at] = blake2b(again.encode(), digest_size=16).hexdigest()
    return ids
