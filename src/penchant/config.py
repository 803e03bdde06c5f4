"""penchant.toml → frozen settings. Unknown keys are errors that name what is allowed; `{ env = "NAME" }` is a secret.

Every key is a field of penchant.settings or of a plug-in.
"""

import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from penchant import plugins
from penchant.errors import ConfigError, allowed
from penchant.settings import Part, Settings
from penchant.tables import made, secrets

FILE = "penchant.toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")  # names become folders and the beginnings of columns
_LONGEST = 600  # seconds of a deadline
_RESERVED = ("all", "encoder", "past", "rest", "union")  # names of folders, steps and reasons of our own

DEFAULTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "sources": (
        {"kind": "again", "limit": 60},
        {"kind": "habits", "limit": 30},
        {"kind": "sessions", "limit": 40},
        {"kind": "neighbours", "limit": 110},
        {"kind": "linear", "limit": 120},
        {"kind": "sequence", "limit": 50},
        {"kind": "popular", "limit": 130},
        {"kind": "nearest", "limit": 30},
        {"kind": "lexical", "limit": 30},
        {"kind": "crowd", "limit": 60},
        {"kind": "steered", "limit": 60},
    ),
    "stages": (
        {"kind": "item"},
        {"kind": "match"},
        {"kind": "repeats"},
        {"kind": "person"},
        {"kind": "moment"},
        {"kind": "standings"},
        {"kind": "trees", "otherwise": {"kind": "blend"}},
        {"kind": "fusion"},
        {"kind": "steered"},
        {"kind": "asked"},
        {"kind": "diversity"},
    ),
    "rules": (),
    "moderators": (),
}
_TABLES = {f.name: type(f.default) for f in dataclasses.fields(Settings) if dataclasses.is_dataclass(f.default)}


def read(folder: Path) -> Settings:
    """The settings of a project folder. Raises ConfigError naming file, key and what is allowed."""
    file = folder / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{folder}: there is no {FILE} here; `penchant init {folder}` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from None
    try:
        return parse(text)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None


def parse(text: str) -> Settings:
    """The settings in a TOML text."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error} (keys that are not plain ASCII need quotes)") from None
    known = {f.name for f in dataclasses.fields(Settings)}
    if unknown := document.keys() - known:
        raise ConfigError(f"unknown table or key {allowed(unknown)}; allowed are {allowed(known)}")
    document = secrets(document, "")
    tables: dict[str, Any] = {name: made(cls, document.get(name, {}), f"[{name}]") for name, cls in _TABLES.items()}
    repeats = {"kind": "repeats", "repeats": tables["events"].repeats}
    rules = [{"kind": "available"}, {"kind": "excluded"}, {"kind": "steered"}, repeats, *_entries(document, "rules")]
    sources, stages = (_parts(family, _entries(document, family)) for family in ("sources", "stages"))
    similar = _similar(document, [part.name for part in sources])
    always, moderators = _parts("rules", rules), _parts("moderators", _entries(document, "moderators"))
    return Settings(**tables, rules=always, moderators=moderators, sources=sources, stages=stages, similar=similar)


def _similar(document: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    found = document.get("similar", [])
    if not isinstance(found, list) or any(name not in names for name in found):
        raise ConfigError(f"similar is {found!r}; a list of names of sources is allowed: {allowed(names)}")
    return tuple(found) if "similar" in document else Settings().similar


def _entries(document: Mapping[str, Any], family: str) -> Sequence[Mapping[str, Any]]:
    entries = document.get(family, DEFAULTS.get(family, ()))
    if not isinstance(entries, list | tuple) or not all(isinstance(e, dict) for e in entries):
        raise ConfigError(f"{family}: write one [[{family}]] table for each, with its `kind`")
    return entries


def _parts(family: str, entries: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for entry in entries:
        options = dict(entry)
        where = f"[[{family}]] kind = {options.get('kind')!r}"
        name = options.pop("name", options.get("kind"))
        limit = options.pop("limit", 50) if family == "sources" else 0
        deadline = _deadline(family, options, where)
        otherwise = options.pop("otherwise", None) if family == "stages" else None
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise ConfigError(f"{where}: limit is {limit!r}; a whole number from 0 on is allowed")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in (*_RESERVED, *(p.name for p in parts)):
            wanted = f"a `name` of its own, of a-z, 0-9, _ and -, 64 at most, none of {allowed(_RESERVED)}"
            raise ConfigError(f"{where}: {name!r} is taken or not allowed; wanted is {wanted}")
        stand_in = None if otherwise is None else _plugin(family, otherwise, f"{where} otherwise")
        plugin = _plugin(family, options, where)
        parts.append(Part(name=name, plugin=plugin, limit=limit, deadline=deadline, otherwise=stand_in))
    return tuple(parts)


def _deadline(family: str, options: dict[str, Any], where: str) -> float | None:
    """The deadline of a source or stage, taken out of its options; a plug-in that has one of its own keeps it."""
    if "deadline" not in options or family not in ("sources", "stages") or _own(family, options.get("kind")):
        return None
    deadline = options.pop("deadline")
    if isinstance(deadline, bool) or not isinstance(deadline, int | float) or not 0 < deadline <= _LONGEST:
        raise ConfigError(f"{where}: deadline is {deadline!r}; seconds above 0, up to {_LONGEST} are allowed")
    return float(deadline)


def _own(family: str, kind: Any) -> bool:
    return kind in plugins.names(family) and any(
        f.name == "deadline" for f in dataclasses.fields(plugins.find(family, kind))
    )


def _plugin(family: str, options: Any, where: str) -> Any:
    if not isinstance(options, dict) or not isinstance(options.get("kind"), str):
        raise ConfigError(f"{where}: `kind` is missing; there are {allowed(plugins.names(family))}")
    rest = {key: value for key, value in options.items() if key != "kind"}
    return made(plugins.find(family, options["kind"]), rest, where)
