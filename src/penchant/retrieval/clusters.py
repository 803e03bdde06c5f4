"""The nearest texts of a large catalogue, without reading all of them.

Texts lie as bytes, and beyond `WHOLE` of them cluster by cluster: those most like what is wanted are read first, until
enough texts that may be offered have been compared. The best of these are compared again, exactly: so likeness is exact
wherever it is told, and only which items are looked at is approximate.
"""

from dataclasses import dataclass, replace

import numpy as np

from penchant.events.loops import compiled, top
from penchant.types import Array, Catalogue, Floats, Rows

LARGE = 10_000  # items up to which bytes are not worth their while
WHOLE = 200_000  # texts up to which all are compared, as bytes
SHARE = 10  # beyond, one in so many is
_AGAIN, _MORE = 4, 100  # so many times as many as are wanted, and some more, are compared exactly
_WIDE = 256
_COUNT = 1_024  # clusters
_LEARNED = 32  # texts per cluster by which their middles are found
_ROUNDS = 6  # of k-means
_AT_ONCE = 65_536  # texts that are put into clusters at once


@dataclass(frozen=True, slots=True)
class Clusters:
    """Texts as bytes, cluster by cluster; those without a direction are in none."""

    middles: Floats  # clusters × dim
    starts: Array  # int64: where each cluster begins, and where the last one ends
    order: Rows  # the item of each text
    codes: Array  # int8, texts × blocks × `_WIDE`
    scales: Floats  # what a byte of each text is worth

    def nearest(self, vectors: Floats, wanted: Floats, limit: int, allowed: Array) -> Rows:
        """At most `limit` allowed rows with a positive `kinship`, best first, ties by row.

        `vectors` are the texts (items × dim), `wanted` is (any number × dim).
        """
        turn = np.argsort(-kinship(self.middles, wanted), kind="stable")
        size = len(self.order)
        told = (self.scales, self.order, self.starts, turn, allowed)
        places, sums = _read(self.codes, told, *_bytes(wanted), size if size <= WHOLE else int(size / SHARE))
        best, _ = top(sums, np.ones(len(sums), dtype=bool), _AGAIN * limit + _MORE)
        rows = np.sort(self.order[places[best]])
        exact = kinship(vectors[rows], wanted)
        found: Rows = rows[np.argsort(-exact, kind="stable")[: min(limit, np.count_nonzero(exact))]]
        return found


def kinship(texts: Floats, wanted: Floats) -> Floats:
    """Σ max(0, text · wanted)² of each text over all that is wanted."""
    likeness = wanted @ texts.T
    np.maximum(likeness, 0.0, out=likeness)
    likeness *= likeness
    total: Floats = likeness.sum(axis=0)
    return total


def clustered(catalogue: Catalogue, name: str, vectors: Floats) -> Clusters:
    """The clusters of texts that all items of a catalogue have; `name` is theirs."""

    def made() -> Clusters:
        said = np.any(vectors, axis=1)
        offered = np.flatnonzero(said & catalogue.columns["available"])  # what may not be offered shapes nothing
        found = clusters(vectors, offered if len(offered) else np.flatnonzero(said))
        return replace(found, codes=catalogue.share(f"bytes-{name}", found.codes))

    return catalogue.once(("clusters", name), made)


def clusters(vectors: Floats, learned: Array) -> Clusters:
    """The texts (items × dim) in clusters, whose middles are those of some of them: ascending rows, at least one."""
    rows = np.flatnonzero(np.any(vectors, axis=1)).astype(np.int32)
    middles = vectors[:1]
    of = np.zeros(len(rows), np.int64)
    if len(rows) > WHOLE:
        middles = _middles(vectors[learned[:: max(len(learned) // (_COUNT * _LEARNED), 1)]])
        of = np.concatenate([_closest(vectors[part], middles) for part in _parts(rows)])
    order = rows[np.argsort(of, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(middles)))])
    coded = [_bytes(vectors[part]) for part in _parts(order)]
    codes = np.concatenate([codes.astype(np.int8) for codes, _ in coded])
    return Clusters(middles, starts, order, codes, np.concatenate([scales for _, scales in coded]))


def _parts(rows: Rows) -> list[Rows]:
    return np.split(rows, range(_AT_ONCE, len(rows), _AT_ONCE))


def _bytes(texts: Floats) -> tuple[Array, Floats]:
    """Texts as whole numbers from −127 to 127 (int16, texts × blocks × `_WIDE`), and what one is worth in each."""
    scales = (np.abs(texts).max(axis=1, initial=1e-30) / 127).astype(np.float32)
    blocks = -(-texts.shape[1] // _WIDE)
    codes = np.zeros((len(texts), blocks * _WIDE), np.int16)
    codes[:, : texts.shape[1]] = np.rint(texts / scales[:, None])
    return codes.reshape(len(texts), blocks, _WIDE), scales


def _middles(texts: Floats) -> Floats:
    """The middles of the clusters, by k-means over directions; each begins at one of the texts."""
    middles = texts[:: max(len(texts) // _COUNT, 1)][:_COUNT].copy()
    for _ in range(_ROUNDS):
        of = _closest(texts, middles)
        sizes = np.bincount(of, minlength=len(middles))
        some = np.flatnonzero(sizes)
        sums = np.add.reduceat(texts[np.argsort(of, kind="stable")], (np.cumsum(sizes) - sizes)[some], axis=0)
        middles[some] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return middles


def _closest(texts: Floats, middles: Floats) -> Array:
    found: Array = np.argmax(texts @ middles.T, axis=1)
    return found


@compiled
def _read(codes: Array, told: tuple[Array, ...], wanted: Array, gains: Array, most: int) -> tuple[Array, Array]:
    """Places and Σ max(0, text · wanted)² of the allowed texts, cluster by cluster in their turn, at least `most`."""
    scales, order, starts, turn, allowed = told
    places, sums, found = np.empty(len(order), np.int32), np.empty(len(order), np.float32), 0
    for cluster in turn:
        if found >= most:
            break
        for at in range(starts[cluster], starts[cluster + 1]):
            if not allowed[order[at]]:
                continue
            total = np.float32(0)
            for t in range(len(wanted)):
                dot = np.int32(0)
                for d in range(_WIDE):  # of a length that is known: half the time
                    dot = np.int32(dot + np.int32(codes[at, 0, d]) * np.int32(wanted[t, 0, d]))
                for block in range(1, codes.shape[1]):
                    for d in range(_WIDE):
                        dot = np.int32(dot + np.int32(codes[at, block, d]) * np.int32(wanted[t, block, d]))
                like = max(np.float32(dot), np.float32(0)) * gains[t]
                total += like * like
            places[found], sums[found] = at, total * scales[at] * scales[at]
            found += 1
    return places[:found], sums[:found]
