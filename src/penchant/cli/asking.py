"""The commands that ask: recommend, similar and why."""

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, Language, Places, User, opened, pairs
from penchant.errors import UsageError
from penchant.types import Catalogue, Pick, Slate

_SHOWN = 3  # reasons per item


def recommend(
    folder: Folder,
    user: User,
    k: Places = 10,
    text: Annotated[str | None, typer.Option("--text", metavar="T", help="A wish in plain words.")] = None,
    item: Annotated[str | None, typer.Option("--item", metavar="I", help="The item the person looks at.")] = None,
    context: Annotated[
        list[str] | None, typer.Option("--context", metavar="K=V", help="Something about the moment; repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="I", help="An item not to offer; repeatable.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Answer as of then: ISO 8601, UTC if it names no zone.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each item is there.")] = False,
    language: Annotated[Language, typer.Option("--language", help="Language of the reasons.")] = Language.ENGLISH,
    json: AsJson = False,
) -> None:
    """Offer a person what they are likely to want next, best first."""
    from penchant.evaluation.splits import instant
    from penchant.web.answers import from_slate

    given = pairs(context, "--context")
    then = None if at is None else instant(at)
    with opened(folder) as project:
        began = time.perf_counter()
        slate = project.recommend(
            user,
            k=k,
            text=text,
            item=item,
            context=given,
            exclude=exclude or (),
            at=then,
            explain=explain,
            language=language.value,
        )
        took = time.perf_counter() - began
        catalogue = project.engine.follower.catch_up().catalogue
    if json:
        terminal.as_json(from_slate(slate, took))
    else:
        show(slate, catalogue)


def similar(
    folder: Folder,
    item: Annotated[str, typer.Option("--item", metavar="I", help="The item's id.")],
    k: Places = 10,
    json: AsJson = False,
) -> None:
    """List what is like an item, most alike first."""
    from penchant.web.answers import from_picks

    with opened(folder) as project:
        picks = project.similar(item, k=k)
        catalogue = project.engine.follower.catch_up().catalogue
    if json:
        terminal.as_json({"items": from_picks(picks)})
    else:
        _listed(picks, catalogue, False)


def why(
    folder: Folder,
    slate: Annotated[str, typer.Option("--slate", metavar="S", help="A slate's id, from `recommend --json`.")],
    item: Annotated[str, typer.Option("--item", metavar="I", help="The item's id.")],
    language: Annotated[Language, typer.Option("--language", help="Language of the reasons.")] = Language.ENGLISH,
    json: AsJson = False,
) -> None:
    """Say why an item is in a slate, or where on the way there it was lost."""
    with opened(folder) as project:
        answer = project.why(slate, item, language=language.value)
    if json:
        terminal.as_json(answer)
        return
    where = "shown" if answer["shown"] else f"not shown, lost at {answer['lost_at']}"
    terminal.say(f"{item}: {where}: {answer['because']}")
    found = [f"{name} (place {place})" for name, place in answer.get("found_by", {}).items() if place]
    if found:
        terminal.say(f"found by {', '.join(found)}")
    if said := _reasons(answer["reasons"]):
        terminal.say(said)
    if steps := answer.get("steps"):
        terminal.table(("step", "place", "of"), [(s["step"], s["rank"], s["of"]) for s in steps], right=(1, 2))


def steer(
    folder: Folder,
    user: User,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What the person asks, in words.")] = None,
    surface: Annotated[str, typer.Option("--surface", metavar="S", help="Where it counts; everywhere if empty.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="List what is in force.")] = False,
    undo: Annotated[str | None, typer.Option("--undo", metavar="ID", help="Undo what has this id.")] = None,
    language: Annotated[Language, typer.Option("--language", help="Language of the answer.")] = Language.ENGLISH,
    json: AsJson = False,
) -> None:
    """Tell what a person wants more of, less of or not at all: "less crypto for 3 days"; the next answer follows it."""
    from penchant.web import answers

    if (text is not None) + listed + (undo is not None) != 1:
        raise UsageError("steer: one of a TEXT, --list and --undo is wanted")
    with opened(folder) as project:
        if undo is not None:
            project.unsteer(user, undo)
            found: dict[str, Any] = {"steer_id": undo, "undone": True}
        elif listed:
            found = answers.from_steers(project.steers(user), language.value)
        else:
            found = answers.from_steer(project.steer(user, text or "", surface=surface), language.value)
    if json:
        terminal.as_json(found)
    else:
        _steered(found)


def _steered(found: Mapping[str, Any]) -> None:
    """Print what became of steers."""
    if "undone" in found:
        terminal.say(f"undone: {found['steer_id']}")
        return
    for steer in found.get("steers", [found] if "steer_id" in found else []):
        end = f" until {steer['until']}" if steer["until"] else ""
        terminal.say(f"{steer['steer_id']}: {', '.join(steer['understood']) or 'nothing understood'}{end}")
        if steer["ignored"]:
            terminal.say(f"not understood: {', '.join(steer['ignored'])}")
    if found.get("steers") == []:
        terminal.say("nothing is in force")


def show(slate: Slate, catalogue: Catalogue) -> None:
    """Print a slate with the titles of its items."""
    _listed(slate.picks, catalogue, any(pick.reasons for pick in slate.picks))
    for what in slate.degraded:
        terminal.say(f"note: {what}")


def _listed(picks: Sequence[Pick], catalogue: Catalogue, explained: bool) -> None:
    rows = [
        (place, pick.item, _title(catalogue, pick.item), pick.score, *([_reasons(pick.reasons)] if explained else []))
        for place, pick in enumerate(picks, start=1)
    ]
    headers = ("#", "item", "title", "score", *(["why"] if explained else []))
    if rows:
        terminal.table(headers, rows, right=(0, 3))
    else:
        terminal.say("nothing to offer")


def _reasons(reasons: Sequence[Mapping[str, Any]]) -> str:
    """The strongest reasons in one line."""
    return " ".join([str(reason["text"]) for reason in reasons if reason["text"]][:_SHOWN])


def _title(catalogue: Catalogue, item: str) -> str:
    row = catalogue.row_of.get(item)
    return "" if row is None else catalogue.items[row].title
