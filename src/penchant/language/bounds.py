"""Bounds in words: "under 20 pounds", "between 5 and 10", "from the 80s", "20元以下", and what number they bound."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from penchant.text.lexicon import key, stem
from penchant.types import Array

_SIGN = r"(?:[£$€¥]|usd|gbp|eur|rmb|cny)?\s*"
_SUM = r"(?P<{}>\d+(?:[.,]\d+)*)"
_COIN = (
    r"\s*(?:£|\$|€|¥|pounds?(?:\s+sterling)?|quid|dollars?|bucks?|euros?|yuan|rmb|gbp|usd|eur|"
    r"pence|p\b|块钱?|元钱?|英镑|美元|欧元|"
    r"人民币|镑|刀)?"
)
_LOWER, _UPPER = (_SIGN + _SUM.format(name) + _COIN for name in ("low", "high"))
_NEVER = (
    r"(?P<flip>\b(?:nothing|not|no|none|never|don't\s+\w+(?:\s+me)?(?:\s+(?:anything|things))?|"
    r"isn't|aren't|avoid|hide|without)\s+"
    r"(?:(?:films?|movies?|items?|things?|stuff|products?|ones?|anything|gifts?|that|costs?|"
    r"costing|priced|is|are|which|me|to|"
    r"more|the|made|released|shot)\s+){0,4}?)?"
)
_FLIP_ZH = r"(?P<flip>不要|不想要?|别|不)?(?:价格|价钱|单价)?"
_RANGES = (
    re.compile(rf"\bbetween\s+{_LOWER}\s*(?:and|to|-|–)\s*{_UPPER}"),
    re.compile(rf"\b(?:from\s+)?{_LOWER}\s*(?:-|–|to|until|~)\s*{_UPPER}"),
    re.compile(rf"(?:价格|在)?{_LOWER}(?:到|至|-|~|–){_UPPER}(?:之间|的)?"),
)
_ATMOST = (
    re.compile(
        rf"{_NEVER}\b(?:under|below|less\s+than|cheaper\s+than|at\s+most|up\s+to|"
        rf"max(?:imum)?(?:\s+of)?|no\s+more\s+than|lower\s+than|within|"
        rf"not\s+(?:more|over|above)\s+than|not\s+exceeding|before|until|prior\s+to|older\s+than|"
        rf"costs?\s+less\s+than|priced\s+(?:under|below))"
        rf"\s+(?:a\s+)?(?:price\s+of\s+)?{_UPPER}"
    ),
    re.compile(
        rf"{_FLIP_ZH}(?:低于|少于|小于|不超过|不高于|最多|至多|不多于|便宜于)\s*{_UPPER}(?:以?下|以?内)?(?:的)?"
    ),
    re.compile(rf"{_FLIP_ZH}{_UPPER}(?:年)?(?:以下|以内|之内|之下|以前|之前|内)(?:的)?"),
    re.compile(
        rf"{_UPPER}\s+(?:or\s+(?:less|under|below|cheaper|older|earlier)|max(?:imum)?|tops|"
        rf"at\s+(?:the\s+)?most)\b"
    ),
)
_ATLEAST = (
    re.compile(
        rf"{_NEVER}\b(?:over|above|more\s+than|(?:more\s+expensive|dearer|pricier)\s+than|"
        rf"at\s+least|min(?:imum)?(?:\s+of)?|no\s+less\s+than|higher\s+than|"
        rf"exceeding|after|since|newer\s+than|beyond|costs?\s+more\s+than|starting\s+(?:from|at)|"
        rf"from)\s+(?:a\s+)?(?:price\s+of\s+)?{_LOWER}"
        rf"(?:\s+(?:on(?:wards?)?|up(?:wards?)?))?"
    ),
    re.compile(rf"{_FLIP_ZH}(?:高于|大于|多于|超过|超出|不低于|不少于|至少|起码)\s*{_LOWER}(?:以?上)?(?:的)?"),
    re.compile(rf"{_FLIP_ZH}{_LOWER}(?:年)?(?:以上|以后|之后|往上|起)(?:的)?"),
    re.compile(rf"{_LOWER}\s+(?:or\s+(?:more|over|above|newer|later)|and\s+(?:up|over|above|later)|min(?:imum)?)\b"),
)
_ABOUT = (
    re.compile(rf"\b(?:around|about|roughly|approximately|circa|near(?:ly)?)\s+{_LOWER}"),
    re.compile(rf"(?:大约|大概|约)?{_LOWER}(?:左右|上下)(?:的)?"),
)
_DECADE = re.compile(
    r"\b(?:(?:from|in|of)\s+)?(?:the\s+)?(?:(?P<century>19|20)?(?P<decade>\d0)'?s|"
    r"(?P<word>twenties|thirties|forties|fifties|sixties|seventies|eighties|"
    r"nineties|noughties))\b|(?:上世纪|(?P<zhcentury>19|20))?(?P<zh>\d0|[二三四五六七八九]十)年代(?:的)?"
)
_YEAR = re.compile(r"\b(?:from|in|of)\s+(?P<year>(?:19|20)\d\d)\b|(?P<zh>(?:19|20)\d\d)年的?")
_WORDS = {"twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70}
_WORDS |= {"eighties": 80, "nineties": 90, "noughties": 0}
_DIGITS = {"二": 20, "三": 30, "四": 40, "五": 50, "六": 60, "七": 70, "八": 80, "九": 90}
_SPELLED = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_SUM_ZH = re.compile(
    r"(?:[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])(?=英?镑|块|元|美元|欧元)"
)
_OFF = 0.25  # how far "around 20" may be off
_SHARP = re.compile(r"before|prior|older|earlier|以前|之前")
_LATER = re.compile(r"after|newer|之后|以后")
_MONEY = re.compile(r"[£$€¥元块镑刀]|pound|quid|dollar|buck|euro|yuan|rmb|gbp|usd|eur|pence|price|cost|价|钱")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Numbers of an attribute from `low` to `high`, both among them; None is no bound."""

    attribute: str
    low: float | None = None
    high: float | None = None

    def outside(self) -> "Bounds | None":
        """What lies on the other side of a single bound."""
        if (self.low is None) == (self.high is None):
            return None
        return replace(self, low=self.high, high=self.low)


def _digits(match: re.Match[str]) -> str:
    """A Chinese number up to 99 in digits."""
    tens, ten, ones = match[0].rpartition("十")
    return str((10 * _SPELLED.get(tens, 1) if ten else 0) + _SPELLED.get(ones, 0))


def bounds(text: str, numbers: Mapping[str, Array]) -> tuple[str, list[Bounds]]:
    """The clause without its bounds, and the bounds of those numbers that the catalogue has."""
    found: list[Bounds] = []
    text = _SUM_ZH.sub(_digits, text)
    for pattern, make in _FORMS:
        match = pattern.search(text)
        made = make(match, numbers) if match else None
        if match and made and (made.low is not None or made.high is not None):
            text = f"{text[: match.start()]} {text[match.end() :]}"
            text = _unnamed(text, made.attribute)
            found.append(_flipped(made, match))
            if len(found) == 2:
                break
    return text, found


def _attribute(match: re.Match[str], numbers: Mapping[str, Array], values: list[float]) -> str:
    """The number that is meant: one that is named, a year if it may be one, else the price."""
    named = [name for name in numbers if name not in ("price", "year") and key(name) in _stems(match.string)]
    if named:
        return named[0]
    calendar = all(1880 <= v <= 2100 and v == int(v) for v in values) and not _MONEY.search(match[0])
    if calendar and "year" in numbers:
        return "year"
    return "price" if "price" in numbers else ""


def _stems(text: str) -> set[str]:
    return {stem(word) for word in re.findall(r"[^\W\d_]+", text)}


def _unnamed(text: str, attribute: str) -> str:
    """The text without the name of the attribute."""
    wanted = {attribute, "pounds", "dollars", "price", "priced", "prices", "cost", "costs", "costing"}
    return " ".join(w for w in text.split() if w not in wanted and stem(w) != stem(attribute))


def _number(text: str) -> float:
    """A number as people write it: 1,000 and 4.99, and 4,99 where it is a decimal comma."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        return float(text.replace(",", ""))
    parts = text.replace(",", ".").split(".")
    return float(".".join(parts[:2]))


def _between(match: re.Match[str], numbers: Mapping[str, Array]) -> Bounds | None:
    low, high = sorted((_number(match["low"]), _number(match["high"])))
    attribute = _attribute(match, numbers, [low, high])
    return Bounds(attribute=attribute, low=low, high=high) if attribute else None


def _atmost(match: re.Match[str], numbers: Mapping[str, Array]) -> Bounds | None:
    high = _number(match["high"])
    attribute = _attribute(match, numbers, [high])
    sharp = attribute == "year" and _SHARP.search(match[0])
    return Bounds(attribute=attribute, high=high - 1 if sharp else high) if attribute else None


def _atleast(match: re.Match[str], numbers: Mapping[str, Array]) -> Bounds | None:
    low = _number(match["low"])
    attribute = _attribute(match, numbers, [low])
    later = attribute == "year" and _LATER.search(match[0])
    return Bounds(attribute=attribute, low=low + 1 if later else low) if attribute else None


def _around(match: re.Match[str], numbers: Mapping[str, Array]) -> Bounds | None:
    middle = _number(match["low"])
    attribute = _attribute(match, numbers, [middle])
    if attribute == "year":
        return Bounds(attribute=attribute, low=middle - 3, high=middle + 3)
    return Bounds(attribute=attribute, low=middle * (1 - _OFF), high=middle * (1 + _OFF)) if attribute else None


def _decade(match: re.Match[str], numbers: Mapping[str, Array]) -> Bounds | None:
    if "year" not in numbers:
        return None
    word, spelled = match["word"], match["zh"]
    if word:
        first = 1900 + _WORDS[word] if word != "noughties" else 2000
    else:
        said = match["decade"] or (spelled if spelled.isdigit() else str(_DIGITS[spelled[0]]))
        century = match["century"] or match["zhcentury"]
        first = int(century) * 100 + int(said) if century else (1900 if int(said) >= 20 else 2000) + int(said)
    return Bounds(attribute="year", low=first, high=first + 9)


def _year(match: re.Match[str], numbers: Mapping[str, Array]) -> Bounds | None:
    year = float(match["year"] or match["zh"])
    return Bounds(attribute="year", low=year, high=year) if "year" in numbers else None


def _flipped(found: Bounds, match: re.Match[str]) -> Bounds:
    """The other side, where a "nothing" stands before a single bound."""
    if not match.groupdict().get("flip"):
        return found
    other = found.outside() or found
    if other.attribute != "year":
        return other
    step = 1 if other.low is not None else -1  # years are whole: not before 1980 is from 1980 on
    sharp = _SHARP.search(match[0]) or _LATER.search(match[0])
    return replace(other, low=_moved(other.low, step, sharp), high=_moved(other.high, step, sharp))


def _moved(value: float | None, step: int, sharp: object) -> float | None:
    return value + step if value is not None and sharp else value


_Make = Callable[[re.Match[str], Mapping[str, Array]], Bounds | None]
_FORMS: tuple[tuple[re.Pattern[str], _Make], ...] = (
    *((pattern, _between) for pattern in _RANGES),
    *((pattern, _atmost) for pattern in _ATMOST),
    *((pattern, _atleast) for pattern in _ATLEAST),
    *((pattern, _around) for pattern in _ABOUT),
    (_DECADE, _decade),
    (_YEAR, _year),
)
