"""A shelf: the same array comes back, mapped; whatever is wrong with the disk, the array is right."""

import logging

import numpy as np
import pytest

from penchant import shelf as module
from penchant.shelf import Shelf

ARRAY = np.arange(24, dtype=np.float32).reshape(6, 4)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LARGE", 64)
    return Shelf(tmp_path / "shared")


def files(shelf):
    return sorted(path.name for path in shelf.folder.iterdir())


def test_processes_that_make_an_array_alike_hold_one_file(shelf):
    one, other = shelf.share("vectors", ARRAY), Shelf(shelf.folder).share("vectors", ARRAY.copy())
    for found in (one, other):
        assert found.dtype == ARRAY.dtype
        np.testing.assert_array_equal(found, ARRAY)
        assert not np.shares_memory(found, ARRAY)
    assert len(files(shelf)) == 1


def test_the_newest_of_each_name_is_kept(shelf):
    old = shelf.share("vectors", ARRAY)
    shelf.share("whitened", ARRAY)
    new = shelf.share("vectors", ARRAY.T)
    assert [name.split("-")[0] for name in files(shelf)] == ["vectors", "whitened"]
    np.testing.assert_array_equal(new, ARRAY.T)
    np.testing.assert_array_equal(old, ARRAY)  # whoever has it may go on with it


def test_what_is_small_is_not_worth_a_file(shelf):
    assert shelf.share("vectors", small := ARRAY[:1]) is small
    assert not shelf.folder.exists()


@pytest.mark.parametrize("harm", ["torn", "altered", "another type"])
def test_a_damaged_file_is_not_believed(shelf, harm):
    shelf.share("vectors", ARRAY)
    (path,) = shelf.folder.iterdir()
    if harm == "another type":
        np.save(path, ARRAY.astype(np.float64))
    else:
        whole = path.read_bytes()
        path.write_bytes(whole[:-4] if harm == "torn" else whole[:-4] + b"abcd")
    np.testing.assert_array_equal(shelf.share("vectors", ARRAY), ARRAY)
    assert shelf.share("vectors", ARRAY).dtype == ARRAY.dtype


def test_a_disk_that_refuses_costs_only_the_sharing(shelf, caplog):
    shelf.folder.write_bytes(b"a file where a folder should be")
    with caplog.at_level(logging.WARNING):
        assert shelf.share("vectors", ARRAY) is ARRAY
    assert "is not shared" in caplog.text
