"""What may be offered at all. Rules are asked before retrieval, so that no quota is spent on what may not be shown."""

from dataclasses import dataclass

import numpy as np

from penchant.protocols import Context
from penchant.types import NEVER, Array, Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """Items that are available, already created and not expired (attribute `expires`, a time)."""

    def allows(self, context: Context) -> Array:
        """What no moment between then and now has changed is not asked again."""
        memo, now = context.catalogue.memo, context.now
        kept: tuple[int, int, Array] | None = memo.get("available")
        if kept is None or not kept[0] <= now < kept[1]:
            kept = memo["available"] = _available(context.catalogue.columns, now)
        return kept[2].copy()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotExcluded:
    """Items that the query does not exclude, nor is about."""

    def allows(self, context: Context) -> Array:
        ids = context.query.exclude if context.query.item is None else (*context.query.exclude, context.query.item)
        return _all_but(len(context.catalogue), context.catalogue.rows(ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Items this person has no positive event with, unless `repeats`; what they refused last or net dislike, never."""

    repeats: bool = True  # set by [events] repeats

    def allows(self, context: Context) -> Array:
        interest = context.user["interest"]
        gone = (interest["weight"] < 0) | (interest["refused"] > interest["last"])
        if not self.repeats:
            gone = gone | (interest["count"] > 0)
        return _all_but(len(context.catalogue), interest["item"][gone])


def _available(columns: Columns, now: int) -> tuple[int, int, Array]:
    """What may be offered now, and from when until when that is so."""
    created, expires = columns["created"], columns["expires"]
    moments = np.concatenate([created, expires[expires != NEVER]])
    past = moments <= now
    begin, end = moments[past].max(initial=NEVER), moments[~past].min(initial=np.iinfo(np.int64).max)
    fresh = columns["available"] & (created <= now) & ((expires == NEVER) | (expires > now))
    return int(begin), int(end), fresh


def _all_but(size: int, rows: Array) -> Array:
    allowed = np.ones(size, dtype=bool)
    allowed[rows] = False
    return allowed
