"""The page of the commands, read from their annotations: a help text would depend on who prints it."""

import inspect
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

from penchant import cli
from penchant.cli.commands import commands, functions
from reference import tables
from reference.source import doc

HEADERS = ("option", "takes", "default", "meaning")


def page() -> Iterator[str]:
    """Every command with its arguments and options."""
    app = commands()
    yield "# Command line"
    yield doc(cli)
    yield "```text\npenchant [--version] [--debug] COMMAND …\n```"
    yield tables.grid(HEADERS, list(options(getattr(app.registered_callback, "callback", None))))
    for name, function in functions().items():
        yield f"## penchant {name}\n\n{doc(function)}"
        given = [said for _, said in parameters(function, "ArgumentInfo")]
        yield "```text\n" + " ".join(["penchant", name, *(i.metavar for i in given), "[OPTIONS]"]) + "\n```"
        arguments = [(f"`{i.metavar}`", "", "required", i.help) for i in given]
        yield tables.grid(HEADERS, [*arguments, *options(function)])


def options(function: Any) -> Iterator[tuple[str, str, str, str]]:
    """Names, what it takes, default and meaning of every option of a command."""
    hints, signature = typing.get_type_hints(function), inspect.signature(function)
    for name, info in parameters(function, "OptionInfo"):
        takes = "" if hints[name] is bool else (info.metavar or tables.words(hints[name]))
        yield (
            ", ".join(f"`{word}`" for word in names(info)),
            takes,
            _default(signature.parameters[name].default, info),
            info.help,
        )


def names(info: Any) -> tuple[str, ...]:
    """The spellings of an option; the first one stands where a default would."""
    spelled = (info.default, *(info.param_decls or ()))
    return tuple(word for word in spelled if isinstance(word, str) and word.startswith("-"))


def parameters(function: Any, kind: str) -> Iterator[tuple[str, Any]]:
    """Parameters of a command that are arguments or options, with what is said about them."""
    for name, hint in typing.get_type_hints(function, include_extras=True).items():
        inner = [part for part in typing.get_args(hint) if type(part).__name__ == kind]
        yield from ((name, info) for info in inner)


def _default(found: Any, info: Any) -> str:
    if found is inspect.Parameter.empty:
        return "required"
    if isinstance(info.show_default, str):
        return f"`{info.show_default}`"
    return "" if found in (None, False) else f"`{found.value if isinstance(found, Enum) else found}`"
