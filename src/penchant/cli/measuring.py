"""The command that measures how long answers and events take."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder

if TYPE_CHECKING:
    from penchant.benchmark.measures import Bench

_SHOWN = 20  # steps that are listed


def bench(
    folder: Folder,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=100_000, help="Calls of each kind.")] = 500,
    scratch: Annotated[
        Path | None,
        typer.Option("--scratch", metavar="DIR", help="Where to copy the project to; by default into its own folder."),
    ] = None,
    json: AsJson = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write the tables there as a page.")
    ] = None,
) -> None:
    """Measure answers and events on a copy of the project, beside what the machine itself needs."""
    from penchant.benchmark import measures, sheet

    with terminal.progress() as progress:
        found = measures.bench(folder, rounds=rounds, scratch=scratch, progress=progress)
    if html is not None:
        html.write_text(sheet.html(found), encoding="utf-8")
    if json:
        terminal.as_json(found.document())
    else:
        show(found)


def show(found: "Bench") -> None:
    """Print the tables."""
    rows = [
        (f.what, f"{f.p50:.3f}", f"{f.p99:.3f}", f.ceiling, "" if f.ratio is None else f"{f.ratio:.1f}")
        for f in found.figures
    ]
    terminal.table(("what", "p50 ms", "p99 ms", "ceiling", "times the ceiling"), rows, right=(1, 2, 4))
    parts = [(s.step, s.part, f"{s.mean:.3f}", f"{s.share:.1%}") for s in found.steps[:_SHOWN]]
    terminal.say("")
    terminal.table(("step", "part", "mean ms", "share"), parts, right=(2, 3))
    terminal.say("", f"{', '.join(map(str, found.told()))}.", *found.notes)
