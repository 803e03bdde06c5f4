"""Arrays in files: written whole, mapped without a copy, and an archive of an earlier version is read as well."""

import numpy as np
import pytest

from penchant.arrays import File, keep, kept, save
from penchant.errors import ArtefactError

NAMED = {"items": np.arange(12, dtype=np.float32).reshape(4, 3), "mean": np.array(2.5), "none": np.zeros((0, 5))}


def test_arrays_are_written_whole_and_mapped(tmp_path):
    for n, array in enumerate((np.arange(6, dtype=np.int16).reshape(3, 2), np.zeros((0, 3)), np.arange(4.0)[::2])):
        save(tmp_path / f"{n}.npy", array, room=2)
        np.testing.assert_array_equal(np.load(tmp_path / f"{n}.npy")[: len(array)], array)
        file = File(tmp_path / f"{n}.npy")
        mine, theirs = file.mapped(), file.mapped()
        assert (mine.shape, mine.dtype) == ((len(array) + 2, *array.shape[1:]), array.dtype)
        (tmp_path / f"{n}.npy").unlink()
        mine[-1:] = 7
        assert not (file.mapped()[-1:] == 7).any()
        np.testing.assert_array_equal(theirs[: len(array)], array)


def test_named_arrays_come_back_as_they_were(tmp_path):
    keep(tmp_path / "model", {**NAMED, "turned": NAMED["items"].T})
    found = kept(tmp_path / "model")
    assert sorted(found) == sorted([*NAMED, "turned"])
    for name, array in NAMED.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found[name], array)
    np.testing.assert_array_equal(found["turned"], NAMED["items"].T)
    assert all(array.flags.c_contiguous and array.flags.writeable for array in found.values())


def test_what_an_earlier_version_wrote_is_read(tmp_path):
    np.savez(tmp_path / "model.npz", **NAMED)
    found = kept(tmp_path / "model")
    for name, array in NAMED.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_file_is_mapped_and_not_read(tmp_path):
    keep(tmp_path / "model", NAMED)
    one, other = kept(tmp_path / "model"), kept(tmp_path / "model")
    one["items"][0] = 99
    np.testing.assert_array_equal(other["items"], NAMED["items"])
    np.testing.assert_array_equal(np.load(tmp_path / "model" / "items.npy"), NAMED["items"])
    assert one["items"].base is not None


@pytest.mark.parametrize("harm", ["gone", "torn", "objects", "a torn archive"])
def test_what_cannot_be_read_is_named(tmp_path, harm):
    file = tmp_path / "model" / "items.npy"
    if harm != "gone":
        keep(tmp_path / "model", NAMED)
        file.write_bytes(file.read_bytes()[:-1])
    if harm == "objects":
        np.save(file, np.array([{}]), allow_pickle=True)
    if harm == "a torn archive":
        np.savez(tmp_path / "old.npz", **NAMED)
        whole = (tmp_path / "old.npz").read_bytes()
        (tmp_path / "old.npz").write_bytes(whole[: len(whole) // 2])
    place = tmp_path / ("old" if harm == "a torn archive" else "model")
    with pytest.raises(ArtefactError, match=f"{place.name}: its arrays cannot be read"):
        kept(place)
