"""What backs a reason: the person's events that a score is a sum over, the words that matched, the crowd's counts.

What is the person's alone is read once for all the picks of a list.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from penchant.events.timeline import Events
from penchant.explain import sentences
from penchant.protocols import Attributes, Context, Release
from penchant.types import HOUR, Array, Rows, moment

Ids = Callable[[str, Sequence[int]], Mapping[int, str]]  # a person's, positions in the log → ids of what is there
Facts = Mapping[str, float]  # the columns of one pick
_WINDOWS = {"1h": HOUR, "1d": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR}
_OFTEN = 0.2  # share of a person's items from which on a category is often chosen
_NEAR = 0.7  # |ln| of a price to the usual one up to which it is in the same range: half to double
_EVENTS_SHOWN = 20  # per column; the rest is summed up


def taste_of(evidence: Mapping[str, Any], columns: Facts) -> str | None:
    """What of the taste may be said: the category if it is often chosen and adds, else the price if near and adds."""
    often = (evidence["share"] or 0.0) >= _OFTEN and evidence["taken"] > 1
    if often and columns.get("match_category", 0.0) > 0:
        return "category"
    near = evidence["distance"] is not None and evidence["distance"] <= _NEAR
    return "price" if near and columns.get("match_price", 0.0) > 0 else None


@dataclass(frozen=True, slots=True)
class Share:
    """What one column of one pick is a sum of: events of the person, the part of each, and which are shown."""

    events: Events
    parts: Array
    shown: list[int]


@dataclass(frozen=True, slots=True)
class Past:
    """The person's events behind the linear columns of a list's picks."""

    context: Context
    shares: Mapping[int, Mapping[str, Share]]  # by catalogue row, then by column
    names: Mapping[int, str]
    told: dict[int, dict[str, Any]] = field(default_factory=dict)  # by position: the same events count for many picks

    def of(self, row: int) -> dict[str, Any]:
        """The strongest events of each column, and what the others add together."""
        return {
            column: {
                "value": float(share.parts.sum()),
                "events": [{**self._told(share.events, at), "part": float(share.parts[at])} for at in share.shown],
                "rest": float(share.parts.sum() - share.parts[share.shown].sum()),
            }
            for column, share in self.shares.get(row, {}).items()
        }

    def _told(self, events: Events, place: int) -> dict[str, Any]:
        position = int(events.position[place])
        if position < 0:  # a look at this moment, of which there may be several
            return self._event(events, place)
        if position not in self.told:
            self.told[position] = self._event(events, place)
        return self.told[position]

    def _event(self, events: Events, place: int) -> dict[str, Any]:
        item, position = self.context.catalogue.items[int(events.item[place])], int(events.position[place])
        kinds = self.context.timeline.kinds.names
        return {
            "event_id": self.names.get(position),
            "item_id": item.id,
            "title": item.title or item.id,
            "event_type": sentences.LOOKING if position < 0 else kinds[int(events.kind[place])],
            "timestamp": moment(int(events.time[place])).isoformat(),
        }


def past(context: Context, release: Release, rows: Sequence[int], ids: Ids) -> Past:
    """The past behind these rows, its events named by `ids`."""
    models = {name: model for name, (model, _) in release.sources.items() if isinstance(model, Attributes)}
    shares = {
        row: {
            f"{name}.{column}": Share(events, parts, _strongest(parts))
            for name, model in models.items()
            for column, (events, parts) in model.attribute(context, row).items()
        }
        for row in rows
    }
    every = (share.events.position[share.shown].tolist() for columns in shares.values() for share in columns.values())
    wanted = sorted({position for positions in every for position in positions if position >= 0})
    return Past(context=context, shares=shares, names=ids(context.query.user, wanted) if wanted else {})


def _strongest(parts: Array) -> list[int]:
    return [at for at in np.argsort(-np.abs(parts), kind="stable")[:_EVENTS_SHOWN].tolist() if parts[at]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for the picks of one list."""

    context: Context
    past: Past

    def of(self, kind: str, row: int, facts: Facts) -> dict[str, Any]:
        """What backs a reason of a kind for the item of a row; empty where there is nothing to show."""
        make = _SHOWN.get(kind)
        return make(self, row, facts) if make else {}

    def events(self, row: int, facts: Facts) -> dict[str, Any]:
        """The person's events behind the linear columns."""
        return {"columns": self.past.of(row)}

    def demand(self, row: int, facts: Facts) -> dict[str, Any]:
        """How many positive events the item had in each of the last windows."""
        timeline = self.context.timeline
        events = timeline.events(timeline.places("item", row))
        ages = self.context.now - events.time[events.weight > 0]
        return {"events": {name: int(np.count_nonzero(ages < length)) for name, length in _WINDOWS.items()}}

    def taste(self, row: int, facts: Facts) -> dict[str, Any]:
        """The item's category with the person's share and number of items in it; its price, and how far that is off.

        `distance` is |ln(price / the geometric mean price of what they took)|.
        """
        catalogue = self.context.catalogue
        codes = catalogue.columns["category"]
        code = int(codes[row])
        return {
            "category": catalogue.categories[code] if code >= 0 else None,
            "share": _known(facts, "match_category"),
            "taken": int(np.count_nonzero(codes[self._liked()] == code)) if code >= 0 else 0,
            "price": _known(facts, "item_price"),
            "distance": None if (away := _known(facts, "match_price")) is None else abs(away),
        }

    def likeness(self, row: int, facts: Facts) -> dict[str, Any]:
        """Titles of the liked items whose texts are nearest to this one, and words they share with it."""
        titles = self._titles(row)
        return {"items": titles, "words": sorted(sentences.words(" ".join(titles)) & self._words(row))}

    def request(self, row: int, facts: Facts) -> dict[str, Any]:
        """What was asked for, and the words of it that the item has."""
        text = self.context.query.text or ""
        return {"text": text, "words": sorted(sentences.words(text) & self._words(row)) if text else []}

    def _liked(self) -> Rows:
        interest = self.context.user["interest"]
        liked: Rows = self.context.once("liked, for reasons", lambda: interest["item"][interest["weight"] > 0])
        return liked

    def _titles(self, row: int, most: int = 3) -> list[str]:
        catalogue, liked = self.context.catalogue, self._liked()
        vectors = self.context.once("vectors, for reasons", lambda: catalogue.vectors[liked])
        others = liked != row
        near = np.argsort(-(vectors[others] @ catalogue.vectors[row]), kind="stable")[:most]
        return [catalogue.items[r].title or catalogue.items[r].id for r in liked[others][near].tolist()]

    def _words(self, row: int) -> set[str]:
        item = self.context.catalogue.items[row]
        return sentences.words(f"{item.title} {item.description}")


def _figure(name: str, column: str) -> Callable[[Evidence, int, Facts], dict[str, Any]]:
    """Evidence that is the value of a column, 0 where there is none."""
    return lambda _, __, facts: {name: facts.get(column, 0.0)}


def _known(facts: Facts, column: str) -> float | None:
    value = facts.get(column)
    return None if value is None or np.isnan(value) else value


def _whole(facts: Facts, column: str) -> int | None:
    value = _known(facts, column)
    return None if value is None else round(value)


_SHOWN: Mapping[str, Callable[[Evidence, int, Facts], dict[str, Any]]] = {
    "because": Evidence.events,
    "again": lambda _, __, facts: {"count": _whole(facts, "repeat_count"), "days": _whole(facts, "repeat_age")},
    "popular": Evidence.demand,
    "crowd": lambda _, __, facts: {"rank": _whole(facts, "crowd.standing~rank")},
    "together": _figure("shared", "neighbours.together"),
    "follows": _figure("above", "sequence.next"),
    "visit": _figure("shared", "sessions.visit"),
    "rated": lambda _, __, facts: {"value": _known(facts, "ratings.predicted")},
    "alike": Evidence.likeness,
    "asked": Evidence.request,
    "taste": Evidence.taste,
}
