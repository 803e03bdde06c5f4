"""What may be said of a pick: facts of its item, and why it is there. Catalogue text is data here, never instruction.

A field that reads like an order, holds a link or makes a claim is no fact: nothing of it is told.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from penchant.language.claims import NEGATIONS, blocked
from penchant.types import Item, Value

ROLES = ("author", "artist", "director", "actors", "brand", "maker", "publisher")  # attributes that name who made it
THINGS = {"en": "item", "zh": "商品"}
_LONGEST_TITLE, _LONGEST_VALUE, _LONGEST_CLAUSE = 160, 60, 200  # characters
_MOST_VALUES, _MOST_CLAUSES = 4, 4
_CLAUSE = re.compile(r"[.!?;\n。！？；]+")
_ORDERS = re.compile(
    r"""
    \b(ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(previous|prior|above|earlier|all|any|every|your|these)\b
    | \b(previous|prior|above|following|new|these|your)\s+(instruction|prompt|rule|direction|guideline|message)
    | \binstructions?\s*: | \b(system|developer|hidden)\s+(prompt|message|instruction)
    | \b(system|assistant|developer|user)\s*[:>\]]
    | \byou\s+(are\s+now|must|should|have\s+to|will\s+now)\b
    | \b(respond|reply|answer|output|print|repeat|write|say|claim|state|tell|mention|describe|recommend|call|rank)\b
      \s+(with|only|that|exactly|the\s+(user|reader|following|customer)|everyone|everybody|people|this|it|after|nothing)\b
    | \b(language\s+model|as\s+an\s+ai|jailbreak|prompt\s+injection|do\s+anything\s+now)\b
    | https?:|www\.|\b[\w-]+\.(com|net|org|io|cn|ru|shop|xyz|top|info|biz|co|app|me)\b|\S+@\S+
    | <\|?|\|>|\[/?inst|\#\#\#|```|\{\{|\}\}|\\[ux][0-9a-f]{2}|&\#?\w+;|%[0-9a-f]{2}%
    | [a-z0-9+/=]{32,}|(\b[0-9a-f]{2}\b[\s,]*){8,}|([01]{8}\s*){3,}
    | (忽略|无视|忘记|忘掉|绕过|覆盖|不要理会).{0,12}(指令|指示|提示|说明|规则|要求|以上|之前|上面|前面|一切|所有)
    | 系统(提示|消息|指令)|提示词|(指令|指示|命令)[:：]|新(的)?(指令|指示)
    | (请|必须|务必|应当|应该|只能|只需|直接|统一)(一律)?(回复|回答|输出|打印|复述|说|写|告诉|声称|推荐|宣称)
    | 告诉(用户|大家|所有人|顾客|客户|读者)|你(现在)?(是|要|必须|应该)|语言模型|人工智能助手
    | 微信|扫码|二维码|QQ群|点击|链接|网址|加群
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why a pick is there, as far as it may be said."""

    kind: str  # of the reason; "looking" where it rests on what the person is looking at
    titles: tuple[str, ...] = ()  # of the other items that it rests on, two at most
    figures: Mapping[str, float] = field(default_factory=dict)  # count, days, events, value
    window: str = ""  # in which the `events` were: 1h, 1d, 7d or 30d
    category: str = ""  # that the person often chooses


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What of a catalogue is told, and how."""

    sentences: int = 2  # per text
    length: int = 280  # characters per text
    price: str = "{price}"  # a price, as it is written
    things: Mapping[str, str] = field(default_factory=dict)  # language → what an item is called
    names: bool = True  # titles are names, as those of films and books are: their words say nothing of the item
    attributes: tuple[str, ...] = ("category", "tags", "year", "price", *ROLES)  # told, where an item has them
    details: bool = True  # plain sentences of the description are facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that may be said of one pick, in one language."""

    item: str  # its id; never told
    title: str = ""  # empty where it may not be told
    labels: tuple[str, ...] = ()  # categories, tags and other words about it
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # author, brand, … → names
    numbers: Mapping[str, str] = field(default_factory=dict)  # attribute → figure, such as the year
    price: str = ""  # as it is written
    details: tuple[str, ...] = ()  # plain sentences about it
    grounds: tuple[Ground, ...] = ()  # strongest first
    language: str = "en"
    thing: str = "item"
    names: bool = True


def brief(item: Item, grounds: Sequence[Ground], language: str, style: Style) -> Brief:
    """What may be said of an item and of why it is there."""
    told = {name: item.attributes[name] for name in style.attributes if name in item.attributes}
    texts = {name: found for name, value in told.items() if (found := _texts(value))}
    return Brief(
        item=item.id,
        title=_title(item.title),
        labels=_labels(texts),
        roles={name: texts[name] for name in ROLES if name in texts},
        numbers={n: f"{v:.6g}" for n, v in told.items() if n != "price" and _is_number(v)},
        price=_price(told.get("price"), style.price),
        details=_details(item.description) if style.details else (),
        grounds=tuple(_sayable(ground) for ground in grounds),
        language=language,
        thing=style.things.get(language, THINGS[language]),
        names=style.names,
    )


def ordering(text: str) -> bool:
    """Whether a text reads like an order to whoever reads it, or carries a link, a marker or something hidden."""
    plain = unicodedata.normalize("NFKC", text)
    hidden = any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn") for c in plain if c not in "\n\t")
    return hidden or _ORDERS.search(plain) is not None


def _title(text: str) -> str:
    line = " ".join(text.split())
    return "" if len(line) > _LONGEST_TITLE or ordering(text) else line


def _texts(value: Value) -> tuple[str, ...]:
    """The texts of an attribute that may be told."""
    values = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
    lines = [" ".join(text.split()) for text in values]
    return tuple(t for t in lines if t and len(t) <= _LONGEST_VALUE and not ordering(t) and not blocked(t))[
        :_MOST_VALUES
    ]


def _labels(texts: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t for name, found in texts.items() if name not in ROLES for t in found))


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _price(value: Value | None, form: str) -> str:
    if value is None or not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e9:
        return ""
    return form.replace("{price}", f"{value:.2f}".removesuffix(".00"))


def _details(text: str) -> tuple[str, ...]:
    """The plain sentences of a description; none of one that orders anything, since nothing in it can be trusted."""
    if ordering(text):
        return ()
    found = [" ".join(clause.split()) for clause in _CLAUSE.split(text)]
    plain = [c for c in found if 0 < len(c) <= _LONGEST_CLAUSE and not blocked(c) and not NEGATIONS.search(c)]
    return tuple(plain[:_MOST_CLAUSES])


def _sayable(ground: Ground) -> Ground:
    titles = tuple(filter(None, map(_title, ground.titles)))
    category = "" if ordering(ground.category) or blocked(ground.category) else ground.category
    return Ground(kind=ground.kind, titles=titles, figures=ground.figures, window=ground.window, category=category)
