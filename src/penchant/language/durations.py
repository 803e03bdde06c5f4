"""How long: the words for a stretch of time in a sentence, in English and Chinese, and the moment at which it ends.

Days end at midnight and weeks with Sunday, in UTC; what names no time lasts until it is undone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_COUNTS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "couple": 2,
    "few": 3,
    "several": 5,
    "half an": 0.5,
    "half a": 0.5,
    "": 1,
    "半": 0.5,
    "一": 1,
    "两": 2,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
    "几": 3,
    "十二": 12,
    "十五": 15,
    "二十": 20,
    "三十": 30,
}
_UNITS = {
    "minute": 1 / 1440,
    "min": 1 / 1440,
    "hour": 1 / 24,
    "day": 1,
    "night": 1,
    "evening": 1,
    "weekend": 7,
    "week": 7,
    "fortnight": 14,
    "month": 30,
    "year": 365,
    "分钟": 1 / 1440,
    "小时": 1 / 24,
    "天": 1,
    "日": 1,
    "晚": 1,
    "周": 7,
    "星期": 7,
    "礼拜": 7,
    "月": 30,
    "年": 365,
}
_HOLIDAYS = {"christmas": (12, 25), "halloween": (10, 31), "new year": (1, 1), "圣诞节": (12, 25), "圣诞": (12, 25)}
_NUMBER = r"\d+(?:\.\d+)?|half an?|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|(?:a )?couple(?: of)?"
_SPELLED = r"\d+(?:\.\d+)?|半|[一两二三四五六七八九十几]+"
_UNIT = r"minute|min|hour|day|night|evening|weekend|week|fortnight|month|year"
_DAY = r"mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_TILL = r"(?:up until|until|till|til|before|through|thru)"
_MOST = 3_650  # days

Ends = Callable[[re.Match[str], datetime], datetime | None]


@dataclass(frozen=True, slots=True)
class Lasting:
    """A sentence without its words for time, whether there were any, and the moment they name."""

    rest: str
    found: bool
    until: datetime | None


def lasting(text: str, now: datetime) -> Lasting:
    """Take the first stretch of time out of a folded text; a comma stands in its place."""
    now = now.astimezone(UTC)
    for pattern, ends in _PATTERNS:
        if match := pattern.search(text):
            rest = f"{text[: match.start()]}, {text[match.end() :]}"
            return Lasting(rest, True, ends(match, now))
    return Lasting(text, False, None)


def _midnight(now: datetime, days: int = 1) -> datetime:
    """The midnight that ends today, or a later day."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)


def _stretch(match: re.Match[str], now: datetime) -> datetime:
    said = (match["n"] or "").removeprefix("a ").removesuffix(" of").strip()
    count = float(said) if said.replace(".", "").isdigit() else _COUNTS.get(said, 1)
    return now + timedelta(days=min(max(count, 0.5) * _UNITS[match["unit"]], _MOST))


def _today(match: re.Match[str], now: datetime) -> datetime:
    late = any(word in match[0] for word in ("night", "evening", "晚", "夜"))
    return _midnight(now) + timedelta(hours=4 if late else 0)


def _week(match: re.Match[str], now: datetime) -> datetime:
    following = "next" in match[0] or "下" in match[0]
    return _midnight(now, 7 - now.weekday()) + timedelta(days=7 if following else 0)


def _month(match: re.Match[str], now: datetime) -> datetime:
    following = 1 if "next" in match[0] or "下" in match[0] else 0
    months = now.year * 12 + now.month + following
    return _midnight(now).replace(year=months // 12, month=months % 12 + 1, day=1)


def _year(_: re.Match[str], now: datetime) -> datetime:
    return _midnight(now).replace(year=now.year + 1, month=1, day=1)


def _weekday(match: re.Match[str], now: datetime) -> datetime:
    """The end of that day, which is not today."""
    short = match["day"][:3]
    wanted = "一二三四五六日".find("日" if short == "天" else short[0])
    if wanted < 0:
        wanted = next(n for n, name in enumerate(_DAYS) if name.startswith(short))
    return _midnight(now, (wanted - now.weekday() - 1) % 7 + 2)


def _date(match: re.Match[str], now: datetime) -> datetime | None:
    found = match.groupdict()
    holiday = found.get("holiday")
    month, day = _HOLIDAYS[holiday] if holiday else (_month_of(found["month"]), int(found["date"]))
    year = int(found.get("year") or now.year)
    try:
        end = datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)
        return end if found.get("year") or end > now else end.replace(year=year + 1)
    except ValueError:  # a day that this month has not
        return None


def _month_of(name: str) -> int:
    return int(name) if name.isdigit() else _MONTHS.index(name[:3]) + 1


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


_PATTERNS: tuple[tuple[re.Pattern[str], Ends], ...] = (
    (
        _pattern(
            rf"\b(?:for|over|during|within|in)\s+(?:about\s+|only\s+|just\s+)?(?:the\s+|these\s+|this\s+)?"
            rf"(?:next\s+|coming\s+|following\s+)?(?P<n>{_NUMBER}|few|several|)\s*(?P<unit>{_UNIT})s?\b"
        ),
        _stretch,
    ),
    (
        _pattern(rf"\b(?:the\s+)?(?:next|coming|following)\s+(?P<n>{_NUMBER}|few|several)\s+(?P<unit>{_UNIT})s?\b"),
        _stretch,
    ),
    (_pattern(rf"\b{_TILL}\s+(?P<year>\d{{4}})-(?P<month>\d\d?)-(?P<date>\d\d?)\b"), _date),
    (_pattern(rf"\b{_TILL}\s+(?:the\s+)?(?P<date>\d\d?)(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b"), _date),
    (_pattern(rf"\b{_TILL}\s+(?P<month>{_MONTH})\s+(?:the\s+)?(?P<date>\d\d?)(?:st|nd|rd|th)?\b"), _date),
    (_pattern(rf"\b{_TILL}\s+(?:after\s+)?(?P<holiday>christmas|halloween|new year)(?:'?s?)?(?: day| eve)?\b"), _date),
    (_pattern(rf"\b{_TILL}\s+tomorrow(?: night| evening)?\b"), lambda _, now: _midnight(now, 2)),
    (
        _pattern(
            rf"\b(?:{_TILL}\s+(?:the\s+end\s+of\s+)?(?:the|this|next)\s+week(?:end)?|(?:for\s+)?this\s+week(?:end)?)\b"
        ),
        _week,
    ),
    (_pattern(rf"\b(?:{_TILL}\s+(?:the\s+end\s+of\s+)?(?:the|this|next)\s+month|(?:for\s+)?this\s+month)\b"), _month),
    (_pattern(rf"\b(?:{_TILL}\s+(?:the\s+end\s+of\s+)?(?:the|this)\s+year|(?:for\s+)?this\s+year|今年)\b"), _year),
    (_pattern(rf"\b{_TILL}\s+(?:this\s+|next\s+|the\s+end\s+of\s+)?(?P<day>{_DAY})\b"), _weekday),
    (
        _pattern(
            r"\b(?:for\s+)?(?:just\s+|only\s+)?(?:tonight|today|this\s+(?:morning|afternoon|evening|night)"
            r"|the\s+rest\s+of\s+the\s+day|the\s+moment|now\s+only|now(?=$|[,;.!?]))"
        ),
        _today,
    ),
    (_pattern(r"\b(?:for\s+a\s+while|for\s+some\s+time|temporarily)\b"), lambda _, now: now + timedelta(days=7)),
    (_pattern(r"\b(?:from\s+now\s+on|for\s?ever|permanently|for\s+good|always|ever\s+again)\b"), lambda *_: None),
    (
        _pattern(
            rf"(?:在?(?:接下来|未来|之后|今后|这|往后)的?)(?P<n>{_SPELLED})\s*个?(?P<unit>分钟|小时|天|日|晚|周|星期|礼拜|月|年)"
            r"(?:之内|以内|内|里)?(?![代以之前后])"
        ),
        _stretch,
    ),
    (
        _pattern(
            rf"(?P<n>{_SPELLED})\s*个?(?P<unit>分钟|小时|天|日|晚|周|星期|礼拜|月|年)"
            r"(?:之内|以内|内|里)"
        ),
        _stretch,
    ),
    (_pattern(rf"(?<![\d年])(?P<n>{_SPELLED})\s*个?(?P<unit>分钟|小时|天|周|星期|礼拜)(?![代以之前后])"), _stretch),
    (_pattern(r"(?:直到|到|在)?明天(?:之前|为止|晚上)?"), lambda _, now: _midnight(now, 2)),
    (
        _pattern(r"(?:直到|到|在)(?:这|本|下)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])(?:之前|为止|前)?"),
        _weekday,
    ),
    (_pattern(r"(?:直到|到|在)?(?P<holiday>圣诞节|圣诞)(?:之前|为止|前)"), _date),
    (_pattern(r"(?:直到|到|在)?(?P<month>\d\d?)月(?P<date>\d\d?)[日号](?:之前|为止|前)?"), _date),
    (_pattern(r"(?:到|在)?(?:这个?|本)(?:周末?|星期|礼拜)(?:末|之内|内|里|之前)?|(?:到|这)?周末(?:之前)?"), _week),
    (_pattern(r"(?:到|在)?(?:这个?|本)月(?:底|之内|内|里)?"), _month),
    (_pattern(r"今年(?:之内|内|里|底)?"), _year),
    (_pattern(r"今天|今日|今晚|今夜|今儿|目前|现在(?=[,;。!?]|$)"), _today),
    (_pattern(r"暂时|这段时间|这阵子"), lambda _, now: now + timedelta(days=7)),
    (_pattern(r"永远|永久|从现在起|从今以后|今后|(?<![年\d])以后(?:都|再)?也?"), lambda *_: None),
)
