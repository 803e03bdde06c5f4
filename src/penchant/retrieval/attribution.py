"""What each event of a person added to a score that is a sum over the items they met."""

import numpy as np

from penchant.protocols import Context
from penchant.timeline import Events
from penchant.types import Array, Rows


def by_event(context: Context, rows: Rows, parts: Array) -> tuple[Events, Array]:
    """Split each item's part evenly over the person's positive events with it; a look at this moment is one of them."""
    timeline = context.timeline
    events = timeline.events(timeline.places("user", timeline.users.get(context.query.user, -1)))
    events = events.take((events.weight > 0) & np.isin(events.item, rows))
    looked_at = timeline.glance(rows[~np.isin(rows, events.item)], context.now)
    events = Events(*(np.concatenate([getattr(events, n), getattr(looked_at, n)]) for n in Events.__slots__))
    part = np.zeros(len(context.catalogue))
    part[rows] = parts
    count = np.bincount(events.item, minlength=len(part))
    return events, part[events.item] / np.maximum(count[events.item], 1)
