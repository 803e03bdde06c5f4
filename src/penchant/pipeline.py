"""A recommendation as a pure function of a Context: rules, sources, stages. Live answers, replays and training
rows all come from here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np

from penchant import pacing
from penchant.events.loops import distinct
from penchant.events.timeline import Timeline
from penchant.pacing import SCORE, in_time
from penchant.protocols import Context, Fold, Notes, Release, Trace
from penchant.state.folds import fold
from penchant.text.speech import SILENT, Language
from penchant.types import Array, Candidates, Catalogue, Columns, Query, Rows

RESERVED = "union"  # the name of the step that joins the sources


def context(
    query: Query,
    *,
    now: int,
    timeline: Timeline,
    catalogue: Catalogue,
    user: Mapping[str, Columns],
    folds: Sequence[Fold],
    language: Language = SILENT,
    seed: str = "",
    notes: Notes | None = None,
) -> Context:
    """The context of a query; an item the person is looking at counts as a view of this moment."""
    row = catalogue.row_of.get(query.item) if query.item is not None else None
    if row is not None:
        user = fold(folds, timeline.glance(np.array([row], np.int32), now), dict(user))
    notes = notes or Notes()
    return Context(
        query=query,
        now=now,
        user=user,
        timeline=timeline,
        catalogue=catalogue,
        allowed=np.ones(len(catalogue), dtype=bool),
        dice=np.random.default_rng(int(seed or "0", 16)),
        wish=language.wish(query.text),
        language=language.metered(notes.spend),
        notes=notes,
    )


def person(timeline: Timeline, user: str, folds: Sequence[Fold]) -> dict[str, Columns]:
    """A person's state, folded from the start."""
    return fold(folds, timeline.events(timeline.places("user", timeline.users.get(user, -1))))


def slate_id(query: Query, now: int, position: int, release: str) -> str:
    """The name of an answer, a digest of all it depends on; it also seeds the dice."""
    asked = json.dumps(asdict(query), sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.blake2b(f"{asked}|{now}|{position}|{release}".encode(), digest_size=16).hexdigest()


def run(release: Release, context: Context) -> Trace:
    """Find candidates and pass them through the stages, keeping every step."""
    asked, lap = context.query.candidates, context.notes.laps
    if context.query.surface != "rank" or asked is None:
        context = permitted(release, context)
    lap("rules")
    if asked is None:
        found = pacing.found(context, release.sources)
        rows = joined(list(found.values()))
        if len(rows) < context.query.k:
            found["rest"] = rest(context, rows)
            rows = joined([rows, found["rest"]])
    else:
        found, rows = {}, context.catalogue.rows(list(dict.fromkeys(asked)))
        rows = rows[context.allowed[rows]]
    lap("union")
    candidates = Candidates(rows=rows, scores=np.zeros(len(rows), np.float32), columns=scored(release, context, rows))
    steps = [(RESERVED, candidates)]
    for name, stage in release.stages.items():
        applied = pacing.applied(context, name, stage, candidates)
        lap("stage", name)
        if applied is not None:
            candidates = applied
            steps.append((name, candidates))
    return Trace(context=context, found=found, steps=steps)


def permitted(release: Release, context: Context) -> Context:
    """The context with `allowed` as all the rules leave it."""
    for rule in release.rules.values():
        context = replace(context, allowed=context.allowed & rule.allows(context))
    return context


def scored(release: Release, context: Context, rows: Rows) -> dict[str, Array]:
    """Every source's columns for these rows, named `<source>.<column>`."""
    columns: dict[str, Array] = {}
    for name, (source, _) in release.sources.items():
        own = in_time(context, name, SCORE, source.score, rows) or {}
        columns.update((f"{name}.{column}", values) for column, values in own.items())
        context.notes.laps("score", name)
    return columns


def joined(found: Sequence[Rows]) -> Rows:
    """The distinct rows of several sources, in order of first mention."""
    every = np.concatenate([*found, np.zeros(0, np.int32)])
    return distinct(every, np.array([len(every)]), len(every))


def rest(context: Context, rows: Rows) -> Rows:
    """Allowed rows that no source named, enough to fill the list of a small or new catalogue."""
    others = np.setdiff1d(np.flatnonzero(context.allowed), rows)
    return others[: context.query.k - len(rows)].astype(np.int32)


def alike(release: Release, context: Context, k: int) -> list[tuple[int, float]]:
    """What is like the query's item: the similar-item sources, joined by reciprocal rank fusion (k₀ = 10)."""
    context = permitted(release, context)
    points: dict[int, float] = {}
    for source, limit in release.similar.values():
        for rank, row in enumerate(source.retrieve(context, limit).tolist()):
            points[row] = points.get(row, 0.0) + 1 / (10 + rank)
    return sorted(points.items(), key=lambda p: (-p[1], p[0]))[:k]
