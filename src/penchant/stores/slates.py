"""Slates in SQL: written in batches, kept for a bounded time, never worth an fsync."""

import threading
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, func, select

from penchant.errors import StoreError, UsageError
from penchant.stores import codec
from penchant.stores.database import Database
from penchant.stores.retention import Retention
from penchant.stores.tables import SLATES
from penchant.types import Slate, micros

_BATCH = 200  # slates that are worth a transaction
_PAUSE = 1.0  # seconds after which fewer are
_MOST = 20 * _BATCH  # waiting slates; beyond, while the disk refuses them, the oldest are given up

Packed = tuple[str, str, int, bytes]  # id, user, time (µs), payload


class Slates:
    """The slates of a log; those not written yet are found too."""

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database.join(SLATES)
        self._retention = retention
        self._waiting: dict[str, Packed] = {}
        self._since = time.monotonic()
        self._lock = threading.RLock()
        columns = ("id", "user", "time", "payload")
        statement = database.insert(SLATES).on_conflict_do_nothing(index_elements=["id"])
        self._insert = database.sql(statement, columns)
        found = select(SLATES.c.id, SLATES.c.user, SLATES.c.time, SLATES.c.payload)
        self._by_id = database.sql(found.where(SLATES.c.id == bindparam("id")))
        self._by_user = database.sql(found.where(SLATES.c.user == bindparam("user")))

    def keep(self, slates: Iterable[tuple[Slate, Packed]]) -> list[Slate]:
        """Remember slates, to be written soon; returns those whose id was new."""
        fresh = []
        with self._lock:
            for slate, row in slates:
                if slate.id not in self._waiting and not self._database.read(self._by_id, (slate.id,)):
                    self._waiting[slate.id] = row
                    fresh.append(slate)
            if len(self._waiting) >= _BATCH:
                self.flush()
        return fresh

    def find(self, slate: str | None, user: str | None) -> list[Slate]:
        """Slates by id, by person or by both, in order of time."""
        if slate is None and user is None:
            raise UsageError("slates() wants the id of a slate or of a user")
        sql, key = (self._by_user, user) if slate is None else (self._by_id, slate)
        with self._lock:
            rows = [*self._database.read(sql, (key,)), *self._waiting.values()]
        chosen = {row[0]: row for row in rows if slate in (None, row[0]) and user in (None, row[1])}
        ordered = sorted(chosen.values(), key=lambda row: (row[2], row[0]))
        return [codec.to_slate(codec.unpack(row[3])) for row in ordered]

    def forget(self, user: str) -> int:
        """Remove a person's slates; returns how many there were."""
        with self._lock:
            mine = [key for key, row in self._waiting.items() if row[1] == user]
            for key in mine:
                del self._waiting[key]
            with self._database.write() as connection:
                removed = connection.execute(delete(SLATES).where(SLATES.c.user == user)).rowcount
        self._database.scrub()
        return len(mine) + removed

    def flush_if_due(self) -> None:
        """Write the waiting slates if they have waited long enough."""
        if self._waiting and time.monotonic() - self._since >= _PAUSE:
            self.flush()

    def flush(self) -> None:
        """Write the waiting slates and drop those that are too many or too old."""
        with self._lock:
            self._since = time.monotonic()
            if not self._waiting:
                return
            try:
                self._write(list(self._waiting.values()))
            except StoreError:
                for key in list(self._waiting)[:-_MOST]:
                    del self._waiting[key]
                raise
            self._waiting.clear()

    def _write(self, rows: Sequence[Packed]) -> None:
        with self._database.write(durable=False) as connection:
            connection.exec_driver_sql(self._insert, list(rows))
            last, newest = connection.execute(select(func.max(SLATES.c.seq), func.max(SLATES.c.time))).one()
            oldest = self._retention.oldest(newest, micros(datetime.now(UTC)))
            connection.execute(delete(SLATES).where(SLATES.c.time < oldest))
            connection.execute(delete(SLATES).where(SLATES.c.seq <= last - self._retention.slates))

    def close(self) -> None:
        """Write what is waiting and close."""
        try:
            self.flush()
        finally:
            self._database.leave()


def packed(slate: Slate) -> Packed:
    """Row of a slate; StoreError if something of it cannot be kept."""
    if not (isinstance(slate.id, str) and slate.id):
        raise StoreError("slate without an id; every entry of the log needs one")
    return slate.id, slate.query.user, micros(slate.time), codec.pack(codec.from_slate(slate))
