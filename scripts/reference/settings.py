"""The page of penchant.toml."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from penchant import config
from penchant.cli.template import value
from penchant.events.kinds import ALIASES, WEIGHTS
from penchant.language import encoders
from penchant.settings import Settings
from penchant.stores import open as stores
from reference import tables
from reference.source import comments, doc

KEYS = ("key", "is", "default", "meaning")


def page() -> Iterator[str]:
    """Every table with its keys, and the pipeline that runs where a file says nothing."""
    yield "# Settings"
    yield (
        f"A project is a folder with a `{config.FILE}`. All of it is optional: an empty file is a good start, and "
        "`penchant init` writes one that lists everything. An unknown key is an error that names what is allowed. "
        'A secret is written `{ env = "NAME" }` and read from that environment variable.'
    )
    defaults = Settings()
    for field in dataclasses.fields(defaults):
        if dataclasses.is_dataclass(table := getattr(defaults, field.name)):
            yield f"## [{field.name}]\n\n" + doc(type(table)).removeprefix(f"[{field.name}] ")
            yield tables.settings(type(table), table)
            yield from _more(field.name)
    yield "## similar\n\n" + f"`similar = {value(defaults.similar)}`: {comments(Settings)['similar']}."
    yield from _families()
    yield "What runs where a file says nothing:"
    yield "```toml\n" + "\n".join(_entries()) + "```"


def _more(name: str) -> Iterator[str]:
    if name == "stores":
        yield doc(stores)
    if name == "encoder":
        yield doc(encoders)
    if name == "events":
        weights = sorted(WEIGHTS.items(), key=lambda pair: -pair[1])
        yield "Weights that are built in: " + ", ".join(f"`{kind}` {weight:g}" for kind, weight in weights) + "."
        yield "Spellings that are built in: " + ", ".join(f"`{k}` is {v}" for k, v in ALIASES.items()) + "."


def _families() -> Iterator[str]:
    limit = config.parse('[[sources]]\nkind = "popular"').sources[0].limit
    always = ", ".join(f"`{part.name}`" for part in config.parse("").rules)
    yield "## [[sources]], [[stages]], [[rules]] and [[moderators]]"
    yield (
        "One table for each plug-in, in the order in which they are asked. What a file says about sources or stages "
        f"replaces that whole list; its rules are added to those that always hold: {always}. Moderators judge "
        "what is written about picks; there are none unless the file names them. Each of the "
        "[plug-ins](plug-ins.md) has settings of its own; these keys go with all of them:"
    )
    rows = [
        ("`kind`", "text", "required", "which plug-in"),
        ("`name`", "text", "the kind", "a name of its own, needed where one kind stands twice"),
        ("`limit`", "whole number", f"`{limit}`", "of sources: how many candidates it may bring; 0 only scores"),
        ("`deadline`", "number", "", "of sources and stages: seconds after which a server goes on without it"),
        ("`otherwise`", "table", "", "of stages: the stage that stands in until this one is trained"),
    ]
    yield tables.grid(KEYS, rows)


def _entries() -> Iterator[str]:
    for family, entries in config.DEFAULTS.items():
        yield from (_entry(family, entry) for entry in entries)


def _entry(family: str, entry: Mapping[str, Any]) -> str:
    return f"[[{family}]]\n" + "".join(f"{key} = {value(v)}\n" for key, v in entry.items())
