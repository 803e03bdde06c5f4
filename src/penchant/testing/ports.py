"""What every store must do, as pytest classes: subclass one, override its `opener` fixture, and run it.

    class TestMyLog(LogContract):
        @pytest.fixture
        def opener(self, tmp_path):
            return lambda: MyLog(tmp_path / "log")

`opener` is a function that opens the same, at first empty, storage each time it is called. A store that forgets when
it is closed sets `durable = False`. `close()` is called where there is one.
"""
# ruff: noqa: S101  (asserting is what a test suite is for)

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from penchant.errors import ArtefactError, PenchantError, StoreError, UnknownError
from penchant.ports import ArtefactStore, ItemStore, State, StateStore
from penchant.testing.logs import LogContract
from penchant.testing.samples import ITEM, a_state, needs_durable, opened
from penchant.types import Item

__all__ = ["ArtefactStoreContract", "ItemStoreContract", "LogContract", "StateStoreContract"]


class ItemStoreContract:
    """The promises of an `ItemStore`."""

    durable = True

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Callable[[], ItemStore]:
        """Override: a function that opens the store under test."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, opener: Callable[[], ItemStore]) -> Iterator[ItemStore]:
        """The store under test, empty."""
        with opened(opener) as store:
            yield store

    def test_items_come_back_equal(self, store: ItemStore) -> None:
        given = [ITEM, Item(id="bare")]
        assert store.put(given) == given
        assert list(store.items()) == given

    def test_returns_what_is_new_or_different(self, store: ItemStore) -> None:
        old = [Item(id="a", title="A"), Item(id="b", attributes={"x": 1, "y": 2})]
        store.put(old)
        assert store.put([Item(id="b", attributes={"y": 2, "x": 1}), Item(id="a", title="A")]) == []
        changed = [Item(id="a", title="A", available=False), Item(id="c")]
        assert store.put([*changed, old[1]]) == changed

    def test_rows_are_dense_and_stable(self, store: ItemStore) -> None:
        store.put([Item(id=i) for i in "cab"])
        store.put([Item(id="a", title="new"), Item(id="d"), Item(id="c", title="new")])
        assert [item.id for item in store.items()] == ["c", "a", "b", "d"]
        assert [item.title for item in store.items()] == ["new", "new", "", ""]
        assert [item.id for item in store.items(start=2)] == ["b", "d"]
        assert list(store.items(start=4)) == []

    def test_the_last_of_one_id_wins(self, store: ItemStore) -> None:
        last = Item(id="a", title="two")
        assert store.put([Item(id="a", title="one"), last]) == [last]
        assert list(store.items()) == [last]

    def test_refuses_an_item_without_id_and_keeps_nothing_of_the_call(self, store: ItemStore) -> None:
        with pytest.raises(StoreError):
            store.put([Item(id="a"), Item(id="")])
        assert list(store.items()) == []

    def test_many_items(self, store: ItemStore) -> None:
        many = [Item(id=f"i{n}", title=str(n)) for n in range(12_000)]
        assert len(store.put(many)) == 12_000
        assert list(store.items()) == many

    def test_vectors_come_back_exactly(self, store: ItemStore) -> None:
        dice = np.random.default_rng(1)
        vectors = {f"d{n}": dice.normal(size=5).astype(np.float32) for n in range(1_200)}
        store.keep_vectors("minilm", vectors)
        store.keep_vectors("other", {"d0": np.zeros(2, dtype=np.float32)})
        found = store.vectors("minilm", [*vectors, "unknown"])
        assert found.keys() == vectors.keys()
        assert all(np.array_equal(found[d], v) and found[d].dtype == np.float32 for d, v in vectors.items())
        assert store.vectors("other", ["d1"]) == store.vectors("minilm", []) == {}

    def test_many_threads_give_one_numbering(self, store: ItemStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            put = pool.map(lambda w: store.put([Item(id=f"{w}-{n}") for n in range(25)] + [Item(id="x")]), range(8))
            assert sum(map(len, put)) == 8 * 25 + 1
        assert len({item.id for item in store.items()}) == 8 * 25 + 1

    def test_survives_closing(self, opener: Callable[[], ItemStore]) -> None:
        needs_durable(self.durable)
        with opened(opener) as store:
            store.put([Item(id="b"), ITEM])
            store.keep_vectors("e", {"d": np.ones(3, dtype=np.float32)})
        with opened(opener) as store:
            assert list(store.items()) == [Item(id="b"), ITEM]
            assert store.put([ITEM]) == []
            assert list(store.vectors("e", ["d"])) == ["d"]


class StateStoreContract:
    """The promises of a `StateStore`; it is a cache, so `put` may keep nothing while others are writing."""

    durable = True

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Callable[[], StateStore]:
        """Override: a function that opens the store under test."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, opener: Callable[[], StateStore]) -> Iterator[StateStore]:
        """The store under test, empty."""
        with opened(opener) as store:
            yield store

    def test_states_come_back_equal(self, store: StateStore) -> None:
        store.put("ann", a_state(5))
        found = store.get("ann")
        assert found is not None
        assert (found.position, found.version, list(found.folds)) == (5, "v1", ["recent", "odd", "empty"])
        for fold, columns in a_state(5).folds.items():
            assert list(found.folds[fold]) == list(columns)
            for name, column in columns.items():
                np.testing.assert_array_equal(found.folds[fold][name], column, strict=True)
        assert store.get("bob") is None

    def test_keeps_what_has_read_furthest(self, store: StateStore) -> None:
        for position in (5, 9, 7):
            store.put("ann", a_state(position))
        assert _position(store, "ann") == 9
        store.put("ann", a_state(3, "v2"))
        assert _position(store, "ann") == 3

    def test_the_furthest_of_many_threads_stays(self, store: StateStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda position: store.put("ann", a_state(position)), [*range(40), *range(39, 0, -1)]))
        store.put("ann", a_state(40))  # alone, so it is kept
        store.put("ann", a_state(38))
        assert _position(store, "ann") == 40

    def test_deletes_and_clears(self, store: StateStore) -> None:
        for user in ("ann", "bob", "eve"):
            store.put(user, a_state(1))
        store.delete("ann")
        store.delete("nobody")
        assert (store.get("ann"), _position(store, "bob")) == (None, 1)
        store.clear()
        assert store.get("bob") is store.get("eve") is None

    def test_refuses_objects(self, store: StateStore) -> None:
        with pytest.raises(StoreError, match=r"fold\.column"):
            store.put("ann", State(position=1, version="v", folds={"fold": {"column": np.array([{}, None])}}))

    def test_survives_closing(self, opener: Callable[[], StateStore]) -> None:
        needs_durable(self.durable)
        with opened(opener) as store:
            store.put("ann", a_state(4))
        with opened(opener) as store:
            assert _position(store, "ann") == 4


class ArtefactStoreContract:
    """The promises of an `ArtefactStore`."""

    durable = True

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Callable[[], ArtefactStore]:
        """Override: a function that opens the store under test."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, opener: Callable[[], ArtefactStore]) -> Iterator[ArtefactStore]:
        """The store under test, empty."""
        with opened(opener) as store:
            yield store

    @pytest.fixture
    def built(self, tmp_path: Path) -> Path:
        """A folder to publish."""
        folder = tmp_path / "built"
        (folder / "linear").mkdir(parents=True)
        (folder / "linear" / "weights.npz").write_bytes(bytes(range(256)) * 9)
        (folder / "notes.txt").write_text("a model")
        return folder

    def test_a_release_comes_back_whole(self, store: ArtefactStore, built: Path) -> None:
        version = store.publish(built, {"metrics": {"ndcg": 0.25}, "encoder": "minilm"})
        (built / "notes.txt").write_text("changed later")
        folder, manifest = store.fetch(version)
        assert (folder / "notes.txt").read_text() == "a model"
        assert (folder / "linear" / "weights.npz").read_bytes() == bytes(range(256)) * 9
        assert (manifest["metrics"], manifest["encoder"]) == ({"ndcg": 0.25}, "minilm")
        assert manifest["files"]["notes.txt"] == hashlib.sha256(b"a model").hexdigest()

    def test_publishing_does_not_promote(self, store: ArtefactStore, built: Path) -> None:
        first = store.publish(built, {})
        assert store.current() is None
        store.promote(first)
        second = store.publish(built, {})
        assert (store.current(), first != second) == (first, True)
        store.promote(second)
        assert store.current() == second
        store.promote(first)
        assert store.current() == first

    def test_versions_come_in_order_of_time(self, store: ArtefactStore, built: Path) -> None:
        assert store.versions() == []
        names = [store.publish(built, {"n": n}) for n in range(3)]
        assert [(m["version"], m["n"]) for m in store.versions()] == list(zip(names, range(3), strict=True))
        assert names == sorted(names)

    def test_unknown_versions_are_answered_with_the_known(self, store: ArtefactStore, built: Path) -> None:
        version = store.publish(built, {})
        for ask in (store.fetch, store.promote):
            with pytest.raises(UnknownError, match=version):
                ask("../built")
        assert store.current() is None

    def test_what_cannot_be_published_leaves_nothing(self, store: ArtefactStore, built: Path) -> None:
        for folder, manifest in ((built / "absent", {}), (built, {"what": object()})):
            with pytest.raises(PenchantError):
                store.publish(folder, manifest)
        assert store.versions() == []

    @pytest.mark.parametrize("harm", ["altered", "missing", "added"])
    def test_tampering_is_found(
        self, opener: Callable[[], ArtefactStore], store: ArtefactStore, built: Path, harm: str
    ) -> None:
        needs_durable(self.durable)
        version = store.publish(built, {})
        folder, _ = store.fetch(version)
        target = folder / "linear" / ("more.npz" if harm == "added" else "weights.npz")
        target.unlink() if harm == "missing" else target.write_bytes(b"other weights")
        with opened(opener) as again, pytest.raises(ArtefactError, match=target.name):
            again.fetch(version)

    def test_survives_closing(self, opener: Callable[[], ArtefactStore], built: Path) -> None:
        needs_durable(self.durable)
        with opened(opener) as store:
            version = store.publish(built, {})
            store.promote(version)
        with opened(opener) as store:
            assert store.current() == version
            assert store.fetch(version)[0].is_dir()


def _position(store: StateStore, user: str) -> int | None:
    state = store.get(user)
    return state.position if state else None
