"""The file of rows an import refused, one JSON object per line: file, line, reason, row.

Rule: an import replaces what the same source left there before, and all at once: a killed import changes nothing.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Self

import orjson
import polars as pl

from penchant.catalogue.readers import Broken
from penchant.errors import StoreError, UsageError


class Rejects:
    """Collects refused rows beside the file and moves them in place when the import is done."""

    def __init__(self, path: Path | None, source: str) -> None:
        self._path = path
        self._source = source
        self._part: IO[bytes] | None = None
        self._any = False

    def add(self, rows: Iterable[Broken]) -> None:
        """Keep refused rows, in order."""
        if self._part is None:
            return
        with self._disk():
            for row in rows:
                entry = {"file": self._source, "line": row.line, "reason": row.reason, "row": row.row}
                self._part.write(_line(entry))
                self._any = True

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._part = self._place().open("wb")
                self._copy_others(self._path)
            except OSError as error:
                raise UsageError(f"{self._path}: rejected rows cannot be written there: {error.strerror}") from error
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        if self._part is None or self._path is None:
            return
        done = failure is None and (self._any or self._path.exists())
        try:
            with self._disk():
                with self._part:
                    if done:
                        self._part.flush()
                        os.fsync(self._part.fileno())  # a power cut leaves the old file or the new one
                if done:
                    self._place().replace(self._path)
        finally:
            self._place().unlink(missing_ok=True)

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"{self._path}: rejected rows cannot be written there: {error.strerror}") from error

    def _place(self) -> Path:
        assert self._path is not None  # noqa: S101 (callers have looked)
        return self._path.with_name(self._path.name + ".part")

    def _copy_others(self, path: Path) -> None:
        if not path.exists() or self._part is None:
            return
        with path.open("rb") as old:
            self._part.writelines(line for line in old if _source_of(line) not in (self._source, None))


def _source_of(line: bytes) -> str | None:
    """The file that a line is about; None for what is no whole line, such as the last one after a power cut."""
    with contextlib.suppress(ValueError, AttributeError):
        name = orjson.loads(line).get("file")
        return name if isinstance(name, str) else None
    return None


def _line(entry: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(entry, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # integers over 64 bits, texts that are not Unicode
        shown = str(entry["row"]).encode("utf-8", "backslashreplace").decode()
        return _line({**entry, "row": {"raw": shown}})


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value.to_list() if isinstance(value, pl.Series) else str(value)
