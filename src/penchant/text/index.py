"""An inverted index of a catalogue's texts: which item says which word how often. It is mended, not built again.

Scores are BM25 (Robertson & Zaragoza 2009) with Lucene's idf, ln(1 + (N − n + ½) / (n + ½)), which is never negative.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from penchant.text.speech import Reader
from penchant.text.texts import item_text
from penchant.text.words import words
from penchant.types import Array, Catalogue, Floats, Item, Rows

Said = Callable[[Item], tuple[str, str]]  # an item's title and its whole text


@dataclass(frozen=True)
class Index:
    """Counts of words by item; a word keeps its code as long as the index is only mended."""

    code: Mapping[str, int]
    texts: Any  # csr_array items × words: how often the text says it
    titles: Any  # csr_array items × words: how often the title says it

    @cached_property
    def items(self) -> int:
        """How many items say anything: what is bare or not there at the moment shifts no mean."""
        return int(np.count_nonzero(self._sizes))

    @cached_property
    def idf(self) -> Floats:
        """Of each word, by the number of items that say it."""
        items, said = self.items, np.bincount(self.texts.indices, minlength=self.texts.shape[1])
        found: Floats = np.log1p((items - said + 0.5) / (said + 0.5)).astype(np.float32)
        return found

    def known(self, found: Sequence[str]) -> Array:
        """Codes of the distinct words that are said at all."""
        return np.array([self.code[word] for word in dict.fromkeys(found) if word in self.code], dtype=np.int64)

    def bm25(self, wanted: Array, saturation: float, length: float, title: float) -> Floats:
        """Σ over the wanted words of idf · f·(k + 1) / (f + k·(1 − b + b·length / mean length)), for every item.

        f counts a word of the title `title` times; k is `saturation`, b is `length`.
        """
        texts, titles = self._posted
        often = (texts[:, wanted] + (title - 1.0) * titles[:, wanted]).tocoo()
        sizes = self._sizes + (title - 1.0) * self._title_sizes
        mean = max(float(sizes.sum()), 1.0) / max(self.items, 1)
        norm = saturation * (1 - length + length * sizes / mean)
        parts = self.idf[wanted[often.col]] * often.data * (saturation + 1) / (often.data + norm[often.row])
        return np.bincount(often.row, weights=parts, minlength=len(sizes)).astype(np.float32)

    def share(self, wanted: Array, unknown: int) -> Floats:
        """The share of a request's words, by idf, that each item says; unknown words weigh as much as the rarest."""
        total = float(self.idf[wanted].sum()) + unknown * float(np.log1p(2.0 * self.items + 1.0))
        found: Floats = (self._posted[0][:, wanted] > 0).astype(np.float32) @ self.idf[wanted] / max(total, 1e-9)
        return found

    def entitled(self, wanted: Array, unknown: int) -> Floats:
        """How far a request is an item's title: common words over all words of both, by idf; 1 if they are the same."""
        rarest = float(np.log1p(2.0 * self.items + 1.0))
        both = (self._posted[1][:, wanted] > 0).astype(np.float32) @ self.idf[wanted]
        asked = float(self.idf[wanted].sum()) + unknown * rarest
        found: Floats = both / np.maximum(self._title_mass + asked - both, 1e-9)
        return found

    def told(self, said: Array) -> Floats:
        """The share of each title's words, by idf, that are among these; 0 without a title."""
        both = (self._posted[1][:, said] > 0).astype(np.float32) @ self.idf[said]
        found: Floats = both / np.maximum(self._title_mass, 1e-9)
        return found

    @cached_property
    def _posted(self) -> tuple[Any, Any]:
        """The same counts by word."""
        return self.texts.tocsc(), self.titles.tocsc()

    @cached_property
    def _sizes(self) -> Array:
        return np.asarray(self.texts.sum(axis=1), dtype=np.float32)

    @cached_property
    def _title_sizes(self) -> Array:
        return np.asarray(self.titles.sum(axis=1), dtype=np.float32)

    @cached_property
    def _title_mass(self) -> Floats:
        mass: Floats = (self.titles > 0).astype(np.float32) @ self.idf
        return mass


def indexed(catalogue: Catalogue, reader: Reader | None) -> Index:
    """The index of a catalogue, of what the reader reads of an item or, without one, its usual text."""

    def said(item: Item) -> tuple[str, str]:
        return item.title, item_text(item) if reader is None else reader.text(item)

    return catalogue.kept(
        ("words", "" if reader is None else reader.name),
        lambda: build(catalogue.items, said),
        lambda earlier, rows: mend(earlier, catalogue.items, rows, said),
    )


def build(items: Sequence[Item], said: Said) -> Index:
    """The index of these items."""
    nothing = csr_array((0, 0), dtype=np.float32)
    return mend(Index({}, nothing, nothing), items, np.arange(len(items), dtype=np.int32), said)


def mend(index: Index, items: Sequence[Item], rows: Rows, said: Said) -> Index:
    """The index after the items of these rows have changed or come."""
    if not len(rows) and len(items) == index.texts.shape[0]:
        return index
    read = [(Counter(words(title)), Counter(words(text))) for title, text in (said(items[r]) for r in rows.tolist())]
    code = dict(index.code)
    for counts in read:
        for word in (*counts[1], *counts[0]):
            code.setdefault(word, len(code))
    place = np.arange(len(items))
    place[rows] = index.texts.shape[0] + np.arange(len(rows))
    titles = _joined(index.titles, _counted([title for title, _ in read], code), len(code))
    texts = _joined(index.texts, _counted([text for _, text in read], code), len(code))
    return replace(index, code=code, texts=texts[place], titles=titles[place])


def _counted(counts: Sequence[Mapping[str, int]], code: Mapping[str, int]) -> Any:
    ends = np.cumsum([0, *(len(count) for count in counts)])
    columns = np.array([code[word] for count in counts for word in count], dtype=np.int32)
    data = np.array([often for count in counts for often in count.values()], dtype=np.float32)
    return csr_array((data, columns, ends), shape=(len(counts), len(code)))


def _joined(old: Any, new: Any, wide: int) -> Any:
    """Old rows over new ones, as wide as the vocabulary has become."""
    grown = csr_array((old.data, old.indices, old.indptr), shape=(old.shape[0], wide))
    return vstack([grown, new], format="csr", dtype=np.float32)
