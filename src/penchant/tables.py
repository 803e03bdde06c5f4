"""A TOML table → a frozen dataclass, strictly: unknown keys are errors; `{ env = "NAME" }` is read from outside."""

import dataclasses
import json
import math
import os
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from penchant.errors import ConfigError, allowed

T = TypeVar("T")


def made(cls: type[T], table: Any, where: str) -> T:
    """Make a frozen dataclass from a TOML table. Raises ConfigError naming key, value and what is allowed."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: a table is wanted, found {table!r}")
    known = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if unknown := table.keys() - known:
        raise ConfigError(f"{where}: unknown key {allowed(unknown)}; allowed are {allowed(known)}")
    try:
        return TypeAdapter(cls).validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_flaw(error)}") from None


def _flaw(error: ValidationError) -> str:
    """The first key that is off, its value, and what is allowed; a key of several types has one error for each."""
    first, *others = error.errors()
    ways = [e["msg"] for e in others if first["loc"][1:] and e["loc"][:-1] == first["loc"][:-1]]
    key = ".".join(map(str, first["loc"][:-1] if ways else first["loc"]))
    return f"{key} is {first['input']!r}: " + " or ".join(dict.fromkeys([first["msg"], *ways]))


def secrets(value: Any, where: str) -> Any:
    """The document with every `{ env = "NAME" }` replaced by that environment variable; refuses nan and infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where} is {value}: Input should be a finite number")
    if isinstance(value, list):
        return [secrets(v, where) for v in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"env"} and isinstance(value["env"], str):
        if value["env"] not in os.environ:
            raise ConfigError(f"{where}: the environment has no variable {value['env']!r}")
        return os.environ[value["env"]]
    return {key: secrets(v, f"{where}.{key}".lstrip(".")) for key, v in value.items()}
