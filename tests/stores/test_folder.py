"""Releases appear whole or not at all."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from penchant.errors import ArtefactError, StoreError, UnknownError
from penchant.stores import folder as module
from penchant.stores.folder import FolderArtefacts


@pytest.fixture
def built(tmp_path):
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "weights.npz").write_bytes(b"weights")
    return folder


@pytest.fixture
def store(tmp_path):
    return FolderArtefacts(tmp_path / "releases")


def test_versions_are_named_by_time_and_content(store, built):
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{6}", store.publish(built, {}))


def test_a_publication_cut_short_is_not_there(store, built, tmp_path, monkeypatch):
    whole = store.publish(built, {})

    def cut(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_write", cut)
    with pytest.raises(StoreError, match="No space left"):
        store.publish(built, {})
    assert [m["version"] for m in store.versions()] == [whole]
    assert [p.name for p in (tmp_path / "releases").iterdir()] == [whole]


def test_abandoned_publications_are_swept_after_a_day(store, built, tmp_path):
    import os

    store.publish(built, {})
    old, young = tmp_path / "releases/.publishing-old", tmp_path / "releases/.publishing-young"
    old.mkdir()
    young.mkdir()
    os.utime(old, (1, 1))
    store.publish(built, {})
    assert (old.exists(), young.exists()) == (False, True)


def test_writers_at_the_same_time_get_names_of_their_own(built, tmp_path):
    barrier = threading.Barrier(4)

    def publish(number):
        store = FolderArtefacts(tmp_path / "releases")  # a store each, as processes have
        barrier.wait()
        return store.publish(built, {"same": "content"})

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(publish, range(4)))) == 4


def test_a_damaged_manifest_hides_the_version_and_fetch_says_why(store, built, tmp_path):
    version = store.publish(built, {})
    manifest = tmp_path / "releases" / version / "manifest.json"
    for text in ("{", "[]", "{}"):
        manifest.write_text(text)
        assert store.versions() == []
        with pytest.raises(ArtefactError, match=r"manifest\.json"):
            store.fetch(version)


def test_a_manifest_that_came_along_is_replaced(store, built):
    (built / "manifest.json").write_text('{"stale": true}')
    _, manifest = store.fetch(store.publish(built, {}))
    assert "stale" not in manifest
    assert list(manifest["files"]) == ["weights.npz"]


def test_a_pointer_to_a_removed_version_does_not_hide(store, tmp_path):
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "current").write_text("20200101T000000-abcdef\n")
    with pytest.raises(UnknownError, match="20200101T000000-abcdef"):
        store.fetch(store.current())


def test_a_large_file_that_stays_the_same_is_kept_once(store, built):
    (built / "model.onnx").write_bytes(b"m" * 2_000_000)
    (built / "new.npz").write_bytes(b"1" * 2_000_000)
    first = store.publish(built, {})
    (built / "new.npz").write_bytes(b"2" * 2_000_000)
    folders = [store.fetch(version)[0] for version in (first, store.publish(built, {}))]
    shared = {
        name: len({(folder / name).stat().st_ino for folder in folders}) == 1 for name in ("model.onnx", "new.npz")
    }
    assert shared == {"model.onnx": True, "new.npz": False}
    assert (folders[1] / "weights.npz").stat().st_nlink == 1  # too small to be worth it


def test_a_file_that_was_altered_since_is_not_shared(store, built):
    (built / "model.onnx").write_bytes(b"m" * 2_000_000)
    first = store.publish(built, {})
    (store._folder / first / "model.onnx").write_bytes(b"x" * 2_000_000)
    second = store.publish(built, {})
    assert (store.fetch(second)[0] / "model.onnx").read_bytes()[:1] == b"m"


def test_a_disk_without_links_has_copies(store, built, monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(module.os, "link", refuse)
    (built / "model.onnx").write_bytes(b"m" * 2_000_000)
    folders = [store.fetch(store.publish(built, {}))[0] for _ in range(2)]
    assert all((folder / "model.onnx").stat().st_nlink == 1 for folder in folders)
