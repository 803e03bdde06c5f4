"""Small deterministic worlds for suites and tests: every event is placed by arithmetic, so answers can be derived.

In `shop`, people with an even number like the even items, the others the odd ones, each walking along their half in
order; one item is unavailable, one has neither category nor price, and nobody ever touched the last one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from penchant import pipeline
from penchant.build import folding
from penchant.catalogue import columns
from penchant.events.kinds import Kinds
from penchant.events.timeline import Timeline
from penchant.language.models import Hashing
from penchant.protocols import Context, Examples, History
from penchant.testing.reading import Reads
from penchant.text.speech import Language
from penchant.text.texts import item_text
from penchant.types import (
    DAY,
    MINUTE,
    Array,
    Candidates,
    Catalogue,
    Columns,
    Floats,
    Item,
    Query,
    Rows,
    Value,
    micros,
    moment,
)
from penchant.world import World

START = micros(datetime(2026, 3, 2, tzinfo=UTC))  # a Monday
WEIGHTS = {"view": 0.2, "cart": 1.0, "purchase": 2.0, "dislike": -1.0, "search": 0.0, "other": 0.5}
SHELVES = ("garden", "kitchen", "reading")
THINGS = ("rake", "spade", "kettle", "ladle", "lamp", "shelf", "basket", "clock")
COLOURS = ("amber", "blue", "coral", "denim", "emerald")
OPINIONS = (
    "again.frequency",
    "linear.next",
    "popular.7d",
    "nearest.wish",
    "neighbours.bm25~share",
    "linear.long~share",
    "popular.all~share",
)

Happening = tuple[str, int, float, str]  # person, item row (-1: none), minute after START, kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A moment at which a plug-in is asked, and the world it may have learned from."""

    learned: World
    context: Context


class Told:
    """A source that finds the rows it is told, best first; its column `place` counts down from the first."""

    def __init__(self, *rows: int) -> None:
        self.rows = np.array(rows, dtype=np.int32)

    def retrieve(self, context: Context, limit: int) -> Rows:
        """What it was told, less what is not allowed."""
        return self.rows[context.allowed[self.rows]][:limit]

    def score(self, context: Context, rows: Rows) -> Columns:
        """NaN for rows it was not told."""
        place = {row: len(self.rows) - at for at, row in enumerate(self.rows.tolist())}
        return {"place": np.array([place.get(row, np.nan) for row in rows.tolist()], dtype=np.float32)}


def items(count: int) -> list[Item]:
    """`count` items i0, i1, … with texts, categories and prices 1, 2, …; the second last is bare, one is withdrawn."""
    found = []
    for n in range(count):
        shelf = SHELVES[n % len(SHELVES)]
        known: dict[str, Value] = {} if 0 < n == count - 2 else {"category": shelf, "price": float(n + 1)}
        title = f"{COLOURS[n % len(COLOURS)]} {THINGS[n % len(THINGS)]}"
        text = f"For the {shelf}, number {n}."
        found.append(Item(id=f"i{n}", title=title, description=text, attributes=known, available=n != 5))
    return found


def catalogue(of: Sequence[Item], vectors: Floats | None = None) -> Catalogue:
    """The catalogue of these items, read by hashing unless (items × dim) vectors are given."""
    encoder = Hashing()
    if vectors is None:
        vectors = encoder.encode([item_text(item) for item in of], "passage") if of else np.zeros((0, 0), np.float32)
    return columns.build(of, vectors, encoder.name)


def timeline(happenings: Iterable[Happening], weights: Mapping[str, float] | None = None) -> Timeline:
    """A timeline of what happened, logged in the order given, from position 1 on."""
    return appended(Timeline(Kinds(weights or WEIGHTS, {})), happenings)


def appended(line: Timeline, happenings: Iterable[Happening]) -> Timeline:
    """The timeline after more has happened, logged behind what is there."""
    new, kinds = list(happenings), line.kinds
    first = int(line.position.max(initial=0)) + 1
    return line.append(
        {
            "time": np.array([START + round(minute * MINUTE) for _, _, minute, _ in new], dtype=np.int64),
            "user": line.codes([user for user, _, _, _ in new]),
            "item": np.array([row for _, row, _, _ in new], dtype=np.int32),
            "kind": np.array([kinds.code(kind) for _, _, _, kind in new], dtype=np.int16),
            "value": np.full(len(new), np.nan, dtype=np.float32),
            "position": first + np.arange(len(new), dtype=np.int64),
        }
    )


def world(of: Sequence[Item] | Catalogue, happenings: Iterable[Happening] = ()) -> World:
    """A world of these items in which this has happened."""
    line = timeline(happenings)
    known = of if isinstance(of, Catalogue) else catalogue(of)
    return World(catalogue=known, timeline=line, position=len(line))


def shop(people: int = 12, count: int = 24, days: int = 12) -> World:
    """The world that this module's docstring describes: one purchase a day each, every second after a view."""
    return world(items(count), shopping(people, count, days))


def rated(of: World) -> World:
    """The same world in which every event with an item tells a value from 1 to 5, by arithmetic on person and item."""
    line = of.timeline
    names = ("time", "user", "item", "kind", "position")
    columns: dict[str, Array] = {name: getattr(line, name).copy() for name in names}
    liking = (columns["user"].astype(np.int64) + columns["item"]) % 2 * 3 + columns["item"] % 3
    columns["value"] = np.where(columns["item"] >= 0, 1.0 + np.minimum(liking, 4), np.nan).astype(np.float32)
    again = Timeline(line.kinds)
    again.codes(line.names)
    return replace(of, timeline=again.append(columns))


def shopping(people: int, count: int, days: int) -> list[Happening]:
    """What happens in `shop`, in order of time."""
    half = (count - 1) // 2
    found: list[Happening] = []
    for day in range(days):
        for n in range(people):
            row, minute = 2 * ((day + n // 2) % half) + n % 2, day * 1_440 + n * 7
            if n % 4 < 2:
                found.append((f"u{n}", row, minute, "view"))
            found.append((f"u{n}", row, minute + 1, "purchase"))
    return [*found, ("u0", 1, days * 1_440, "dislike"), ("u0", -1, days * 1_440 + 1, "search")]


def context(
    of: World,
    user: str = "u0",
    *,
    now: int | None = None,
    text: str | None = None,
    item: str | None = None,
    exclude: Sequence[str] = (),
    k: int = 10,
) -> Context:
    """The context of a query, by default a minute after the last event; the dice are always the same."""
    last = int(of.timeline.time[-1]) if len(of.timeline) else START
    now = last + MINUTE if now is None else now
    view = of.timeline.until(now)
    return pipeline.context(
        Query(user=user, k=k, text=text, item=item, exclude=tuple(exclude), at=moment(now)),
        now=now,
        timeline=view,
        catalogue=of.catalogue,
        user=pipeline.person(view, user, folding()),
        folds=folding(),
        language=Language(reader=Reads()),
        seed="5eed",
    )


def situation(name: str) -> Situation:
    """One of the moments at which every plug-in has to behave, named in `SITUATIONS`."""
    return _SITUATIONS[name]()


def _usual(user: str = "u0", **query: Any) -> Situation:
    learned = shop()
    return Situation(learned=learned, context=context(learned, user, **query))


def _allowing(every: int) -> Situation:
    usual = _usual()
    allowed = (np.arange(len(usual.context.catalogue)) % 3 == 0) & (every > 0)
    return replace(usual, context=replace(usual.context, allowed=allowed))


def _asked_in(of: World) -> Situation:
    return Situation(learned=of, context=context(of, "u1", text="amber rake"))


def _grown() -> Situation:
    usual = shop()
    known = len(usual.catalogue)
    later = appended(usual.timeline, [("u0", known + 1, 99_999, "cart")])
    grown = replace(usual, catalogue=catalogue(items(known + 3)), timeline=later)
    return Situation(learned=usual, context=context(grown))


_FEW: Sequence[Happening] = (("u0", 0, 0, "purchase"), ("u1", 0, 1, "purchase"), ("u2", 0, 2, "view"))
_SITUATIONS: Mapping[str, Callable[[], Situation]] = {
    "a person with a past": _usual,
    "a guest": lambda: _usual("nobody"),
    "a wish": lambda: _usual(text="a blue kettle"),
    "a wish of a guest": lambda: _usual("nobody", text="lamp for reading"),
    "looking at an item": lambda: _usual(item="i7"),
    "long ago": lambda: _usual(now=START - DAY),
    "little is allowed": lambda: _allowing(1),
    "nothing is allowed": lambda: _allowing(0),
    "nothing happened": lambda: _asked_in(world(items(24))),
    "one item": lambda: _asked_in(world(items(1), _FEW)),
    "items newer than the models": _grown,
    "no items": lambda: _asked_in(world([])),
}
SITUATIONS = tuple(_SITUATIONS)


def candidates(of: Context, most: int = 15) -> Candidates:
    """Up to `most` rows, not in order, with columns as the experts' would be; one value in seven is unknown."""
    size = len(of.catalogue)
    rows = (np.arange(min(most, size), dtype=np.int32) * 7) % max(size, 1)
    rows = rows[np.sort(np.unique(rows, return_index=True)[1])]
    return Candidates(rows=rows, scores=np.zeros(len(rows), np.float32), columns=opinions(rows))


def opinions(rows: Array) -> dict[str, Array]:
    """A column for each of `OPINIONS` in [0, 1), of arithmetic on the rows, NaN where there is nothing to say."""
    found = {}
    for place, name in enumerate(OPINIONS):
        values = ((rows.astype(np.int64) * (3 + 2 * place) + place) % 17 / 17).astype(np.float32)
        found[name] = np.where((rows + place) % 7 == 6, np.float32(np.nan), values)
    return found


def history(of: World, seed: int = 0, groups: int = 60, size: int = 10) -> History:
    """What a recipe may learn from; in the examples the first opinion is right and the others guess.

    What was right was bought; what the second opinion likes was seen.
    """
    dice = np.random.default_rng(7)
    opinion = {name: dice.random(groups * size).astype(np.float32) for name in OPINIONS}
    right = opinion[OPINIONS[0]].reshape(groups, size)
    labels = (right == right.max(axis=1, keepdims=True)).astype(np.float32).ravel()
    shown = Examples(
        columns=opinion,
        labels=labels,
        groups=np.full(groups, size, dtype=np.int64),
        rows=(np.arange(groups * size) % len(of.catalogue)).astype(np.int32) if len(of.catalogue) else None,
        contexts=[context(of)] * groups,
        scores=dice.random(groups * size).astype(np.float32),
        goals={"purchase": labels > 0, "view": opinion[OPINIONS[1]] > 0.8},
    )
    return History(timeline=of.timeline, catalogue=of.catalogue, examples=shown, seed=seed)


def nothing(of: World) -> History:
    """The history of a world in which nothing has happened yet."""
    return History(timeline=Timeline(of.timeline.kinds), catalogue=of.catalogue)
