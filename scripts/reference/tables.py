"""Tables in Markdown, and types in words."""

import dataclasses
import typing
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

from penchant.cli.template import value
from reference.source import comments

_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}


def grid(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def settings(cls: type, defaults: Any) -> str:
    """The fields of a dataclass as settings, with their defaults and the comments beside them."""
    said, hints = comments(cls), typing.get_type_hints(cls)
    rows = [
        (f"`{f.name}`", words(hints[f.name]), f"`{value(getattr(defaults, f.name))}`", said[f.name])
        for f in dataclasses.fields(cls)
    ]
    return grid(("key", "is", "default", "meaning"), rows) if rows else "It has no settings."


def words(hint: Any) -> str:
    """A type in words."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return " or ".join(f"`{value(v)}`" for v in inner)
    if origin in (typing.Union, UnionType):
        return " or ".join(words(h) for h in inner if h is not NoneType)
    if origin in (tuple, list):
        return f"list of {words(inner[0])}s"
    if origin is not None:
        return f"table of {words(inner[-1])}s"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(f"`{member.value}`" for member in hint)
    return _WORDS.get(hint, str(hint))
