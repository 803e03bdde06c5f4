"""Items and the vectors of their texts in SQL; a row number is given to an item once."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
from sqlalchemy import Connection, bindparam, func, select

from penchant.errors import StoreError
from penchant.stores import codec
from penchant.stores.database import Database
from penchant.stores.tables import ITEMS, VECTORS
from penchant.types import Floats, Item

T = TypeVar("T")
_ASKED = 500  # keys in one IN (…)
_PAGE = 5_000  # items read at a time


class SqlItems:
    """ItemStore in two tables."""

    def __init__(self, database: Database) -> None:
        self._database = database.join(ITEMS, VECTORS)
        self._closed = False
        insert = database.insert(ITEMS)
        changed = {name: insert.excluded[name] for name in ("payload", "digest")}
        statement = insert.on_conflict_do_update(index_elements=["id"], set_=changed)
        self._insert = database.sql(statement, ("row", "id", "payload", "digest"))
        vector = database.insert(VECTORS).on_conflict_do_nothing(index_elements=["encoder", "digest"])
        self._insert_vector = database.sql(vector, ("encoder", "digest", "blob"))
        page = select(ITEMS.c.row, ITEMS.c.payload).where(ITEMS.c.row > bindparam("row"))
        self._page = database.page(page.order_by(ITEMS.c.row))

    def put(self, items: Sequence[Item]) -> list[Item]:
        """Insert or replace by id, the last of one id winning; returns those that were new or different."""
        last = {item.id: item for item in items}
        payloads = {key: _payload(item) for key, item in last.items()}
        digests = {key: hashlib.sha256(payload).digest() for key, payload in payloads.items()}
        if not last:
            return []
        with self._database.write(lock=ITEMS) as connection:
            known = _known(connection, list(last))
            fresh = [key for key in last if key not in known or known[key][1] != digests[key]]
            row = connection.execute(select(func.coalesce(func.max(ITEMS.c.row), -1))).scalar_one()
            rows = []
            for key in fresh:
                row += key not in known
                rows.append((known[key][0] if key in known else row, key, payloads[key], digests[key]))
            if rows:
                connection.exec_driver_sql(self._insert, rows)
        return [last[key] for key in fresh]

    def items(self, start: int = 0) -> Iterator[Item]:
        """The items from row `start` on, in order of row, read a page at a time."""
        row = start - 1
        while page := self._database.read(self._page, (row, _PAGE, 0)):
            for _, payload in page:
                yield codec.to_item(codec.unpack(payload))
            row = page[-1][0]

    def keep_vectors(self, encoder: str, vectors: Mapping[str, Floats]) -> None:
        """Remember float32 vectors by digest of their text; a digest keeps its first vector."""
        rows = [(encoder, digest, np.asarray(vector, dtype="<f4").tobytes()) for digest, vector in vectors.items()]
        if rows:
            with self._database.write() as connection:
                connection.exec_driver_sql(self._insert_vector, rows)

    def vectors(self, encoder: str, digests: Sequence[str]) -> dict[str, Floats]:
        """Those of the vectors that are remembered, read-only."""
        found: dict[str, Floats] = {}
        table = VECTORS.c
        with self._database.reading() as connection:
            for some in _batches(digests):
                statement = select(table.digest, table.blob).where(table.encoder == encoder, table.digest.in_(some))
                for digest, blob in connection.execute(statement):
                    found[digest] = np.frombuffer(blob, dtype="<f4")
        return found

    def close(self) -> None:
        """Close; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._database.leave()


def _payload(item: Item) -> bytes:
    if not (isinstance(item.id, str) and item.id):
        raise StoreError(f"item {item.title!r} has no id")
    return codec.pack(codec.from_item(item))


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    known: dict[str, tuple[int, bytes]] = {}
    for some in _batches(ids):
        statement = select(ITEMS.c.id, ITEMS.c.row, ITEMS.c.digest).where(ITEMS.c.id.in_(some))
        known.update({key: (row, bytes(digest)) for key, row, digest in connection.execute(statement)})
    return known


def _batches(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(keys), _ASKED):
        yield keys[start : start + _ASKED]
