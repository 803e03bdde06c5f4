"""A penchant.toml with other settings: every comment stays, and nothing is written that could not be read again."""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from penchant import build, config
from penchant.errors import ConfigError, UsageError

Changes = Mapping[str, Mapping[str, Mapping[str, Any]]]  # family → name → setting → value


def rewritten(text: str, changes: Changes) -> str:
    """The text with these settings in it; a family that the text leaves to the defaults is written out."""
    tomlkit = _tomlkit()
    document = tomlkit.parse(text)
    for family, plugins in changes.items():
        if family not in document:
            document.append(family, _written(family))
        for entry in document[family]:
            _change(entry, plugins.get(entry.get("name", entry["kind"]), {}))
    return str(tomlkit.dumps(document))


def fragment(text: str, changes: Changes) -> str:
    """What has to stand in the file: the entries that change, or the whole family if the text has none of it."""
    tomlkit = _tomlkit()
    known, made = tomlkit.parse(text).unwrap(), tomlkit.parse(rewritten(text, changes)).unwrap()
    lines: list[str] = []
    for family, plugins in changes.items():
        for entry in made[family]:
            name = entry.get("name", entry["kind"])
            if family not in known or name in plugins:
                kept = entry if family not in known else _only(entry, plugins[name])
                lines += [f"[[{family}]]", *_lines(kept, plugins.get(name, {})), ""]
    return "\n".join(lines)


def save(folder: Path, text: str, plan: str) -> Path:
    """Replace a project's penchant.toml at once and whole, if the new one means the plan of this digest."""
    file = folder / config.FILE
    try:
        means = build.plan(config.parse(text)).digest()
    except ConfigError as error:
        raise UsageError(f"{file}: left as it is: with the new settings it could not be read: {error}") from None
    if means != plan:
        raise UsageError(f"{file}: left as it is: it does not say what was measured; write the settings in by hand")
    new = file.with_name(f"{file.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)  # noqa: PTH105 - the same, and it says that it is one step
    return file


def _change(entry: MutableMapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Set keys; the comment behind a value stays behind it."""
    for key, value in settings.items():
        entry[key] = value


def _written(family: str) -> Any:
    tomlkit = _tomlkit()
    entries = tomlkit.aot()
    for entry in config.DEFAULTS[family]:
        entries.append(tomlkit.item({key: _inline(value) for key, value in entry.items()}))
    return entries


def _inline(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    table = _tomlkit().inline_table()
    table.update(value)
    return table


def _only(entry: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key in ("kind", "name") or key in settings}


def _lines(entry: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    from penchant.cli.template import value

    return [f"{key} = {value(found)}{'  # tuned' if key in settings else ''}" for key, found in entry.items()]


def _tomlkit() -> Any:
    try:
        import tomlkit
    except ImportError:
        raise UsageError("writing settings needs tomlkit: pip install 'penchant[train]'") from None
    return tomlkit
