"""The engine: recommend, observe, swap. The only place with a clock; every surface calls it and nothing else."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from penchant import explain as explaining
from penchant import pipeline, privacy, steerage, tempo
from penchant.checks import Observed, check, unknown
from penchant.enriched import news
from penchant.errors import NotReadyError, UnknownError, UsageError
from penchant.intake import Intake
from penchant.people import Folded, People
from penchant.ports import ItemChange, ItemStore, Log, StateStore
from penchant.protocols import Context, Fold, Notes, Release, Trace
from penchant.recollection import Recollection, marks
from penchant.telemetry.measures import Telemetry
from penchant.text.speech import Generator, Language, Reader
from penchant.text.steers import Steer
from penchant.types import PROPENSITY, Event, Item, Pick, Query, Slate, micros, moment
from penchant.watch import Watch
from penchant.world import Follower, World, born


@dataclass(kw_only=True)
class Engine:
    """Answers from one release over one log. Threads may share it; a swap is one assignment."""

    items: ItemStore
    log: Log
    states: StateStore
    reader: Reader
    follower: Follower
    folds: Sequence[Fold]
    version: str  # names folds and kinds: states of another version are folded anew
    release: Release
    archive: Callable[[int | str], Release]  # the newest release of a time (µs), or one by its version
    clock: Callable[[World], datetime]
    generator: Generator | None = None
    telemetry: Telemetry = field(default_factory=Telemetry)
    budget: tempo.Tempo = field(default_factory=tempo.Tempo)  # of time, of an answer; one that is made again has any
    closing: ExitStack = field(default_factory=ExitStack)
    language: Language = field(init=False)  # what plug-ins read and write with
    recollection: Recollection = field(init=False)
    steering: steerage.Steerage = field(init=False)
    people: People = field(init=False)
    watch: Watch = field(init=False)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        self.language = Language(reader=self.reader, generator=self.generator)
        self.recollection = Recollection(self.log)
        self.steering = steerage.Steerage(self.log)
        self.people = People(states=self.states, folds=self.folds, version=self.version)
        self.watch = Watch(self)
        self.intake = Intake(self)

    def recommend(self, query: Query, *, explain: bool = False, language: str = "en", min_position: int = 0) -> Slate:
        """What to offer: at most `query.k` picks, best first, as of `query.at` or now, with reasons if asked for.

        Raises UsageError for a malformed query, NotReadyError if the log has not reached `min_position`.
        """
        if query.surface == "rank":
            raise UsageError("surface 'rank' is taken: call rank")
        return self._answer(query, explain, language, min_position)

    def preview(self, query: Query, language: str = "en") -> Slate:
        """What would be answered, with reasons; nothing is logged."""
        return self._made(query, True, language, 0)

    def _answer(self, query: Query, explain: bool, language: str, min_position: int) -> Slate:
        slate = self._made(query, explain, language, min_position)
        self.log.append([slate])
        self.watch.answered(slate)
        return slate

    def _made(self, query: Query, explain: bool, language: str, min_position: int) -> Slate:
        check(query)
        notes = Notes(pace=self.budget.pace())
        world, release, now = self._moment(query.at)
        notes.laps("read")
        if world.position < min_position:
            raise NotReadyError(f"the log has been read up to {world.position}, not yet up to {min_position}")
        name = pipeline.slate_id(query, now, world.position, release.version)
        trace = self._trace(query, world, release, now, name, notes)
        picks = self._picks(trace, release, explain, language)
        self.watch.made(trace, "explain" if explain else "pick")
        return Slate(
            id=name,
            time=moment(now),
            query=query,
            picks=picks,
            release=release.version,
            position=world.position,
            degraded=(*release.degraded, *notes.degraded, *unknown(query, world.catalogue)),
            marks=marks(trace.result, len(picks)),
            steering=self.steering.told(trace.context, language),
            cost=notes.cost,
        )

    def rank(self, query: Query, *, explain: bool = False, language: str = "en", min_position: int = 0) -> Slate:
        """All of `query.candidates`, ordered; rules do not apply, and unknown ids come last in their own order."""
        if query.candidates is None:
            raise UsageError("rank needs candidates: a list of item ids")
        query = replace(query, surface="rank", k=max(1, len(set(query.candidates))))
        return self._answer(query, explain, language, min_position)

    def similar(self, item: str, k: int = 10) -> list[Pick]:
        """What is like an item, best first. Raises UnknownError if there is no such item."""
        query = Query(user="", k=k, surface="similar", item=item)
        check(replace(query, user="-"))
        world, release, now = self._moment(None)
        if item not in world.catalogue.row_of:
            raise UnknownError(f"no item {item!r}")
        context = self._context(query, world, now, {f.name: f.start() for f in self.folds}, "", Notes())
        return [Pick(item=world.catalogue.items[row].id, score=s) for row, s in pipeline.alike(release, context, k)]

    def why(self, slate: str, item: str, language: str = "en") -> dict[str, object]:
        """Why an item was in a slate, or where it was lost. Runs the slate again as of its moment and release."""
        return explaining.why(*self._again(self.slate(slate)), item, language, self.recollection.ids)

    def slate(self, slate: str) -> Slate:
        """A logged slate. Raises UnknownError if there is none of this id."""
        for record in self.log.slates(slate=slate):
            if isinstance(record.entry, Slate):
                return record.entry
        raise UnknownError(f"no slate {slate!r}")

    def reasoned(self, slate: str, language: str = "en") -> Slate:
        """A logged slate with the reasons of its picks, run again. Raises ArtefactError if its release is gone."""
        found = self.slate(slate)
        return replace(found, picks=self._picks(*self._again(found), True, language))

    def _again(self, slate: Slate) -> tuple[Trace, Release]:
        release = self.release if slate.release == self.release.version else self.archive(slate.release)
        world, again = self.follower.at(slate.position), Notes(pace=tempo.Pace(missing=slate.degraded))
        return self._trace(slate.query, world, release, micros(slate.time), slate.id, again), release

    def trace(self, query: Query) -> Trace:
        """Every step of the answer to a query; nothing is logged."""
        check(query)
        world, release, now = self._moment(query.at)
        name = pipeline.slate_id(query, now, world.position, release.version)
        return self._trace(query, world, release, now, name, Notes())

    def observe(self, events: Sequence[Event]) -> Observed:
        """Log events and fold them in: durable when this returns, seen by the next answer.

        Rejects single events with a reason; events whose id is known already are duplicates and change nothing.
        """
        (seen,) = self.intake.take([events])
        if isinstance(seen, Exception):
            raise seen
        return seen

    def steer(self, user: str, text: str, surface: str = "") -> Steer:
        """Understand what a person asks of their lists and log it: the next answer follows it, where it is about them.

        Raises UsageError for a malformed user or text.
        """
        world = self.follower.catch_up()
        found = steerage.steer(text, surface, world.catalogue, self.clock(world), self.language)
        if rejected := self.observe([found.event(user)]).rejected:
            raise UsageError(rejected[0][1])
        return found

    def steers(self, user: str) -> tuple[Steer, ...]:
        """What a person asked of their lists and is in force now, on any surface, in order of the log."""
        world = self.follower.catch_up()
        return self.steering.of(world.timeline, user, micros(self.clock(world))).steers

    def unsteer(self, user: str, steer: str) -> None:
        """Undo what a person asked of their lists. Raises UnknownError if nothing in force has that id."""
        self.observe([steerage.undone(self.steers(user), user, steer)])

    def record(self, events: Sequence[Event]) -> int:
        """Append checked events, adding items nobody described yet; returns how many were new."""
        return self.intake.record(events)

    def put_items(self, items: Iterable[Item]) -> int:
        """Insert or replace items, recommendable at once; returns how many were new or different."""
        world = self.follower.catch_up()
        changed = news(world.catalogue, items)
        if changed:
            self.reader.items(changed)  # into the cache before anyone reads of them in the log
            now = self.clock(world)
            self.log.append(ItemChange(id=f"item:{uuid.uuid4().hex}", time=now, item=i) for i in changed)
            self.follower.catch_up()
        return len(changed)

    def withdraw(self, item: str) -> None:
        """Make an item unavailable until it is put in again. Raises UnknownError if there is no such item."""
        catalogue = self.follower.catch_up().catalogue
        if item not in catalogue.row_of:
            raise UnknownError(f"no item {item!r}")
        self.put_items([replace(catalogue.items[catalogue.row_of[item]], available=False)])

    def export(self, user: str) -> dict[str, Any]:
        """Everything that is kept about a person."""
        return privacy.export(self.log, self.states, user)

    def forget(self, user: str) -> dict[str, Any]:
        """Remove a person's events, slates and state; returns a receipt."""
        receipt = privacy.forget(self.log, self.states, user, at=datetime.now(UTC))
        self.follower.catch_up()
        self.people.forget(user)  # what an answer under way may have kept meanwhile
        self.steering.forget(user)
        return receipt

    def swap(self, release: Release) -> None:
        """Answer from another release from the next query on."""
        self.release = release

    def close(self) -> None:
        """Flush and close the stores."""
        self.closing.close()

    def _moment(self, at: datetime | None) -> tuple[World, Release, int]:
        world = self.follower.catch_up()
        if at is None:
            return world, self.release, micros(self.clock(world))
        return world, self.archive(micros(at)), micros(at)

    def _trace(self, query: Query, world: World, release: Release, now: int, seed: str, notes: Notes) -> Trace:
        person = self.people.of(world, query.user, now, release)
        notes.laps("state")
        context = self.recollection.told(release, self._context(query, world, now, person.folds, seed, notes))
        asked = self.steering.asked(context)
        lasting = query.at is None and query.item is None  # else it is about another moment than the person's own
        context = replace(context, steering=asked.deltas, made=person.made if lasting else {})
        notes.laps("context")
        return pipeline.run(release, context)

    def _context(self, query: Query, world: World, now: int, user: Folded, seed: str, notes: Notes) -> Context:
        view, known = world.timeline.until(now), world.catalogue if query.at is None else born(world.catalogue, now)
        return pipeline.context(
            query,
            now=now,
            timeline=view,
            catalogue=known,
            user=user,
            folds=self.folds,
            language=self.language,
            seed=seed,
            notes=notes,
        )

    def _picks(self, trace: Trace, release: Release, explain: bool, language: str) -> tuple[Pick, ...]:
        result, catalogue, ids = trace.result, trace.context.catalogue, self.recollection.ids
        query = trace.context.query
        top = result.take(slice(0, query.k))
        names = [catalogue.items[row].id for row in top.rows.tolist()]
        reasons = explaining.reasons(trace, release, top, ids, language) if explain else [()] * len(names)
        chances = top.columns.get(PROPENSITY, np.ones(len(top))).tolist()
        shown = zip(names, top.scores.tolist(), reasons, chances, strict=True)
        picks = [Pick(item=i, score=s, reasons=r, propensity=p) for i, s, r, p in shown]
        if query.surface == "rank" and query.candidates is not None:
            floor = min((p.score for p in picks), default=0.0)
            unknown = dict.fromkeys(c for c in query.candidates if c not in catalogue.row_of)
            picks += [Pick(item=c, score=floor) for c in unknown]
        return tuple(picks[: query.k])
