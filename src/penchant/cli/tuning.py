"""The command that searches for better settings."""

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli import rewriting, terminal
from penchant.cli.options import AsJson, Folder, Protocol, opened
from penchant.config import FILE

if TYPE_CHECKING:
    from penchant.training.tuning import Tuning


def tune(
    folder: Folder,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Settings tried in each search.")] = 20,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.0, metavar="M", help="Begin no new trial after so long.")
    ] = None,
    protocol: Annotated[Protocol, typer.Option("--protocol", help="How the log is cut.")] = Protocol.TIME,
    cases: Annotated[int | None, typer.Option("--cases", min=1, help="Questions asked at most.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--restart", help="Go on with the trials in tune.db, or throw them away.")
    ] = True,
    write: Annotated[bool, typer.Option("--write", help="Write the settings into penchant.toml if better.")] = False,
    json: AsJson = False,
) -> None:
    """Search for better settings on the time before the evaluation's cut; what was tried before is not tried again."""
    from penchant.training.tuning import FILE as TRIALS

    with opened(folder) as project:
        if not resume:
            (folder / TRIALS).unlink(missing_ok=True)
        found = project.tune(
            trials=trials, minutes=inf if minutes is None else minutes, protocol=protocol.value, cases=cases
        )
    text = (folder / FILE).read_text(encoding="utf-8")
    settings = rewriting.fragment(text, found.changes) if found.changes else ""
    written = (
        rewriting.save(folder, rewriting.rewritten(text, found.changes), found.plan) if _due(found, write) else None
    )
    if json:
        terminal.as_json({**found.document(), "toml": settings, "written": written})
        return
    terminal.table(("searched", "by", "trials", "present", "best", "settings"), rows(found), right=(2, 3, 4))
    terminal.say("", verdict(found))
    if settings:
        terminal.say("", settings)
    if said := _next(found, folder, written, write):
        terminal.say(said)


def _due(found: "Tuning", write: bool) -> bool:
    return write and found.better and bool(found.changes)


def rows(found: "Tuning") -> list[tuple[Any, ...]]:
    """The searches as rows of a table."""
    lines = []
    for one in found.searches:
        settings = ", ".join(f"{name} {value:,}" for name, value in one.best.settings.items())
        if settings and not one.kept:
            settings = f"({settings}: left out, the pipeline is no better for it)"
        lines.append(
            (one.name, one.measure, one.best.trials, one.best.before, one.best.after, settings or "as they are")
        )
    return lines


def verdict(found: "Tuning") -> str:
    """What people who had no say gain."""
    if not found.changes:
        return f"nothing beats the present settings: NDCG@10 {found.before:.4f} on {_judges(found)}"
    mean, low, high = found.ahead
    gap = f"NDCG@10 {found.before:.4f} → {found.after:.4f}, {mean:+.4f} ({low:+.4f} to {high:+.4f}) on {_judges(found)}"
    if found.better:
        return f"better: {gap}"
    return f"not shown to be better: {gap}" if mean > 0 else f"nothing beats the present settings: {gap}"


def _judges(found: "Tuning") -> str:
    return f"{found.questions:,} questions of {found.people:,} people who had no say, after {found.begin} UTC"


def _next(found: "Tuning", folder: Path, written: Path | None, write: bool) -> str:
    if written:
        return f"written into {written}; next: penchant train {folder}"
    if write:
        return f"{folder / FILE} is left as it is"
    return f"penchant tune {folder} --write puts these settings into {folder / FILE}" if found.better else ""
