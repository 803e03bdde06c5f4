"""A damaged SQLite file: what of it cannot be read, and a new file of all that can.

The log is the truth: it is copied row by row around what is damaged. Items keep their rows, their content coming from
the log where it is lost; slates and vectors are copied as far as they go; people's state is left to be folded anew.
The damaged file stays beside the new one.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Table

from penchant.arrays import sync
from penchant.errors import StoreError
from penchant.stores.database import Database
from penchant.stores.failures import failure
from penchant.stores.tables import ITEMS, LOG, SLATES, STATES, VECTORS

DAMAGED = "damaged"  # what the name of a file that was put aside has in it
_TABLES = (LOG, ITEMS, VECTORS, STATES, SLATES)
_MOST = 5  # flaws that SQLite looks for
_SHOWN = 5  # ids of lost entries that are said
_END = 1 << 62

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is wrong with a file; `tables` are those that cannot be read to their end."""

    file: Path
    said: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What became of a damaged file: rows that were saved by table, and the entries of the log that are lost."""

    file: Path
    aside: Path
    saved: dict[str, int]
    lost: tuple[str, ...]  # ids, as far as they can be told

    def lines(self) -> list[str]:
        """What happened, in words."""
        saved = ", ".join(f"{count:,} rows of {table}" for table, count in self.saved.items())
        lost = ", ".join(self.lost[:_SHOWN]) + (" …" if len(self.lost) > _SHOWN else "")
        again = "import the same files again, which adds what is missing of them"
        return [
            f"{self.file} was damaged; the new one has {saved or 'nothing yet'}; the old one is {self.aside}",
            *([f"{len(self.lost):,} entries of the log are lost ({lost}): {again}"] if self.lost else []),
        ]

    def document(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"file": str(self.file), "aside": str(self.aside), "saved": self.saved, "lost": list(self.lost)}


def damage(file: Path, *, frozen: bool = False) -> Damage | None:
    """Look through a file; None if it is sound. `frozen` says that its disk takes no writes."""
    with closing(_opened(file, frozen)) as source:
        try:
            said = [line for (line,) in source.execute(f"PRAGMA quick_check({_MOST})")]
        except sqlite3.Error as error:
            said = [str(error)]
        if said == ["ok"]:
            return None
        tables = tuple(table.name for table in _TABLES if not _readable(source, table.name))
    return Damage(file=file, said=said[0].splitlines()[-1].strip(), tables=tables)


def salvage(file: Path) -> Salvaged:
    """Put a new file in the place of a damaged one. Raises StoreError if others use it, or the disk refuses."""
    new = file.with_name(f"{file.name}.mending")
    aside = file.with_name(f"{file.name}.{DAMAGED}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    _remove(new)
    try:
        with closing(_opened(file)) as source:
            tables = _tables(source, file)  # before anything is written to it
            _only_user(source, file)
            saved, lost = _copied(source, tables, new)
        _swap(file, new, aside)
    except OSError as error:
        raise StoreError(f"{file}: nothing was changed: {error.strerror}") from error
    finally:
        _remove(new)
    return Salvaged(file=file, aside=aside, saved=saved, lost=lost)


def _opened(file: Path, frozen: bool = False) -> sqlite3.Connection:
    options = "immutable=1" if frozen else "mode=rw"
    try:
        source = sqlite3.connect(f"file:{quote(str(file))}?{options}", uri=True, timeout=1, isolation_level=None)
        source.execute("PRAGMA writable_schema=ON")  # else nothing at all is read of a file that is cut short
        return source
    except sqlite3.Error as error:
        raise failure(str(file), error) from error


def _readable(source: sqlite3.Connection, table: str) -> bool:
    try:
        for _ in source.execute(f"SELECT * FROM {table}"):  # noqa: S608 - one of our own names
            pass
    except sqlite3.Error as error:
        return "no such table" in str(error)
    return True


def _only_user(source: sqlite3.Connection, file: Path) -> None:
    """Merge the write-ahead log, which works only for who is alone; where that is damaged too it stays as it is."""
    try:
        source.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise StoreError(f"{file} is in use: stop the server first; nothing was changed") from error


def _copied(source: sqlite3.Connection, tables: list[Table], new: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    database = Database(URL.create("sqlite", database=str(new))).join(*tables)
    saved, lost = {}, {}
    try:
        with database.write(much=True) as connection:
            target: Any = connection.connection.driver_connection
            for table in (LOG, VECTORS, SLATES):
                if table in tables:
                    saved[table.name] = _insert(target, table, _rows(source, table))
            if LOG in tables:
                lost = _named(source, LOG.name, "position", "id")
                for (position,) in target.execute("SELECT position FROM log"):
                    lost.pop(position, None)
                _number(source, target, max(lost, default=0))
            if ITEMS in tables:
                saved[ITEMS.name] = _insert(target, ITEMS, _items(source, target))
    finally:
        database.leave()
    return saved, tuple(lost.values())


def _tables(source: sqlite3.Connection, file: Path) -> list[Table]:
    try:
        names = {name for (name,) in source.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        if file.stem.endswith(f".{SLATES.name}"):
            return [SLATES]  # of little worth: they begin anew
        said = "nothing of it can be read: restore a backup, or move it away and import into a fresh one"
        raise StoreError(f"{file}: {error}; {said}") from error
    return [table for table in _TABLES if table.name in names]


def _insert(target: Any, table: Table, rows: Iterable[Row]) -> int:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join("?" * len(table.columns))
    return int(target.executemany(f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({marks})", rows).rowcount)  # noqa: S608


def _rows(source: sqlite3.Connection, table: Table) -> Iterator[Row]:
    """All rows that can be read, in order, stepping over those that cannot."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    sql = f"SELECT rowid, {names} FROM {table.name} WHERE rowid >= ? ORDER BY rowid"  # noqa: S608
    begin = 0
    while begin < _END:
        try:
            for row in source.execute(sql, (begin,)):
                begin = row[0] + 1
                yield row[1:]
            return
        except sqlite3.Error:
            begin = _behind(source, sql, begin)


def _behind(source: sqlite3.Connection, sql: str, damaged: int) -> int:
    """The first number from which on a row can be read; found by leaps and then by halves."""

    def fine(number: int) -> bool:
        try:
            source.execute(f"{sql} LIMIT 1", (number,)).fetchall()
        except sqlite3.Error:
            return False
        return True

    leap = 1
    while damaged + leap < _END and not fine(damaged + leap):
        leap *= 2
    low, high = damaged + leap // 2, damaged + leap
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fine(middle) else (middle, high)
    return high


def _named(source: sqlite3.Connection, table: str, number: str, name: str) -> dict[int, str]:
    """Number → id of a table's rows as its index of ids has them, which lies in pages of its own."""
    found: dict[int, str] = {}
    with suppress(sqlite3.Error):
        sql = f'SELECT "{number}", {name} FROM {table} INDEXED BY sqlite_autoindex_{table}_1'  # noqa: S608
        for row, key in source.execute(sql):
            found[row] = key
    return found


def _number(source: sqlite3.Connection, target: Any, least: int) -> None:
    """Go on numbering where the damaged file would have: a position is never given out twice."""
    with suppress(sqlite3.Error):
        least = max(least, *source.execute("SELECT seq FROM sqlite_sequence WHERE name = 'log'").fetchone())
    target.execute("INSERT INTO sqlite_sequence SELECT 'log', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence)")
    target.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'log'", (least,))


def _items(source: sqlite3.Connection, target: Any) -> Iterator[Row]:
    """Items in order of row, up to the first whose content is neither there nor in the log: that one starts anew."""
    known = {row[0]: row for row in _rows(source, ITEMS)}
    names = _named(source, ITEMS.name, "row", "id")
    newest = "SELECT context FROM log WHERE type = 'item' AND item = ? ORDER BY id LIKE 'bare:%', position DESC LIMIT 1"
    for row in range(max([*known, *names], default=-1) + 1):
        if row not in known:
            found = target.execute(newest, (names.get(row),)).fetchone()
            if found is None:
                return
            payload = found[0].encode()
            known[row] = (row, names[row], payload, hashlib.sha256(payload).digest())
        yield known[row]


def _swap(file: Path, new: Path, aside: Path) -> None:
    """Put the new file in place; whatever happens, each of both is somewhere, and no old log beside the new file."""
    os.link(file, aside)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{file}{suffix}").replace(f"{aside}{suffix}")
    new.replace(file)
    sync(file.parent)


def _remove(new: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{new}{suffix}").unlink(missing_ok=True)
