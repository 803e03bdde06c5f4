"""What the grammar could not read, read by a language model: answers by a schema, each checked, none believed.

It is asked only for what was left over. What it names must be a word of the catalogue that several items share, so that
no item can talk itself into anybody's list; and it moves without filtering: a filter has to be said in words that the
grammar reads. If it is late or talks nonsense, the grammar's reading stands.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from penchant.errors import GeneratorError
from penchant.language.meaning import Grounder
from penchant.language.steering import Reading
from penchant.quotes import DATA, leaks, quoted
from penchant.text.lexicon import vocabulary
from penchant.text.speech import Generator, Prompt
from penchant.text.steers import Delta
from penchant.types import Catalogue

DEADLINE = 3.0  # seconds
_MOST = 4  # changes taken from one answer
_WAYS: Mapping[str, Any] = {"more": "more", "less": "less"}
_SHOWN = 40  # values of the catalogue that the prompt names
_SHARED = 3  # items that have to share what a model names
RULES = (
    "A person says what they want from a list of recommendations. Answer in JSON with the changes they ask for: each "
    'has "way" ("more" or "less") and "what", one or two words of the kind of item. Answer an empty list if they ask '
    "for none."
)
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "changes": {
            "type": "array",
            "maxItems": _MOST,
            "items": {
                "type": "object",
                "properties": {
                    "way": {"type": "string", "enum": ["more", "less"]},
                    "what": {"type": "string", "maxLength": 40},
                },
                "required": ["way", "what"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["changes"],
    "additionalProperties": False,
}


def completed(reading: Reading, catalogue: Catalogue, generator: Generator | None) -> Reading:
    """The reading with what a language model makes of the rest; as it was without one, or if nothing was left."""
    if generator is None or not reading.ignored:
        return reading
    grounder = Grounder(vocabulary(catalogue))
    try:
        said = generator.generate([_prompt(reading.ignored, grounder)], deadline=DEADLINE)[0]
    except GeneratorError:
        return reading
    known = {(delta.terms, delta.about) for delta in reading.deltas}
    found = [d for d in _deltas(said, grounder) if (d.terms, d.about) not in known]
    return replace(reading, deltas=(*reading.deltas, *found), ignored=()) if found else reading


def _prompt(rest: Sequence[str], grounder: Grounder) -> Prompt:
    sizes = {
        value: len(grounder.words.rows(pairs[0])) for pairs in grounder.words.values.values() for _, value in pairs
    }
    shared = [value for value in sizes if sizes[value] >= _SHARED]
    usual = sorted(shared, key=lambda value: (-sizes[value], value))[:_SHOWN]
    kinds = f"Kinds there are: {', '.join(quoted(value, 30) for value in usual)}.\n" if usual else ""
    said = quoted("; ".join(rest), 400)
    return Prompt(system=f"{RULES} {DATA}", user=f"{kinds}The person says: {said}", schema=SCHEMA, tokens=96)


def _deltas(answer: str, grounder: Grounder) -> list[Delta]:
    """The changes of an answer that are well formed and name what the catalogue has."""
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        return []
    changes = document.get("changes") if isinstance(document, dict) else None
    found: list[Delta] = []
    for change in changes[:_MOST] if isinstance(changes, list) else ():
        way = _WAYS.get(str(change.get("way"))) if isinstance(change, dict) else None
        what = change.get("what") if way else None
        if not isinstance(what, str) or len(what) > 40 or leaks(what, RULES):
            continue
        terms = grounder.ground(what.casefold())
        if way and terms and all(_shared(grounder, alternatives) for alternatives in terms):
            found.append(Delta(way=way, about=what.casefold(), terms=terms))
    return list(dict.fromkeys(found))


def _shared(grounder: Grounder, alternatives: tuple[tuple[str, str], ...]) -> bool:
    """Whether several items have one of these."""
    rows = {row for pair in alternatives for row in grounder.words.rows(pair).tolist()}
    return len(rows) >= _SHARED
