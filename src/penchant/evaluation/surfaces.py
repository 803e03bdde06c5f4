"""What people did with the lists they were shown: rates by surface and release, from logged slates and their events.

Only events that name their slate count. Calls for the order of given candidates and questions about the past show
nobody anything and are left out. People choose their surface, so rates of two surfaces are no comparison of lists.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from penchant.evaluation.calibration import wilson
from penchant.events.kinds import Kinds
from penchant.ports import Log
from penchant.types import Event, Slate

MOST = 50_000  # slates looked at, the newest
BOUGHT = "purchase"  # the kind of events that is a conversion


@dataclass(slots=True, kw_only=True)
class _Tally:
    slates: int = 0
    places: int = 0
    clicks: int = 0  # places with a positive event
    answered: int = 0  # slates with one
    converted: int = 0  # slates with a purchase


def surfaces(log: Log, kinds: Kinds, most: int = MOST) -> list[dict[str, Any]]:
    """Per surface and release: counts, `answered_rate` and `conversion_rate` per slate, `click_rate` per place shown.

    Each rate is (value, low, high) with Wilson's 95 % interval. Empty where no event names a slate.
    """
    shown = [record.entry for record in log.slates(limit=most) if isinstance(record.entry, Slate)]
    shown = [slate for slate in shown if slate.picks and slate.query.at is None and slate.query.surface != "rank"]
    deeds = _deeds(log, sorted({slate.query.user for slate in shown}))
    tallies: dict[tuple[str, str], _Tally] = {}
    for slate in shown:
        _count(
            tallies.setdefault((slate.query.surface, slate.release), _Tally()), slate, deeds.get(slate.id, ()), kinds
        )
    if not any(slate.id in deeds for slate in shown):
        return []
    return [{"surface": s, "release": r, **asdict(t), **_rates(t)} for (s, r), t in sorted(tallies.items())]


def _deeds(log: Log, users: Sequence[str]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for user in users:
        for record in log.events(user):
            if isinstance(record.entry, Event) and record.entry.slate:
                found.setdefault(record.entry.slate, []).append(record.entry)
    return found


def _count(tally: _Tally, slate: Slate, deeds: Sequence[Event], kinds: Kinds) -> None:
    items = set(slate.items)
    glad = [e for e in deeds if e.item in items and kinds.weights[kinds.code(e.kind)] > 0]
    tally.slates += 1
    tally.places += len(items)
    tally.clicks += len({e.item for e in glad})
    tally.answered += bool(glad)
    tally.converted += any(e.kind == BOUGHT for e in glad)


def _rates(tally: _Tally) -> Mapping[str, tuple[float, float, float]]:
    return {
        "answered_rate": wilson(tally.answered, tally.slates),
        "click_rate": wilson(tally.clicks, tally.places),
        "conversion_rate": wilson(tally.converted, tally.slates),
    }
