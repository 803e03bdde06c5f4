"""The penchant.toml that `init` writes: every setting with its default and its comment, read from their one source."""

import dataclasses
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from penchant import config, plugins
from penchant.events import kinds
from penchant.settings import Settings

_COMMENT = re.compile(r"^ {4}(\w+): [^#\n]*  # (.+)$", re.MULTILINE)
_HEAD = """\
# Settings of this project. Every setting is here with its default; take away the # in front of one to change it.
# Remarks have a space behind the #, settings have none. An unknown key is an error that names what is allowed.
# A secret is written { env = "NAME" }: it is read from that environment variable.
"""


def template() -> str:
    """The text of a penchant.toml that says nothing but the defaults."""
    defaults = Settings()
    tables = {f.name: getattr(defaults, f.name) for f in dataclasses.fields(defaults)}
    lines = [_HEAD, "# " + comments(Settings).get("similar", "similar"), f"#similar = {value(defaults.similar)}"]
    for name, table in tables.items():
        if dataclasses.is_dataclass(table):
            lines += ["", *_table(name, table)]
    for family, entries in config.DEFAULTS.items():
        lines += ["", *_family(family, entries)]
    return "\n".join(lines) + "\n"


def comments(cls: type) -> dict[str, str]:
    """Field → the comment beside it; empty where the source is not installed."""
    try:
        return dict(_COMMENT.findall(inspect.getsource(cls)))
    except OSError:
        return {}


def value(found: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(found, Mapping):
        inner = ", ".join(f"{_key(key)} = {value(v)}" for key, v in found.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(found, list | tuple):
        return f"[{', '.join(map(value, found))}]"
    return json.dumps(found, ensure_ascii=False)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _table(name: str, table: Any) -> Iterator[str]:
    yield "# " + _about(type(table)).removeprefix(f"[{name}] ")
    yield f"[{name}]"
    yield from _settings(table)
    if name == "events":
        yield f"# weights that are built in: {value(kinds.WEIGHTS)}"
        yield f"# kinds that are built in: {value(kinds.ALIASES)}"


def _family(family: str, entries: Any) -> Iterator[str]:
    if entries:
        yield f"# {family}: what is written here replaces the whole list, so take away the # of all you want to keep."
    elif family == "moderators":
        yield "# moderators: none unless one is written here; each may keep back a text that is written about a pick."
    else:
        yield f"# {family}: those that are built in always hold; one [[{family}]] table adds one more."
    yield f"# kinds there are: {', '.join(plugins.names(family))}"
    for entry in entries:
        plugin = plugins.find(family, entry["kind"])
        yield f"# {_about(plugin)}"
        yield f"#[[{family}]]"
        yield from (f"#{key} = {value(v)}" for key, v in entry.items())
        yield from _settings(plugin())


def _settings(settings: Any) -> Iterator[str]:
    said = comments(type(settings))
    for field in dataclasses.fields(settings):
        line = f"#{field.name} = {value(getattr(settings, field.name))}"
        yield f"{line}  # {said[field.name]}" if field.name in said else line


def _about(cls: type) -> str:
    return (cls.__doc__ or "").strip().splitlines()[0]
