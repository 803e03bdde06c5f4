"""Free text about a list to typed deltas, by a grammar: which clause, which way, what of, how much, how long, where.

What no rule reads is named, never guessed; the text is data and can ask for nothing but deltas.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from penchant.language import cues
from penchant.language.bounds import Bounds, bounds
from penchant.language.clauses import CONTRASTS, REASONS, clauses, content, pointed
from penchant.language.durations import lasting
from penchant.language.meaning import Grounder
from penchant.text.lexicon import fold, tokens, vocabulary
from penchant.text.steers import Delta, Way
from penchant.text.texts import clean
from penchant.types import Array, Catalogue

LONGEST = 2_000  # characters that are read
_NUMBERS: Mapping[str, Array] = dict.fromkeys(("price", "year"), np.zeros(0))  # what a number may be of, if anything
_PRONOUN = re.compile(r"\b(?:it|them|those|these|that)\b|它|这些")  # stands for what the clause before named
_FLIPPED: dict[Way, Way] = {"more": "less", "less": "more", "only": "less", "no": "more"}
_SURFACES = (
    (
        re.compile(
            r"\b(?:on|in|for)\s+(?:the|my|your)?\s*(?:home\s*(?:page|screen|feed)?|front\s*page|"
            r"main\s+page|start\s*page)\b"
        ),
        "home",
    ),
    (re.compile(r"\b(?:in|on|by|for)\s+(?:the|my|your)?\s*(?:e-?mails?|newsletters?)\b"), "email"),
    (
        re.compile(
            r"\b(?:on|in)\s+(?:the|my)?\s*(search|cart|basket|checkout|product|detail|item|"
            r"profile)\s*(?:page|screen|results?|tab|feed)\b"
        ),
        "",
    ),
    (re.compile(r"(?:在|于)?(?:首页|主页)(?:上|里|中)?"), "home"),
    (re.compile(r"(?:在)?(?:邮件|电子邮件)(?:里|中|上)?"), "email"),
    (re.compile(r"(?:在)?(?:搜索页面?|搜索结果)(?:里|中|上)?"), "search"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was understood of a text, and what was not."""

    deltas: tuple[Delta, ...] = ()
    ignored: tuple[str, ...] = ()
    until: datetime | None = None
    surface: str = ""


@dataclass(slots=True)
class _Clause:
    """One clause on its way through the grammar."""

    text: str
    inherited: Way | None
    deltas: list[Delta] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    way: Way | None = None


def interpret(text: str, catalogue: Catalogue, now: datetime) -> Reading:
    """Read a text in English or Chinese against a catalogue; `now` is when it was said."""
    rest, surface = _surface(_folded(text))
    span = lasting(rest, now)
    again = lasting(span.rest, now)  # "tonight and for the next week": the first that names an end counts
    grammar = _Grammar(Grounder(vocabulary(catalogue)))
    deltas, ignored = grammar.read(again.rest if again.found else span.rest)
    return Reading(deltas=deltas, ignored=ignored, until=span.until or again.until, surface=surface)


def limits(text: str) -> bool:
    """Whether a text may refuse or bound anything, as far as can be told without a catalogue."""
    for _, said in clauses(_folded(text)):
        rest, within = bounds(said, _NUMBERS)
        if within or pointed(rest)[0] == "no":
            return True
    return False


def _folded(text: str) -> str:
    return " ".join(fold(clean(text[:LONGEST])).replace("’", "'").split())


def _surface(text: str) -> tuple[str, str]:
    for pattern, name in _SURFACES:
        if match := pattern.search(text):
            return f"{text[: match.start()]} {text[match.end() :]}", name or match[1]
    return text, ""


@dataclass(frozen=True, slots=True)
class _Grammar:
    """The clauses of a text, one after the other."""

    grounder: Grounder

    def read(self, text: str) -> tuple[tuple[Delta, ...], tuple[str, ...]]:
        deltas: list[Delta] = []
        ignored: list[str] = []
        way: Way | None = None
        loose = 0  # deltas of the clause before, if it said no way of its own
        for mark, said in clauses(text):
            if mark in REASONS:
                ignored.append(f"{mark} {said}")
                continue
            clause = _Clause(said, None if mark in CONTRASTS else way)
            self._clause(clause)
            if loose and not clause.deltas and clause.way and _PRONOUN.search(said):
                deltas[-loose:] = [replace(delta, way=clause.way) for delta in deltas[-loose:]]
                loose = 0
                continue
            loose = len(clause.deltas) if clause.way is None else 0
            deltas += clause.deltas
            ignored += clause.ignored
            way = clause.way if clause.deltas else way
        return tuple(dict.fromkeys(deltas)), tuple(dict.fromkeys(ignored))

    def _clause(self, clause: _Clause) -> None:
        rest, within = bounds(clause.text, self.grounder.words.numbers)
        rest, trends = self._trends(rest)
        way, rest = pointed(rest)
        about = "" if self.grounder.generic(found := content(rest)) else found
        amount = _amount(clause.text)
        clause.way = way or clause.inherited
        for trend in trends:
            flipped = way in ("less", "no")
            clause.deltas.append(replace(trend, way=_FLIPPED[trend.way] if flipped else trend.way, amount=amount))
        if trends and way in ("less", "no"):
            clause.ignored += [about] if about else []
            return
        if not about:
            clause.deltas += [_range(clause.text.strip(), w, way) for w in within]
            if not within and not trends and not found and (way or re.search(r"\d", clause.text)):
                clause.ignored.append(clause.text.strip())
            return
        self._concepts(clause, about, amount, within, way is not None)

    def _concepts(self, clause: _Clause, about: str, amount: float, within: list[Bounds], cued: bool) -> None:
        """A delta for each thing that a clause names; the bounds hold for all of them."""
        way = clause.way or ("less" if cues.SOUR.search(clause.text) else "more")
        low, found = next((w for w in within), None), list[Delta]()
        for phrase in self._things(about):
            terms = self.grounder.ground(phrase)
            if not terms and cued and (known := self.grounder.known(phrase, sure=way in ("less", "no"))):
                terms = self.grounder.ground(known)
            if not terms:
                terms = self.grounder.spotted(phrase, sure=not cued or way in ("less", "no"))
            if way == "only" and not cued and not self.grounder.sorts(terms):
                terms = ()
            if not terms and not cued and not within:
                clause.ignored.append(phrase)
                continue
            delta = Delta(way=way, about=phrase, terms=terms, amount=amount)
            if low:
                delta = replace(delta, attribute=low.attribute, low=low.low, high=low.high)
            found.append(delta)
        clause.deltas += _united(found) if way == "only" else found

    def _things(self, about: str) -> list[str]:
        """The phrases of a list, which is one phrase if the catalogue has a value of that name."""
        if self.grounder.words.values.get(" ".join(tokens(about))):
            return [about]
        parts = re.split(r"\s+(?:and|or|nor|as\s+well\s+as)\s+|\s*[&/+]\s*|[和或与及跟]", about)
        return [found for part in parts if (found := content(part))]

    def _trends(self, text: str) -> tuple[str, list[Delta]]:
        """The directions that a clause names, and the clause without them."""
        found: dict[str, Delta] = {}
        for trend in cues.TRENDS:
            attribute = self._measured(trend.attribute)
            match = trend.pattern.search(text) if attribute else None
            if match and match[0].strip():
                about = match[0].strip()
                found.setdefault(attribute, Delta(way=trend.way, about=about, aim="trend", attribute=attribute))
                text = f"{text[: match.start()]} {text[match.end() :]}"
        return text, list(found.values())

    def _measured(self, attribute: str) -> str:
        """The attribute by which the catalogue can follow a trend; empty if it cannot."""
        numbers = self.grounder.words.numbers
        if attribute == "year":
            return next((name for name in ("year", "created") if name in numbers), "")
        return attribute if attribute != "price" or "price" in numbers else ""


def _united(found: list[Delta]) -> list[Delta]:
    """One filter for a list of things, which lets through what is any of them."""
    if len(found) < 2 or any(len(delta.terms) != 1 for delta in found):
        return found
    either = tuple(dict.fromkeys(pair for delta in found for pair in delta.terms[0]))
    return [replace(found[0], about=" / ".join(delta.about for delta in found), terms=(either,))]


def _amount(text: str) -> float:
    if cues.BITS.search(text):
        return 0.5
    return 2.0 if cues.LOTS.search(text) else 1.0


def _range(text: str, within: Bounds, way: Way | None) -> Delta:
    """Bounds alone: only what lies within them, or nothing of it."""
    found = within.outside() if way in ("less", "no") else within
    if found is None:
        return Delta(way="no", about=text, aim="range", attribute=within.attribute, low=within.low, high=within.high)
    return Delta(way="only", about=text, aim="range", attribute=found.attribute, low=found.low, high=found.high)
