"""The commands about models: train, evaluate, releases and promote."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, Protocol, Target, cut, opened
from penchant.errors import UsageError
from penchant.settings import Settings
from penchant.types import moment

_FILE: dict[str, Any] = {"dir_okay": False, "metavar": "FILE", "show_default": False}


def train(folder: Folder, json: AsJson = False) -> None:
    """Train every recipe on the whole log, publish and promote a release."""
    with opened(folder) as project:
        manifest = project.train()
    if json:
        terminal.as_json(manifest)
        return
    terminal.say(
        f"release {manifest['version']} learned from {manifest['events']:,} events about {manifest['items']:,} items "
        f"up to {moment(manifest['until']):%Y-%m-%d %H:%M} UTC, and is promoted"
    )
    terminal.table(("recipe", "measure", "value"), measures(manifest["metrics"]), right=(2,))


def measures(metrics: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """The metrics of a training as rows."""
    return [
        (recipe, measure, value)
        for recipe, found in metrics.items()
        for measure, value in (found if isinstance(found, Mapping) else {"": found}).items()
    ]


def evaluate(
    folder: Folder,
    protocol: Annotated[Protocol, typer.Option("--protocol", help="How the log is cut.")] = Protocol.TIME,
    until: Annotated[
        str | None, typer.Option("--cut", metavar="WHEN", help="A date, or the last share of the time span.")
    ] = None,
    target: Annotated[Target | None, typer.Option("--target", help="What has to be found.")] = None,
    cases: Annotated[int | None, typer.Option("--cases", min=1, help="Questions asked at most.")] = None,
    slices: Annotated[
        list[str] | None,
        typer.Option("--slice", metavar="NAME", help="Look apart by this attribute or context; may be repeated."),
    ] = None,
    freshness: Annotated[
        bool, typer.Option("--freshness", help="Ask again with a state that is an hour and a day old.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="Also write everything there as JSON; - prints it.", **_FILE)
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the board there as a page.", **_FILE)] = None,
) -> None:
    """Train on the past, replay the future, rank the whole catalogue, with baselines beside it."""
    from penchant.evaluation import page

    for file in (json, html):
        _writable(file)
    with opened(folder) as project:
        project.settings = _asked(project.settings, until, target, cases)
        report = project.evaluate(protocol=protocol.value, slices=slices or (), freshness=freshness)
    if json is not None and str(json) != "-":
        json.write_bytes(terminal.document(report.document()))
    if html is not None:
        html.write_text(page.html(report), encoding="utf-8")
    if str(json) == "-":
        terminal.as_json(report.document())
    else:
        board(report)


def board(report: Any) -> None:
    """Print an evaluation."""
    from penchant.evaluation import table

    terminal.say(*table.facts(report), "")
    for headers, rows in (table.measures(report), table.slices(report)):
        lines = terminal.plain(headers, rows, right=range(1, len(headers)))  # too wide to be drawn
        terminal.say(*lines, "")


def _asked(settings: Settings, until: str | None, target: Target | None, cases: int | None) -> Settings:
    changes: dict[str, Any] = {
        "cut": None if until is None else cut(until),
        "target": target and target.value,
        "cases": cases,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(settings, evaluation=replace(settings.evaluation, **given))


def _writable(file: Path | None) -> None:
    """Find out before the long work that its outcome would have no place to go."""
    if file is not None and not file.resolve().parent.is_dir():
        raise UsageError(f"{file}: there is no folder {file.parent}")


def releases(folder: Folder, json: AsJson = False) -> None:
    """List the releases, oldest first."""
    with opened(folder) as project:
        found = project.releases()
    if json:
        terminal.as_json({"releases": found})
        return
    if not found:
        terminal.say(f"no release yet; `penchant train {folder}` makes one")
        return
    rows = [
        ("*" if m["current"] else "", m["version"], m["events"], m["items"], f"{moment(m['until']):%Y-%m-%d %H:%M}")
        for m in found
    ]
    terminal.table(("", "version", "events", "items", "learned until"), rows, right=(2, 3))


def promote(
    folder: Folder,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A version that `penchant releases` lists.")],
    json: AsJson = False,
) -> None:
    """Serve another release, newer or older; running servers follow within seconds."""
    with opened(folder) as project:
        before = project.built.artefacts.current()
        project.promote(version)
    if json:
        terminal.as_json({"release": version, "before": before})
    else:
        terminal.say(f"release {version} is promoted" + (f"; it was {before}" if before else ""))
