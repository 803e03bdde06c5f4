"""The command that has a language model write about items that say little of themselves."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, opened
from penchant.enriched import PREFIX
from penchant.errors import UsageError

if TYPE_CHECKING:
    from penchant.types import Item


def enrich(
    folder: Folder,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and keep nothing.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="Items written about at most; 3 for a dry run.")
    ] = None,
    below: Annotated[int, typer.Option("--below", min=0, help="Characters below which a description is thin.")] = 80,
    json: AsJson = False,
) -> None:
    """Write attributes, tags and two sentences for thin items with the language model, apart from their facts."""
    from penchant.language import enrichment

    with opened(folder) as project:
        engine = project.engine
        if engine.generator is None:
            raise UsageError(f"{folder}: no language model is configured; set [generator] model, for example smollm2")
        found = enrichment.enrich(
            engine.follower.catch_up().catalogue.items,
            engine.generator,
            (lambda items: None) if dry_run else engine.put_items,
            below=below,
            limit=3 if dry_run and limit is None else limit,
            deadline=project.settings.generator.deadline,
            progress=lambda done, total: project.progress("enrich items", done, total),
        )
    if json:
        terminal.as_json({**asdict(found), "items": [{"item_id": i.id, **written(i)} for i in found.items]})
        return
    kept = "nothing was kept" if dry_run else "kept beside their facts"
    terminal.say(
        f"{found.thin:,} thin items; written about {found.written:,} of them ({kept}), "
        f"{found.refused:,} answers refused, {found.failed:,} questions without an answer"
    )
    terminal.table(("item", "attribute", "written"), [(i.id, n, v) for i in found.items for n, v in written(i).items()])


def written(item: "Item") -> dict[str, object]:
    """What was written about an item."""
    return {name: value for name, value in item.attributes.items() if name.startswith(PREFIX)}
