"""Texts for the encoders: items, people, behaviour, moments and what was said of items, as sentences.

Everything here is a pure function of its arguments; what is missing leaves no trace in the text.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from string import Formatter

from penchant.enriched import facts
from penchant.errors import UsageError
from penchant.types import Item, Value

TEMPLATE = "{title}. {category}. {tags}. {description}"
OTHER_SHARE = 0.1  # of letters: a catalogue with more than this outside Latin needs a multilingual encoder
_PARTS = ((5, "night"), (12, "morning"), (17, "afternoon"), (22, "evening"), (24, "night"))  # until which hour
_SEASONS = ("winter", "spring", "summer", "autumn")  # of the north, from December on
_DAY_HOURS = 24
_SAMPLE = 2_000  # texts are enough to tell a script
_SEPARATORS = " \t\n.,;:!|/·•–—-，。；：、！"
_LATIN = re.compile(r"[A-Za-zªºÀ-ÖØ-öø-ɏḀ-ỿⱠ-ⱿꜢ-ꟿＡ-Ｚａ-ｚ]")
_OPENING = re.compile(r"[\w(\[{<\"'«“‘（【「#@]")


@dataclass(frozen=True, slots=True)
class _Slot:
    """A field of a template with the words before it and the punctuation after it; all three vanish together."""

    label: str
    name: str
    tail: str


def item_text(item: Item, template: str = TEMPLATE) -> str:
    """Fill a template such as "{title}. {category}" with an item's fields and attributes.

    A missing field vanishes together with its label and punctuation; lists are joined by ", ". An item of which the
    usual template says nothing is told by its other attributes that are words.
    Raises UsageError for a template without fields or with unbalanced braces.
    """
    return _filled(item, template, _slots(template))


def item_texts(items: Iterable[Item], template: str = TEMPLATE) -> list[str]:
    """Fill a template with each of many items; see `item_text`."""
    slots = _slots(template)
    return [_filled(item, template, slots) for item in items]


def _filled(item: Item, template: str, slots: Sequence[_Slot]) -> str:
    filled = [(slot, value) for slot in slots if (value := _plain(_field(item, slot.name)))]
    parts = []
    for place, (slot, value) in enumerate(filled):
        ends_early = place == len(filled) - 1 and slot is not slots[-1]
        tail = slot.tail.rstrip(_SEPARATORS) if ends_early else slot.tail
        if value[-1] in ".!?。！？" and tail.startswith("."):
            tail = tail[1:]
        parts.append(f"{slot.label}{value}{tail}")
    if not parts and template == TEMPLATE:
        return user_text({name: value for name, value in facts(item).attributes.items() if _in_words(value)})
    return "".join(parts).strip()


def _in_words(value: Value) -> bool:
    texts = [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
    return any(texts) and not any("://" in text for text in texts)


def user_text(profile: Mapping[str, Value]) -> str:
    """Say a person's attributes as text: "country: France. interests: jazz, hiking"."""
    said = ((key.replace("_", " ").strip(), _plain(value)) for key, value in profile.items())
    return ". ".join(f"{key}: {value}" for key, value in said if value)


def behaviour_text(pairs: Sequence[tuple[str, str]], limit: int = 20) -> str:
    """Say the last `limit` (kind, title) pairs as text, the most recent last; pairs without a title are left out."""
    if limit < 1:
        raise UsageError(f"behaviour text was asked for {limit} events; wanted is 1 or more")
    said = [(kind, " ".join(title.split())) for kind, title in pairs]
    return "; ".join([f"{kind}: {title}" for kind, title in said if title][-limit:])


def moment_text(time: datetime, told: Mapping[str, Value], *, south: bool = False) -> str:
    """Say a moment: "a Friday evening in October, autumn. device: phone. weather: rain"; `south` of the equator.

    What is told of the moment beside its time is said as it is; `utc_offset`, in hours, moves the clock.
    """
    offset = told.get("utc_offset", 0)
    if isinstance(offset, int | float) and abs(offset) <= _DAY_HOURS:
        time = time + timedelta(hours=offset)
    part = next(name for until, name in _PARTS if time.hour < until)
    season = _SEASONS[(time.month % 12 // 3 + 2 * south) % 4]
    rest = user_text({key: value for key, value in told.items() if key not in ("utc_offset", "language")})
    return ". ".join(filter(None, (f"a {time:%A} {part} in {time:%B}, {season}", rest)))


def interaction_text(kind: str, title: str, text: str, value: float | None) -> str:
    """Say what a person did with an item and what they said of it: "review: red kettle. boils fast. rating: 5"."""
    said = " ".join(title.split()), " ".join(text.split()), "" if value is None else f"rating: {_plain(value)}"
    return ". ".join(filter(None, (f"{kind}: {said[0]}" if said[0] else kind, *said[1:])))


def script(texts: Sequence[str]) -> str:
    """Tell "latin" from "other": other if more than a tenth of the letters are outside Latin."""
    step = max(1, len(texts) // _SAMPLE)
    letters = "".join(c for text in texts[::step] for c in text if c.isalpha())
    outside = len(letters) - len(_LATIN.findall(letters))
    return "other" if outside > OTHER_SHARE * len(letters) else "latin"


def clean(text: str) -> str:
    """Replace what tokenizers refuse: lone surrogates and NUL characters."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def _slots(template: str) -> list[_Slot]:
    """The fields of a template; the words between two fields are split into a tail and a label."""
    pieces = _pieces(template)
    slots = []
    label = pieces[0][0]
    for (_, name), (following, after) in pairwise(pieces):
        opening = None if after is None else _OPENING.search(following)
        cut = opening.start() if opening else len(following)
        slots.append(_Slot(label, str(name), following[:cut]))
        label = following[cut:]
    return slots


def _pieces(template: str) -> list[tuple[str, str | None]]:
    """(words, field) pairs of a template, the last one without a field."""
    wanted = f'wanted are fields in braces such as "{TEMPLATE}"'
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f'text template "{template}" cannot be read ({error}); {wanted}') from None
    names = [name for _, name, _, _ in parsed if name is not None]
    if not names:
        raise UsageError(f'text template "{template}" names no field; {wanted}')
    if any(not name.strip() or spec or conversion for _, name, spec, conversion in parsed if name is not None):
        raise UsageError(f'text template "{template}" has a field that is not a plain name; {wanted}')
    pieces: list[tuple[str, str | None]] = []
    words = ""
    for more, name, _, _ in parsed:  # a doubled brace splits the words around it
        words += more
        if name is not None:
            pieces.append((words, name))
            words = ""
    return [*pieces, (words, None)]


def _field(item: Item, name: str) -> Value | None:
    if name in ("id", "title", "description"):
        return str(getattr(item, name))
    return item.attributes.get(name)


def _plain(value: Value | None) -> str:
    """One line of text; empty for what says nothing."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        return ", ".join(part for part in map(_plain, value) if part)
    return " ".join(str(value).split())
