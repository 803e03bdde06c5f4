"""The person, the moment and what was said, as texts: how far each speaks of an item, by meaning or by words.

Rule: the past alone is read. What nobody told has no text, and a text that says nothing has NaN.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge

from penchant.protocols import Context
from penchant.text.index import indexed
from penchant.text.texts import behaviour_text, interaction_text, moment_text, user_text
from penchant.text.words import content
from penchant.types import Array, Candidates, Event, Floats, Rows, Value, moment

What = Literal["profile", "behaviour", "wishes", "moment", "interactions"]
_SAID = ("profile", "wishes", "interactions")  # those that are read from what the person said
_ASKING = ("search", "wish")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Columns `reading_<what>`, the cosine of a text's vector and an item's, and `reading_<what>_words`.

    The words are the share, by idf, of an item's title that the text says. `profile` is what events of the kind profile
    told, `behaviour` what was done with which titles, `wishes` what was asked for, `moment` the time and all that the
    query tells of it, `interactions` what was said of items: against what was rated below the person's mean.
    """

    of: tuple[What, ...] = ("profile", "behaviour", "wishes", "moment", "interactions")  # what is read
    forms: tuple[Literal["vector", "text"], ...] = ("vector",)  # compared by meaning, by words, or both
    history: Annotated[int, Ge(1)] = 20  # newest deeds, wishes and opinions that are read; 1 or more
    south: bool = False  # are the seasons those south of the equator?

    @property
    def hears(self) -> int:
        """How much of what the person said is read."""
        return 5 * self.history if set(_SAID) & set(self.of) else 0

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        said = {name: self._said(name, context) for name in self.of}
        columns: dict[str, Array] = {}
        for name, texts in said.items():
            if "vector" in self.forms:
                columns[f"reading_{name}"] = _likeness(context, texts, candidates.rows)
            if "text" in self.forms:
                columns[f"reading_{name}_words"] = _overlap(context, texts, candidates.rows)
        return candidates.with_columns({name: column.astype(np.float32) for name, column in columns.items()})

    def _said(self, name: What, context: Context) -> dict[str, float]:
        """The texts that say it, with what each is worth."""
        if name == "profile":
            return _plain(user_text(_profile(context)))
        if name == "moment":
            return _plain(moment_text(moment(context.now), context.query.context, south=self.south))
        if name == "behaviour":
            return _plain(self._behaviour(context))
        if name == "wishes":
            wishes = [e.text for e in context.said if e.kind in _ASKING and e.text]
            return dict.fromkeys(wishes[-self.history :], 1.0)
        opinions = [e for e in context.said if e.text and e.item is not None and e.kind not in _ASKING]
        return _opinions(context, opinions[-self.history :])

    def _behaviour(self, context: Context) -> str:
        recent, items, kinds = context.user["recent"], context.catalogue.items, context.timeline.kinds.names
        places = np.flatnonzero(recent["item"] >= 0)[-self.history :]
        deeds = zip(recent["kind"][places].tolist(), recent["item"][places].tolist(), strict=True)
        return behaviour_text([(kinds[kind], items[row].title) for kind, row in deeds], self.history)


def _plain(text: str) -> dict[str, float]:
    return {text: 1.0} if text else {}


def _profile(context: Context) -> dict[str, Value]:
    """What was told of the person, the newest of each."""
    told: dict[str, Value] = {}
    for event in context.said:
        if event.kind == "profile":
            told |= {**event.context, **({"about": event.text} if event.text else {})}
    return told


def _opinions(context: Context, said: list[Event]) -> dict[str, float]:
    """What the person said of items; 1 for what speaks for an item, −1 against."""
    catalogue, kinds = context.catalogue, context.timeline.kinds
    values = [e.value for e in said if e.value is not None]
    mean = float(np.mean(values)) if values else 0.0
    found: dict[str, float] = {}
    for event in said:
        row = catalogue.row_of.get(event.item or "")
        title = catalogue.items[row].title if row is not None else ""
        against = kinds.weights[kinds.code(event.kind)] < 0 or (event.value is not None and event.value < mean)
        found[interaction_text(event.kind, title, event.text or "", event.value)] = -1.0 if against else 1.0
    return found


def _likeness(context: Context, texts: Mapping[str, float], rows: Rows) -> Floats:
    """Cosine of each item's vector and the texts' mean by worth; NaN where there is nothing to compare."""
    nothing: Floats = np.full(len(rows), np.nan, dtype=np.float32)
    known = [(context.language.wish(text), worth) for text, worth in texts.items()]
    parts = [vector * np.float32(worth) for vector, worth in known if vector is not None]
    vectors = context.catalogue.vectors[rows]
    if not parts or vectors.shape[1] != len(parts[0]):
        return nothing
    total = np.sum(parts, axis=0)
    length = float(np.linalg.norm(total))
    found: Floats = vectors @ (total / length) if length > 1e-6 else nothing
    return found


def _overlap(context: Context, texts: Mapping[str, float], rows: Rows) -> Floats:
    """The share of each item's title, by idf, that is said in what speaks for something."""
    said = [word for text, worth in texts.items() if worth > 0 for word in content(text)]
    if not said:
        return np.full(len(rows), np.nan, dtype=np.float32)
    index = indexed(context.catalogue, context.language.reader)
    return index.told(index.known(said))[rows]
