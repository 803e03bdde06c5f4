"""What people asked of their lists in words: typed deltas, the events that keep them, and how they are said back.

A steer is read once, when it is said; what was understood is logged with it, so that a replay depends on no parser.
What a log holds is data: a delta that is not well formed counts as none.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from penchant.types import Event, Value

STEER, UNSTEER = "steer", "unsteer"  # kinds of events; their weight is 0
Way = Literal["more", "less", "only", "no"]
Aim = Literal["concept", "range", "trend"]
Terms = tuple[
    tuple[tuple[str, str], ...], ...
]  # all of these, each by any of its pairs of attribute ("": title), value
TRENDS = ("price", "year", "created", "popularity", "novelty")
_WAYS = ("more", "less", "only", "no")
_LONGEST = 200  # characters of what a delta is about
_MOST = 40  # deltas of a steer, and alternatives of a term


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """One thing to have more or less of, only, or not at all. Hashable: a list is made from them alone."""

    way: Way
    about: str  # in the person's words
    aim: Aim = "concept"  # "range": numbers alone; "trend": dearer, newer, … than what stands at the head of the list
    terms: Terms = ()  # what it is in the catalogue's words; none: whatever is like `about`
    attribute: str = ""  # whose numbers lie from `low` to `high`, or what the trend is of
    low: float | None = None
    high: float | None = None
    amount: float = 1.0  # how much: below 1 a little, above 1 a lot

    @property
    def hard(self) -> bool:
        """Whether it filters rather than moves."""
        return self.way in ("only", "no") and (self.aim == "range" or bool(self.terms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steer:
    """What a person said, and what became of it."""

    id: str
    text: str
    time: datetime
    deltas: tuple[Delta, ...] = ()
    ignored: tuple[str, ...] = ()  # what was not understood, in the person's words
    until: datetime | None = None  # None: until it is undone
    surface: str = ""  # where it counts; empty: everywhere

    def active(self, now: datetime, surface: str | None = None) -> bool:
        """Whether it counts at a moment, on a surface; None stands for any."""
        here = surface is None or self.surface in ("", surface)
        return here and self.time <= now and (self.until is None or now < self.until)

    def event(self, user: str) -> Event:
        """The event that keeps it."""
        context: dict[str, Value] = {
            "deltas": json.dumps([document(d) for d in self.deltas], ensure_ascii=False),
            "ignored": self.ignored,
            "until": self.until.isoformat() if self.until else "",
            "surface": self.surface,
        }
        return Event(id=self.id, user=user, kind=STEER, time=self.time, text=self.text, context=context)


def read(event: Event) -> Steer:
    """The steer that an event keeps; what of it is not well formed is left out."""
    context = event.context
    said = context.get("ignored", ())
    return Steer(
        id=event.id,
        text=event.text or "",
        time=event.time or datetime.now(UTC),
        deltas=deltas(context.get("deltas", "[]")),
        ignored=tuple(map(str, said)) if isinstance(said, tuple | list) else (str(said),),
        until=_moment(context.get("until", "")),
        surface=str(context.get("surface", "")),
    )


def document(delta: Delta) -> dict[str, Any]:
    """A delta as JSON has it, without what is as usual."""
    found = {f.name: getattr(delta, f.name) for f in fields(Delta)}
    return {name: value for name, value in found.items() if value not in ("", (), None)}


def deltas(text: object) -> tuple[Delta, ...]:
    """The well-formed deltas of a list of documents, or of such a list as JSON."""
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return ()
    known = [delta for entry in found[:_MOST] if (delta := _delta(entry))] if isinstance(found, list) else []
    return tuple(dict.fromkeys(known))


def _delta(entry: object) -> Delta | None:
    if not isinstance(entry, Mapping) or entry.get("way") not in _WAYS or not isinstance(entry.get("about"), str):
        return None
    aim, attribute = entry.get("aim", "concept"), entry.get("attribute", "")
    terms, low, high = _terms(entry.get("terms", ())), _number(entry.get("low")), _number(entry.get("high"))
    if aim == "range" and (not isinstance(attribute, str) or not attribute or (low is None and high is None)):
        return None
    if aim not in ("concept", "range", "trend") or (aim == "trend" and attribute not in TRENDS):
        return None
    amount = min(max(_number(entry.get("amount")) or 1.0, 0.25), 4.0)
    about = str(entry["about"])[:_LONGEST]
    given: dict[str, Any] = {"way": entry["way"], "about": about, "aim": aim, "amount": amount}
    return Delta(**given, terms=terms, attribute=str(attribute), low=low, high=high)


def _terms(found: object) -> Terms:
    """The terms, or none at all if any of them is not well formed."""
    terms = []
    for term in found if isinstance(found, Sequence) and not isinstance(found, str) else ():
        pairs = [tuple(p) for p in term] if isinstance(term, list | tuple) and all(map(_paired, term)) else []
        if not pairs or len(pairs) > _MOST:
            return ()
        terms.append(tuple((str(a), str(v)) for a, v in pairs))
    return tuple(terms[:_MOST])


def _paired(pair: object) -> bool:
    return isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(p, str) for p in pair)


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]


def _moment(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


# ── in plain words ──────────────────────────────────────────────────────────────────────────────────────────────────

_WORDS = {"more": "more {}", "less": "less {}", "only": "only {}", "no": "no {}"}
_WORDS_ZH = {"more": "多一些{}", "less": "少一些{}", "only": "只要{}", "no": "不要{}"}
_UPWARDS = {
    "price": "dearer",
    "year": "newer",
    "created": "newer",
    "popularity": "better known",
    "novelty": "new to you",
}
_DOWNWARDS = {
    "price": "cheaper",
    "year": "older",
    "created": "older",
    "popularity": "less known",
    "novelty": "familiar to you",
}
_UPWARDS_ZH = {"price": "更贵", "year": "更新", "created": "更新", "popularity": "更热门", "novelty": "对您更新鲜"}
_DOWNWARDS_ZH = {"price": "更便宜", "year": "更老", "created": "更老", "popularity": "更冷门", "novelty": "您更熟悉"}


def words(delta: Delta, language: str = "en") -> str:
    """A delta in plain words of a language: "less crypto", "only price up to 30", "cheaper"."""
    chinese = language.lower().startswith("zh")
    if delta.aim == "trend":
        rising = delta.way in ("more", "only")
        if chinese:
            return (_UPWARDS_ZH if rising else _DOWNWARDS_ZH)[delta.attribute] + "的"
        return (_UPWARDS if rising else _DOWNWARDS)[delta.attribute]
    bounds = _bounds(delta, chinese)
    about = bounds if delta.aim == "range" else " ".join(filter(None, [delta.about, bounds]))
    return (_WORDS_ZH if chinese else _WORDS)[delta.way].format(about)


def said(steer: Steer, language: str = "en") -> tuple[str, ...]:
    """What a steer asks for, in plain words, each with the end of its time if it has one."""
    if steer.until is None:
        return tuple(words(d, language) for d in steer.deltas)
    end = f"{steer.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    form = "{}，直到 {}" if language.lower().startswith("zh") else "{} until {}"
    return tuple(form.format(words(d, language), end) for d in steer.deltas)


def _bounds(delta: Delta, chinese: bool) -> str:
    if delta.low is None and delta.high is None:
        return ""
    name = {"price": "价格", "year": "年份"}.get(delta.attribute, delta.attribute) if chinese else delta.attribute
    low, high = (None if n is None else f"{n:g}" for n in (delta.low, delta.high))
    if low is not None and high is not None:
        return f"{name} {low}–{high}" if chinese else f"{name} {low} to {high}"
    if chinese:
        return f"{name} {low} 以上" if high is None else f"{name} {high} 以下"
    return f"{name} from {low}" if high is None else f"{name} up to {high}"
