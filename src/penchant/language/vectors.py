"""Vectors of texts, each text read once: items through the store, queries through a small memory.

A vector is found again by the encoder's name and the digest of its text, so a changed text or another
encoder never meets an old vector.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.ports import ItemStore
from penchant.text.speech import Encoder, Truncates
from penchant.text.texts import clean
from penchant.types import Floats

Progress = Callable[[int, int], None]  # texts done, texts to do

_LOOKUP = 1_000  # digests per question to the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Vectors of texts and what they cost."""

    vectors: Floats  # (texts × dim), unit or zero rows
    encoded: int  # distinct texts that had to be read now
    truncated: int  # of these, how many were longer than the encoder reads


def digest(text: str) -> str:
    """Digest of a text: 32 hexadecimal digits of BLAKE2b."""
    return hashlib.blake2b(clean(text).encode(), digest_size=16).hexdigest()


def item_vectors(
    texts: Sequence[str], encoder: Encoder, store: ItemStore, progress: Progress | None = None, batch: int = 256
) -> Encoded:
    """Encode the texts that the store has no vector for, keep theirs, and return a row per text.

    Vectors are kept after every batch, so an interruption loses at most `batch` texts.
    """
    digests = [digest(text) for text in texts]
    known = _remembered(digests, encoder, store)
    missing = {key: text for key, text in zip(digests, texts, strict=True) if key not in known}
    truncated = 0
    for done, part in _batches(missing, batch):
        fresh = _encode(part, encoder)
        store.keep_vectors(encoder.name, fresh)
        known.update(fresh)
        truncated += encoder.truncated(list(part.values())) if isinstance(encoder, Truncates) else 0
        if progress:
            progress(done, len(missing))
    vectors = np.zeros((len(texts), encoder.dim), dtype=np.float32)
    for row, key in enumerate(digests):
        vectors[row] = known[key]
    return Encoded(vectors=vectors, encoded=len(missing), truncated=truncated)


def _remembered(digests: Sequence[str], encoder: Encoder, store: ItemStore) -> dict[str, Floats]:
    """What the store has of these, less vectors of another size, which cannot be this encoder's."""
    distinct = list(dict.fromkeys(digests))
    known: dict[str, Floats] = {}
    for start in range(0, len(distinct), _LOOKUP):
        known.update(store.vectors(encoder.name, distinct[start : start + _LOOKUP]))
    return {key: vector for key, vector in known.items() if len(vector) == encoder.dim}


def _batches(texts: Mapping[str, str], size: int) -> Iterator[tuple[int, dict[str, str]]]:
    """Texts of similar length together, which pads least; with each batch how many are done after it."""
    order = sorted(texts, key=lambda key: (len(texts[key]), key))
    for start in range(0, len(order), size):
        part = order[start : start + size]
        yield start + len(part), {key: texts[key] for key in part}


def _encode(texts: Mapping[str, str], encoder: Encoder) -> dict[str, Floats]:
    return dict(zip(texts, encoder.encode(list(texts.values()), "passage"), strict=True))


class QueryCache:
    """The vectors of the last `size` queries, least recently asked out first; it knows digests, not words."""

    def __init__(self, size: int = 1_024) -> None:
        self.size = size
        self._vectors: OrderedDict[tuple[str, str], Floats] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._vectors)

    def get(self, encoder: str, text: str) -> Floats | None:
        """The vector of a query, if it was asked lately."""
        key = (encoder, digest(text))
        with self._lock:
            vector = self._vectors.get(key)
            if vector is not None:
                self._vectors.move_to_end(key)
            return vector

    def keep(self, encoder: str, text: str, vector: Floats) -> None:
        """Remember the vector of a query."""
        with self._lock:
            self._vectors[encoder, digest(text)] = vector
            while len(self._vectors) > self.size:
                self._vectors.popitem(last=False)


def encode_query(encoder: Encoder, text: str, cache: QueryCache | None = None) -> Floats:
    """Encode one query into (dim,) float32 of unit length, zero if it says nothing; the array is read-only."""
    vector = None if cache is None else cache.get(encoder.name, text)
    if vector is None:
        vector = encoder.encode([text], "query")[0]
        vector.setflags(write=False)
        if cache is not None:
            cache.keep(encoder.name, text, vector)
    return vector
