"""The command that has texts about picks written: for a slate, for people, or about items alone."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, Language, Places, opened
from penchant.errors import UsageError

if TYPE_CHECKING:
    from penchant.project import Project

Document = dict[str, Any]


def copy(
    folder: Folder,
    user: Annotated[
        list[str] | None, typer.Option("--user", metavar="U", help="A person to write for; repeatable.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Write for all people there are.")] = False,
    slate: Annotated[
        str | None, typer.Option("--slate", metavar="S", help="The slate to write about, by its id.")
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option("--item", metavar="I", help="An item to write about; repeatable.")
    ] = None,
    k: Places = 10,
    language: Annotated[Language, typer.Option("--language", help="Language of the texts.")] = Language.ENGLISH,
    out: Annotated[Path | None, typer.Option("--out", metavar="F", help="Write JSON lines into this file.")] = None,
    json: AsJson = False,
) -> None:
    """Write a sentence or two about each pick of a slate or of people, or about items; without any, about all items."""
    if sum((slate is not None, bool(user), everyone)) > 1:
        raise UsageError("--slate, --user and --everyone exclude one another")
    if slate is not None and item:
        raise UsageError("--slate and --item exclude one another: a slate has its items")
    with opened(folder) as project, ExitStack() as files:
        people = sorted(project.engine.follower.catch_up().timeline.users) if everyone else user
        asked = {"k": k, "language": language.value}
        told = _about(project, item, slate, asked) if people is None else _for(project, people, item or (), asked)
        if out is None:
            _print(list(told), json)
            return
        file = files.enter_context(out.open("wb"))
        count = sum(file.write(orjson.dumps(document) + b"\n") > 0 for document in told)
    terminal.say(f"{count:,} texts in {out}")


def _for(project: "Project", people: Sequence[str], items: Sequence[str], asked: Document) -> Iterator[Document]:
    for done, person in enumerate(people):
        project.progress("write", done, len(people))
        pieces = project.copy(person, items=items, **asked)
        yield from ({"user_id": person, **piece.document()} for piece in pieces)
    project.progress("write", len(people), len(people))


def _about(project: "Project", items: Sequence[str] | None, slate: str | None, asked: Document) -> Iterator[Document]:
    if slate is not None:
        yield from (piece.document() for piece in project.copy(slate=slate, **asked))
        return
    catalogue = project.engine.follower.catch_up().catalogue
    chosen = items or [item.id for item in catalogue.items if item.available]
    for done, item in enumerate(chosen):
        project.progress("write", done, len(chosen))
        yield from (piece.document() for piece in project.copy(items=[item], **asked))
    project.progress("write", len(chosen), len(chosen))


def _print(documents: Sequence[Document], json: bool) -> None:
    if json:
        terminal.as_json({"texts": documents})
    elif documents:
        terminal.table(("item", "text", "by"), [(d["item_id"], d["text"], d["written_by"]) for d in documents])
    else:
        terminal.say("nothing to write about")
