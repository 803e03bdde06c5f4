"""The names of people by code, in a form of which the bulk can be mapped from a file and shared between processes.

What a snapshot had lies in arrays; who came since then in a list and a table. A name in the arrays is found by the
first eight bytes of its sha256, which is also how an erasure calls a person. Codes are given out once and never again.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import overload

import numpy as np

from penchant.types import Array, Columns

COLUMNS = {"text": np.uint8, "ends": np.int64, "hash": np.uint64, "code": np.int32}
_NOBODY: Columns = {name: np.zeros(int(name == "ends"), dtype) for name, dtype in COLUMNS.items()}
_PAGE = 10_000  # names decoded at a time


class Names(Sequence[str]):
    """Code → person, empty where a person was erased; only ever appended to and erased from."""

    def __init__(self, kept: Columns = _NOBODY) -> None:
        self._text, self._ends, self._hash, self._code = (kept[name] for name in COLUMNS)
        self._size = len(self._ends) - 1  # how many the arrays hold
        self._gone: set[int] = set()  # of these, who was erased since
        self._fresh: list[str] = []
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return self._size + len(self._fresh)

    @overload
    def __getitem__(self, code: int) -> str: ...
    @overload
    def __getitem__(self, code: slice) -> list[str]: ...
    def __getitem__(self, code: int | slice) -> str | list[str]:
        if isinstance(code, slice):
            return [self[c] for c in range(*code.indices(len(self)))]
        if not -len(self) <= code < len(self):
            raise IndexError(f"code {code} of {len(self)} people")
        code = int(code) % len(self)
        return self._fresh[code - self._size] if code >= self._size else self._old(code)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, self._size, _PAGE):
            ends = self._ends[start : min(start + _PAGE, self._size) + 1]
            text, places = self._text[ends[0] : ends[-1]].tobytes(), (ends - ends[0]).tolist()
            for code, (lo, hi) in enumerate(pairwise(places), start=start):
                yield "" if code in self._gone else _decoded(text[lo:hi])
        yield from self._fresh

    def _old(self, code: int) -> str:
        if code in self._gone:
            return ""
        return _decoded(self._text[self._ends[code] : self._ends[code + 1]].tobytes())

    @property
    def known(self) -> int:
        """How many people there are, the erased ones left out."""
        return len(self._hash) - len(self._gone) + len(self._codes)

    def code(self, name: str) -> int:
        """The code of a person; -1 if there is nobody of that name."""
        found = self._codes.get(name)
        if found is not None:
            return found
        return next((c for c in self._alike(_hash(name)) if self._old(c) == name), -1) if self._size else -1

    def coded(self, names: Sequence[str]) -> Array:
        """Codes of people (len(names),) int32, given out in order of first appearance."""
        known = {name: self.code(name) for name in dict.fromkeys(names)}
        for name, code in known.items():
            if code < 0:
                self._fresh.append(name)
                known[name] = self._codes[name] = len(self) - 1
        return np.fromiter(map(known.__getitem__, names), dtype=np.int32, count=len(names))

    def digested(self, digests: Collection[str]) -> dict[str, str]:
        """Those of the people whose sha256, in hexadecimal digits, is among these: digest → name."""
        old = [self._old(code) for digest in digests for code in self._alike(int(digest[:16], 16))]
        told = {_digest(name).hex(): name for name in (*old, *self._codes)} if digests else {}
        return {digest: told[digest] for digest in digests if told.get(digest)}

    def erase(self, code: int) -> None:
        """Forget a person's name; the code stays taken."""
        if code >= self._size:
            del self._codes[self._fresh[code - self._size]]
            self._fresh[code - self._size] = ""
        elif code not in self._gone:
            self._gone.add(code)
            self._text[self._ends[code] : self._ends[code + 1]] = 0  # in this process's copy of the page

    def columns(self, size: int) -> dict[str, Array]:
        """The first `size` names as arrays: `text` of utf-8, its `ends`, and `hash` ascending with its `code`."""
        old = min(self._size, size)
        texts = [name.encode("utf-8", "surrogatepass") for name in self._fresh[: size - old]]
        fresh = [old + place for place, text in enumerate(texts) if text]
        codes = np.concatenate([self._code, np.array(fresh, dtype=np.int32)])
        hashes = np.concatenate([self._hash, np.array([_hash(n) for n in self._fresh[: size - old] if n], np.uint64)])
        gone, lengths = np.array(sorted(self._gone), dtype=np.int64), np.diff(self._ends[: old + 1])
        there = np.repeat(~np.isin(np.arange(old), gone), lengths)  # of each letter, whether it is of somebody known
        lengths[gone[gone < old]] = 0
        known = np.flatnonzero((codes < size) & ~np.isin(codes, gone))
        order = known[np.argsort(hashes[known], kind="stable")]
        lengths = np.concatenate([[0], lengths, np.array([len(text) for text in texts], dtype=np.int64)])
        return {
            "text": np.concatenate([self._text[: len(there)][there], np.frombuffer(b"".join(texts), dtype=np.uint8)]),
            "ends": np.cumsum(lengths),
            "hash": hashes[order],
            "code": codes[order],
        }

    def _alike(self, hashed: int) -> list[int]:
        """Codes of the people in the arrays whose name has this hash."""
        lo, hi = (int(np.searchsorted(self._hash, np.uint64(hashed), side)) for side in ("left", "right"))
        found: list[int] = self._code[lo:hi].tolist()
        return found


class Users(Mapping[str, int]):
    """Person → code, over the same names."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def __getitem__(self, name: str) -> int:
        code = self._names.code(name)
        if code < 0:
            raise KeyError(name)
        return code

    def __iter__(self) -> Iterator[str]:
        return filter(None, self._names)

    def __len__(self) -> int:
        return self._names.known


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _hash(name: str) -> int:
    return int.from_bytes(_digest(name)[:8])


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogatepass")
