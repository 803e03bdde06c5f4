"""Every store keeps the promises of its port: in memory, in SQLite, in folders, and in a real PostgreSQL server."""

import pytest

from penchant.stores import open as stores
from penchant.testing.ports import ArtefactStoreContract, ItemStoreContract, LogContract, StateStoreContract

SQLITE = "sqlite:///deep/penchant.db"


class TestMemoryLog(LogContract):
    durable = False

    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: stores.log("memory://", tmp_path)


class TestSqliteLog(LogContract):
    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: stores.log(SQLITE, tmp_path)


class TestPostgresLog(LogContract):
    @pytest.fixture
    def opener(self, tmp_path, postgres):
        return lambda: stores.log(postgres, tmp_path)


class TestMemoryItems(ItemStoreContract):
    durable = False

    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: stores.items("memory://", tmp_path)


class TestSqliteItems(ItemStoreContract):
    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: stores.items(SQLITE, tmp_path)


class TestPostgresItems(ItemStoreContract):
    @pytest.fixture
    def opener(self, tmp_path, postgres):
        return lambda: stores.items(postgres, tmp_path)


class TestMemoryStates(StateStoreContract):
    durable = False

    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: stores.states("memory://", tmp_path)


class TestSqliteStates(StateStoreContract):
    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: stores.states(SQLITE, tmp_path)


class TestPostgresStates(StateStoreContract):
    @pytest.fixture
    def opener(self, tmp_path, postgres):
        return lambda: stores.states(postgres, tmp_path)


class TestMemoryArtefacts(ArtefactStoreContract):
    durable = False

    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: stores.artefacts("memory://", tmp_path)


class TestFolderArtefacts(ArtefactStoreContract):
    @pytest.fixture
    def opener(self, tmp_path):
        return lambda: stores.artefacts("file:///releases", tmp_path)
