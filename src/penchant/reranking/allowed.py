"""What may be offered at all. Rules are asked before retrieval, so that no quota is spent on what may not be shown."""

from dataclasses import dataclass

import numpy as np

from penchant.protocols import Context
from penchant.types import NEVER, Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """Items that are available, already created and not expired (attribute `expires`, a time)."""

    def allows(self, context: Context) -> Array:
        columns = context.catalogue.columns
        fresh: Array = columns["available"] & (columns["created"] <= context.now)
        fresh &= (columns["expires"] == NEVER) | (columns["expires"] > context.now)
        return fresh


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


def _all_but(size: int, rows: Array) -> Array:
    allowed = np.ones(size, dtype=bool)
    allowed[rows] = False
    return allowed
