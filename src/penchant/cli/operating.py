"""The commands that look after a project and the people in it: serve, rebuild, forget, export and doctor."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, Host, Port, User, opened
from penchant.errors import UnknownError


def serve(
    folder: Folder,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that answer.")] = 1,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its key, PEM.")] = None,
    anyone: Annotated[bool, typer.Option("--open", help="Let other machines in though there are no keys.")] = False,
) -> None:
    """Serve the HTTP API and the console until interrupted."""
    from penchant.serving import server

    tls = (tls_cert, tls_key)
    server.serve(folder, host=host, port=port, workers=workers, started=announce, tls=tls, anyone=anyone)


def announce(url: str) -> None:
    """Say where a server is."""
    terminal.say(f"console at {url}/  API at {url}/docs  (Ctrl-C stops)")


def rebuild(folder: Folder, json: AsJson = False) -> None:
    """Make anew what the log can make: damaged databases from what can be read, and the state of every person."""
    from penchant import config
    from penchant.mending import mend

    mended = mend(config.read(folder), folder)
    with opened(folder) as project:
        project.rebuild()
        position = project.engine.follower.catch_up().position
    if json:
        terminal.as_json({"rebuilt": True, "position": position, "mended": [saved.document() for saved in mended]})
    else:
        terminal.say(*(line for saved in mended for line in saved.lines()))
        terminal.say(f"the state of every person will be folded anew from the log, which ends at position {position:,}")


def export(folder: Folder, user: User) -> None:
    """Print everything that is kept about a person, as JSON."""
    from penchant import privacy

    with opened(folder) as project:
        kept = project.export(user)
    if not privacy.holds(kept):
        raise UnknownError(f"nothing is kept about {user!r}")
    terminal.as_json(kept)


def forget(folder: Folder, user: User, json: AsJson = False) -> None:
    """Remove a person's events, slates and state for good; doing it twice does no harm."""
    with opened(folder) as project:
        receipt = project.forget(user)
    if json:
        terminal.as_json(receipt)
        return
    terminal.say("removed: " + ", ".join(f"{count:,} {what}" for what, count in receipt["removed"].items()))
    terminal.say(*(f"remaining: {what}" for what in receipt["remaining"]))


def doctor(folder: Folder, json: AsJson = False) -> None:
    """Check config, stores, state, release, encoder and machine; exit code 1 if something is broken."""
    from penchant.doctor import examine

    found = []
    with terminal.progress() as progress:
        for check in examine(folder, progress):
            found.append(check)
            if not json:
                terminal.say(check.line())
    if json:
        terminal.as_json({"checks": [check.document() for check in found]})
    if any(check.status == "fail" for check in found):
        raise typer.Exit(1)
