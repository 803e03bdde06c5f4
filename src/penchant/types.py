"""The six types everything is made of: frozen values that change only by copy.

Times are aware; many rows are numpy columns; arrays are never written in place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Array = NDArray[Any]
Floats = NDArray[np.float32]
Rows = NDArray[np.int32]  # catalogue rows: a row belongs to one item for ever
Columns = Mapping[str, Array]
Value = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that can be recommended."""

    id: str
    title: str = ""
    description: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)  # category, tags, price, image_url, …
    created: datetime | None = None  # None: it was always there
    available: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a person did, said or got. Two events with one id are one event."""

    user: str
    item: str | None = None  # None for searches and wishes
    kind: str = "view"
    id: str = ""  # filled in when observed
    time: datetime | None = None  # filled in when observed
    value: float | None = None
    text: str | None = None
    context: Mapping[str, Value] = field(default_factory=dict)
    slate: str | None = None  # the slate this event answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question: what should this person be offered now?"""

    user: str
    k: int = 10
    surface: str = "home"
    text: str | None = None  # a wish in plain words
    item: str | None = None  # the item the person is looking at
    candidates: tuple[str, ...] | None = None  # rank exactly these
    context: Mapping[str, Value] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    at: datetime | None = None  # None: now


def own(_: str, array: Array) -> Array:
    """The array itself: what a catalogue without a folder shares."""
    return array


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All items at one moment; a new moment is a new Catalogue.

    `vectors` is (items × dim) float32 with unit or zero rows; columns have one entry per item:
    `available` bool, `created` int64 µs, `price` float32 (NaN unknown), `category` int32 (-1 unknown).
    """

    items: Sequence[Item]
    row_of: Mapping[str, int]
    vectors: Floats
    centre: Floats  # (dim,) mean of the vectors
    columns: Columns
    categories: Sequence[str] = ()  # names behind the `category` column
    encoder: str = ""  # name of what made `vectors`
    memo: dict[Any, Any] = field(default_factory=dict, compare=False)
    share: Callable[[str, Array], Array] = field(default=own, compare=False)  # with other processes, large arrays

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Compute what depends on this catalogue alone, once."""
        if key not in self.memo:
            self.memo[key] = make()
        value: T = self.memo[key]
        return value

    def kept(self, key: object, make: Callable[[], T], mend: Callable[[T, Rows], T]) -> T:
        """Compute what depends on the items alone, once: from what an earlier catalogue had, given the rows changed."""

        def value() -> T:
            earlier = self.memo.pop(("earlier", key), None)
            return make() if earlier is None else mend(*earlier)

        return self.once(("kept", key), value)

    def handed_on(self, rows: Rows) -> dict[Any, Any]:
        """The memo of a catalogue in which these rows hold other items: what can be mended, not yet mended."""
        found: dict[Any, Any] = {}
        for name, value in list(self.memo.items()):
            if isinstance(name, tuple) and name[0] == "kept":
                found["earlier", name[1]] = (value, rows)
            elif isinstance(name, tuple) and name[0] == "earlier":
                found.setdefault(name, (value[0], np.union1d(value[1], rows)))
        return found

    def __len__(self) -> int:
        return len(self.items)

    def rows(self, ids: Sequence[str]) -> Rows:
        """Rows of the known ids, in order; unknown ids are left out."""
        found = (self.row_of.get(i) for i in ids)
        return np.fromiter((r for r in found if r is not None), dtype=np.int32)


class Taken(Mapping[str, Array]):
    """Some rows of columns, of which each is copied when it is read: of a hundred, stages read a few.

    Threads may share it: what is copied twice is the same.
    """

    __slots__ = ("_own", "_places", "_whole")

    def __init__(self, whole: Columns, places: Array, added: Columns | None = None) -> None:
        self._whole, self._places = whole, places  # what all rows have, and which of them these are
        self._own = dict(added or {})  # what was read, or added to these rows

    def __getitem__(self, name: str) -> Array:
        found = self._own.get(name)
        if found is None:
            found = self._own[name] = self._whole[name][self._places]
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._whole

    def __iter__(self) -> Iterator[str]:
        yield from self._whole
        yield from [name for name in self._own if name not in self._whole]

    def __len__(self) -> int:
        return len(self._whole.keys() | self._own.keys())

    def __or__(self, more: Columns) -> "Taken":
        return Taken(self._whole, self._places, {**self._own, **more})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Items under consideration: distinct catalogue rows with a score and named columns each."""

    rows: Rows
    scores: Floats
    columns: Columns = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, where: Array | slice) -> "Candidates":
        """Keep or reorder by a boolean mask or positions."""
        places = np.arange(len(self))[where]
        return Candidates(rows=self.rows[places], scores=self.scores[places], columns=Taken(self.columns, places))

    def with_columns(self, columns: Columns) -> "Candidates":
        """Add columns, one entry per candidate."""
        known = self.columns
        return replace(self, columns=known | columns if isinstance(known, Taken) else {**known, **columns})

    def with_scores(self, scores: Array) -> "Candidates":
        """Set the scores and order by them, best first; ties keep their order."""
        scores = np.asarray(scores, dtype=np.float32)
        return replace(self, scores=scores).take(np.argsort(-scores, kind="stable"))

    def union(self, other: "Candidates") -> "Candidates":
        """Append the rows of `other` that are new; columns of only one side are dropped."""
        new = ~np.isin(other.rows, self.rows)
        shared = self.columns.keys() & other.columns.keys()
        return Candidates(
            rows=np.concatenate([self.rows, other.rows[new]]),
            scores=np.concatenate([self.scores, other.scores[new]]),
            columns={n: np.concatenate([self.columns[n], other.columns[n][new]]) for n in sorted(shared)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One place of a slate."""

    item: str
    score: float  # the ranker's margin
    reasons: tuple[Mapping[str, Any], ...] = ()  # filled on request; see `penchant.explain`
    propensity: float = 1.0  # chance that this item had to be in this slate; below 1 where it was left to the dice


@dataclass(frozen=True, slots=True, kw_only=True)
class Slate:
    """An answer: what was offered, by which release, having read how much of the log."""

    id: str
    time: datetime
    query: Query
    picks: tuple[Pick, ...]
    release: str
    position: int
    degraded: tuple[str, ...] = ()  # what could not be done and what was done instead
    marks: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # column → value per pick; see `MARK`
    steering: tuple[str, ...] = ()  # what the person had asked of their lists, in plain words
    cost: Mapping[str, float] = field(default_factory=dict)  # what language models took: calls, tokens, seconds

    @property
    def items(self) -> list[str]:
        """Item ids, best first."""
        return [pick.item for pick in self.picks]


MINUTE = 60_000_000  # microseconds, as all times of columns
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = np.iinfo(np.int64).min
MARK = "~z"  # ends columns that a slate keeps for its picks, to three decimals, so that answers can teach
DOUBT = "doubt_"  # begins columns d of a ranker that knows its doubt: score + Σ d · z may as well be true, z ~ N(0, 1)
PROPENSITY = "propensity"  # the column, of a stage that leaves places to chance, with each candidate's chance


def micros(time: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    delta = time - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment(us: int) -> datetime:
    """Aware UTC time of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=int(us))
