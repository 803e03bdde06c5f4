"""The commands about API keys: create, list and revoke. A running server sees what they do within a second."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from penchant import config, keys
from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder


class Scope(StrEnum):
    """What a key is good for."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


def create(
    folder: Folder,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Whose key it is.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option("--scope", help="What it is good for; may be repeated; read if none is named."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Make an API key and print it; it cannot be shown again. From then on the server answers nobody without a key."""
    key, secret = keys.create(_file(folder), name, [str(one) for one in scope or (Scope.READ,)])
    if json:
        terminal.as_json({"name": key.name, "scopes": key.scopes, "created": key.created, "key": secret})
        return
    terminal.say(secret)
    typer.echo(f"this is the only time that {key.name!r} ({', '.join(key.scopes)}) is shown; keep it safe", err=True)


def list_(folder: Folder, json: AsJson = False) -> None:
    """List the API keys: names, scopes and since when, never the keys."""
    known = keys.read(_file(folder))
    if json:
        terminal.as_json({"keys": [{"name": k.name, "scopes": k.scopes, "created": k.created} for k in known]})
    elif known:
        terminal.table(("name", "scopes", "created"), [(k.name, ", ".join(k.scopes), k.created) for k in known])
    else:
        terminal.say("there is no key")


def revoke(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key is revoked.")],
    json: AsJson = False,
) -> None:
    """Make an API key worthless. When the last one is revoked the server answers nobody."""
    keys.revoke(_file(folder), name)
    if json:
        terminal.as_json({"name": name, "revoked": True})
    else:
        terminal.say(f"{name!r} is revoked")


def _file(folder: Path) -> Path:
    return folder / config.read(folder).serving.keys
