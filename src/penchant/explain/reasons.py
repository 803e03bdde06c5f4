"""Columns to reasons. The parts of a pick's reasons add up to its score; what happened after the ranker is named too.

A reason is `{kind, part, columns, text, evidence}`: `part` is in the ranker's own unit, `columns` splits it further,
`evidence` holds the person's events that a linear column is a sum of, the words that matched, or the crowd's counts.
What columns add that have nothing to say of the item, such as the match with a wish nobody made, is the kind `rest`.
"""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from penchant.explain import sentences, steering
from penchant.explain.evidence import Evidence, Ids, past, taste_of
from penchant.protocols import Adjusts, Explains, Release, Trace
from penchant.types import Array, Candidates, Columns

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
    steering.PREFIX: steering.KIND,
    "base": "base",
}
_OWN = ("base", "heads", steering.PREFIX)  # begin parts that are no column of a candidate as the ranker sees it
_REST = "rest"


def reasons(trace: Trace, release: Release, picks: Candidates, ids: Ids, language: str) -> list[tuple[Reason, ...]]:
    """The reasons of each pick, strongest first. `ids` names a person's events by position in the log."""
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
    rows = picks.rows.tolist()
    evidence = Evidence(trace.context, past(trace.context, release, rows, ids))
    facts = [dict(zip(known.columns, values, strict=True)) for values in _transposed(known.columns)]
    order = {row: place for place, row in enumerate(after.rows.tolist())}
    told = zip(rows, facts, _groups(known, parts), strict=True)
    return [
        tuple(
            _told(evidence, row, figures, groups, language)
            + steering.lifted(trace, row, language)
            + _moved(trace, row, order[row], place, name, language)
        )
        for place, (row, figures, groups) in enumerate(told)
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


@cache
def kind_of(column: str) -> str:
    """The kind of reason a column gives."""
    return next((kind for prefix, kind in _KINDS.items() if column.startswith(prefix)), "other")


def _groups(known: Candidates, parts: Columns) -> list[dict[str, dict[str, float]]]:
    """The parts of each pick by kind of reason, then by column."""
    kinds = [(kind_of(name), name) for name in parts]
    told = {name: ~np.isnan(values) for name, values in known.columns.items()}
    nobody, everybody = np.zeros(len(known), bool), np.ones(len(known), bool)
    spoken = [everybody if name.startswith(_OWN) else _speaks(name, told, nobody) for name in parts]
    groups: list[dict[str, dict[str, float]]] = [{} for _ in range(len(known))]
    for found, said, values in zip(groups, np.array(spoken).T.tolist(), _transposed(parts), strict=True):
        for (kind, name), speaks, value in zip(kinds, said, values, strict=True):
            found.setdefault(kind if speaks else _REST, {})[name] = value
    return groups


def _speaks(column: str, told: Mapping[str, Array], nobody: Array) -> Array:
    """Whether a column says something of each item: neither it nor the column whose standing it is is missing."""
    own, of = told.get(column, nobody), column.partition("~")[0]
    return own if of == column else own & told.get(of, nobody)


def _transposed(columns: Columns) -> list[list[float]]:
    """The values of every row, in the order of the columns."""
    values: list[list[float]] = np.array(list(columns.values()), dtype=np.float64).T.tolist()
    return values


def _told(
    evidence: Evidence, row: int, facts: Mapping[str, float], groups: Mapping[str, Mapping[str, float]], language: str
) -> list[Reason]:
    """A reason of each kind for one pick, strongest first."""
    found = []
    for kind, columns in groups.items():
        steered = kind == steering.KIND
        backed = steering.evidence(evidence.context, columns) if steered else evidence.of(kind, row, facts)
        if kind == "taste":
            backed["speaks"] = taste_of(backed, columns)
        part = sum(columns.values())
        text = sentences.render(kind, backed, language) if part > 0 else ""  # what speaks against is no reason
        found.append({"kind": kind, "part": part, "columns": columns, "evidence": backed, "text": text})
    return sorted(found, key=lambda r: (r["kind"] == "base", -r["part"]))


def _moved(trace: Trace, row: int, ranked: int, shown: int, ranker: str, language: str) -> list[Reason]:
    if ranked == shown:
        return []
    later = [name for name, _ in trace.steps].index(ranker)
    places = [(name, int(np.argmax(c.rows == row))) for name, c in trace.steps[later:]]
    moved_by = [name for (_, before), (name, after) in pairwise(places) if before != after]
    evidence = {"from": ranked + 1, "to": shown + 1, "by": moved_by}
    text = sentences.render("moved", evidence, language)
    return [{"kind": "moved", "part": 0.0, "columns": {}, "evidence": evidence, "text": text}]
