"""The item itself: age, fame, price, and how its demand is changing."""

from dataclasses import dataclass

import numpy as np

from penchant.events import walks
from penchant.protocols import Context
from penchant.types import DAY, NEVER, Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """Columns `item_age` and `item_events`, as logarithms of 1 + days and events, `item_price` and `item_trend`.

    The trend is ln((1 + 4.3·events of the last week) / (1 + events of the last 30 days)).
    """

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        rows, catalogue, timeline, size = candidates.rows, context.catalogue, context.timeline, len(context.catalogue)
        created = catalogue.columns["created"][rows]
        born = np.where(created == NEVER, timeline.first_seen(rows), created)
        age = np.where(born > context.now, 0, context.now - np.minimum(born, context.now)) / DAY
        spans = (7 * DAY, 30 * DAY, None)
        week, month, total = (walks.weighed(timeline, rows, context.now, size, span) for span in spans)
        columns = {
            "item_age": np.log1p(age),
            "item_events": np.log1p(total),
            "item_price": catalogue.columns["price"][rows],
            "item_trend": np.log((1 + 4.3 * week) / (1 + month)),
        }
        return candidates.with_columns({name: c.astype(np.float32) for name, c in columns.items()})
