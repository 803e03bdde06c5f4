"""Postings: where each code of a column occurs, so that a person's past and an item's audience are slices."""

import numpy as np

from penchant.types import Array


class Postings:
    """Where each code of a column occurs among the first `size` events, ascending."""

    def __init__(self, codes: Array) -> None:
        self.size = len(codes)
        known = np.flatnonzero(codes >= 0)
        self.order = known[np.argsort(codes[known], kind="stable")]
        counts = np.bincount(codes[known]) if len(known) else np.zeros(0, dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(counts)])

    def bounds(self, codes: Array) -> tuple[Array, Array]:
        """Where the places of each code begin and end in `order`."""
        last = len(self.starts) - 1
        return self.starts[np.minimum(codes, last)], self.starts[np.minimum(codes + 1, last)]
