"""Why not: where in the pipeline an item was lost, with its standing at every step before that."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from penchant.explain import steering
from penchant.explain.evidence import Ids
from penchant.explain.reasons import last_ranker, reasons
from penchant.protocols import Explains, Release, Tells, Trace


def why(
    trace: Trace,
    release: Release,
    item: str,
    language: str,
    ids: Ids = lambda *_: {},
) -> dict[str, Any]:
    """`shown`, `rank`, `lost_at` (catalogue, rule:…, retrieval, a stage, ranking or None) and `because` in words."""
    row = trace.context.catalogue.row_of.get(item)
    answer: dict[str, Any] = {"item_id": item, "shown": False, "rank": None, "lost_at": None, "reasons": []}
    if row is None:
        return {**answer, "lost_at": "catalogue", "because": f"there was no item {item!r}"}
    places = _places(trace, row)
    standing: dict[str, Any] = {"found_by": _found(trace, row), "steps": places}
    rank = places[-1]["rank"] if places else None
    k = trace.context.query.k
    if rank is not None and rank <= k and len(places) == len(trace.steps):
        picks = trace.result.take(np.array([rank - 1]))
        said = reasons(trace, release, picks, ids, language)[0] if len(picks) else ()
        shown = [r for r in said if r["kind"] != "moved"]
        return {**answer, **standing, "shown": True, "rank": rank, "reasons": shown, "because": f"place {rank} of {k}"}
    lost_at, because = _lost(trace, release, row, standing, language)
    return {**answer, **standing, "rank": rank, "lost_at": lost_at, "because": because}


def _found(trace: Trace, row: int) -> dict[str, int | None]:
    """The item's place in what each source retrieved."""
    places = {name: np.flatnonzero(rows == row) for name, rows in trace.found.items()}
    return {name: int(at[0]) + 1 if len(at) else None for name, at in places.items()}


def _places(trace: Trace, row: int) -> list[dict[str, Any]]:
    """The item's rank after every step up to where it was lost."""
    steps = []
    for name, candidates in trace.steps:
        at = np.flatnonzero(candidates.rows == row)
        if not len(at):
            break
        steps.append({"step": name, "rank": int(at[0]) + 1, "of": len(candidates)})
    return steps


def _lost(trace: Trace, release: Release, row: int, standing: Mapping[str, Any], language: str) -> tuple[str, str]:
    for name, rule in release.rules.items():
        if not trace.context.allowed[row] and not rule.allows(trace.context)[row]:
            told = rule.tells(trace.context, row, language) if isinstance(rule, Tells) else ""
            return f"rule:{name}", told or f"the rule {name!r} does not allow it"
    reached = standing["steps"]
    if not reached and trace.context.query.candidates is not None:
        return "candidates", "it is not among the candidates that the query names"
    if not reached:
        quotas = ", ".join(f"{name} {limit}" for name, (_, limit) in release.sources.items())
        return "retrieval", f"no source had it among its best ({quotas})"
    if len(reached) < len(trace.steps):
        stage = trace.steps[len(reached)][0]
        return stage, f"the stage {stage!r} dropped it"
    last = trace.result.take(np.array([min(trace.context.query.k, len(trace.result)) - 1]))
    short = steering.lowered(trace, row, language) or _shortfall(trace, release, row, int(last.rows[0]))
    return "ranking", f"place {reached[-1]['rank']}; {short}"


def _shortfall(trace: Trace, release: Release, row: int, other: int) -> str:
    """What the last pick shown had more of, by the ranker's own parts."""
    ranker = last_ranker(trace, release)
    if ranker is None:
        return "others scored higher"
    name, before, _ = ranker
    stage = release.stages[name]
    assert isinstance(stage, Explains)  # noqa: S101 - what `last_ranker` looks for
    places = [int(np.flatnonzero(before.rows == r)[0]) for r in (row, other)]
    parts = stage.parts(trace.context, before.take(np.array(places)))
    gaps = {column: float(values[1] - values[0]) for column, values in parts.items()}
    most = sorted(gaps.items(), key=lambda g: (-g[1], g[0]))[:3]
    return "the last pick shown had more from " + ", ".join(f"{c} (+{g:.2f})" for c, g in most if g > 0)
