"""What suites compare: everything a plug-in can reach before and after, and columns exactly."""
# ruff: noqa: S101  (asserting is what a test suite is for)

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from penchant.protocols import Context
from penchant.testing import worlds
from penchant.types import DAY, Array, Candidates


def offers(context: Context) -> list[Candidates]:
    """What a stage is given: nothing, one candidate, two and fifteen, scored."""
    found = [worlds.candidates(context, most) for most in (0, 1, 2, 15)]
    return [given.with_scores(np.linspace(1, 0, len(given))) for given in found]


def whole(given: Candidates) -> dict[str, Array]:
    """Everything that candidates hold, as columns."""
    return {**given.columns, "rows": given.rows, "scores": given.scores}


def every(context: Context) -> Array:
    """Every row of the catalogue."""
    return np.arange(len(context.catalogue), dtype=np.int32)


def fresh(context: Context) -> Context:
    """The same context with nothing computed and no dice thrown yet."""
    return replace(context, memo={}, dice=np.random.default_rng(0x5EED))


def seen(context: Context) -> dict[str, Array]:
    """A copy of every array that a plug-in can reach."""
    line, known = context.timeline, context.catalogue
    found: dict[str, Array] = {f"timeline.{name}": getattr(line, name) for name in ("time", "user", "item", "position")}
    found |= {f"catalogue.{name}": column for name, column in known.columns.items()}
    found |= {"vectors": known.vectors, "centre": known.centre, "allowed": context.allowed}
    found |= {f"tally.{w}": line.tally(w, context.now, len(known)) for w in (None, DAY, 7 * DAY)}
    if context.wish is not None:
        found["wish"] = context.wish
    for fold, columns in context.user.items():
        found |= {f"{fold}.{name}": column for name, column in columns.items()}
    return copied(found)


def copied(columns: Mapping[str, Array]) -> dict[str, Array]:
    """The columns as they are now."""
    return {name: np.array(column) for name, column in columns.items()}


def same_columns(first: Mapping[str, Array], second: Mapping[str, Array]) -> None:
    """Fail unless both have the same columns with exactly the same values."""
    assert first.keys() == second.keys()
    for name, column in first.items():
        np.testing.assert_array_equal(column, second[name], err_msg=name)
