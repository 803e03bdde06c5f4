"""The command that teaches the encoder."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, cut, opened

if TYPE_CHECKING:
    from penchant.training.finetune import Tuned

_BARS = "▁▂▃▄▅▆▇█"


def finetune(
    folder: Folder,
    until: Annotated[
        str | None,
        typer.Option(
            "--cut", metavar="WHEN", help="Learn from what was before: a date, or the last share of the time."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Teach the encoder what people did, as [language] says; goes on where it was interrupted."""
    with opened(folder) as project:
        made = project.finetune(cut=None if until is None else cut(until))
    if json:
        terminal.as_json(made.document())
        return
    curve = made.outcome.curve
    names = tuple(curve[-1])
    terminal.table(names, [[epoch.get(name) for name in names] for epoch in curve], right=range(len(names)))
    terminal.say("", *(f"{name:>8} {sparks(curve, name)}" for name in names[1:-1]), "", verdict(made, folder))


def sparks(curve: Sequence[Mapping[str, float]], name: str) -> str:
    """A curve in one line of blocks; a space where there is no value."""
    values = [epoch.get(name, math.nan) for epoch in curve]
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    steps = [round((v - low) / ((high - low) or 1) * 7) if math.isfinite(v) else None for v in values]
    return "".join(" " if step is None else _BARS[step] for step in steps)


def verdict(made: "Tuned", folder: Path) -> str:
    """What to do with the outcome."""
    took = f"{made.outcome.seconds:,.0f} s"
    if made.folder is None:
        return f"no epoch was better than {made.base} as it was ({took}); nothing is kept"
    name = made.folder.relative_to(folder).as_posix()
    return f'epoch {made.outcome.best} is kept ({took}): write model = "{name}" under [encoder] and train again'
