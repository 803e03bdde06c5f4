"""What can be plugged in, and what passes through it.

A plug-in is a frozen dataclass whose fields are its TOML settings. Columns and fold names are the only coupling
between families. `penchant.testing` holds a contract suite for every protocol here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from penchant.events.timeline import Events, Timeline
from penchant.telemetry.laps import Laps
from penchant.tempo import UNHURRIED, Pace
from penchant.text.speech import SILENT, Language
from penchant.text.steers import Delta
from penchant.types import Array, Candidates, Catalogue, Columns, Event, Floats, Query, Rows, Slate

T = TypeVar("T")
Model_co = TypeVar("Model_co", covariant=True)

# ── values that pass through the protocols ──────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Notes:
    """What the making of one answer leaves to be told; stages write, the engine reads."""

    degraded: list[str] = field(default_factory=list)  # "stage: what could not be done"
    cost: dict[str, float] = field(default_factory=dict)  # what language models took: calls, tokens, seconds
    laps: Laps = field(default_factory=Laps)  # how long each part of the way took
    pace: Pace = UNHURRIED  # how long the rest of the way may take

    def spend(self, **amounts: float) -> None:
        """Add to the cost."""
        for name, amount in amounts.items():
            self.cost[name] = self.cost.get(name, 0.0) + amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a recommendation may depend on."""

    query: Query
    now: int  # microseconds since 1970
    user: Mapping[str, Columns]  # fold name → that fold's state of this person
    timeline: Timeline  # everybody's events up to now
    catalogue: Catalogue
    allowed: Array  # bool per catalogue row: what the rules let through; sources retrieve nothing else
    dice: np.random.Generator  # seeded by the slate id
    wish: Floats | None = None  # the query's text, encoded
    slates: Sequence[Slate] = ()  # answered by this person, oldest first; none unless a stage `Recalls`
    said: Sequence[Event] = ()  # by this person, and told of them, oldest first; none unless a stage `Hears`
    steering: tuple[Delta, ...] = ()  # what the person asked of their lists, as it is in force now and here
    language: Language = SILENT
    notes: Notes = field(default_factory=Notes, compare=False)
    memo: dict[Any, Any] = field(default_factory=dict, compare=False)
    made: dict[Any, Any] = field(default_factory=dict, compare=False)  # of this person; may outlive the request

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Compute a value once per request."""
        if key not in self.memo:
            self.memo[key] = make()
        value: T = self.memo[key]
        return value

    def lasting(self, key: object, make: Callable[[], T]) -> T:
        """Compute once what depends on nothing but `user`, `catalogue` and the release: not on `now` or the timeline.

        It is kept until the person does something, so a person's next request finds it ready.
        """
        if key not in self.made:
            self.made[key] = make()
        value: T = self.made[key]
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Replayed slates as labelled rows: one group of rows per query, in order of time."""

    columns: Columns  # one entry per row
    labels: Array  # float32: the weight of what the person did, or the value of its goals for who judges; 0 if nothing
    groups: Array  # int64: rows per query
    rows: Rows | None = None  # the item of each row
    contexts: Sequence[Context] = ()  # one per query, as it was asked; none where the rows were made by hand
    scores: Floats | None = None  # of the stage before the ranker
    goals: Columns = field(default_factory=dict)  # kind of event → bool: whether one followed; none unless asked for
    kept: Floats | None = None  # share of the rows like this one that was kept: 1 for what was wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a recipe may learn from: events up to a cut, the catalogue of that moment, replayed examples for rankers."""

    timeline: Timeline
    catalogue: Catalogue
    examples: Examples | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The immutable models of one training, in the order in which they are asked: what one reference swaps."""

    version: str
    until: int  # newest event it has learned from, microseconds since 1970
    rules: "Mapping[str, Rule]"
    sources: "Mapping[str, tuple[Source, int]]"  # with the quota of each
    stages: "Mapping[str, Stage]"
    similar: "Mapping[str, tuple[Source, int]]"  # sources that answer what is like an item
    recalls: int = 0  # how many of a person's newest answered slates its stages read
    hears: int = 0  # how much of what a person said its stages read
    degraded: tuple[str, ...] = ()  # what is not trained yet and what stands in for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Every step of one answer: which source found what, and the candidates after the union and after each stage."""

    context: Context
    found: Mapping[str, Rows]
    steps: Sequence[tuple[str, Candidates]]

    @property
    def result(self) -> Candidates:
        """The candidates after the last stage, best first."""
        return self.steps[-1][1]


# ── plug-ins ────────────────────────────────────────────────────────────────────────────────────────────────────


@runtime_checkable
class Source(Protocol):
    """Finds candidates, and can score any row the same way."""

    def retrieve(self, context: Context, limit: int) -> Rows:
        """At most `limit` distinct rows, best first; none that it knows nothing of."""
        ...

    def score(self, context: Context, rows: Rows) -> Columns:
        """Named columns, one entry per row; NaN where it has nothing to say."""
        ...


@runtime_checkable
class Rule(Protocol):
    """Says what may be offered at all. Asked before retrieval, so that no quota is spent on what may not be shown."""

    def allows(self, context: Context) -> Array:
        """One bool per catalogue row; sees `context.allowed` as the earlier rules left it."""
        ...


@runtime_checkable
class Tells(Protocol):
    """A rule that can say in words why it does not allow an item."""

    def tells(self, context: Context, row: int, language: str) -> str:
        """The reason; empty if the rule allows the item."""
        ...


@runtime_checkable
class Stage(Protocol):
    """Features add columns, rankers set scores, re-rankers drop or reorder."""

    def apply(self, context: Context, candidates: Candidates) -> Candidates: ...


@runtime_checkable
class Explains(Protocol):
    """A ranker that can say what each column added."""

    def parts(self, context: Context, candidates: Candidates) -> Columns:
        """Column name → its part of each candidate's score; the parts, `base` included, add up to the score."""
        ...


@runtime_checkable
class Adjusts(Protocol):
    """A stage that adds to the scores of the ranker before it, and can say what each column added."""

    def shifts(self, context: Context, candidates: Candidates) -> Columns:
        """Column name → what it adds to each score, given the candidates as they were before this stage."""
        ...


@runtime_checkable
class Recalls(Protocol):
    """A stage that reads `Context.slates`, what the person was offered and answered."""

    @property
    def recalls(self) -> int:
        """How many of the newest answered slates it reads."""
        ...


@runtime_checkable
class Hears(Protocol):
    """A stage that reads `Context.said`: events of the person that have a text, or that tell their profile."""

    @property
    def hears(self) -> int:
        """How many of the newest it reads; 0 if it reads none as it is set up."""
        ...


@runtime_checkable
class Attributes(Protocol):
    """A source one of whose columns is a sum over the person's events."""

    def attribute(self, context: Context, row: int) -> Mapping[str, tuple[Events, Array]]:
        """Column name → (events, what each added); the additions sum to the column's value."""
        ...


class Fold(Protocol):
    """A person's state as a pure function of their events; the order of arrival does not matter."""

    @property
    def name(self) -> str: ...
    def start(self) -> Columns: ...
    def step(self, state: Columns, events: Events) -> Columns:
        """The state after more events; `step(step(s, a), b)` equals `step(s, a + b)` for any split and order."""
        ...


class Trainable(Protocol[Model_co]):
    """A recipe: parameters, never weights."""

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit, write the model into `folder`, return metrics."""
        ...

    def load(self, folder: Path) -> Model_co:
        """The immutable model that `train` wrote."""
        ...
