"""The scheme of a URL picks the adapter; relative paths lie in the project."""

import builtins

import pytest

from penchant.errors import ConfigError, StoreError
from penchant.stores import open as stores
from penchant.stores.database import Databases
from penchant.types import Event, Item, moment

PORTS = [stores.items, stores.log, stores.states, stores.artefacts]


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("url", ["redis://there", "penchant.db", "", "sqlite+aiosqlite:///x.db"])
def test_an_unknown_scheme_lists_those_there_are(port, url, tmp_path):
    with pytest.raises(ConfigError, match=r"schemes are .*memory"):
        port(url, tmp_path)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_sqlite_needs_a_file(url, tmp_path):
    with pytest.raises(ConfigError, match=r"sqlite:///penchant\.db"):
        stores.log(url, tmp_path)


@pytest.mark.parametrize("url", ["file://", "file:///", "file://host/x"])
def test_files_need_a_folder(url, tmp_path):
    with pytest.raises(ConfigError, match="file:///folder"):
        stores.artefacts(url, tmp_path)


def test_three_slashes_are_relative_and_four_absolute(tmp_path):
    project = tmp_path / "project"
    for url in ("sqlite:///here.db", f"sqlite:///{tmp_path}/there.db"):
        stores.log(url, project).close()
    assert (project / "here.db").exists()
    assert (tmp_path / "there.db").exists()
    built = tmp_path / "built"
    built.mkdir()
    for url, place in (("file:///releases", project / "releases"), (f"file:///{tmp_path}/far", tmp_path / "far")):
        version = stores.artefacts(url, project).publish(built, {})
        assert (place / version / "manifest.json").exists()


def test_releases_in_memory_leave_nothing(tmp_path):
    store = stores.artefacts("memory://", tmp_path)
    folder, _ = store.fetch(store.publish(tmp_path, {}))
    store.close()
    assert not folder.exists()


def test_stores_share_a_database_until_the_last_is_closed(tmp_path):
    shared, url = Databases(), "sqlite:///one.db"
    log, items = stores.log(url, tmp_path, shared), stores.items(url, tmp_path, shared)
    assert shared.at(url, tmp_path) is shared.at(url, tmp_path)
    log.close()
    log.close()
    assert items.put([Item(id="a")])
    items.close()
    assert shared.at(url, tmp_path).closed is False  # a new one: the old one was closed
    with pytest.raises(StoreError, match="is closed"):
        items.put([Item(id="b")])


def test_a_closed_log_says_so(tmp_path):
    log = stores.log("sqlite:///one.db", tmp_path)
    log.close()
    for use in (lambda: log.tail(0), lambda: log.append([Event(id="e", user="u", time=moment(0))])):
        with pytest.raises(StoreError, match=r"one\.db is closed"):
            use()


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "odd.db").write_bytes(b"certainly not a database " * 100)
    with pytest.raises(StoreError, match=r"odd\.db: .*not a database"):
        stores.log("sqlite:///odd.db", tmp_path)


def test_an_unreachable_server_is_named_without_its_password(tmp_path):
    pytest.importorskip("psycopg")
    url = "postgresql://ann:hunter2@127.0.0.1:1/none?connect_timeout=2&password=hunter3"
    with pytest.raises(StoreError, match=r"postgresql://ann:\*\*\*@127\.0\.0\.1") as caught:
        stores.states(url, tmp_path)
    assert "hunter" not in str(caught.value)


def test_a_missing_driver_names_the_extra(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_psycopg(name, *rest, **more):
        if name.startswith("psycopg"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(ConfigError, match=r"pip install 'penchant\[postgres\]'"):
        stores.items("postgresql://ann@host/db", tmp_path)
