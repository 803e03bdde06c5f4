"""Postings: where each code of a column occurs, so that a person's past and an item's audience are slices."""

import numpy as np

from penchant.types import Array, Columns


class Postings:
    """Where each code of the column `by` occurs among the first `size` events, ascending.

    `columns` are the others in the order of the index: the events of one code lie side by side in memory.
    """

    def __init__(self, by: str, columns: Columns) -> None:
        codes = columns[by]
        self.size = len(codes)
        known = np.flatnonzero(codes >= 0)
        self.order = known[np.argsort(codes[known], kind="stable")].astype(np.int32)
        counts = np.bincount(codes[known]) if len(known) else np.zeros(0, dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(counts)])
        self.firsts = np.sort(self.order[self.starts[:-1][counts > 0]])  # where the codes occur first, ascending
        self.columns = {name: column[self.order] for name, column in columns.items() if name != by}

    def bounds(self, codes: Array) -> tuple[Array, Array]:
        """Where the places of each code begin and end in `order`."""
        last = len(self.starts) - 1
        return self.starts[np.minimum(codes, last)], self.starts[np.minimum(codes + 1, last)]
