"""Arrays of numbers in plain .npy files, mapped where they are read: processes share a page until one writes to it.

No file is ever changed once it is whole. A mapped array may be written to like any other, which changes no file.
"""

import math
import os
import shutil
import weakref
import zlib
from collections.abc import Mapping
from mmap import ACCESS_COPY, mmap
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from penchant.errors import ArtefactError
from penchant.types import Array

_PART = 1 << 20  # bytes read at once to be checked


def save(path: Path, array: Array, room: int = 0) -> int:
    """Write an array, durably, with so many empty rows behind it: they take no space where files may have holes.

    Returns the `check` of its rows.
    """
    array = np.asarray(array, order="C")
    with path.open("xb") as file:
        shape = (len(array) + room, *array.shape[1:]) if array.ndim else ()
        head = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, head)
        file.write(array.data)
        file.truncate(file.tell() + room * array.itemsize * math.prod(array.shape[1:]))
        file.flush()
        os.fsync(file.fileno())
    return zlib.adler32(array.data)


def keep(folder: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays under their names, each a file of a folder that is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, array in arrays.items():
        save(folder / f"{name}.npy", array)


def kept(folder: Path) -> dict[str, Array]:
    """The arrays of a folder, mapped; or of the archive `<folder>.npz`, in which earlier versions wrote them.

    Raises ArtefactError if they cannot be read.
    """
    archive = folder.with_suffix(".npz")
    try:
        if not folder.is_dir() and archive.exists():
            with archive.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        return {path.stem: File(path).mapped() for path in sorted(folder.iterdir())}
    except (OSError, ValueError, BadZipFile) as error:
        raise ArtefactError(f"{folder}: its arrays cannot be read: {error}") from error


def sync(folder: Path) -> None:
    """Make a folder's own entries durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class File:
    """An open .npy file, to be mapped as often as is wanted, even when it has been removed since.

    Raises OSError or ValueError for what is no such file, or not a whole one.
    """

    def __init__(self, path: Path) -> None:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        self.dtype, self.shape = found.dtype, found.shape
        self._offset = int(found.offset)
        self._size = self._offset + found.nbytes
        self._handle = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._handle)

    def check(self, rows: int) -> int:
        """Adler-32 of the first rows, read past the mappings: what is checked need not stay in memory."""
        left, value = rows * self.dtype.itemsize * math.prod(self.shape[1:]), 1
        place = self._offset
        while left and (part := os.pread(self._handle, min(left, _PART), place)):
            value, left, place = zlib.adler32(part, value), left - len(part), place + len(part)
        return value

    def mapped(self) -> Array:
        """The array, over pages that are read when they are looked at."""
        count = math.prod(self.shape)
        if not count:
            return np.zeros(self.shape, self.dtype)
        memory = mmap(self._handle, self._size, access=ACCESS_COPY)
        return np.frombuffer(memory, self.dtype, count, self._offset).reshape(self.shape)
