"""Lines of the log, for people or one JSON object each, with the name of the request that they are about.

Of an error they tell what it was and where, and what it says only if it cannot quote a person or a text: those of
files, stores, releases and settings.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson

from penchant.errors import ArtefactError, ConfigError, StoreError
from penchant.telemetry import visits

Form = Literal["text", "json"]
_PLAIN = (OSError, StoreError, ArtefactError, ConfigError)  # their words are about files and settings
_FRAMES = 12  # innermost places told of an error


def settle(form: Form) -> None:
    """Write the log of this process to standard error in a form; what was settled before is replaced."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(form))
    logging.basicConfig(handlers=[handler], force=True)
    logging.getLogger("penchant").setLevel(logging.INFO)


class Lines(logging.Formatter):
    """Formats records as lines."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        told = document(record)
        if self._form == "json":
            return orjson.dumps(told, default=str).decode()
        begin = f"{told['time']} {record.levelname} {record.name}: {told['message']}"
        rest = {k: v for k, v in told.items() if k not in ("time", "level", "logger", "message", "error")}
        line = " ".join([begin, *(f"{key}={_word(value)}" for key, value in rest.items())])
        error = told.get("error")
        return "\n".join([line, *_lines(error)]) if error else line


def document(record: logging.LogRecord) -> dict[str, Any]:
    """What is told of a record."""
    told: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    if name := visits.name():
        told["request_id"] = name
    told.update(getattr(record, "told", {}))
    if record.exc_info and record.exc_info[1] is not None:
        told["error"] = _error(record.exc_info[1])
    return told


def _error(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "where": [f"{_module(f.filename)}:{f.lineno} {f.name}" for f in frames],
    }
    if isinstance(error, _PLAIN):
        found["message"] = str(error)
    if error.__cause__ is not None:
        found["cause"] = _error(error.__cause__)
    return found


def _module(file: str) -> str:
    """A file's last two parts: enough to find it, nothing of the machine."""
    return "/".join(Path(file).parts[-2:])


def _lines(error: dict[str, Any], depth: int = 1) -> Iterator[str]:
    pad = "  " * depth
    yield f"{pad}{error['type']}{': ' + error['message'] if 'message' in error else ''}"
    yield from (f"{pad}  at {where}" for where in reversed(error["where"]))
    if "cause" in error:
        yield from _lines(error["cause"], depth + 1)


def _word(value: object) -> str:
    return ",".join(map(str, value)) or "-" if isinstance(value, list) else str(value)
