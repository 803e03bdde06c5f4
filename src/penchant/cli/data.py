"""The commands that set a project up and fill it: init and import."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, TimeUnit, opened, pairs
from penchant.errors import UsageError

_FILE: dict[str, Any] = {"exists": True, "dir_okay": False, "readable": True, "metavar": "FILE", "show_default": False}


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make a project of.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the penchant.toml that is there.")] = False,
) -> None:
    """Write a penchant.toml in which every setting stands with its default and what it means."""
    from penchant.cli.template import template
    from penchant.config import FILE

    file = folder / FILE
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; a folder is wanted")
    if file.exists() and not force:
        raise UsageError(f"{file} is there already; --force replaces it")
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(template(), encoding="utf-8")
    terminal.say(f"{file} written; next: penchant import {folder} --items FILE --events FILE")


def import_(
    folder: Folder,
    items: Annotated[Path | None, typer.Option("--items", help="The catalogue.", **_FILE)] = None,
    events: Annotated[Path | None, typer.Option("--events", help="What people did.", **_FILE)] = None,
    users: Annotated[Path | None, typer.Option("--users", help="Attributes of people.", **_FILE)] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="NAME=FIELD", help="Read this column as that field; repeatable."),
    ] = None,
    time_unit: Annotated[
        TimeUnit | None, typer.Option("--time-unit", help="What numbers of a column of times count.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read everything, write nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Import CSV, TSV, JSONL, JSON or Parquet files, also .gz and .zst. A second import of a file changes nothing."""
    files = {name: file for name, file in (("items", items), ("users", users), ("events", events)) if file}
    columns = pairs(column, "--column")
    if not files:
        raise UsageError("nothing to import: give --items, --events or --users a file")
    if columns and len(files) > 1:
        raise UsageError("--column belongs to one file; import the files one by one")
    options = {"columns": columns, "time_unit": time_unit and time_unit.value, "dry_run": dry_run}
    with opened(folder) as project:
        verbs = {"items": project.import_items, "users": project.import_users, "events": project.import_events}
        done = {name: verbs[name](file, **options) for name, file in files.items()}
    if json:
        terminal.as_json({name: asdict(summary) for name, summary in done.items()})
    else:
        terminal.say(*(line for summary in done.values() for line in summary.lines()))
