"""Attributes, tags and two sentences for items that say little of themselves, written offline by a language model.

What is written is checked, marked and kept apart from the facts (see `penchant.enriched`); figures, links, markup and
repeated rules are refused. A run that was stopped goes on where it was.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penchant.enriched import SOURCE, enriched, facts
from penchant.errors import GeneratorError, UsageError
from penchant.quotes import DATA, leaks, plain, quoted
from penchant.text.speech import Generator, Prompt
from penchant.text.texts import item_text
from penchant.types import Item, Value

Progress = Callable[[int, int], None]  # items done, items to do
Put = Callable[[Sequence[Item]], object]
KINDS = ("use", "audience", "style", "material")  # attributes that are asked for
_POLICY = (
    "You describe items of a catalogue for a search engine. Say only what follows from what is given: no numbers, no "
    f"prices, no promises, nothing that may be wrong. An attribute you do not know is an empty string. {DATA}"
)
_BATCH = 8  # items asked at once, and kept at once
_PATIENCE = 5  # failures in a row after which the model is taken to be away
_SENTENCES, _LONGEST, _TAGS, _WORD = 2, 300, 5, 40
_UNSAFE = re.compile(r"https?:|www\.|[<>{}\[\]`|]")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run."""

    thin: int  # items that say little and had not been written about
    written: int
    refused: int  # answers that could not be used
    failed: int  # questions without an answer
    items: Sequence[Item] = ()  # that were written about, the first of them


def enrich(
    items: Sequence[Item],
    generator: Generator,
    put: Put,
    *,
    below: int = 80,
    limit: int | None = None,
    deadline: float = 30.0,
    progress: Progress = lambda done, total: None,
) -> Outcome:
    """Write about the items whose description has fewer than `below` characters, `limit` of them at most.

    `put` is given the enriched items after every few. Raises GeneratorError if the model does not answer at all.
    """
    if below < 0 or (limit is not None and limit < 0):
        raise UsageError(f"below is {below} and limit {limit}; whole numbers from 0 on are allowed")
    waiting = thin(items, generator.name, below)
    todo, done, counts, shown = waiting[:limit], 0, {"written": 0, "refused": 0, "failed": 0}, list[Item]()
    silent = 0
    for batch in (todo[at : at + _BATCH] for at in range(0, len(todo), _BATCH)):
        found = []
        for item, answer in _answers(batch, generator, deadline):
            written = None if answer is None else checked(answer, item)
            counts["failed" if answer is None else "refused" if written is None else "written"] += 1
            silent = silent + 1 if answer is None else 0
            if written is not None:
                found.append(enriched(item, written, source(item, generator.name)))
        if found:
            put(found)
            shown += found[: max(0, 3 - len(shown))]
        done += len(batch)
        progress(done, len(todo))
        if silent >= _PATIENCE:
            raise GeneratorError(f"{generator.name} gave no answer {silent} times in a row; run it again to go on")
    return Outcome(thin=len(waiting), items=tuple(shown), **counts)


def thin(items: Sequence[Item], by: str, below: int) -> list[Item]:
    """Items that say little of themselves and of whose facts this model has not written."""
    short = (item for item in items if len(item.description) < below and (item.title or item.attributes))
    return [item for item in short if item.attributes.get(SOURCE) != source(item, by)]


def source(item: Item, by: str) -> str:
    """Who wrote of which facts."""
    told = item_text(facts(item))
    return f"{by} {hashlib.blake2b(told.encode(), digest_size=6).hexdigest()}"


def prompt(item: Item) -> Prompt:
    """What is asked about an item."""
    known = facts(item)
    told = {"title": known.title, "description": known.description, **known.attributes}
    lines = [f"{name}: {quoted(_said(value), 200)}" for name, value in told.items() if _said(value)]
    return Prompt(system=_POLICY, user="\n".join(["The item:", *lines]), schema=_schema(), tokens=220)


def checked(answer: str, item: Item) -> dict[str, Value] | None:
    """What may be kept of an answer: plain words, no figure the facts do not have; None if nothing may."""
    try:
        said = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    known = prompt(item).user
    kept: dict[str, Value] = {}
    if description := _sentences(said.get("description"), known):
        kept["description"] = description
    listed = said.get("tags") if isinstance(said.get("tags"), list) else []
    tags = dict.fromkeys(word.lower() for tag in listed or [] if (word := _word(tag, known)))
    if tags:
        kept["tags"] = tuple(tags)[:_TAGS]
    kept.update({kind: word for kind in KINDS if (word := _word(said.get(kind), known))})
    return kept or None


def _answers(batch: Sequence[Item], generator: Generator, deadline: float) -> Iterator[tuple[Item, str | None]]:
    """Each item with its answer; if one of a batch fails the others are asked by themselves, and are remembered."""
    try:
        yield from zip(batch, generator.generate([prompt(item) for item in batch], deadline=deadline), strict=True)
        return
    except GeneratorError:
        pass
    for item in batch:
        try:
            [answer] = generator.generate([prompt(item)], deadline=deadline)
        except GeneratorError:
            yield item, None
        else:
            yield item, answer


def _schema() -> Mapping[str, Any]:
    text, word = {"type": "string", "maxLength": 240}, {"type": "string", "maxLength": 24}
    tags = {"type": "array", "items": word, "maxItems": _TAGS}
    properties = {"description": text, "tags": tags, **dict.fromkeys(KINDS, word)}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _sentences(said: object, known: str) -> str:
    """The first two sentences, if there is nothing in them that may not be kept."""
    if not isinstance(said, str):
        return ""
    parts = re.findall(r"[^.!?。！？]+[.!?。！？]+", plain(said, _LONGEST + 1))
    text = "".join(parts[:_SENTENCES]).strip()
    return text if _allowed(text, known) and len(text) <= _LONGEST else ""


def _word(said: object, known: str) -> str:
    text = plain(said, _WORD + 1).strip(" .,;:") if isinstance(said, str) else ""
    none = text.lower() in ("", "unknown", "none", "n/a", "empty string", "null")
    return text if not none and len(text) <= _WORD and _allowed(text, known) else ""


def _allowed(text: str, known: str) -> bool:
    figures = set(_FIGURE.findall(text)) - set(_FIGURE.findall(known))
    return not figures and not _UNSAFE.search(text) and not leaks(text, _POLICY)


def _said(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
