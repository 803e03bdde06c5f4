"""The log in SQL, on SQLite or PostgreSQL: appended under one lock, so that positions appear in their own order."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from penchant.events.segments import told
from penchant.ports import Entry, Record, Tail
from penchant.stores.database import Database
from penchant.stores.erasures import Erasures
from penchant.stores.retention import Retention
from penchant.stores.rows import Row, erasure, from_entry, to_context, to_entry
from penchant.stores.slates import Packed, Slates, packed
from penchant.stores.tables import LOG
from penchant.types import Slate

_COLUMNS = ("id", "type", "time", "user", "kind", "item", "value", "text", "context", "slate")
_NAMED = 64  # positions that one query names
_MUCH = 5_000  # entries that are worth a large page cache
_MOMENT = itemgetter(1 + _COLUMNS.index("time"), 0)  # of a row, whose position stands first
_ENTRY = [LOG.c.position, *(LOG.c[name] for name in _COLUMNS)]
_SLIM = [LOG.c[name] for name in ("position", "time", "user", "item", "kind", "value")]


class SqlLog:
    """Log in a table; slates go to a database of their own and are found at the position -1."""

    def __init__(self, database: Database, retention: Retention | None = None) -> None:
        self._database = database.join(LOG)
        try:
            companion = database.companion("slates")
            self._slates = Slates(companion, Erasures(database), retention or Retention())
        except BaseException:
            database.leave()
            raise
        self._closed = False
        statement = database.insert(LOG).on_conflict_do_nothing(index_elements=["id"])
        self._insert = database.sql(statement, _COLUMNS)
        self._last = database.sql(select(func.max(LOG.c.position)))
        after = LOG.c.position > bindparam("after")
        self._new = database.sql(select(LOG.c.position, LOG.c.id).where(after).order_by(LOG.c.position))
        self._tail, self._telling = (
            database.page(select(*columns).where(after).order_by(LOG.c.position))
            for columns in (_SLIM, [*_SLIM, LOG.c.context])
        )
        self._changes = database.sql(
            select(*_ENTRY)
            .where(after, LOG.c.position <= bindparam("last"), LOG.c.user.is_(None))
            .order_by(LOG.c.position)
        )
        mine = select(*_ENTRY).where(LOG.c.user == bindparam("user"))
        self._events = database.sql(mine.order_by(LOG.c.time, LOG.c.position))
        named = LOG.c.position.in_([bindparam(f"position{n}") for n in range(_NAMED)])
        self._some = database.sql(mine.where(named))

    def append(self, entries: Iterable[Entry]) -> list[Record]:
        """Write all entries or, on a StoreError, none; returns the new ones in order.

        Slates have no position and are not returned; they are written moments later, the first of one id staying.
        """
        given: dict[str, Entry] = {}
        rows: list[Row] = []
        slates: list[Packed] = []
        for entry in entries:
            if isinstance(entry, Slate):
                slates.append(packed(entry))
            elif given.setdefault(entry.id, entry) is entry:
                rows.append(from_entry(entry))
            else:
                from_entry(entry)
        records = [Record(position, given[key]) for position, key in self._write(rows)] if rows else []
        if slates:
            self._slates.keep(slates)
        return records

    def _write(self, rows: list[Row]) -> list[tuple[int, str]]:
        much = len(rows) > _MUCH
        with (
            self._database.write(lock=LOG, much=much) as connection,
            closing(connection.connection.cursor()) as cursor,  # past SQLAlchemy, which takes longer than SQLite
        ):
            cursor.execute(self._last)
            (last,) = cursor.fetchall()[0]
            cursor.executemany(self._insert, rows)
            cursor.execute(self._new, (last or 0,))
            return list(cursor.fetchall())

    def tail(self, after: int, limit: int = 50_000, *, key: str = "") -> Tail:
        """Entries behind a position: events as columns, item changes and erasures as records."""
        rows = self._database.read(self._telling if key else self._tail, (after, limit, 0))
        if not rows:
            return Tail(position=after)
        last, events = rows[-1][0], [row for row in rows if row[2] is not None]
        columns = tuple(zip(*events, strict=True)) if events else ((),) * (6 + bool(key))
        news = len(events) < len(rows)
        changes = [_record(row) for row in self._database.read(self._changes, (after, last))] if news else ()
        return _tail(last, columns, changes, key)

    def events(self, user: str, positions: Sequence[int] | None = None) -> list[Record]:
        """Everything one person did, in order of time; if `positions` are given, what of it is at these."""
        if positions is None:
            return [_record(row) for row in self._database.read(self._events, (user,))]
        asked = [*positions, *[0] * (-len(positions) % _NAMED)]  # none is at 0
        parts = (asked[at : at + _NAMED] for at in range(0, len(asked), _NAMED))
        rows = [row for part in parts for row in self._database.read(self._some, (user, *part))]
        return [_record(row) for row in sorted(rows, key=_MOMENT)]

    def slates(self, *, slate: str | None = None, user: str | None = None, limit: int | None = None) -> list[Record]:
        """Slates by id, by person or all in order of time, those that this process has not written yet among them."""
        return [Record(-1, found) for found in self._slates.find(slate, user, limit)]

    def forget(self, user: str) -> dict[str, int]:
        """Remove a person's events and log the erasure in one transaction, then remove their slates."""
        with self._slates.still:  # those that wait are counted, not dropped by a flush that knows of the erasure
            with self._database.write(lock=LOG) as connection:
                connection.exec_driver_sql(self._insert, [from_entry(erasure(user))])
                events = connection.execute(delete(LOG).where(LOG.c.user == user)).rowcount
            slates = self._slates.forget(user)  # last: `slates` says why
        self._database.scrub()
        return {"events": events, "slates": slates}

    def close(self) -> None:
        """Write waiting slates and close; a second call does nothing."""
        if not self._closed:
            self._closed = True
            try:
                self._slates.close()
            finally:
                self._database.leave()


def _tail(last: int, columns: tuple[Any, ...], changes: Any, key: str) -> Tail:
    positions, times, users, items, kinds, values, *contexts = columns
    name = {text: told(to_context(text), key) for text in set(contexts[0])} if key else {}
    return Tail(
        position=last,
        positions=positions,
        times=times,
        users=users,
        items=items,
        kinds=kinds,
        values=values,
        segments=[name[text] for text in contexts[0]] if key else (),
        changes=changes,
    )


def _record(row: tuple[Any, ...]) -> Record:
    return Record(row[0], to_entry(row[1:]))
