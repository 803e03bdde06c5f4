"""One SQL database: its pool of connections, its single writer, its errors.

Readers take a pooled connection for one statement; a writer holds the lock for one transaction. Row-by-row work goes
to the driver as tuples, through SQL that SQLAlchemy has written once.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    create_engine,
    event,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from penchant.errors import ConfigError, NotReadyError, StoreError
from penchant.stores.failures import busy, failure
from penchant.stores.places import beside, location, mounted_read_only

_MOMENT = 0.001  # seconds between two attempts to write
_PATIENCE = 30  # seconds to wait for another process that is writing
_READERS = 16  # connections kept open; more are opened and closed under load
_OPENING = 0x70656E  # key of the PostgreSQL lock under which tables are created
_CACHE = {False: -16_384, True: -262_144}  # KiB of SQLite pages: in general, and while much is written


class Database:
    """A database that several stores may share; the last one to close it closes it."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.name = url.set(query={}).render_as_string(hide_password=True)
        self.sqlite = url.get_backend_name() == "sqlite"
        self.read_only = self.sqlite and mounted_read_only(Path(url.database or "").parent)
        self.engine = self._sqlite() if self.sqlite else self._postgresql()
        dbapi: Any = self.engine.dialect.dbapi
        self._failures = (SQLAlchemyError, dbapi.Error, UnicodeError, OverflowError)
        self._writer = threading.RLock()
        self._users = 0

    def _sqlite(self) -> Any:
        url, options = self.url, {"isolation_level": None, "check_same_thread": False, "timeout": _PATIENCE}
        if self.read_only:
            url = url.set(database=f"file:{quote(url.database or '')}", query={"immutable": "1", "uri": "true"})
        else:
            Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args=options, pool_size=_READERS, max_overflow=-1, hide_parameters=True)
        event.listen(engine, "connect", _settle)
        return engine

    def _postgresql(self) -> Any:
        url = self.url.set(drivername="postgresql+psycopg")
        try:
            return create_engine(
                url, paramstyle="format", pool_size=_READERS, pool_pre_ping=True, max_overflow=-1, hide_parameters=True
            )
        except ModuleNotFoundError as error:
            raise ConfigError(f"{self.name} needs psycopg: pip install 'penchant[postgres]'") from error

    @property
    def closed(self) -> bool:
        """Whether its last user has closed it."""
        return self._users < 0

    def join(self, *tables: Table) -> "Database":
        """Count one more user and create the tables it needs."""
        with self._writer:
            self._users = max(self._users, 0) + 1  # the pool opens anew by itself
            try:
                self._create(tables)
            except BaseException:
                self.leave()
                raise
        return self

    def leave(self) -> None:
        """Count one user less; without users the connections are closed."""
        with self._writer:
            self._users -= 1
            if self._users <= 0:
                self._users = -1
                self.engine.dispose()

    def companion(self, name: str) -> "Database":
        """Where bulky data of little worth goes: a file beside this one in SQLite, else this database itself."""
        if not self.sqlite:
            return self
        return Database(self.url.set(database=str(beside(Path(self.url.database or ""), name))))

    def _create(self, tables: Sequence[Table]) -> None:
        if self.read_only:
            self._find(tables)
            return
        if self.sqlite:
            self.read("PRAGMA journal_mode=WAL")
        with self.write() as connection:
            if not self.sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_OPENING})")
            for table in tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    connection.execute(CreateIndex(index, if_not_exists=True))

    def _find(self, tables: Sequence[Table]) -> None:
        """Look at tables on a disk that takes no writes; StoreError if they cannot be read as they are."""
        ahead = Path(f"{self.url.database}-wal")
        if ahead.exists() and ahead.stat().st_size:
            raise StoreError(f"{ahead} waits to be merged, and its disk is read-only: copy the folder to another disk")
        for table in tables:
            self.read(self.sql(select(table).limit(1)), (1, 0))

    def insert(self, table: Table) -> Any:
        """An INSERT of this dialect, which knows ON CONFLICT and leaves numbering to the database."""
        return (sqlite if self.sqlite else postgresql).insert(table).inline()

    def page(self, statement: Select[Any]) -> str:
        """SQL of at most so many rows of a query: its last parameters are the limit and an offset, 0."""
        return self.sql(statement.limit(bindparam("limit")).offset(bindparam("offset")))

    def sql(self, statement: Select[Any] | Insert | Update | Delete, columns: Sequence[str] | None = None) -> str:
        """SQL of a statement, its parameters positional in the order in which they were written."""
        return str(statement.compile(dialect=self.engine.dialect, column_keys=columns and list(columns)))

    def read(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query as the driver gives them."""
        self._check()
        try:
            connection = self.engine.raw_connection()
            try:
                cursor = connection.cursor()
                try:
                    cursor.execute(sql, parameters)
                    rows: list[tuple[Any, ...]] = cursor.fetchall()
                    return rows
                finally:
                    cursor.close()  # an error would keep it, and it the file
            finally:
                connection.close()
        except self._failures as error:
            raise failure(self.name, error) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for several reads."""
        self._check()
        try:
            with self.engine.connect() as connection:
                yield connection
        except self._failures as error:
            raise failure(self.name, error) from error

    @contextmanager
    def write(
        self, *, lock: Table | None = None, durable: bool = True, much: bool = False, patience: float | None = None
    ) -> Iterator[Connection]:
        """A transaction, the only one of this process; `lock` keeps other processes from writing that table.

        What is not `durable` may be lost, whole, when the machine loses power. `much` borrows memory for its time.
        With `patience`, NotReadyError after so many seconds of waiting for other writers.
        """
        self._check()
        if self.read_only:
            raise StoreError(f"{self.name} lies on a read-only disk: what is there is read, and nothing is kept")
        try:
            with self._alone(patience), self.engine.begin() as connection:
                if self.sqlite:
                    _begin(connection, durable, much, _PATIENCE if patience is None else patience)
                else:
                    _lock(connection, lock, patience)
                yield connection
        except self._failures as error:
            if patience is not None and busy(error):
                raise NotReadyError(f"{self.name} is being written by others") from error
            raise failure(self.name, error) from error

    @contextmanager
    def _alone(self, patience: float | None) -> Iterator[None]:
        if not self._writer.acquire(timeout=-1 if patience is None else patience):
            raise NotReadyError(f"{self.name} is being written by this process")
        try:
            yield
        finally:
            self._writer.release()

    def scrub(self) -> None:
        """Leave no copy of deleted rows in SQLite's write-ahead log, as far as readers allow it now."""
        if self.sqlite:
            self.read("PRAGMA wal_checkpoint(TRUNCATE)")

    def _check(self) -> None:
        if self.closed:
            raise StoreError(f"{self.name} is closed")


class Databases:
    """The databases that are open, so that stores with one URL share one pool and one writer."""

    def __init__(self) -> None:
        self._open: dict[str, Database] = {}
        self._lock = threading.Lock()

    def at(self, url: str, folder: Path) -> Database:
        """The database of a URL; a relative SQLite path lies in `folder`."""
        place = location(url, folder)
        key = place.render_as_string(hide_password=False)
        with self._lock:
            database = self._open.get(key)
            if database is None or database.closed:
                database = self._open[key] = Database(place)
            return database


def _begin(connection: Connection, durable: bool, much: bool, patience: float) -> None:
    """Begin to write, asking for SQLite's lock every moment: its own way of waiting pauses ever longer, up to .1 s."""
    driver: Any = connection.connection.driver_connection  # asked directly: five statements go before every write
    driver.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    driver.execute(f"PRAGMA cache_size={_CACHE[much]}")
    driver.execute("PRAGMA busy_timeout=0")
    until = time.monotonic() + patience
    try:
        while not _begun(driver, last=time.monotonic() >= until):
            time.sleep(_MOMENT)
    finally:  # others will use this connection
        driver.execute(f"PRAGMA busy_timeout={_PATIENCE * 1_000}")


def _begun(driver: Any, last: bool) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except Exception as error:
        if last or not busy(error):
            raise
        return False
    return True


def _lock(connection: Connection, table: Table | None, patience: float | None) -> None:
    if patience is not None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience * 1_000:.0f}")
    if table is not None:
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")


def _settle(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
