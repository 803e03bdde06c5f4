"""Phrases to the words of a catalogue: values of attributes first, then words of titles, then their synonyms.

A phrase of several words means what has all of them. What the catalogue has no words for grounds to nothing; it is then
matched by likeness of texts, if an encoder finds any.
"""

import re
from dataclasses import dataclass

import numpy as np

from penchant.language.glossary import LONGEST, synonyms
from penchant.text.lexicon import Vocabulary, cjk, forms, key, stem, tokens
from penchant.text.steers import Terms

_SHARED, _OF = 5, 0.6  # letters, and share of the longer word, that a word and a value must begin with in common
_GENERIC = frozenset(
    stem(word)
    for word in [
        "film",
        "films",
        "movie",
        "movies",
        "flick",
        "flicks",
        "picture",
        "title",
        "titles",
        "stuff",
        "cinema",
        "thing",
        "things",
        "item",
        "items",
        "product",
        "products",
        "one",
        "ones",
        "kind",
        "type",
        "style",
        "genre",
        "sort",
        "range",
        "category",
        "brand",
        "theme",
        "themed",
        "related",
        "based",
        "recommendation",
        "recommendations",
        "gift",
        "gifts",
        "goods",
        "article",
        "articles",
        "piece",
        "pieces",
        "work",
        "works",
    ]
)
_MANY = 5  # titles from which on a word is one that a catalogue is sorted by
_PREPOSITIONS = re.compile(r"\s+(?:for|of|in|on|with|about|at|by|to|from|up)\s+")
_SPEECH = """
    would be nice lovely great good better best wait next help need needs want collect host plan planning stock suit
    suits like love adore adores around corner out off down up get getting got have has give gives take put add
    bring throw go going let lets light hold done leave keep stick use useful useless me my mine you your we us our
    they them he she it day days week time now then so too very much many lot lots bit little few new old all every
    some any no not only just first last one two three second life live man men woman way world people interesting
    watch see look make made find show tell say home work end night dose share rank item list
"""
_SPOKEN = frozenset(_SPEECH.split())
_LITTLE = "a an the of to in on at for with and or by from my me is are i it as"
_FUNCTION = frozenset(_LITTLE.split())
_GENERIC_ZH = (
    "电影",
    "影片",
    "片子",
    "类型",
    "类别",
    "东西",
    "商品",
    "产品",
    "物品",
    "用品",
    "礼品",
    "类的",
    "之类",
    "系列",
    "作品",
    "片",
    "类",
    "的",
)


@dataclass(frozen=True, slots=True)
class Grounder:
    """Finds what phrases mean in one catalogue."""

    words: Vocabulary

    def ground(self, phrase: str) -> Terms:
        """All of the terms, each by any of its alternatives; none if a word of the phrase means nothing here."""
        if cjk(phrase):
            return self._chinese(phrase)
        if whole := self._alternatives(phrase):
            return (whole,)
        said = tokens(phrase)
        wanted = [w for w in said if stem(w) not in _GENERIC and w not in _FUNCTION] or said
        if len(wanted) != len(said) and (whole := self._alternatives(" ".join(wanted))):
            return (whole,)
        terms = [self._alternatives(word) for word in wanted]
        return self._some(tuple(terms)) if wanted and all(terms) else ()

    def generic(self, phrase: str) -> bool:
        """Whether a phrase names nothing that a catalogue has more of than others."""
        if cjk(phrase):
            for word in _GENERIC_ZH:
                phrase = phrase.replace(word, "")
            return not phrase.strip()
        return not self.words.values.get(key(phrase)) and all(stem(w) in _GENERIC for w in tokens(phrase))

    def known(self, phrase: str, sure: bool) -> str:
        """The words of a phrase that mean something here, as a phrase; if `sure`, those that name values alone."""
        said = [w for w in tokens(phrase) if stem(w) not in _GENERIC and w not in _FUNCTION]
        return " ".join(w for w in said if (found := self._alternatives(w)) and (not sure or all(a for a, _ in found)))

    def spotted(self, phrase: str, sure: bool) -> Terms:
        """What a phrase names among words that mean nothing here: its first part that does, without what is behind a
        preposition if it can be; if `sure`, only what the catalogue is sorted by.
        """
        if cjk(phrase):
            return self._some(tuple(self._found(phrase)[0][:3]))
        for part in (*_PREPOSITIONS.split(phrase), phrase):
            said = [w for w in tokens(part) if stem(w) not in _GENERIC and w not in _FUNCTION and w not in _SPOKEN]
            named = [found for w in said if (found := self._alternatives(w)) and (not sure or self._sorts(found))]
            if terms := (self._some(tuple(named)) or self._some(tuple(named[-1:]))):
                return terms
        return ()

    def sorts(self, terms: Terms) -> bool:
        """Whether a catalogue is sorted by what each of the terms names."""
        return all(self._sorts(term) for term in terms)

    def _sorts(self, pairs: tuple[tuple[str, str], ...]) -> bool:
        """Whether these are values; or words of many titles, in a catalogue that has no values."""
        if self.words.values:
            return any(attribute for attribute, _ in pairs)
        return sum(len(self.words.rows(pair)) for pair in pairs) >= _MANY

    def _alternatives(self, word: str) -> tuple[tuple[str, str], ...]:
        """Values called so, or by a synonym; else titles with the word, or with a synonym if those are few; else values
        that begin alike.
        """
        name = key(word)
        if found := self.words.values.get(name):
            return found
        meant = tuple(dict.fromkeys(pair for other in synonyms(word) for pair in self._called(other)))
        own = len(self.words.rows(("", name))) if " " not in name else 0
        if meant and (own < _MANY or any(attribute for attribute, _ in meant)):
            return meant
        for form in forms(name) if " " not in name else ():
            if found := self.words.values.get(form):
                return found
        if " " not in name and (form := self.words.word(name)):
            return (("", form),)
        return self._akin(name)

    def _called(self, name: str) -> tuple[tuple[str, str], ...]:
        """Values, or else one word of titles, of this name."""
        if found := self.words.values.get(key(name)):
            return found
        return (("", form),) if " " not in name and (form := self.words.word(key(name))) else ()

    def _akin(self, name: str) -> tuple[tuple[str, str], ...]:
        """The values that begin most like a word."""
        if " " in name or len(name) < _SHARED:
            return ()
        best, found = 0, tuple[tuple[str, str], ...]()
        for other in sorted(self.words.values):
            shared = _prefix(name, other)
            if shared > best and shared >= max(_SHARED, _OF * max(len(name), len(other))):
                best, found = shared, self.words.values[other]
        return found

    def _chinese(self, phrase: str) -> Terms:
        """The longest known words from left to right; what lies between must be generic."""
        terms, rest = self._found(phrase)
        for word in _GENERIC_ZH:
            rest = rest.replace(word, "")
        return self._some(tuple(terms)) if terms and not rest.strip() else ()

    def _found(self, phrase: str) -> tuple[list[tuple[tuple[str, str], ...]], str]:
        """The known words of a Chinese phrase, and what lies between them."""
        terms: list[tuple[tuple[str, str], ...]] = []
        place, rest = 0, ""
        while place < len(phrase):
            size, found = self._longest(phrase[place : place + LONGEST + 2])
            terms += [found] if size else []
            rest += "" if size else phrase[place]
            place += size or 1
        return terms, rest

    def _longest(self, text: str) -> tuple[int, tuple[tuple[str, str], ...]]:
        for size in range(len(text), 0, -1):
            word = text[:size]
            if word in _GENERIC_ZH:
                return 0, ()
            values = self.words.values.get(key(word), ())
            meant = tuple(dict.fromkeys(pair for other in synonyms(word) for pair in self._called(other)))
            if values or meant:
                return size, values or meant
            if size > 1 and cjk(word) and (form := self.words.word(word)):
                return size, (("", form),)
        return 0, ()

    def _some(self, terms: Terms) -> Terms:
        """The terms, if any item meets them all."""
        met = np.ones(self.words.size, dtype=bool)
        for term in terms:
            any_of = np.zeros(self.words.size, dtype=bool)
            for pair in term:
                any_of[self.words.rows(pair)] = True
            met &= any_of
        return terms if met.any() else ()


def _prefix(one: str, other: str) -> int:
    """How many letters two words begin with in common."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
