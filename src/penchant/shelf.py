"""Large arrays that every process over a project makes alike, such as its items' vectors: one file, mapped by all.

A file is named by what is in it, so it is never out of date; an array that cannot be kept is used as it is.
"""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

import numpy as np

from penchant.arrays import File, save
from penchant.telemetry.measures import log
from penchant.types import Array

FOLDER = "shared"
_LARGE = 1 << 20  # bytes from which on an array is worth a file


@dataclass(frozen=True, slots=True)
class Shelf:
    """Arrays in a folder, the newest of each name."""

    folder: Path

    def share(self, name: str, array: Array) -> Array:
        """The same array, mapped if it is large: what other processes have made alike is in memory once."""
        if array.nbytes < _LARGE:
            return array
        array = np.ascontiguousarray(array)
        path = self.folder / f"{name}-{blake2b(array.data, digest_size=8).hexdigest()}.npy"
        try:
            if not path.exists():
                self._place(path, array)
                for old in self.folder.glob(f"{name}-*"):
                    if old != path:
                        old.unlink(missing_ok=True)
            found = File(path).mapped()
        except (OSError, ValueError) as error:
            log.warning("the array of %s is not shared: %s", name, error)
            return array
        return found if found.dtype == array.dtype and np.array_equal(found, array) else array

    def _place(self, path: Path, array: Array) -> None:
        """Write a file aside and rename it, so that nobody meets half of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / f"{uuid4().hex}.npy"
        try:
            save(aside, array)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
