"""What goes on without a plug-in for which there is no time: the answer, with a note of what it lacks.

Rules never pass through here, and what is `vital` is never left out.
"""

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import TypeVar

from penchant.protocols import Context, Notes, Source, Stage
from penchant.tempo import UNHURRIED, Late
from penchant.types import Candidates, Rows

A = TypeVar("A")
T = TypeVar("T")
FIND, SCORE, APPLY = "no time to find", "no time to score", "no time"


def in_time(context: Context, name: str, lacking: str, work: Callable[[Context, A], T], given: A) -> T | None:
    """What a plug-in makes of a context; None, and a note of what is lacking, if there was no time for it."""
    pace = context.notes.pace
    if pace is UNHURRIED:
        return work(context, given)
    return _within(context, name, lacking, pace.left, work, given)


def _within(
    context: Context, name: str, lacking: str, left: float, work: Callable[[Context, A], T], given: A
) -> T | None:
    pace, note = context.notes.pace, f"{name}: {lacking}"
    if note in pace.missing or left <= 0:
        context.notes.degraded.append(note)
        return None
    deadline = pace.deadlines.get(name)
    if deadline is None or pace.aside is None:
        return work(context, given)
    own = replace(context, memo=dict(context.memo), notes=Notes(), dice=deepcopy(context.dice))
    try:
        made = pace.aside(name, min(deadline, left), partial(work, own, given))
    except Late:
        context.notes.degraded.append(note)
        return None
    _joined(context, own)
    return made


def found(context: Context, sources: Mapping[str, tuple[Source, int]]) -> dict[str, Rows]:
    """What each source finds; once the time is up no more of them are asked than the list needs."""
    lists: dict[str, Rows] = {}
    for name, (source, limit) in sources.items():
        enough = sum(map(len, lists.values())) >= context.query.k
        left = context.notes.pace.left if enough else math.inf
        rows = _within(context, name, FIND, left, source.retrieve, limit)
        context.notes.laps("retrieve", name)
        if rows is not None:
            lists[name] = rows
    return lists


def applied(context: Context, name: str, stage: Stage, candidates: Candidates) -> Candidates | None:
    """The candidates after a stage; None if it was left out, so that the order that came in stands."""
    if getattr(stage, "vital", False):
        return stage.apply(context, candidates)
    return in_time(context, name, APPLY, stage.apply, candidates)


def _joined(context: Context, own: Context) -> None:
    """Take over what a plug-in left in a context of its own, as if it had been this one."""
    context.memo.update(own.memo)
    context.notes.degraded.extend(own.notes.degraded)
    context.notes.spend(**own.notes.cost)
    context.dice.bit_generator.state = own.dice.bit_generator.state
