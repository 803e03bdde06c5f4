"""Texts about a pick without a language model: a sentence on the item and one on why, in English and Chinese.

They say what the brief holds and nothing else; neighbours in a list are worded differently.
"""

from collections.abc import Sequence

from penchant.language.facts import Brief, Ground
from penchant.language.phrases import WINDOWS

_MADE = ("author", "artist", "brand", "maker")  # whoever made it, the first that is known
_LABELS = 3


def compose(brief: Brief, place: int, sentences: int, length: int) -> str:
    """Write a text for the pick at a place of its list; empty where nothing fits into `length` characters."""
    english = brief.language == "en"
    about = (_about if english else _about_zh)(brief)
    why = next(filter(None, ((_why if english else _why_zh)(ground, brief.names) for ground in brief.grounds)), ())
    first, second = (options[place % len(options)] if options else "" for options in (about, why))
    glue = " " if english else ""
    ways = [f"{first}{glue}{second}" if second and sentences > 1 else "", first, *about, *_plain(brief)]
    return next((text for text in ways if text and len(text) <= length), "")


def reasons(brief: Brief, most: int = 2) -> list[str]:
    """The strongest reasons, a sentence each."""
    why = _why if brief.language == "en" else _why_zh
    return [said[0] for ground in brief.grounds if (said := why(ground, brief.names))][:most]


# ── English ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _about(brief: Brief) -> list[str]:
    title, price = (f"“{brief.title}”" if brief.names and brief.title else brief.title), brief.price
    what, subject = _what(brief), title or f"This {brief.thing}"
    if what:
        at = f", at {price}" if price else ""
        named = [f"{what[0].upper()}{what[1:]}{at}: {title}.", f"Have a look at {title}, {what}{at}."] if title else []
        return [f"{subject} is {what}{at}.", *named, f"{subject} may suit you: {what}{at}."]
    if price:
        named = [f"Have a look at {title}, at {price}.", f"You may like {title}, priced at {price}."] if title else []
        return [f"{subject} is listed at {price}.", *named, f"{subject}, at {price}, may suit you."]
    return [f"{subject} may suit you.", *([f"Have a look at {title}.", f"You may like {title}."] if title else [])]


def _what(brief: Brief) -> str:
    """What the item is, as "an Action and War film from 1985, directed by …"; empty where that says nothing."""
    labels = _joined(brief.labels[:_LABELS], " and ")
    year = f" from {brief.numbers['year']}" if "year" in brief.numbers else ""
    maker = next((f" by {_joined(brief.roles[role][:2], ' and ')}" for role in _MADE if role in brief.roles), "")
    director = f", directed by {_joined(brief.roles['director'][:2], ' and ')}" if "director" in brief.roles else ""
    if not (labels or year or maker or director):
        return ""
    kind = f"{labels} {brief.thing}" if labels else brief.thing
    article = "an" if kind[0].lower() in "aeiou" else "a"
    return f"{article} {kind}{year}{maker}{director}"


def _why(ground: Ground, names: bool) -> tuple[str, ...]:
    figures = {name: f"{value:.6g}" for name, value in ground.figures.items()}
    titles, category = _joined([f"“{t}”" if names else t for t in ground.titles], " and "), ground.category
    if ground.kind == "because" and titles:
        verb = "is" if len(ground.titles) == 1 else "are"
        return (
            f"It goes with {titles} from your history.",
            f"Picked because {titles} {verb} in your history.",
            f"It is a good match for your history: it goes with {titles}.",
        )
    if ground.kind == "looking" and titles:
        return (f"It goes with {titles}, which you are looking at.",)
    if ground.kind == "alike" and titles:
        return (f"It is similar to {titles} from your history.", f"It is close to {titles} in your history.")
    if ground.kind == "again" and "count" in figures and "days" in figures:
        times = {"1": "once", "2": "twice"}.get(figures["count"], f"{figures['count']} times")
        ago = {"0": "today", "1": "yesterday"}.get(figures["days"], f"{figures['days']} days ago")
        return (f"It is in your history {times}, most recently {ago}.",)
    if ground.kind == "popular" and "events" in figures and ground.window:
        when = f"{figures['events']} times in the last {WINDOWS['en'][ground.window][0]}"
        return (f"It is popular now: chosen {when}.", f"It was chosen {when}.")
    if ground.kind == "rated" and "value" in figures:
        return (f"Your ratings point to {float(figures['value']):.1f} for it.",)
    if ground.kind == "taste" and category:
        return (f"You often choose {category}.", f"It fits your taste: you often choose {category}.")
    return _SAID.get(ground.kind, ())


_SAID = {
    "together": (
        "People with a history like yours went for this too.",
        "People with a history like yours also chose it.",
    ),
    "visit": ("It was chosen by others in visits like this one.",),
    "crowd": ("It is much in demand, by the figures in the catalogue.",),
    "follows": ("It is often chosen next after a path like yours.",),
    "price": ("It is within the price range you usually choose.", "It is in your usual price range."),
    "asked": ("It fits what you asked for.", "It matches your request."),
    "reading": ("Its description suits what you usually choose.",),
}


# ── Chinese ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _about_zh(brief: Brief) -> list[str]:
    title = (f"《{brief.title}》" if brief.names else f"「{brief.title}」") if brief.title else f"这款{brief.thing}"
    price = f"，价格{brief.price}" if brief.price else ""
    if what := _what_zh(brief):
        return [f"{title}是{what}{price}。", f"不妨看看{title}：{what}{price}。", f"为您推荐{title}，{what}{price}。"]
    return [f"{title}可能适合您{price}。", f"为您推荐{title}{price}。", f"不妨看看{title}{price}。"]


def _what_zh(brief: Brief) -> str:
    """What the item is, as "1985年的Action、War类影片，导演…"; empty where that says nothing."""
    labels = "、".join(brief.labels[:_LABELS])
    year = f"{brief.numbers['year']}年的" if "year" in brief.numbers else ""
    said = {"author": "作者", "artist": "艺术家", "brand": "品牌", "maker": "制造商", "director": "导演"}
    makers = "".join(f"，{word}{'和'.join(brief.roles[r][:2])}" for r, word in said.items() if r in brief.roles)
    kind = f"{labels}类{brief.thing}" if labels else brief.thing
    return f"{year}{kind}{makers}" if labels or year or makers else ""


def _why_zh(ground: Ground, names: bool) -> tuple[str, ...]:
    figures = {name: f"{value:.6g}" for name, value in ground.figures.items()}
    titles = "和".join(f"《{title}》" if names else f"「{title}」" for title in ground.titles)
    if ground.kind == "because" and titles:
        return (f"它与您之前的{titles}相配。", f"推荐它，因为它与您记录中的{titles}相配。")
    if ground.kind == "looking" and titles:
        return (f"它与您正在看的{titles}相配。",)
    if ground.kind == "alike" and titles:
        return (f"它与您之前的{titles}相似。", f"它类似于您之前的{titles}。")
    if ground.kind == "again" and "count" in figures and "days" in figures:
        when = {"0": "今天", "1": "昨天"}.get(figures["days"], f"{figures['days']}天前")
        return (f"您的记录中出现过{figures['count']}次，最近一次在{when}。",)
    if ground.kind == "popular" and "events" in figures and ground.window:
        when = WINDOWS["zh"][ground.window][0]
        return (f"近来受欢迎：最近{when}有{figures['events']}次选择。", f"最近{when}被选择了{figures['events']}次。")
    if ground.kind == "rated" and "value" in figures:
        return (f"按您的评分习惯，预计您会给它{float(figures['value']):.1f}分。",)
    if ground.kind == "taste" and ground.category:
        return (f"您常选择{ground.category}类。", f"它合您的口味：您常选择{ground.category}类。")
    return _SAID_ZH.get(ground.kind, ())


_SAID_ZH = {
    "together": ("与您记录相近的人也选择了它。",),
    "visit": ("在相似的访问中，其他人也选择了它。",),
    "crowd": ("按目录中的数据，需求很高。",),
    "follows": ("走过相似路径的人接下来常选择它。",),
    "price": ("符合您常选的价位。",),
    "asked": ("它符合您的要求。",),
    "reading": ("它的描述符合您一贯的选择。",),
}


# ── both ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plain(brief: Brief) -> tuple[str, ...]:
    """What is left to say where little fits."""
    if brief.language == "en":
        return (f"Have a look at {brief.title or f'this {brief.thing}'}.", f"This {brief.thing} may suit you.")
    return (f"不妨看看「{brief.title}」。" if brief.title else "", f"这款{brief.thing}可能适合您。")


def _joined(texts: Sequence[str], last: str) -> str:
    """Texts with commas, and a word before the last one."""
    return last.join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))
