"""Slates in SQL: written by a thread moments after they came, kept for a bounded time, never worth an fsync.

Who appends a slate never waits for the disk. A slate whose person was forgotten after it came, by any process, is
never written: a flush holds the lock on the slates when it reads the erasures, and `forget` deletes under that lock
after its erasure is in the log, so one of the two always sees the other.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, func, select

from penchant.errors import NotReadyError, StoreError
from penchant.ports import digest
from penchant.stores import codec
from penchant.stores.database import Database
from penchant.stores.erasures import Erasures
from penchant.stores.retention import Retention
from penchant.stores.tables import SLATES
from penchant.types import Slate, micros

_QUIET = 1.0  # seconds without a slate after which the thread dozes until it is woken
_SOON = 0.1  # seconds after which a slate that another process has made is there
_LATER = 0.5  # seconds between two tries while the database refuses slates
_BRIEF = 0.02  # seconds that a caller may wait for the database's lock, when too many slates wait
_PATIENCE = 5.0  # seconds that others may
_BATCH = 1_000  # slates taken in between two looks at how many wait

Packed = tuple[str, str, int, bytes]  # id, user, time of arrival (µs), payload
log = logging.getLogger("penchant.stores")


class Slates:
    """The slates of a log; those not written yet are found too."""

    def __init__(self, database: Database, erasures: Erasures, retention: Retention) -> None:
        self._database = database.join(SLATES)
        self._erasures, self._retention = erasures, retention
        self._waiting: dict[str, tuple[int, Packed]] = {}  # with a position that the log had when the slate came
        self._mark = 0
        self._refused = -_LATER  # monotonic time of the last flush that failed
        self._lock = threading.Lock()  # of what waits; never held while the database writes
        self.still = threading.RLock()  # of flushes and erasures: nobody else writes; taken before `_lock`
        self._some, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._dozes = False  # whether the thread has to be woken
        statement = database.insert(SLATES).on_conflict_do_nothing(index_elements=["id"])
        self._insert = database.sql(statement, ("id", "user", "time", "payload"))
        self._last = database.sql(select(func.max(SLATES.c.seq)))
        self._old = database.sql(delete(SLATES).where(SLATES.c.time < bindparam("oldest")))
        self._surplus = database.sql(delete(SLATES).where(SLATES.c.seq <= bindparam("last")))
        found = select(SLATES.c.id, SLATES.c.user, SLATES.c.payload)
        self._by_id = database.sql(found.where(SLATES.c.id == bindparam("id")))
        self._by_user = database.sql(found.where(SLATES.c.user == bindparam("user")))
        newest = found.order_by(SLATES.c.time.desc(), SLATES.c.seq.desc())
        self._newest = database.sql(newest.limit(bindparam("most")).offset(bindparam("skipped")))

    def keep(self, rows: Sequence[Packed]) -> None:
        """Remember slates, to be written within moments; the first of one id stays."""
        for start in range(0, len(rows), _BATCH):
            with self._lock:
                self._take(rows[start : start + _BATCH])
            if len(self._waiting) > self._retention.waiting:
                self._relieve()
        if self._dozes:  # waking a thread costs an answer more than everything else here
            self._some.set()

    def _take(self, rows: Iterable[Packed]) -> None:
        if self._stopped.is_set():
            raise StoreError(f"{self._database.name} is closed")
        if not self._waiting:
            self._mark = self._end()
        for row in rows:
            self._waiting.setdefault(row[0], (self._mark, row))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="penchant-slates", daemon=True)
            self._thread.start()

    def _end(self) -> int:
        """Where the log ends; an earlier end, if it cannot be read now, only makes erasures count for more."""
        try:
            return self._erasures.position()
        except StoreError:
            return self._mark

    def _relieve(self) -> None:
        """Write now, unless that was refused a moment ago; what is too much then is given up, oldest first."""
        if time.monotonic() - self._refused >= _LATER:
            self._try(_BRIEF)
        with self._lock:
            surplus = list(self._waiting)[: -self._retention.waiting]
            for key in surplus:
                del self._waiting[key]
        if surplus:
            log.warning("%d slates were given up: %s does not take them", len(surplus), self._database.name)

    def find(self, slate: str | None, user: str | None, limit: int | None = None) -> list[Slate]:
        """Slates by id, person, both or neither, in order of time, the newest `limit` of them.

        One that is asked for by its id was shown to somebody: if it is not there, look again a moment later.
        """
        found = self._look(slate, user, limit)
        if not found and slate is not None:
            time.sleep(_SOON)
            found = self._look(slate, user, limit)
        return sorted(found, key=lambda one: (one.time, one.id))[-limit if limit else 0 :]

    def _look(self, slate: str | None, user: str | None, limit: int | None = None) -> list[Slate]:
        with self._lock:  # before reading: what is written meanwhile is then found twice rather than never
            rows = [(key, whose, payload) for _, (key, whose, _, payload) in self._waiting.values()]
        if slate is None and user is None:
            rows += self._database.read(self._newest, (self._retention.slates if limit is None else limit, 0))
        else:
            sql, wanted = (self._by_user, user) if slate is None else (self._by_id, slate)
            rows += self._database.read(sql, (wanted,))
        chosen = {row[0]: row[2] for row in rows if slate in (None, row[0]) and user in (None, row[1])}
        return [codec.to_slate(codec.unpack(payload)) for payload in chosen.values()]

    def forget(self, user: str) -> int:
        """Remove a person's slates, after their erasure was logged; returns how many there were."""
        with self.still:
            with self._lock:
                mine = [key for key, (_, row) in self._waiting.items() if row[1] == user]
                for key in mine:
                    del self._waiting[key]
            with self._database.write(lock=SLATES) as connection:
                removed = connection.execute(delete(SLATES).where(SLATES.c.user == user)).rowcount
        self._database.scrub()
        return len(mine) + removed

    def flush(self, patience: float = _PATIENCE) -> None:
        """Write the waiting slates and drop those that are too many or too old.

        Raises NotReadyError if others write for longer than `patience` seconds, StoreError if the database refuses;
        the slates wait on.
        """
        if not self.still.acquire(timeout=patience):
            raise NotReadyError(f"{self._database.name} is being written")
        try:
            with self._lock:
                batch = dict(self._waiting)
            if batch:
                self._write(list(batch.values()), patience)
            with self._lock:
                for key in batch:
                    self._waiting.pop(key, None)
        finally:
            self.still.release()

    def _write(self, waiting: Sequence[tuple[int, Packed]], patience: float) -> None:
        with self._database.write(lock=SLATES, durable=False, patience=patience) as connection:
            rows = list(self._wanted(waiting))
            with closing(connection.connection.cursor()) as cursor:  # as in the log
                if rows:
                    cursor.executemany(self._insert, rows)
                cursor.execute(self._last)
                (last,) = cursor.fetchall()[0]
                cursor.execute(self._old, (self._retention.oldest(_now()),))
                cursor.execute(self._surplus, ((last or 0) - self._retention.slates,))

    def _wanted(self, waiting: Sequence[tuple[int, Packed]]) -> Iterator[Packed]:
        """The rows of people who were not forgotten after their slate came."""
        erased = self._erasures.since(min(mark for mark, _ in waiting))
        for mark, row in waiting:
            if not erased or erased.get(digest(row[1]), mark) <= mark:
                yield row

    def _try(self, patience: float) -> bool:
        try:
            self.flush(patience)
        except (StoreError, NotReadyError) as error:
            if time.monotonic() - self._refused > 2 * (_LATER + _PATIENCE):  # said once in a row of failures
                log.warning("%d slates wait: %s", len(self._waiting), error)
            self._refused = time.monotonic()
            return False
        return True

    def _run(self) -> None:
        quiet = 0
        while not self._stopped.is_set():  # looked at after every clear(), so that none swallows what close() sets
            self._stopped.wait(self._retention.lag)
            with self._lock:
                quiet = 0 if self._waiting else quiet + 1
                self._dozes = quiet * self._retention.lag > _QUIET
            if self._dozes:
                self._some.wait()
                self._some.clear()
            elif not quiet and not self._try(_PATIENCE):
                self._stopped.wait(_LATER)

    def close(self) -> None:
        """Write what is waiting and close; slates that the database refuses even now are lost with a warning."""
        with self._lock:
            self._stopped.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join()
        if not self._try(_PATIENCE):
            log.warning("%d slates were given up: %s does not take them", len(self._waiting), self._database.name)
        self._database.leave()


def packed(slate: Slate) -> Packed:
    """Row of a slate that came now; StoreError if something of it cannot be kept."""
    if not (isinstance(slate.id, str) and slate.id):
        raise StoreError("slate without an id; every entry of the log needs one")
    return slate.id, slate.query.user, _now(), codec.pack(codec.from_slate(slate))


def _now() -> int:
    return micros(datetime.now(UTC))
