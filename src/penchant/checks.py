"""What a query and an event must be, and what became of a batch of them. Said here once, for every surface."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from penchant.errors import UsageError
from penchant.types import Catalogue, Event, Query

LONGEST_ID = 512  # characters
MOST_PICKS = 1_000
AHEAD = timedelta(minutes=10)  # clocks of clients that go wrong by more than this are not believed
MOST_CANDIDATES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What became of a batch of events; `position` is how far one must have read to see them."""

    accepted: int
    duplicates: int
    position: int
    rejected: Sequence[tuple[int, str]] = ()  # index in the batch, reason


def check(query: Query) -> None:
    """Raise UsageError if a query is malformed."""
    if not isinstance(query.user, str) or not isinstance(query.k, int):
        raise UsageError(f"user is {query.user!r} and k {query.k!r}; a text and a whole number are wanted")
    at: object = query.at
    if at is not None and not isinstance(at, datetime):
        raise UsageError(f"`at` is {at!r}; a datetime with a time zone is wanted")
    if not _readable(query.user, query.text, query.item, query.surface):
        raise UsageError("the query holds text that is not valid Unicode")
    if not query.user or len(query.user) > LONGEST_ID:
        raise UsageError(f"user must have 1 to {LONGEST_ID} characters")
    most = MOST_CANDIDATES if query.surface == "rank" else MOST_PICKS
    if not 1 <= query.k <= most:
        raise UsageError(f"k is {query.k}; allowed is 1 to {most}")
    if query.candidates is not None and len(query.candidates) > MOST_CANDIDATES:
        raise UsageError(f"{len(query.candidates)} candidates; at most {MOST_CANDIDATES} are allowed")
    if query.at is not None and query.at.tzinfo is None:
        raise UsageError("`at` needs a time zone, for example 2011-11-09T00:00:00+00:00")


def flaw(event: Event, latest: datetime) -> str:
    """What is wrong with an event, in a few words; empty if nothing is."""
    texts: tuple[object, ...] = (event.user, event.kind) if isinstance(event, Event) else (None,)
    if not all(isinstance(text, str) for text in texts):
        return "an Event with texts for user and kind is wanted"
    if not _readable(event.user, event.item, event.kind, event.text, event.id, event.slate):
        return "text that is not valid Unicode"
    if not event.user or len(event.user) > LONGEST_ID:
        return f"user_id must have 1 to {LONGEST_ID} characters"
    if event.item is not None and not 1 <= len(event.item) <= LONGEST_ID:
        return f"item_id must have 1 to {LONGEST_ID} characters"
    if not event.kind.strip() or len(event.kind) > 64:
        return "event_type must have 1 to 64 characters"
    if event.time is not None and event.time.tzinfo is None:
        return "timestamp needs a time zone"
    if event.time is not None and event.time > latest:
        return "timestamp lies more than ten minutes ahead"
    if event.value is not None and not math.isfinite(event.value):
        return "value must be a finite number"
    if event.item is None and not event.text and event.kind not in ("profile",):
        return "item_id or text is needed"
    return ""


def unknown(query: Query, catalogue: Catalogue) -> tuple[str, ...]:
    """What to tell of items that a query names and the catalogue does not have."""
    names = [*(query.candidates or ()), *([query.item] if query.item else [])]
    found = sorted({n for n in names if n not in catalogue.row_of})
    return (f"unknown items: {', '.join(found[:10])}",) if found else ()


def _readable(*texts: str | None) -> bool:
    """Whether texts can be written as UTF-8; lone surrogates cannot."""
    try:
        "".join(t for t in texts if t).encode()
    except UnicodeEncodeError:
        return False
    return True
