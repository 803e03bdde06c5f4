"""Words in common: items whose texts say what a request says. Asked for nothing, it does nothing.

It finds names, numbers and rare words, of which an encoder knows little; other words for them are left to `nearest`.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Interval

from penchant.protocols import Context
from penchant.retrieval.best import best
from penchant.retrieval.index import Index, build, mend
from penchant.texts import item_text
from penchant.types import Array, Columns, Floats, Item, Rows
from penchant.words import content, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexical:
    """Columns `match`, `share` of the request's words that an item says, and `title`; all are NaN without a text.

    `title` is how far the request is the item's title: common words over all words of both, 1 if they are the same. It
    takes every word of the request; the others leave aside what only asks. `match` is BM25 · (1 + `title`).
    """

    saturation: Annotated[float, Ge(0)] = 1.2  # how soon a word said again counts no more, k₁ of BM25; 0 or more
    length: Annotated[float, Interval(ge=0, le=1)] = 0.75  # how much long texts are marked down, b of BM25; 0 to 1
    title: Annotated[float, Ge(1)] = 2.0  # times that a word of the title counts; 1 or more

    def retrieve(self, context: Context, limit: int) -> Rows:
        if not context.query.text:
            return np.zeros(0, np.int32)
        return best(context, self._matches(context)["match"], limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        if not context.query.text:
            return {name: np.full(len(rows), np.nan, dtype=np.float32) for name in ("match", "share", "title")}
        return {name: column[rows] for name, column in self._matches(context).items()}

    def _matches(self, context: Context) -> dict[str, Floats]:
        return context.once((self, "matches"), lambda: self._read(context))

    def _read(self, context: Context) -> dict[str, Floats]:
        """The columns of every item."""
        index, text = indexed(context), context.query.text or ""
        wanted, unknown = _known(index, content(text))
        every, missing = _known(index, words(text, single=False))
        bm25, title = index.bm25(wanted, self.saturation, self.length, self.title), index.entitled(every, missing)
        return {"match": bm25 * (1 + title), "share": index.share(wanted, unknown), "title": title}


def indexed(context: Context) -> Index:
    """The index of the catalogue, as read by the encoder's template where there is one."""
    catalogue, reader = context.catalogue, context.language.reader

    def said(item: Item) -> tuple[str, str]:
        return item.title, item_text(item) if reader is None else reader.text(item)

    return catalogue.kept(
        ("words", "" if reader is None else reader.name),
        lambda: build(catalogue.items, said),
        lambda earlier, rows: mend(earlier, catalogue.items, rows, said),
    )


def _known(index: Index, found: list[str]) -> tuple[Array, int]:
    """Codes of the words that the catalogue says, and how many it does not."""
    codes = index.known(found)
    return codes, len(set(found)) - len(codes)
