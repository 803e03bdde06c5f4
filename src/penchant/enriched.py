"""What a language model wrote about an item, kept among its attributes under names of its own, apart from the facts.

Facts never come from here: an import of the same facts keeps what was written, an import of others drops it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from penchant.types import Catalogue, Item, Value

PREFIX = "enriched_"  # begins the names of such attributes; a text template may name them
SOURCE = f"{PREFIX}by"  # who wrote it, and of which facts


def facts(item: Item) -> Item:
    """The item without what was written about it."""
    known = {name: value for name, value in item.attributes.items() if not name.startswith(PREFIX)}
    return item if len(known) == len(item.attributes) else replace(item, attributes=known)


def enriched(item: Item, written: Mapping[str, Value], by: str) -> Item:
    """The item with what was written about it; its facts stay as they are."""
    plain = facts(item)
    told = {f"{PREFIX}{name}": value for name, value in written.items()}
    return replace(plain, attributes={**plain.attributes, **told, SOURCE: by})


def news(catalogue: Catalogue, items: Iterable[Item]) -> list[Item]:
    """Those of the items, the last of each id, that are new or say something that is not known yet."""
    rows, known = catalogue.row_of, catalogue.items
    distinct = {item.id: item for item in items}.values()
    return [item for item in distinct if item.id not in rows or differs(known[rows[item.id]], item)]


def differs(known: Item, new: Item) -> bool:
    """Whether an item put in says something that is not known yet."""
    bare = not any(name.startswith(PREFIX) for name in new.attributes)
    return (facts(known) if bare else known) != new
