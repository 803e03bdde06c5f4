"""What a database says of itself becomes one line that names it and says what to do."""

import sqlite3
from contextlib import closing

import pytest

from penchant.errors import StoreError
from penchant.stores import open as stores
from penchant.stores.failures import busy, failure
from penchant.testing.samples import an_event


class ServerError(Exception):
    """An error of PostgreSQL's driver, whose further lines quote rows."""

    def __init__(self, sqlstate):
        super().__init__("ERROR: it failed\nDETAIL: Failing row contains (ann, secret)")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "advice"),
    [("53100", "make room on the server's disk"), ("25006", "is it a replica"), ("XX001", "restore"), ("42P01", "")],
)
def test_what_postgresql_says(state, advice):
    said = str(failure("postgresql://host/shop", ServerError(state)))
    assert said.startswith("postgresql://host/shop: ERROR: it failed")
    assert advice in said
    assert ";" in said or not advice
    assert "secret" not in said


def test_what_sqlite_says(tmp_path):
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute("PRAGMA max_page_count=3")
        with pytest.raises(sqlite3.Error) as full:
            connection.executemany("INSERT INTO t VALUES (?)", [("x" * 3_000,)] * 9)
    assert str(failure("x.db", full.value)) == (
        "x.db: database or disk is full; make room on its disk; nothing of this was written"
    )
    assert not busy(full.value)


def test_a_server_that_takes_no_writes(postgres_server, tmp_path):
    stores.log(postgres_server, tmp_path).close()
    refuses = f"{postgres_server}&options=-c%20default_transaction_read_only%3Don"
    with pytest.raises(StoreError, match="is it a replica"):
        stores.log(refuses, tmp_path).append([an_event(1)])
