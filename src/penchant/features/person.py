"""The person and the moment: the same for every candidate, so that a ranker can weigh the experts by them."""

from dataclasses import dataclass

import numpy as np

from penchant.protocols import Context
from penchant.types import DAY, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Columns `person_items`, `person_events`, `person_idle` (days), `person_week` (events), `person_loyalty`.

    Loyalty is the share of the person's positive events that were repeats.
    """

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        interest, counts, rates = context.user["interest"], context.user["counts"], context.user["rates"]
        positive = int(interest["count"].sum())
        idle = (context.now - counts["span"][1]) / DAY if len(counts["span"]) else np.nan
        items = int(np.count_nonzero(interest["count"]))
        values = {
            "person_items": np.log1p(items),
            "person_events": np.log1p(int(counts["count"].sum())),
            "person_idle": np.log1p(max(idle, 0.0)),
            "person_week": np.log1p(int(rates["count"][rates["day"] > context.now // DAY - 7].sum())),
            "person_loyalty": 1 - items / positive if positive else np.nan,
        }
        return candidates.with_columns(
            {name: np.full(len(candidates), value, dtype=np.float32) for name, value in values.items()}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Columns `moment_hour` (UTC) and `moment_weekday` (0 is Monday)."""

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        hour = context.now % DAY / DAY * 24
        weekday = (context.now // DAY + 3) % 7
        size = len(candidates)
        return candidates.with_columns(
            {
                "moment_hour": np.full(size, hour, dtype=np.float32),
                "moment_weekday": np.full(size, weekday, dtype=np.float32),
            }
        )
