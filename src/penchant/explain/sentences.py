"""Reasons as one short sentence each, in English and Chinese, saying only what the evidence holds."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from penchant.text.steers import deltas
from penchant.text.steers import words as words_of

Evidence = Mapping[str, Any]
LOOKING = "looking"  # what evidence calls the item that the person is looking at
_FAR = 30  # rank from which on an item is not called one of the most wanted
_STOP = frozenset({"and", "for", "from", "set", "the", "with"})
_WORD = re.compile(r"[^\W\d_]{3,}|[\u3400-\u9fff]{2,}")


def render(kind: str, evidence: Evidence, language: str) -> str:
    """The sentence for a reason; empty where there is nothing worth saying."""
    phrases = _CHINESE if language.lower().startswith("zh") else _ENGLISH
    phrase = phrases.get(kind)
    return phrase(evidence) if phrase else ""


def words(text: str) -> set[str]:
    """The content words of a text, in lower case."""
    return {w for w in _WORD.findall(text.lower()) if w not in _STOP}


def causes(evidence: Evidence) -> list[str]:
    """Titles of the events that added most, strongest first."""
    totals: dict[str, float] = {}
    for column in evidence.get("columns", {}).values():
        scale = sum(abs(e["part"]) for e in column["events"]) or 1.0
        for event in column["events"]:
            if event["event_type"] == LOOKING:
                continue
            totals[event["title"]] = totals.get(event["title"], 0.0) + event["part"] / scale
    return [t for t, part in sorted(totals.items(), key=lambda p: (-p[1], p[0])) if part > 0][:2]


def busiest(evidence: Evidence) -> tuple[str, int] | None:
    """The shortest window with at least three events, and its count."""
    windows = [(w, n) for w, n in evidence.get("events", {}).items() if n >= 3]
    return windows[0] if windows else None


def looked_at(evidence: Evidence) -> str:
    """The title of the item being looked at, if it added something."""
    events = [e for column in evidence.get("columns", {}).values() for e in column["events"]]
    return next((e["title"] for e in events if e["event_type"] == LOOKING and e["part"] > 0), "")


def _because(evidence: Evidence) -> str:
    found = causes(evidence)
    if found:
        return f"Goes with {' and '.join(found)} from your history."
    looking = looked_at(evidence)
    return f"Goes with {looking}, which you are looking at." if looking else ""


def _because_zh(evidence: Evidence) -> str:
    found = causes(evidence)
    if found:
        return f"与您之前的{'、'.join(f'「{c}」' for c in found)}相配。"
    looking = looked_at(evidence)
    return f"与您正在看的「{looking}」相配。" if looking else ""


def _again(evidence: Evidence) -> str:
    count, days = evidence.get("count"), evidence.get("days")
    if not count:
        return ""
    times = "once" if count == 1 else f"{count} times"
    ago = "today" if not days else "yesterday" if days == 1 else f"{days} days ago"
    return f"In your history {times}, most recently {ago}."


def _again_zh(evidence: Evidence) -> str:
    count, days = evidence.get("count"), evidence.get("days")
    if not count:
        return ""
    return f"在您的记录中出现过 {count} 次，最近一次在{'今天' if not days else f' {days} 天前'}。"


def _where(figure: str, sentence: str) -> Callable[[Evidence], str]:
    """The sentence, where a figure of the evidence is above 0."""
    return lambda evidence: sentence if evidence.get(figure, 0) > 0 else ""


def _rated(evidence: Evidence) -> str:
    value = evidence.get("value")
    return "" if value is None else f"Your ratings point to {value:.1f} for it."


def _rated_zh(evidence: Evidence) -> str:
    value = evidence.get("value")
    return "" if value is None else f"按您的评分习惯，预计您会给它 {value:.1f} 分。"


def _crowd(evidence: Evidence) -> str:
    return "Much in demand, by the figures in the catalogue." if (evidence.get("rank") or _FAR) < _FAR else ""


def _crowd_zh(evidence: Evidence) -> str:
    return "按目录中的数据，需求很高。" if (evidence.get("rank") or _FAR) < _FAR else ""


def _alike(evidence: Evidence) -> str:
    items = evidence.get("items")
    shared = ", ".join(evidence.get("words", [])[:3])
    return f"Similar to {items[0]}{f' ({shared})' if shared else ''}." if items else ""


def _alike_zh(evidence: Evidence) -> str:
    items = evidence.get("items")
    return f"与「{items[0]}」相似。" if items else ""


def _popular(evidence: Evidence) -> str:
    found = busiest(evidence)
    return f"Popular now: {found[1]} times taken up in the last {_LENGTHS[found[0]]}." if found else ""


def _popular_zh(evidence: Evidence) -> str:
    found = busiest(evidence)
    return f"正受欢迎：最近{_LENGTHS_ZH[found[0]]}有 {found[1]} 次选择。" if found else ""


def _taste(evidence: Evidence) -> str:
    if evidence.get("speaks") == "category":
        return f"You often choose {evidence['category']}."
    return "Within the price range you usually choose." if evidence.get("speaks") == "price" else ""


def _taste_zh(evidence: Evidence) -> str:
    if evidence.get("speaks") == "category":
        return f"您常选择「{evidence['category']}」类。"
    return "符合您常选的价位。" if evidence.get("speaks") == "price" else ""


def _reading(_: Evidence) -> str:
    return "Its description suits what you usually choose."


def _reading_zh(_: Evidence) -> str:
    return "它的描述符合您一贯的选择。"


def _asked(evidence: Evidence) -> str:
    text, shared = evidence.get("text"), ", ".join(evidence.get("words", [])[:4])
    return f"Fits “{text}”{f' ({shared})' if shared else ''}." if text else ""


def _asked_zh(evidence: Evidence) -> str:
    text = evidence.get("text")
    return f"符合您的要求「{text}」。" if text else ""


def _steered(evidence: Evidence) -> str:
    asked = [words_of(delta) for delta in deltas(evidence.get("asked", ()))]
    return f"Because you asked for {' and '.join(asked)}." if asked else ""


def _steered_zh(evidence: Evidence) -> str:
    asked = [words_of(delta, "zh") for delta in deltas(evidence.get("asked", ()))]
    return f"因为您要求{'、'.join(asked)}。" if asked else ""


def _moved(evidence: Evidence) -> str:
    direction = "up" if evidence["to"] < evidence["from"] else "down"
    return f"Moved {direction} from place {evidence['from']} to {evidence['to']} by {', '.join(evidence['by'])}."


def _moved_zh(evidence: Evidence) -> str:
    return f"由「{'、'.join(evidence['by'])}」从第 {evidence['from']} 位调整到第 {evidence['to']} 位。"


_LENGTHS = {"1h": "hour", "1d": "day", "7d": "week", "30d": "30 days"}
_LENGTHS_ZH = {"1h": "一小时", "1d": "一天", "7d": "一周", "30d": "三十天"}
_ENGLISH: Mapping[str, Callable[[Evidence], str]] = {
    "because": _because,
    "again": _again,
    "together": _where("shared", "People with a history like yours went for this too."),
    "visit": _where("shared", "Taken by others in visits like this one."),
    "rated": _rated,
    "crowd": _crowd,
    "follows": _where("above", "Often chosen next after a path like yours."),
    "alike": _alike,
    "popular": _popular,
    "taste": _taste,
    "asked": _asked,
    "reading": _reading,
    "steered": _steered,
    "moved": _moved,
}
_CHINESE: Mapping[str, Callable[[Evidence], str]] = {
    "because": _because_zh,
    "again": _again_zh,
    "together": _where("shared", "与您记录相近的人也选择了它。"),
    "visit": _where("shared", "与您这次所看相似的访问中，其他人选择了它。"),
    "rated": _rated_zh,
    "crowd": _crowd_zh,
    "follows": _where("above", "走过相似路径的人接下来常选择它。"),
    "alike": _alike_zh,
    "popular": _popular_zh,
    "taste": _taste_zh,
    "asked": _asked_zh,
    "reading": _reading_zh,
    "steered": _steered_zh,
    "moved": _moved_zh,
}
