"""Storage by URL: the scheme picks the adapter, and relative paths lie in the project's folder.

`memory://`, `sqlite:///file.db`, `postgresql://user@host/name` and, for releases, `file:///folder`. Three slashes are
a relative path, four an absolute one. Stores that are given the same `Databases` share a pool where their URLs agree.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from uuid import uuid4

from penchant.errors import ConfigError, allowed
from penchant.stores.folder import FolderArtefacts
from penchant.stores.memory import MemoryItems, MemoryLog, MemoryStates

if TYPE_CHECKING:
    from penchant.stores.database import Database, Databases
    from penchant.stores.retention import Retention
    from penchant.stores.sql_items import SqlItems
    from penchant.stores.sql_log import SqlLog
    from penchant.stores.sql_states import SqlStates

_SQL = ("sqlite", "postgresql")


def items(url: str, folder: Path, databases: Databases | None = None) -> MemoryItems | SqlItems:
    """Open the item store of a URL; ConfigError lists the schemes there are."""
    if _scheme(url, "memory", *_SQL) == "memory":
        return MemoryItems()
    from penchant.stores.sql_items import SqlItems

    return SqlItems(_database(url, folder, databases))


def log(
    url: str, folder: Path, databases: Databases | None = None, *, retention: Retention | None = None
) -> MemoryLog | SqlLog:
    """Open the log of a URL, with bounds on its slates; ConfigError lists the schemes there are."""
    if _scheme(url, "memory", *_SQL) == "memory":
        return MemoryLog(retention)
    from penchant.stores.sql_log import SqlLog

    return SqlLog(_database(url, folder, databases), retention)


def states(url: str, folder: Path, databases: Databases | None = None) -> MemoryStates | SqlStates:
    """Open the state store of a URL; ConfigError lists the schemes there are."""
    if _scheme(url, "memory", *_SQL) == "memory":
        return MemoryStates()
    from penchant.stores.sql_states import SqlStates

    return SqlStates(_database(url, folder, databases))


def artefacts(url: str, folder: Path) -> FolderArtefacts:
    """Open the releases of a URL; those of `memory://` are a folder that close() removes."""
    if _scheme(url, "memory", "file") == "memory":
        return FolderArtefacts(Path(tempfile.gettempdir()) / f"penchant-{uuid4().hex}", keep=False)
    host, _, path = url.removeprefix("file://").partition("/")
    if host or not path:
        raise ConfigError(f"{url}: write file:///folder in the project, or file:////folder for an absolute path")
    return FolderArtefacts(Path(folder) / unquote(path))


def _scheme(url: str, *known: str) -> str:
    scheme, mark, _ = url.partition("://")
    if not mark or scheme not in known:
        raise ConfigError(f"no store for {scheme if mark else url!r}; the schemes are {allowed(known)}")
    return scheme


def _database(url: str, folder: Path, databases: Databases | None) -> Database:
    from penchant.stores.database import Databases

    return (databases or Databases()).at(url, folder)
