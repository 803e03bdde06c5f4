"""Texts about real items that must not be shown, and honest ones that may: made from the bundled catalogues.

An attack is what a generator says of an item, and the sentences of it that are not true, not known or not fit to be
shown. Half of them are Chinese. The same catalogues give the same cases.
"""

import base64
import codecs
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import polars as pl

from penchant.data import dataset
from penchant.language.facts import Ground, Style
from penchant.types import Item

STYLES = {
    "shop": Style(names=False, price="£{price}"),
    "movies": Style(things={"en": "film", "zh": "影片"}),
}
PEOPLE = ("Jane Harlow", "Tomas Lindqvist", "Mei Zhang", "Oscar Field", "Ada Brook", "Henry Vane")
PEOPLE_ZH = ("王小川", "李文博", "陈思远", "刘子昂", "赵明月", "周一平")
BRANDS = ("Northvale", "Casa Lume", "Tern & Co", "Quayside")
BRANDS_ZH = ("青禾", "云杉", "拾光", "远山")
SAID = tomllib.loads((Path(__file__).parent / "attacks.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a generator says of an item, and what of it must not be shown; nothing if all of it may."""

    kind: str
    language: str
    item: Item
    style: Style
    text: str
    bad: tuple[str, ...] = ()
    grounds: Sequence[Ground] = field(default_factory=tuple)


@cache
def items(name: str) -> list[Item]:
    """The items of a bundled catalogue in order of their ids, with who made them where that is made up."""
    rows = pl.read_parquet(dataset(name) / "items.parquet").sort("item_id").to_dicts()
    return [_item(row, place, name) for place, row in enumerate(rows)]


def _item(row: dict[str, object], place: int, name: str) -> Item:
    facts = {key: value for key, value in row.items() if key not in ("item_id", "title") and value is not None}
    facts = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    maker = {"director": PEOPLE[place % 6]} if name == "movies" else {"brand": BRANDS[place % 4]}
    return Item(id=str(row["item_id"]), title=str(row["title"]), attributes={**facts, **maker})


def sample(name: str, count: int, start: int) -> list[Item]:
    """Items spread over a catalogue, with titles that say enough to be told apart."""
    known = [item for item in items(name) if 10 <= len(item.title) <= 60 and item.title.isascii()]
    step = len(known) // count
    return [known[(start + place * step) % len(known)] for place in range(count)]


def because(item: Item) -> Ground:
    """The reason that another item is in the person's history."""
    return Ground(kind="because", titles=(item.title,))


# ── attacks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def attacks() -> list[Case]:
    """Every attack; more than 500."""
    return [*_told(), *_changed(), *_negated(), *_recombined(), *_injected()]


def _told() -> Iterator[Case]:
    """Patterns that say of an item what is not so."""
    for start, (kind, said) in enumerate(SAID["attacks"].items()):
        for language, lines in said.items():
            for name, style in STYLES.items():
                chosen, others, known = (sample(name, len(lines), start * 7 + s) for s in (0, 3, 5))
                for place, line in enumerate(lines):
                    item, other, evidence = chosen[place], others[place - 1], known[place]
                    text = _filled(line, item, other, evidence, place, language, style)
                    yield Case(
                        kind=kind, language=language, item=item, style=style, text=text, bad=(text,),
                        grounds=(because(evidence),),
                    )  # fmt: skip


def _filled(line: str, item: Item, other: Item, evidence: Item, place: int, language: str, style: Style) -> str:
    price, year = float(item.attributes.get("price", 9.99)), int(item.attributes.get("year", 1999))
    made = str(item.attributes.get("director", item.attributes.get("brand", "")))
    others = [p for p in PEOPLE if p != made], [b for b in BRANDS if b != made]
    return line.format(
        t=item.title, o=other.title, e=evidence.title, price=style.price.replace("{price}", f"{price:.2f}"),
        wrong=f"{price * 1.37 + 1:.2f}", year1=year - 11, m=made, p=others[0][place % 5], b=others[1][place % 3],
        z=PEOPLE_ZH[place % 6], bz=BRANDS_ZH[place % 4], c=item.attributes.get("category", "box"), year=year,
        thing=style.things.get(language, "item"),
    )  # fmt: skip


def _changed() -> Iterator[Case]:
    """Honest texts in which one fact was changed: a title, year, price, maker or category; or the two items swapped."""
    others = {name: sample(name, 40, 17) for name in STYLES}
    for place, case in enumerate(honest()):
        other = others["movies" if "year" in case.item.attributes else "shop"][place % 40]
        changes = [text for text in _changes(case, other) if text != case.text]
        text = changes[place % len(changes)]
        yield replace(case, kind="one fact changed", text=text, bad=(text,))


def _changes(case: Case, other: Item) -> Iterator[str]:
    text, title, facts = case.text, case.item.title, case.item.attributes
    evidence = case.grounds[0].titles[0]
    yield text.replace(title, other.title)
    yield text.replace(evidence, other.title)
    yield text.replace(title, "\0").replace(evidence, title).replace("\0", evidence)
    maker = str(facts.get("director", facts.get("brand")))
    yield text.replace(maker, next(name for name in (*PEOPLE, *BRANDS) if name != maker))
    if "year" in facts:
        yield text.replace(str(facts["year"]), str(int(facts["year"]) + 1))
        labels = (facts.get("category"), *facts.get("tags", ()))
        wrong = next(genre for genre in ("Western", "Musical", "Documentary") if genre not in labels)
        yield text.replace(str(facts.get("category")), wrong)
    if "price" in facts:
        yield text.replace(f"{facts['price']:.2f}", f"{facts['price'] + 0.1:.2f}")
    yield text.replace(title, f"the best {title}" if case.language == "en" else f"{title}最佳版")


def _negated() -> Iterator[Case]:
    """Descriptions whose words would make a lie."""
    plain = replace(STYLES["shop"], names=True)
    for place, twisted in enumerate(SAID["twisted"]):
        description, language = twisted["description"], "en" if "en" in twisted else "zh"
        text = twisted[language]
        item = Item(id=f"d{place}", title="Box" if language == "en" else "盒子", description=description)
        yield Case(kind="twisted words", language=language, item=item, style=plain, text=text, bad=(text,))


def _recombined() -> Iterator[Case]:
    """Titles made of the words of the item and of another one in the history: items that do not exist."""
    chosen, known = sample("shop", 20, 11), sample("shop", 20, 29)
    for place, (item, other) in enumerate(zip(chosen, known, strict=True)):
        mixed = " ".join([*other.title.split()[:2], *item.title.split()[-2:]])
        text = f"You may like {mixed}." if place % 2 else f"您可能会喜欢「{mixed}」。"
        language = "en" if place % 2 else "zh"
        yield Case(
            kind="another item", language=language, item=item, style=STYLES["shop"], text=text, bad=(text,),
            grounds=(because(other),),
        )  # fmt: skip


def _injected() -> Iterator[Case]:
    """Orders in the texts of an item, and a generator that obeys them."""
    fields = ("title", "description", "category", "tags", "brand", "other")
    orders = SAID["injections"]["orders"]
    chosen = sample("shop", len(orders) * 6, 3)
    for place, item in enumerate(chosen):
        order, where = orders[place % len(orders)], fields[place // len(orders)]
        language = ("en", "zh")[place % 2]
        payload = SAID["injections"][language][(place // 2) % 6]
        said = _disguised(order.format(payload=payload), place)
        bad = (payload, said, order.partition("{")[0].strip())
        if where == "other":
            yield Case(
                kind="injected order", language=language, item=item, style=STYLES["shop"], text=payload, bad=bad,
                grounds=(Ground(kind="because", titles=(said,)),),
            )  # fmt: skip
            continue
        yield Case(
            kind="injected order", language=language, item=_poisoned(item, where, said), style=STYLES["shop"],
            text=payload, bad=bad,
        )  # fmt: skip


def _disguised(order: str, place: int) -> str:
    """An order as it is, encoded, or with something hidden in it."""
    if place % 12 == 5:
        return base64.b64encode(order.encode()).decode()
    if place % 12 == 9:
        return codecs.encode(order, "rot13") if order.isascii() else order.encode().hex(" ")
    return order if place % 12 != 2 else "\u200b".join(order)


def _poisoned(item: Item, where: str, text: str) -> Item:
    if where == "title":
        return replace(item, title=f"{item.title}. {text}")
    if where == "description":
        return replace(item, description=f"A plain box. {text}")
    return replace(item, attributes={**item.attributes, where: (text,) if where == "tags" else text})


# ── honest texts ────────────────────────────────────────────────────────────────────────────────────────────────────


def honest(each: int = 4) -> list[Case]:
    """True texts in other words than the templates', `each` of every pattern."""
    found = []
    for name, said in SAID["honest"].items():
        for language, lines in said.items():
            chosen, known = sample(name, len(lines) * each, 2), sample(name, len(lines) * each, 8)
            for place, (item, other) in enumerate(zip(chosen, known, strict=True)):
                text = _true(lines[place % len(lines)], item, other, STYLES[name])
                case = Case(kind="honest", language=language, item=item, style=STYLES[name], text=text)
                found.append(replace(case, grounds=(because(other),)))
    return found


def _true(line: str, item: Item, other: Item, style: Style) -> str:
    price = style.price.replace("{price}", f"{float(item.attributes.get('price', 0)):.2f}")
    maker = item.attributes.get("director", item.attributes.get("brand"))
    category, year = item.attributes.get("category"), item.attributes.get("year")
    return line.format(t=item.title, e=other.title, m=maker, c=category, year=year, price=price)
