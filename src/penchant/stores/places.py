"""Where a database is: URLs, the files of SQLite, and whether their disk takes writes."""

import os
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from penchant.errors import ConfigError


def files_of(urls: Iterable[str], folder: Path) -> list[Path]:
    """The files of SQLite that are there for these URLs, with those of slates."""
    found = {location(url, folder) for url in urls if url.startswith("sqlite")}
    paths = [Path(one.database or "") for one in sorted(found, key=str)]
    return [file for path in paths for file in (path, beside(path, "slates")) if file.is_file()]


def beside(path: Path, name: str) -> Path:
    """The file of a companion of a database."""
    return path.with_name(f"{path.stem}.{name}{path.suffix}")


def mounted_read_only(folder: Path) -> bool:
    """Whether the disk under a folder takes no writes at all."""
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except (OSError, AttributeError):  # no such folder yet, or no such system call
        return False


def location(url: str, folder: Path) -> URL:
    """Where a URL leads; a relative SQLite path lies in `folder`. ConfigError if it is none."""
    try:
        made = make_url(url)
    except (SQLAlchemyError, ValueError) as error:
        raise ConfigError("a store's URL is malformed; write it like sqlite:///penchant.db") from error
    if made.get_backend_name() != "sqlite":
        return made
    if not made.database or made.database == ":memory:":
        raise ConfigError(f"{url} names no file; write sqlite:///penchant.db, or memory:// to keep nothing")
    return made.set(database=str(Path(folder) / made.database))
