"""People's state in SQL: a cache, so a write may be lost with the power but never be older than what it replaces."""

import logging
import time

from sqlalchemy import bindparam, delete, select

from penchant.errors import NotReadyError, StoreError
from penchant.ports import State
from penchant.stores import codec
from penchant.stores.database import Database
from penchant.stores.tables import STATES

_PATIENCE = 0.05  # seconds to wait for others who write, before a state is not kept
_SILENT = 60.0  # seconds between two complaints

log = logging.getLogger("penchant.stores")


class SqlStates:
    """StateStore in a table."""

    def __init__(self, database: Database) -> None:
        self._database = database.join(STATES)
        self._closed = False
        self._said = -_SILENT
        insert = database.insert(STATES)
        new, old = insert.excluded, STATES.c
        statement = insert.on_conflict_do_update(
            index_elements=["user"],
            set_={"position": new.position, "version": new.version, "blob": new.blob},
            where=(old.version != new.version) | (old.position <= new.position),
        )
        self._put = database.sql(statement, ("user", "position", "version", "blob"))
        self._get = database.sql(select(STATES.c.blob).where(STATES.c.user == bindparam("user")))

    def get(self, user: str) -> State | None:
        """The state kept of a person, its columns read-only; None as well if it cannot be read."""
        try:
            rows = self._database.read(self._get, (user,))
            return codec.to_state(bytes(rows[0][0])) if rows else None
        except StoreError as error:
            self._complain("read", error)
            return None

    def put(self, user: str, state: State) -> None:
        """Keep the state unless what is there has read further with the same version, or it cannot be written now."""
        row = (user, state.position, state.version, codec.from_state(state))
        try:
            with self._database.write(durable=False, patience=_PATIENCE) as connection:
                connection.exec_driver_sql(self._put, row)
        except NotReadyError:
            pass  # an answer must not wait for its cache
        except StoreError as error:
            self._complain("written", error)

    def _complain(self, what: str, error: StoreError) -> None:
        """Say, once in a while, that the log is folded instead; an answer must not fail with its cache."""
        if time.monotonic() - self._said > _SILENT:
            self._said = time.monotonic()
            log.warning("people's state cannot be %s, the log is folded for each answer: %s", what, error)

    def delete(self, user: str) -> None:
        """Drop a person's state."""
        with self._database.write() as connection:
            connection.execute(delete(STATES).where(STATES.c.user == user))

    def clear(self) -> None:
        """Drop every state."""
        with self._database.write() as connection:
            connection.execute(delete(STATES))

    def close(self) -> None:
        """Close; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._database.leave()
