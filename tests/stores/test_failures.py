"""What a database says of itself becomes one line that names it and says what to do."""

import itertools
import sqlite3
import threading
import time
from contextlib import closing

import psycopg
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


def test_a_server_that_ends_its_connections_loses_nothing_it_took(postgres_server, tmp_path):
    log, taken, refused = stores.log(postgres_server, tmp_path), [], []
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        others = "pid <> pg_backend_pid() AND datname IS NOT NULL"

        def end():
            while len(refused) < 3:
                admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
                time.sleep(0.01)

        killer = threading.Thread(target=end)
        killer.start()
        for turn in itertools.count():
            ids = [f"pg{turn}-{part}" for part in range(3)]
            try:
                log.append(an_event(turn, id=name, user="cut") for name in ids)
                taken += ids
            except StoreError:
                refused.append(turn)
            if not killer.is_alive():
                break
        killer.join()
    there = [record.entry.id for record in log.events("cut")]
    assert set(taken) <= set(there)
    assert len(there) == len(set(there))
    assert len(there) % 3 == 0
    assert len(there) - len(taken) <= 3 * len(refused)
    log.close()
