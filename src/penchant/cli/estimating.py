"""The command that asks the log what other lists would have earned."""

from dataclasses import asdict
from math import inf
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, cut, opened

if TYPE_CHECKING:
    from penchant.evaluation.offpolicy import Estimates

_SAID = {
    "shown": "what was shown",
    "ips": "as configured, IPS",
    "snips": "as configured, SNIPS",
    "dr": "as configured, DR",
}
_ENOUGH = 0.95  # share of what is asked that the log has to cover, for IPS to be no lower bound


def estimate(
    folder: Folder,
    since: Annotated[
        str | None, typer.Option("--cut", metavar="WHEN", help="A date, or the last share of the time span.")
    ] = None,
    clip: Annotated[float | None, typer.Option("--clip", min=1.0, help="The largest weight of one shown item.")] = None,
    json: AsJson = False,
) -> None:
    """Estimate from logged slates, shown with known chances, what the lists as configured would have earned."""
    with opened(folder) as project:
        found = project.estimate(cut=None if since is None else cut(since), clip=inf if clip is None else clip)
    if json:
        terminal.as_json(asdict(found))
        return
    terminal.say(
        f"{found.slates:,} slates of {found.people:,} people; evidence of {found.effective:,.0f} shown items; "
        f"the log could have shown {found.covered:.0%} of what is asked about"
    )
    if found.covered < _ENOUGH:
        terminal.say("IPS counts the rest as nothing and SNIPS as equal; the stage `explore` lets a log cover more")
    terminal.table(("estimate", "reward per slate", "95 %", "ahead (95 %)"), rows(found), right=(1, 2, 3))


def rows(found: "Estimates") -> list[tuple[str, ...]]:
    """The estimates as rows of a table."""
    lines: list[tuple[str, ...]] = []
    for name, (value, low, high) in found.rewards.items():
        gap = "{:+.4f} ({:+.4f} to {:+.4f})".format(*found.ahead[name]) if name in found.ahead else ""
        lines.append((_SAID[name], f"{value:.4f}", f"{low:.4f} to {high:.4f}", gap))
    return lines
