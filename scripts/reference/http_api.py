"""The page of the HTTP API, read from its OpenAPI document."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from penchant import config
from penchant.build import build
from penchant.cli.template import value
from penchant.web import front
from penchant.web.app import create_app
from reference import tables

IN_MEMORY = """
stores = { items = "memory://", log = "memory://", state = "memory://", artefacts = "memory://" }
encoder = { model = "hashing" }
"""
ERRORS = {
    "401": "a key is needed, and none was sent or it is no key of this server; `WWW-Authenticate` says so",
    "403": "the key is not good for this; `detail` names the scope that is",
    "429": "you ask too often; `Retry-After` says when to ask again",
    "400": "the body is not JSON, or the question makes no sense",
    "404": "a well-formed name of something that does not exist",
    "413": f"the body has more than {front.LIMIT:,} bytes",
    "415": "the body is not announced as application/json",
    "422": "a field is missing, unknown or out of bounds; `errors` says which",
    "500": "something failed on the server; its log says what",
    "503": "not now: the log is not read that far, or a store is out of reach; `Retry-After` says when to try again",
}
_TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false"}


def page() -> Iterator[str]:
    """Every route, then the shapes that go in and come out."""
    document = described()
    shapes = document["components"]["schemas"]
    yield "# HTTP"
    yield document["info"]["description"]
    yield (
        "`penchant serve` answers here. Bodies are JSON; unknown keys are errors. `/docs` shows the same from the "
        "server itself, `/openapi.json` is for machines, and the console is at `/`. Errors are "
        "`application/problem+json` (RFC 9457). A server that has [keys](../howto/keys-and-limits.md) wants one "
        "with the scope that a route needs."
    )
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            yield from _route(f"{method.upper()} {path}", route)
    yield "## Errors\n\n" + tables.grid(("status", "means"), sorted(ERRORS.items()))
    yield "## Shapes"
    for name in sorted(name for name in shapes if "ValidationError" not in name):
        yield f"### {name}\n\n{shapes[name].get('description', '')}".strip()
        yield _shape(shapes[name])


def described() -> dict[str, Any]:
    """The OpenAPI document of an empty project."""
    with tempfile.TemporaryDirectory() as folder:
        built = build(config.parse(IN_MEMORY), Path(folder))
        with closing(built.engine):
            found: dict[str, Any] = create_app(built.engine, title="Penchant").openapi()
    return found


def _route(title: str, route: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {title}\n\n{route['description']}"
    rows = [
        (f"`{p['name']}`", f"{p['in']}{', required' if p.get('required') else ''}", kind(p["schema"]), _said(p))
        for p in route.get("parameters", ())
    ]
    if rows:
        yield tables.grid(("parameter", "in", "is", "meaning"), rows)
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answers = route["responses"]
    errors = ", ".join(status for status in sorted(answers) if not status.startswith("2"))
    scope = "".join(f"Needs the scope {way['key'][0]}. " for way in route["security"])
    yield f"{scope}{f'Takes {kind(body)}. ' if body else ''}Answers {_content(answers['200'])}. Errors: {errors}."


def _content(answer: Mapping[str, Any]) -> str:
    media, content = next(iter(answer["content"].items()))
    return "plain text" if media.startswith("text/") else kind(content["schema"])


def _shape(schema: Mapping[str, Any]) -> str:
    rows = [
        (f"`{name}`", kind(s), "required" if name in schema.get("required", ()) else _default(s), _said(s))
        for name, s in schema.get("properties", {}).items()
    ]
    return tables.grid(("field", "is", "default", "meaning"), rows)


def _default(schema: Mapping[str, Any]) -> str:
    return f"`{value(schema['default'])}`" if schema.get("default") is not None else ""


def _said(schema: Mapping[str, Any]) -> str:
    examples = ", ".join(f"`{value(e)}`" for e in schema.get("examples", ()))
    return " ".join(filter(None, (schema.get("description", ""), f"For example {examples}." if examples else "")))


def kind(schema: Mapping[str, Any]) -> str:
    """A JSON schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(s) for s in schema["anyOf"] if s))
    if schema.get("format") == "date-time":
        return "time (ISO 8601)"
    named = schema.get("type", "anything")
    if named == "array":
        return f"list{_bounds(schema, 'Items')} of {kind(schema.get('items', {}))}"
    if named == "object":
        inner = schema.get("additionalProperties")
        return f"object of {kind(inner)}" if isinstance(inner, dict) and inner else "object"
    return _TYPES.get(named, named) + _bounds(schema, "Length" if named == "string" else "imum")


def _bounds(schema: Mapping[str, Any], what: str) -> str:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    unit = " characters" if what == "Length" else ""
    if most is None or most > 1e9:  # such bounds only keep numbers exact
        return f" from {int(least):,}{unit}" if least is not None and least > -1e9 else ""
    return f" ({'up' if least is None else f'{int(least):,}'} to {int(most):,}{unit})"
