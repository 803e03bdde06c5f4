"""Words in common: items whose texts say what a request says. Asked for nothing, it does nothing.

It finds names, numbers and rare words, of which an encoder knows little; other words for them are left to `nearest`.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.protocols import Context
from penchant.retrieval.best import best
from penchant.text.index import Index, indexed
from penchant.text.words import content, paired, words
from penchant.types import Array, Columns, Floats, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexical:
    """Columns `match`, `bm25`, `share` of the request's words that an item says, and `title`; all NaN without a text.

    `title` is how far the request is the item's title: common words over all words of both, 1 if they are the same. It
    takes every word of the request; the others leave aside what only asks. `match` is share^`sure` · (1 + title) / 2,
    from 0 to 1 whatever the request: one word of many is found in the wrong places.
    """

    saturation: Annotated[float, Ge(0)] = 1.2  # how soon a word said again counts no more, k₁ of BM25; 0 or more
    length: Annotated[float, Interval(ge=0, le=1)] = 0.75  # how much long texts are marked down, b of BM25; 0 to 1
    title: Annotated[float, Ge(1)] = 2.0  # times that a word of the title counts; 1 or more
    sure: Annotated[float, Gt(0)] = 3.0  # how much more a match counts the more of a request an item says; above 0

    def retrieve(self, context: Context, limit: int) -> Rows:
        if not context.query.text:
            return np.zeros(0, np.int32)
        return best(context, self._matches(context)["bm25"], limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        if not context.query.text:
            return {name: np.full(len(rows), np.nan, dtype=np.float32) for name in ("match", "bm25", "share", "title")}
        return {name: column[rows] for name, column in self._matches(context).items()}

    def _matches(self, context: Context) -> dict[str, Floats]:
        return context.once((self, "matches"), lambda: self._read(context))

    def _read(self, context: Context) -> dict[str, Floats]:
        """The columns of every item."""
        index, text = indexed(context.catalogue, context.language.reader), context.query.text or ""
        wanted, unknown = _known(index, content(text))
        every, missing = _known(index, words(text, single=False))
        share, title = index.share(wanted, unknown), index.entitled(every, missing)
        return {
            "match": (share**self.sure * (1 + title) / 2).astype(np.float32),
            "bm25": index.bm25(wanted, self.saturation, self.length, self.title),
            "share": share,
            "title": title,
        }


def _known(index: Index, found: list[str]) -> tuple[Array, int]:
    """Codes of the words that the catalogue says, and how many it does not; a pair of characters need be no word."""
    return index.known(found), sum(not paired(word) for word in set(found) if word not in index.code)
