"""Boosted trees asked all at once: LightGBM's raw margins to the last bit, in a tenth of the time of a small call.

Instead of walking down each tree, every inner node strikes the leaves that a candidate cannot reach: a row that goes
right loses the node's left leaves, and the first leaf left over is where it arrives (QuickScorer: Lucchese et al.,
SIGIR 2015). A node's question is put to all rows side by side, which is what processors are best at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import ArtefactError
from penchant.events.loops import Arrays, compiled
from penchant.types import Array, Floats

MOST = 64  # leaves of a tree
_CATEGORY, _DEFAULT_LEFT, _MISSING = 1, 2, 12  # bits of LightGBM's `decision_type`
_NONE, _NAN = 0, 8  # of `_MISSING`: a NaN is read as zero, or is missing
_SEQUENCE = np.uint64(0x03F79D71B4CB0A89)  # of de Bruijn: its 64 windows of 6 bits all differ
_PLACES = np.zeros(64, dtype=np.int64)  # window → the bit by which the sequence was multiplied
_PLACES[[int(_SEQUENCE) * (1 << bit) % 2**64 >> 58 for bit in range(64)]] = np.arange(64)


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """The inner nodes of all trees, tree by tree, and their leaves from left to right."""

    nodes: Array  # int64, where each tree's nodes begin, and the last one's end
    feature: Array  # int64
    threshold: Floats  # a row goes right if its value is above
    astray: Array  # bool: whether a NaN goes right
    keep: Array  # uint64: the leaves that are left to a row that goes right
    first: Array  # int64, where each tree's leaves begin
    leaves: Array  # float64

    def margins(self, columns: Floats) -> Array:
        """(rows,) float64 sums of the leaves; `columns` is (features × rows) float32, NaN where nothing is known."""
        keep = self.keep.astype(np.uint32) if (np.diff(self.nodes) < 32).all() else self.keep
        tables = self.nodes, self.feature, self.threshold, self.astray, keep, self.first, self.leaves
        return _margins(columns, tables, keep.dtype.type(np.iinfo(keep.dtype).max), _PLACES)


def read(file: Path) -> Forest:
    """The forest in a model file of LightGBM.

    Raises ArtefactError for trees over categories, with zeros as missing or with more than `MOST` leaves.
    """
    parts: dict[str, list[Array]] = {name: [np.zeros(0)] for name in Forest.__slots__}
    nodes, leaves = [0], [0]
    for tree in _trees(file):
        kind = _numbers(tree, "decision_type").astype(np.int64)
        values = _numbers(tree, "leaf_value")
        if (kind & _CATEGORY).any() or not np.isin(kind & _MISSING, (_NONE, _NAN)).all() or len(values) > MOST:
            raise ArtefactError(f"{file}: wanted are trees over numbers in which a NaN is missing, of {MOST} leaves")
        threshold = _numbers(tree, "threshold")
        left, right = (_numbers(tree, f"{side}_child").astype(np.int64) for side in ("left", "right"))
        order, below = _order(left.tolist(), right.tolist())
        parts["feature"].append(_numbers(tree, "split_feature"))
        parts["threshold"].append(_rounded_down(threshold))
        parts["astray"].append(np.where(kind & _MISSING == _NONE, threshold < 0, kind & _DEFAULT_LEFT == 0))
        parts["keep"].append(below)
        parts["leaves"].append(values[order])
        nodes.append(nodes[-1] + len(kind))
        leaves.append(leaves[-1] + len(values))
    types = {"threshold": np.float32, "astray": bool, "keep": np.uint64, "leaves": np.float64}
    joined = {n: np.concatenate([p.astype(types.get(n, np.int64)) for p in parts[n]]) for n in parts}
    return Forest(**{**joined, "nodes": np.array(nodes), "first": np.array(leaves[:-1], dtype=np.int64)})


def _trees(file: Path) -> Iterator[Mapping[str, str]]:
    """The fields of each tree of the text."""
    for block in file.read_text(encoding="utf-8").split("\nTree=")[1:]:
        lines = (line.partition("=") for line in block.split("\n\n")[0].splitlines() if "=" in line)
        yield {name: value for name, _, value in lines}


def _numbers(tree: Mapping[str, str], name: str) -> Array:
    return np.array(tree.get(name, "").split(), dtype=np.float64)


def _order(left: list[int], right: list[int]) -> tuple[list[int], Array]:
    """The leaves of a tree from left to right, and for each node all bits but those of its left leaves."""
    order: list[int] = []
    keep = np.zeros(len(left), dtype=np.uint64)

    def visit(child: int) -> int:
        """Number the leaves below; returns their bits."""
        if child < 0:
            order.append(-1 - child)
            return 1 << (len(order) - 1)
        bits = visit(left[child])
        keep[child] = 2**64 - 1 - bits
        return bits | visit(right[child])

    visit(0 if left else -1)
    return order, keep


def _rounded_down(threshold: Array) -> Floats:
    """The largest float32 that is not above: a float32 is above both or neither."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


@compiled
def _margins(columns: Array, tables: Arrays, every: np.unsignedinteger[Any], places: Array) -> Array:
    nodes, feature, threshold, astray, keep, first, leaves = tables
    rows = columns.shape[1]
    total, reach = np.zeros(rows), np.empty(rows, keep.dtype)
    for tree in range(len(first)):
        reach[:] = every
        for node in range(nodes[tree], nodes[tree + 1]):
            column, limit, right = columns[feature[node]], threshold[node], keep[node]
            if astray[node]:
                for row in range(rows):
                    reach[row] &= every if column[row] <= limit else right
            else:
                for row in range(rows):
                    reach[row] &= right if column[row] > limit else every
        for row in range(rows):
            bit = np.uint64(reach[row]) & (~np.uint64(reach[row]) + np.uint64(1))
            total[row] += leaves[first[tree] + places[(bit * _SEQUENCE) >> np.uint64(58)]]
    return total
