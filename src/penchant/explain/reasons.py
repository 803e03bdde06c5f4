"""Columns to reasons. The parts of a pick's reasons add up to its score; what happened after the ranker is named too.

A reason is `{kind, part, columns, text, evidence}`: `part` is in the ranker's own unit, `columns` splits it further,
`evidence` holds the person's events that a linear column is a sum of, the words that matched, or the crowd's counts.
What columns add that have nothing to say of the item, such as the match with a wish nobody made, is the kind `rest`.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from penchant.explain import sentences, steering
from penchant.protocols import Adjusts, Attributes, Context, Explains, Release, Trace
from penchant.types import HOUR, Array, Candidates, Columns, moment

Reason = dict[str, Any]
_KINDS = {  # column prefix → kind of reason
    "again.": "again",
    "repeat_": "again",
    "habits.": "again",
    "linear.": "because",
    "factors.": "because",
    "neighbours.": "together",
    "sessions.": "visit",
    "ratings.": "rated",
    "sequence.": "follows",
    "nearest.wish": "asked",
    "lexical.": "asked",
    "nearest.": "alike",
    "imagined.": "alike",
    "likelihood": "reading",
    "popular.": "popular",
    "crowd.": "crowd",
    "item_trend": "popular",
    "item_events": "popular",
    "item_age": "age",
    "item_price": "price",
    "match_": "taste",
    "person_": "moment",
    "moment_": "moment",
    "reading_moment": "moment",
    "reading_": "reading",
    "heads": "reading",
    steering.PREFIX: "steered",
    "base": "base",
}
_OWN = ("base", "heads", steering.PREFIX)  # begin parts that are no column of a candidate as the ranker sees it
_REST = "rest"
_WINDOWS = {"1h": HOUR, "1d": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR}
_OFTEN = 0.2  # share of a person's items from which on a category is often chosen
_NEAR = 0.7  # |ln| of a price to the usual one up to which it is in the same range: half to double
_EVENTS_SHOWN = 20  # per column; the rest is summed up


def reasons(
    trace: Trace, release: Release, picks: Candidates, ids: Callable[[str], Mapping[int, str]], language: str
) -> list[tuple[Reason, ...]]:
    """The reasons of each pick, strongest first. `ids` gives a person's event ids by position in the log."""
    ranker = last_ranker(trace, release)
    if ranker is None or not len(picks):
        return [()] * len(picks)
    name, before, after = ranker
    stage = release.stages[name]
    assert isinstance(stage, Explains)  # noqa: S101 - what `last_ranker` looks for
    seats = {row: place for place, row in enumerate(before.rows.tolist())}
    known = before.take(np.array([seats[row] for row in picks.rows.tolist()]))
    parts = dict(stage.parts(trace.context, known))
    for later, given, changed in _adjusted(trace, release, name):
        name, after = later, changed
        for column, added in _shifts(trace, release, later, given, picks).items():
            parts[column] = parts.get(column, 0.0) + added
    names = ids(trace.context.query.user)
    order = {row: place for place, row in enumerate(after.rows.tolist())}
    return [
        tuple(
            _grouped(trace, release, known, parts, place, names, language)
            + steering.lifted(trace, row, language)
            + _moved(trace, row, order[row], place, name, language)
        )
        for place, row in enumerate(picks.rows.tolist())
    ]


def last_ranker(trace: Trace, release: Release) -> tuple[str, Candidates, Candidates] | None:
    """Name of the last stage that explains its scores, with the candidates before and after it."""
    found = None
    for (_, before), (name, after) in zip(trace.steps[:-1], trace.steps[1:], strict=True):
        if isinstance(release.stages[name], Explains):
            found = (name, before, after)
    return found


def _adjusted(trace: Trace, release: Release, ranker: str) -> list[tuple[str, Candidates, Candidates]]:
    """The stages behind the ranker that add to its scores, each with the candidates before and after it."""
    names = [name for name, _ in trace.steps]
    behind = range(names.index(ranker) + 1, len(names))
    steps = [(names[at], trace.steps[at - 1][1], trace.steps[at][1]) for at in behind]
    return [step for step in steps if isinstance(release.stages[step[0]], Adjusts)]


def _shifts(trace: Trace, release: Release, name: str, given: Candidates, picks: Candidates) -> Columns:
    """What a stage added to the score of each pick, by column."""
    stage = release.stages[name]
    assert isinstance(stage, Adjusts)  # noqa: S101 - what `_adjusted` looks for
    seats = {row: place for place, row in enumerate(given.rows.tolist())}
    places = np.array([seats[row] for row in picks.rows.tolist()])
    return {column: added[places] for column, added in stage.shifts(trace.context, given).items()}


def kind_of(column: str) -> str:
    """The kind of reason a column gives."""
    return next((kind for prefix, kind in _KINDS.items() if column.startswith(prefix)), "other")


def _grouped(
    trace: Trace,
    release: Release,
    known: Candidates,
    parts: Columns,
    place: int,
    names: Mapping[int, str],
    language: str,
) -> list[Reason]:
    row = int(known.rows[place])
    facts = {name: float(column[place]) for name, column in known.columns.items()}
    groups: dict[str, dict[str, float]] = {}
    for column, values in parts.items():
        kind = kind_of(column) if column.startswith(_OWN) or _speaks(column, facts) else _REST
        groups.setdefault(kind, {})[column] = float(values[place])
    found = []
    for kind, columns in groups.items():
        evidence = _evidence(trace.context, release, kind, row, facts, names)
        if kind == "taste":
            evidence["speaks"] = _taste_of(evidence, columns)
        if kind == "steered":
            evidence = steering.evidence(trace.context, columns)
        part = sum(columns.values())
        text = sentences.render(kind, evidence, language) if part > 0 else ""  # what speaks against is no reason
        found.append({"kind": kind, "part": part, "columns": columns, "evidence": evidence, "text": text})
    return sorted(found, key=lambda r: (r["kind"] == "base", -r["part"]))


def _speaks(column: str, facts: Mapping[str, float]) -> bool:
    """Whether a column says something of the item: neither it nor the column whose standing it is is missing."""
    return not any(np.isnan(facts.get(name, np.nan)) for name in (column, column.partition("~")[0]))


def _moved(trace: Trace, row: int, ranked: int, shown: int, ranker: str, language: str) -> list[Reason]:
    if ranked == shown:
        return []
    later = [name for name, _ in trace.steps].index(ranker)
    places = [(name, int(np.argmax(c.rows == row))) for name, c in trace.steps[later:]]
    moved_by = [name for (_, before), (name, after) in pairwise(places) if before != after]
    evidence = {"from": ranked + 1, "to": shown + 1, "by": moved_by}
    text = sentences.render("moved", evidence, language)
    return [{"kind": "moved", "part": 0.0, "columns": {}, "evidence": evidence, "text": text}]


def _evidence(
    context: Context, release: Release, kind: str, row: int, values: Mapping[str, float], names: Mapping[int, str]
) -> dict[str, Any]:
    if kind == "because":
        return {"columns": _linear(context, release, row, names)}
    if kind == "again":
        return {"count": _whole(values.get("repeat_count")), "days": _whole(values.get("repeat_age"))}
    if kind == "popular":
        return {"events": _demand(context, row)}
    if kind == "crowd":
        return {"rank": _whole(values.get("crowd.standing~rank"))}
    if kind == "together":
        return {"shared": values.get("neighbours.together", 0.0)}
    if kind == "follows":
        return {"above": values.get("sequence.next", 0.0)}
    if kind == "visit":
        return {"shared": values.get("sessions.visit", 0.0)}
    if kind == "rated":
        return {"value": _known(values.get("ratings.predicted"))}
    if kind == "alike":
        return {"items": _titles(context, row), "words": _words(context, row)}
    if kind == "asked":
        text = context.query.text or ""
        return {"text": text, "words": sorted(sentences.words(text) & sentences.words(_text(context, row)))}
    if kind == "taste":
        return _taste(context, row, values)
    return {}


def _taste(context: Context, row: int, values: Mapping[str, float]) -> dict[str, Any]:
    """The item's category with the person's share and number of items in it; its price, and how far that is off.

    `distance` is |ln(price / the geometric mean price of what they took)|.
    """
    catalogue, interest = context.catalogue, context.user["interest"]
    codes, liked = catalogue.columns["category"], interest["item"][interest["weight"] > 0]
    code = int(codes[row])
    return {
        "category": catalogue.categories[code] if code >= 0 else None,
        "share": _known(values.get("match_category")),
        "taken": int(np.count_nonzero(codes[liked] == code)) if code >= 0 else 0,
        "price": _known(values.get("item_price")),
        "distance": _known(abs(values.get("match_price", np.nan))),
    }


def _taste_of(evidence: Mapping[str, Any], columns: Mapping[str, float]) -> str | None:
    """What of the taste may be said: the category if it is often chosen and adds, else the price if near and adds."""
    often = (evidence["share"] or 0.0) >= _OFTEN and evidence["taken"] > 1
    if often and columns.get("match_category", 0.0) > 0:
        return "category"
    near = evidence["distance"] is not None and evidence["distance"] <= _NEAR
    return "price" if near and columns.get("match_price", 0.0) > 0 else None


def _linear(context: Context, release: Release, row: int, names: Mapping[int, str]) -> dict[str, Any]:
    found = {}
    for source, (model, _) in release.sources.items():
        if not isinstance(model, Attributes):
            continue
        for column, (events, parts) in model.attribute(context, row).items():
            strongest = np.argsort(-np.abs(parts), kind="stable")
            shown = [i for i in strongest[:_EVENTS_SHOWN].tolist() if parts[i]]
            rest = float(parts.sum() - parts[shown].sum())
            entry = [_event(context, names, events, parts, i) for i in shown]
            found[f"{source}.{column}"] = {"value": float(parts.sum()), "events": entry, "rest": rest}
    return found


def _event(context: Context, names: Mapping[int, str], events: Any, parts: Array, place: int) -> dict[str, Any]:
    item, kinds = context.catalogue.items[int(events.item[place])], context.timeline.kinds.names
    return {
        "event_id": names.get(int(events.position[place])),
        "item_id": item.id,
        "title": item.title or item.id,
        "event_type": sentences.LOOKING if events.position[place] < 0 else kinds[int(events.kind[place])],
        "timestamp": moment(int(events.time[place])).isoformat(),
        "part": float(parts[place]),
    }


def _demand(context: Context, row: int) -> dict[str, int]:
    """How many positive events the item had in each of the last windows."""
    timeline = context.timeline
    events = timeline.events(timeline.places("item", row))
    times = events.time[events.weight > 0]
    return {name: int(np.count_nonzero(times > context.now - length)) for name, length in _WINDOWS.items()}


def _titles(context: Context, row: int, most: int = 3) -> list[str]:
    """Titles of the liked items whose texts are nearest to this one."""
    interest = context.user["interest"]
    liked = interest["item"][(interest["weight"] > 0) & (interest["item"] != row)]
    vectors = context.catalogue.vectors
    nearest = liked[np.argsort(-(vectors[liked] @ vectors[row]), kind="stable")][:most]
    return [context.catalogue.items[r].title or context.catalogue.items[r].id for r in nearest.tolist()]


def _words(context: Context, row: int) -> list[str]:
    """Words this item's text shares with those titles."""
    shared = sentences.words(" ".join(_titles(context, row)))
    return sorted(shared & sentences.words(_text(context, row)))


def _text(context: Context, row: int) -> str:
    item = context.catalogue.items[row]
    return f"{item.title} {item.description}"


def _known(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else value


def _whole(value: float | None) -> int | None:
    return None if value is None or np.isnan(value) else round(value)
