"""JSON out of what a model wrote, checked against the part of JSON Schema that prompts here use.

Known are: type, properties, required, additionalProperties = false, items, minItems, maxItems, enum, minLength and
maxLength, minimum and maximum. Whoever asked still checks what the values mean.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from penchant.errors import GeneratorError

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def read(text: str, schema: Mapping[str, Any]) -> str:
    """The first JSON value in a text that follows the schema, written plainly; words around it are left out.

    Raises GeneratorError saying what is off with the last one that was found.
    """
    flaw = "there is no JSON in it"
    for value in _values(text):
        flaw = next(flaws(value, schema), "")
        if not flaw:
            return json.dumps(value, ensure_ascii=False)
    raise GeneratorError(f"the answer does not follow its schema: {flaw}")


def _values(text: str) -> Iterator[Any]:
    decoder, place = json.JSONDecoder(), 0
    while (place := _begins(text, place)) >= 0:
        try:
            value, place = decoder.raw_decode(text, place)
            yield value
        except (ValueError, RecursionError):
            place += 1


def _begins(text: str, place: int) -> int:
    found = [at for mark in "{[" if (at := text.find(mark, place)) >= 0]
    return min(found, default=-1)


def flaws(value: Any, schema: Mapping[str, Any], where: str = "answer") -> Iterator[str]:
    """What is off with a value."""
    kind = schema.get("type")
    if kind is not None and not _is(value, kind):
        yield f"{where} is no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is none of the values allowed"
    if isinstance(value, dict):
        yield from _of_object(value, schema, where)
    elif isinstance(value, list):
        yield from _of_list(value, schema, where)
    elif isinstance(value, str):
        yield from _outside(len(value), schema, ("minLength", "maxLength"), where)
    elif isinstance(value, int | float):
        yield from _outside(value, schema, ("minimum", "maximum"), where)


def _is(value: Any, kind: str | list[str]) -> bool:
    kinds = [kind] if isinstance(kind, str) else kind
    return any(isinstance(value, _TYPES[k]) and (k == "boolean" or not isinstance(value, bool)) for k in kinds)


def _of_object(value: dict[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[str]:
    known = schema.get("properties", {})
    yield from (f"{where} lacks {name!r}" for name in schema.get("required", ()) if name not in value)
    if schema.get("additionalProperties") is False:
        yield from (f"{where} has a key that is not asked for" for name in value if name not in known)
    for name, inner in known.items():
        if name in value:
            yield from flaws(value[name], inner, f"{where}.{name}")


def _of_list(value: list[Any], schema: Mapping[str, Any], where: str) -> Iterator[str]:
    yield from _outside(len(value), schema, ("minItems", "maxItems"), where)
    for place, inner in enumerate(value if "items" in schema else ()):
        yield from flaws(inner, schema["items"], f"{where}[{place}]")


def _outside(size: float, schema: Mapping[str, Any], bounds: tuple[str, str], where: str) -> Iterator[str]:
    least, most = (schema.get(bound) for bound in bounds)
    if least is not None and size < least:
        yield f"{where} is below {bounds[0]} {least}"
    if most is not None and size > most:
        yield f"{where} is above {bounds[1]} {most}"
