"""What a person asked of their lists, as a reason: for what it brought up, for what took the place of what it moved
away, and for what is not shown because of it.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from penchant.explain import sentences
from penchant.protocols import Context, Trace
from penchant.text.steers import Delta, document, words
from penchant.types import Candidates

KIND = "steered"  # of reason
PREFIX = "steered."  # begins the columns of what deltas add; the number of the delta follows


def evidence(context: Context, columns: Mapping[str, float]) -> dict[str, Any]:
    """The deltas that brought an item up."""
    found = [context.steering[int(name.removeprefix(PREFIX))] for name, part in sorted(columns.items()) if part > 0]
    return {"asked": [document(delta) for delta in found]}


def lifted(trace: Trace, row: int, language: str) -> list[dict[str, Any]]:
    """A reason for an item that is in the list because others were moved away from it."""
    k, asked = trace.context.query.k, [d for d in trace.context.steering if d.way in ("less", "no")]
    moved = _step(trace) if asked else None
    if moved is None:
        return []
    before, after = moved
    if _place(before, row) < k or _place(after, row) >= k or _meant(trace.context, after, row):
        return []
    found = {"asked": [document(delta) for delta in asked]}
    text = sentences.render(KIND, found, language)
    return [{"kind": KIND, "part": 0.0, "columns": {}, "evidence": found, "text": text}]


def lowered(trace: Trace, row: int, language: str) -> str:
    """What was asked that moved an item out of the list; empty if it is not there for another cause."""
    moved = _step(trace)
    if moved is None or _place(moved[0], row) >= trace.context.query.k:
        return ""
    asked = [words(d, language) for d in _meant(trace.context, moved[1], row) if d.way in ("less", "no")]
    return f"the person asked for {', '.join(asked)}" if asked else ""


def _step(trace: Trace) -> tuple[Candidates, Candidates] | None:
    """The candidates before and after the stage that steers."""
    for (_, before), (_, after) in pairwise(trace.steps):
        if any(name.startswith(PREFIX) for name in after.columns.keys() - before.columns.keys()):
            return before, after
    return None


def _place(candidates: Candidates, row: int) -> int:
    return int(np.argmax(candidates.rows == row))


def _meant(context: Context, candidates: Candidates, row: int) -> list[Delta]:
    """The deltas that are about an item."""
    place = _place(candidates, row)
    return [d for n, d in enumerate(context.steering) if not np.isnan(candidates.columns[f"{PREFIX}{n}"][place])]
