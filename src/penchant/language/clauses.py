"""A text to its clauses, and what stands at their ends: the words that say which way, and those that say nothing."""

import re
from collections.abc import Iterator

from penchant.language import cues
from penchant.text.lexicon import cjk
from penchant.text.steers import Way

_BREAK = re.compile(
    r"[;!?。、\n]+|(?<!\d),+|,+(?!\d)|\.+(?!\d)|"
    r"(?<!nothing )(?<!anything )(?<!everything )(?<!whatever )(?<!all )(?<!none )(?<!else )\bbut\b(?:\s+also\b)?|"
    r"\b(?:however|though|although|yet|whereas|while|then|plus|also|because|since\s+(?=i\b)|and\s+(?:also|then))\b|"
    r"但是?|不过|可是|而且|并且|同时|然后|还有|另外|以及|因为"
)
CONTRASTS = ("but", "但", "但是", "不过", "可是", "however", "though", "although", "yet", "whereas")
REASONS = ("because", "since", "因为")
_BEFORE_CUE = re.compile(
    r"\s+(?:and|or)\s+(?=(?:a\s+(?:lot|bit|little|few)\s+|much\s+|far\s+|way\s+|some\s+|please\s+)?"
    r"(?:no|not|nothing|less|fewer|more|without|only|never|don't|do\s+not|avoid|hide|show|give|"
    r"cheaper|pricier|stop|i'd|i\s|"
    r"exclude|skip|newer|older|under|over|below|above|keep|make|nor|definitely|certainly)\b)"
)
_INNER = re.compile(
    r"(?<=\w)\s+(?=(?:without|with\s+no|with\s+nothing|excluding|except|apart\s+from|minus|nor|neither|"
    r"(?:that|which|who)\s+(?:isn't|aren't|don't|doesn't|is\s+not|are\s+not|do\s+not|does\s+not|"
    r"have\s+no|has\s+no))\b)|"
    r"(?<=\w)(?<!\bdo)(?<!does)(?<!\bdid)(?<!\bis)(?<!\bare)(?<!\bam)(?<!\bcan)(?<!will)(?<!would)(?<!\bi)(?<!'m)(?<!should)"
    r"(?<!could)(?<!please)(?<!really)\s+(?=not\s+(?!only|just|so\b|too\b|very|as\b|that\s))"
)
_REWRITES = (
    (re.compile(r"有没有"), "想要"),
    (re.compile(r"\band\s+instead\b|;\s*instead\b"), ", more "),
    (
        re.compile(
            r"\b(?:replace|swap|exchange|trade)\s+(?:the\s+)?(.+?)\s+(?:with|for|"
            r"by)\s+(.+)"
        ),
        r"less \1, more \2",
    ),
    (re.compile(r"\bprefer\s+(.+?)\s+(?:to|over|rather\s+than|instead\s+of)\s+(.+)"), r"more \1, less \2"),
    (re.compile(r"\brather\s+(.+?)\s+than\s+(.+)"), r"more \1, less \2"),
    (re.compile(r"\s*\b(?:instead\s+of|rather\s+than|in\s+place\s+of)\s+"), ", less "),
    (re.compile(r"\bmore\s+([^\d,]+?)\s+than\s+(?=[^\d£$€¥])"), r"more \1, less "),
    (re.compile(r"\b([a-z]+)[- ]free\b"), r", no \1, "),
    (re.compile(r"\bnon[- ]([a-z]+)\b"), r", no \1, "),
    (re.compile(r"把?(.+?)(?:换成|替换成|改成)(.+)"), r"少\1,多\2"),
    (re.compile(r"与其(.+?)不如(.+)"), r"少\1,多\2"),
    (re.compile(r"除了?([^,。;]+?)(?:以外|之外|外)(?:的)?(?:其他)?(?:都|什么都)?(?:可以|行|要|好|推荐)?"), r"不要\1,"),
)
_SAID_OFTEN = """
    a an the of to in on for with about that which who is are be been being am it its it's this these those there
    here i me my mine we us our you your please kindly thanks thank hi hello hey ok okay well oh can could would
    will shall should may might do does did have has had get got see seeing show showing give giving recommend
    suggest want wants need like some any all every anything something everything stuff things thing really very so
    too such quite just maybe perhaps now again lately recently currently today at by from as and or if when up down
    out more let lets make keep sure them they their other same else bit lot lots much many kind kinds sort sorts
    type types list lists feed recommendations suggestions results only i'd i'm i've don't coloured colored right
    mostly mainly instead ones one think try start stop would've gonna wanna what what's whats somewhere released
    budget everything must willing few each yes made seen possible watched bought
"""
_FILLER = frozenset(_SAID_OFTEN.split())
_FILLER_ZH = re.compile(
    r"[的了吧呢啊吗哦呀嘛]|请|麻烦|一下|给我|帮我|我们?|你们?|您|推荐|推送|预算|价格|价钱|左右|相关的?|风格|图案|周边|系|款|几|适合|全|安排|放|挑|求|主打|重温|显示|展示|一些|一点|有点|这些|那些|这种|那种|这类|那类|之类|"
    r"任何|都|再|就|也|还|最近|现在|可以|希望|想要|想看|想买|想|看|买|要|有|是|一|些|点|个|在|上|里|中|对|那么|比较|更|很|非常|稍微|什么"
)


def clauses(text: str) -> Iterator[tuple[str, str]]:
    """The clauses of a text, each with the mark or word that stands before it."""
    for pattern, form in _REWRITES:
        text = pattern.sub(form, text)
    text = _BEFORE_CUE.sub(" , ", text)
    text = _INNER.sub(" , ", text)
    if cjk(text):
        text = _BREAK.sub(lambda m: f"{m[0]}\n", text)
        text = "\n".join(_parted(line) for line in text.split("\n"))
    mark, place = "", 0
    for match in _BREAK.finditer(text):
        if said := text[place : match.start()].strip():
            yield mark, said
            mark = ""
        found = match[0].split()[0] if match[0].split() else ","
        mark = found if found in (*CONTRASTS, *REASONS) or not mark else mark
        place = match.end()
    if said := text[place:].strip():
        yield mark, said


def _parted(line: str) -> str:
    """A Chinese line with a comma before each cue that has something behind it; "恐怖片少一点" is one clause."""
    places = [m.start() for m in cues.CUES_ZH.finditer(line)]
    for place, end in reversed(list(zip(places, [*places[1:], len(line)], strict=False))):
        _, rest = pointed(line[place:end])
        if place and content(rest):
            line = f"{line[:place]},{line[place:]}"
    return line


def pointed(clause: str) -> tuple[Way | None, str]:
    """Which way a clause points, if it says so, and the clause without the words that do."""
    for table, wishes in ((cues.WAYS_ZH, cues.WISHES_ZH), (cues.WAYS, cues.WISHES)):
        for pattern, way in table:
            if match := pattern.search(clause):
                rest = f"{clause[: match.start()]} {clause[match.end() :]}"
                return (way, wishes.sub(" ", rest)) if way else (None, "")
        if match := wishes.search(clause):
            return "more", wishes.sub(" ", clause)
    return None, clause


def content(text: str) -> str:
    """A phrase without the words that say nothing at its ends."""
    if cjk(text):
        text = _FILLER_ZH.sub("", text)
    words = text.strip(" '\"-:.,;!?。、()[]<>*_").split()
    while words and words[0].strip("'\".,:") in _FILLER:
        words = words[1:]
    while words and words[-1].strip("'\".,:") in _FILLER:
        words = words[:-1]
    return " ".join(words)
