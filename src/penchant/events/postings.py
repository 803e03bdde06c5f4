"""Postings: where each code of a column occurs, so that a person's past and an item's audience are slices."""

from collections.abc import Iterator

import numpy as np

from penchant.events.loops import compiled
from penchant.types import Array, Columns


class Postings:
    """Where each code of the column `by` occurs among `size` events, ascending; the first of them is event `begin`.

    `columns` are the others in the order of the index: the events of one code lie side by side in memory.
    """

    def __init__(self, by: str, columns: Columns, begin: int = 0) -> None:
        self.begin = begin
        arrays = dict(arranged(by, columns))
        self._take(len(columns[by]), arrays)
        self.mapped = False

    @classmethod
    def kept(cls, size: int, arrays: Columns) -> "Postings":
        """The index that was `arranged` before."""
        postings = object.__new__(cls)
        postings.begin = 0
        postings._take(size, dict(arrays))
        postings.mapped = True
        return postings

    def _take(self, size: int, arrays: dict[str, Array]) -> None:
        self.size, self.order, self.starts = size, arrays.pop("order"), arrays.pop("starts")
        self.firsts = arrays.pop("firsts")  # where the codes occur first, ascending
        self.columns = arrays

    @property
    def end(self) -> int:
        """The event behind the last one of the index."""
        return self.begin + self.size

    def places(self, code: int, n: int) -> Array:
        """Ascending places of the events of a code among the first `n` of the timeline."""
        lo, hi = self.bounds(np.array([code]))
        found = self.order[lo[0] : hi[0]]
        return self.begin + (found if self.end <= n else found[: np.searchsorted(found, n - self.begin)])

    def bounds(self, codes: Array) -> tuple[Array, Array]:
        """Where the places of each code begin and end in `order`."""
        last = len(self.starts) - 1
        return self.starts[np.minimum(codes, last)], self.starts[np.minimum(codes + 1, last)]


def arranged(by: str, columns: Columns) -> Iterator[tuple[str, Array]]:
    """The arrays of an index one by one: `order`, `starts`, `firsts`, and the columns in that order."""
    codes = columns[by]
    known = codes >= 0
    counts = np.bincount(codes[known]) if known.any() else np.zeros(0, dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)])
    order = _grouped(codes, starts[:-1].copy(), int(starts[-1]))
    yield "order", order
    yield "starts", starts
    yield "firsts", np.sort(order[starts[:-1][counts > 0]])
    for name, column in columns.items():
        if name != by:
            yield name, column[order]


@compiled
def _grouped(codes: Array, next_of: Array, size: int) -> Array:
    """The places of the codes that are not negative, by code and ascending within one."""
    order = np.empty(size, np.int32)
    for place in range(len(codes)):
        code = codes[place]
        if code >= 0:
            order[next_of[code]] = place
            next_of[code] += 1
    return order
