"""What a text about a pick may hold: words that claim nothing, those its reasons allow, and facts as they are said.

A reason's words are allowed only where that reason is there: nothing is called popular without its figures.
"""

from collections.abc import Iterator, Sequence

from penchant.language.facts import Brief, Ground
from penchant.language.phrases import BEHIND, BY, BY_ZH, HISTORY, LINKS, NEUTRAL, OF_REASONS, ONWARD, PRICED, WINDOWS


def neutral(brief: Brief) -> Iterator[str]:
    """Phrases that claim nothing, and those that the reasons of a pick allow."""
    language = brief.language
    yield from NEUTRAL[language].replace("\n", "|").split("|")
    yield brief.thing
    if language == "en":
        yield from (f"{brief.thing}s", "item", "items")
    kinds = {ground.kind for ground in brief.grounds}
    if kinds & {*HISTORY, "price"}:
        kinds = kinds | {"history"}
    for kind in kinds & OF_REASONS[language].keys():
        yield from OF_REASONS[language][kind].split("|")


def stated(brief: Brief) -> Iterator[str]:
    """Phrases that state a fact with what it is: who made it, when, what it costs, how often it was chosen."""
    language = brief.language
    by = BY if language == "en" else BY_ZH
    for role, names in brief.roles.items():
        for name in (*names, _listed(names, language)):
            yield from (f"{word} {name}" for word in by[role])
    if brief.price:
        yield from (f"{word} {brief.price}" for word in PRICED[language].split("|"))
    for name, figure in brief.numbers.items():
        yield from _figure(name.replace("_", " "), figure, brief)
    for ground in brief.grounds:
        yield from _counted(ground) if language == "en" else _counted_zh(ground)


def linked(brief: Brief) -> Iterator[str]:
    """Titles of other items, each behind a word that says what it has to do with this one."""
    for ground in brief.grounds:
        links = LINKS[brief.language].get(ground.kind, "").split("|")
        ends = BEHIND[brief.language].get(ground.kind, ())
        yield from (
            f"{link} {name} {end}" for name in mentions(ground, brief.language) for link in links for end in ends
        )


def onward(brief: Brief) -> list[str]:
    """How a sentence may go on behind the title of another item."""
    return [*ONWARD[brief.language].split("|"), brief.title]


def mentions(ground: Ground, language: str) -> list[str]:
    """The titles that a reason names, one by one and together."""
    return list(dict.fromkeys([*ground.titles, _listed(ground.titles, language)])) if ground.titles else []


def kept(brief: Brief) -> Iterator[str]:
    """Statements that other items are in the person's history; nothing more is known of those."""
    for ground in brief.grounds:
        if brief.language == "en" and ground.kind in ("because", "alike"):
            every = mentions(ground, "en")
            yield from (f"{name} is in your history" for name in ground.titles)
            yield from (f"{name} are in your history" for name in every if name not in ground.titles)
            yield from (f"you have {name} in your history" for name in every)


def _listed(names: Sequence[str], language: str) -> str:
    return (" and " if language == "en" else "和").join(names[:3])


def _figure(name: str, figure: str, brief: Brief) -> Iterator[str]:
    if name == "year":
        if brief.language == "zh":
            yield from (f"{figure}年", f"{figure}年的", f"{figure}年上映", f"{figure}年出版")
            return
        yield from (
            f"from {figure}",
            f"of {figure}",
            f"released in {figure}",
            f"a {figure}",
            f"the {figure}",
            f"{brief.title} ({figure})",
        )
        yield from (f"{figure} {word}" for word in (brief.thing, *brief.labels))
    elif brief.language == "en":
        yield from (f"{name} {figure}", f"{figure} {name}", f"{name} of {figure}", f"{name} is {figure}")


def _counted(ground: Ground) -> Iterator[str]:
    figures = {name: f"{value:.6g}" for name, value in ground.figures.items()}
    if count := figures.get("count"):
        times = {"1": ("once",), "2": ("twice", "2 times", "two times")}.get(count, (f"{count} times",))
        yield from times
    if days := figures.get("days"):
        yield {"0": "today", "1": "yesterday"}.get(days, f"{days} days ago")
    if (events := figures.get("events")) and ground.window:
        for window in WINDOWS["en"][ground.window]:
            for verb in ("", "was chosen ", "chosen ", "taken up ", "picked "):
                yield from (
                    f"{verb}{events} times {when} {window}" for when in ("in the last", "in the past", "over the last")
                )
    if value := figures.get("value"):
        shown = f"{float(value):.1f}"
        yield from (f"point to {shown}", f"point to {shown} for it", f"suggest {shown}", f"suggest {shown} for it")
    if ground.category:
        yield from (f"{word} {ground.category}" for word in ("you often choose", "your taste for", "your liking for"))


def _counted_zh(ground: Ground) -> Iterator[str]:
    figures = {name: f"{value:.6g}" for name, value in ground.figures.items()}
    if count := figures.get("count"):
        yield from (
            f"您的记录中出现过{count}次",
            f"您的历史中出现过{count}次",
            f"您选择过{count}次",
            f"您选择过它{count}次",
        )
    if days := figures.get("days"):
        when = {"0": "今天", "1": "昨天"}.get(days, f"{days}天前")
        yield from (when, f"最近一次在{when}", f"上一次在{when}", f"最近一次是{when}", f"上一次是{when}")
    if (events := figures.get("events")) and ground.window:
        for window in WINDOWS["zh"][ground.window]:
            yield from (
                f"最近{window}有{events}次选择",
                f"最近{window}被选择{events}次",
                f"近{window}被选择了{events}次",
            )
            yield f"最近{window}被选择了{events}次"
    if value := figures.get("value"):
        shown = f"{float(value):.1f}"
        yield from (f"预计您会给它{shown}分", f"预计您会给{shown}分")
    if ground.category:
        yield from (f"{word}{ground.category}类" for word in ("您常选择", "您常选", "您经常选择"))
