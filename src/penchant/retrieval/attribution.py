"""What each event of a person added to a score that is a sum over the items they met."""

import numpy as np

from penchant.events.timeline import Events
from penchant.protocols import Context
from penchant.types import Array, Rows


def by_event(context: Context, rows: Rows, parts: Array) -> tuple[Events, Array]:
    """Split each item's part evenly over the person's positive events with it; a look at this moment is one of them."""
    events, places = context.once(("events with", rows.tobytes()), lambda: _met(context, rows))
    count = np.bincount(places, minlength=len(rows))
    return events, (parts / np.maximum(count, 1))[places]


def _met(context: Context, rows: Rows) -> tuple[Events, Array]:
    """The person's positive events with these distinct items, and the place of each event's item in `rows`."""
    timeline = context.timeline
    events = timeline.events(timeline.places("user", timeline.users.get(context.query.user, -1)))
    events = events.take((events.weight > 0) & np.isin(events.item, rows))
    looked_at = timeline.glance(rows[~np.isin(rows, events.item)], context.now)
    events = Events(*(np.concatenate([getattr(events, n), getattr(looked_at, n)]) for n in Events.__slots__))
    order = np.argsort(rows, kind="stable")
    return events, order[np.searchsorted(rows, events.item, sorter=order)]
