"""The words of a catalogue: which items carry a value of an attribute or a word of a title, and their numbers.

Words are compared without case, accents' forms, punctuation and plural; nothing here knows what a word means.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from penchant.types import NEVER, Array, Catalogue, Item, Rows

_TOKEN = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ENDINGS = ("ings", "ing", "ers", "er", "ed", "en", "ery", "y", "ic", "al", "ly", "ish")
_NAMELESS = 0.9  # share of items above which the values of an attribute, one for each, are names and no vocabulary
_SEEN = 50  # items from which on that can be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """An index of one catalogue; see `vocabulary`."""

    size: int
    values: Mapping[str, tuple[tuple[str, str], ...]]  # key of a value → (attribute, value)
    holders: Mapping[tuple[str, str], Rows]  # (attribute, value), or ("", word of a title) → rows
    numbers: Mapping[str, Array]  # attribute → float64 per row, NaN where it has none
    titles: Sequence[str] = field(repr=False)  # folded

    def rows(self, pair: tuple[str, str]) -> Rows:
        """The items that carry a value of an attribute or a word in the title, ascending."""
        found = self.holders.get(pair)
        if found is None and not pair[0] and cjk(pair[1]):
            return np.array([row for row, title in enumerate(self.titles) if pair[1] in title], dtype=np.int32)
        return np.zeros(0, np.int32) if found is None else found

    def word(self, word: str) -> str:
        """The form in which titles know a word; empty if none has it, nor the word that it is derived from."""
        if cjk(word):
            return word if len(self.rows(("", word))) else ""
        return next((form for form in forms(word) if ("", form) in self.holders), "")


def vocabulary(catalogue: Catalogue) -> Vocabulary:
    """The words of a catalogue, read once."""
    return catalogue.once("vocabulary", lambda: _read(catalogue))


def _read(catalogue: Catalogue) -> Vocabulary:
    items = catalogue.items
    holders: dict[tuple[str, str], list[int]] = {}
    for row, item in enumerate(items):
        pairs = {("", stem(token)) for token in tokens(item.title)}
        for pair in sorted(pairs | set(_values(item))):
            holders.setdefault(pair, []).append(row)
    named = _named(holders, len(items))
    values: dict[str, list[tuple[str, str]]] = {}
    for attribute, value in holders:
        if attribute and attribute not in named:
            values.setdefault(key(attribute if value == "yes" else value), []).append((attribute, value))
    return Vocabulary(
        size=len(items),
        values={k: tuple(sorted(pairs)) for k, pairs in values.items() if k},
        holders={pair: np.array(rows, dtype=np.int32) for pair, rows in holders.items()},
        numbers=_numbers(catalogue),
        titles=[fold(item.title) for item in items],
    )


def _values(item: Item) -> Iterable[tuple[str, str]]:
    for attribute, value in item.attributes.items():
        if value is True:
            yield attribute, "yes"
        elif isinstance(value, str | tuple):
            for part in value if isinstance(value, tuple) else (value,):
                if part and "://" not in part and len(part) <= 100:
                    yield attribute, part


def _named(holders: Mapping[tuple[str, str], Sequence[int]], size: int) -> set[str]:
    """Attributes of which nearly every item has a value of its own."""
    distinct: dict[str, int] = {}
    for attribute, _ in holders:
        distinct[attribute] = distinct.get(attribute, 0) + 1
    return {name for name, count in distinct.items() if size >= _SEEN and count > _NAMELESS * size}


def _numbers(catalogue: Catalogue) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for row, item in enumerate(catalogue.items):
        for name, value in item.attributes.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                if name not in found:
                    found[name] = np.full(len(catalogue), np.nan)
                found[name][row] = value
    created = catalogue.columns["created"]
    if (created != NEVER).any():
        found["created"] = np.where(created == NEVER, np.nan, created.astype(np.float64))
    return found


def fold(text: str) -> str:
    """The text in lower case, in one form of each character."""
    return unicodedata.normalize("NFKC", text).casefold()


def tokens(text: str) -> list[str]:
    """The words of a text, folded."""
    return _TOKEN.findall(fold(text).replace("'", "").replace("’", ""))


def key(text: str) -> str:
    """A text as its stems: equal for "Sci-Fi" and "sci fi", "Mugs" and "mug"."""
    return " ".join(stem(token) for token in tokens(text))


def cjk(text: str) -> bool:
    """Whether a text has characters of scripts that put no spaces between words."""
    return _CJK.search(text) is not None


def stem(word: str) -> str:
    """A word without its plural; it need not be a word itself: both "knife" and "knives" become "knif"."""
    if len(word) < 4 or not word.isascii():
        return word
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("sses", "xes", "zes", "ches", "shes", "oes")) else word[:-1]
    if word.endswith("ie"):
        return word[:-2] + "y"
    return word[:-2] + "f" if word.endswith(("ve", "fe")) else word


def forms(word: str) -> list[str]:
    """The stem of a word and those it may be derived from, the likeliest first: "knitting" → knitting, knitt, knit."""
    found = [stem(word)]
    for ending in _ENDINGS:
        base = word[: -len(ending)]
        if word.endswith(ending) and len(base) >= 3:
            if len(base) >= 4:
                found.append(stem(base))
            if base[-1] == base[-2] and len(base) >= 4:
                found.append(base[:-1])
            found.append(stem(base + "e"))
    return list(dict.fromkeys(found))
