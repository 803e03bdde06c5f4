"""A person's state as it is kept: what the log has and the state store has not read yet is folded in when they ask.

Those who asked last stay in memory, with what sources and stages made of nothing but their state, the catalogue and
the release (see `Context.lasting`); one more event of theirs, and all of it is made anew.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penchant import pipeline
from penchant.ports import State, StateStore, digest
from penchant.protocols import Fold, Release
from penchant.state.folds import fold
from penchant.types import Array, Catalogue, Columns
from penchant.world import World

Folded = Mapping[str, Columns]  # fold name → that fold's state
_ROOM = 8_000_000  # numbers that are held of all people together, of about eight per item and person
_FEWEST, _MOST = 32, 5_000  # people who are held


@dataclass(frozen=True, slots=True)
class Person:
    """The folds of a person, and what was made of them."""

    folds: Folded
    made: dict[Any, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Held:
    key: tuple[int, int]  # how many events, and where the last one stands in the log
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The folds of people, over a store that may lose them; `version` names the folds and kinds that made them."""

    states: StateStore
    folds: Sequence[Fold]
    version: str
    _held: dict[str, _Held] = field(default_factory=dict, init=False)  # who asked last stands last
    _using: list[object] = field(default_factory=list, init=False)  # release and catalogue of all that was made
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, world: World, user: str, now: int, release: Release) -> Person:
        """The person as of a moment."""
        timeline = world.timeline
        places = timeline.places("user", timeline.users.get(user, -1))
        if not len(places):
            return Person(self._nobody(world, user))
        last = int(places[-1])
        if timeline.time[last] > now:  # a moment of the past
            return Person(pipeline.person(timeline.until(now), user, self.folds))
        key = len(places), int(timeline.position[last])
        with self._lock:
            held = self._held.get(user)
        folds = held.person.folds if held and held.key == key else self._folded(world, user, places)
        with self._lock:
            self._settle(release, world.catalogue)
            held = self._held.pop(user, None)
            if held is None or held.key != key:
                held = _Held(key, Person(folds))
            self._held[user] = held
            while len(self._held) > min(max(_ROOM // (8 * len(world.catalogue) + 1), _FEWEST), _MOST):
                del self._held[next(iter(self._held))]
            return held.person

    def _settle(self, release: Release, catalogue: Catalogue) -> None:
        """Let go of all that was made with another release or catalogue, or those would stay in memory."""
        if len(self._using) == 2 and self._using[0] is release and self._using[1] is catalogue:
            return
        self._using[:] = release, catalogue
        for held in self._held.values():
            held.person = Person(held.person.folds)

    def forget(self, user: str) -> None:
        """Drop what is held and kept of a person."""
        with self._lock:
            self._held.pop(user, None)
        self.states.delete(user)

    def _nobody(self, world: World, user: str) -> Folded:
        self._kept(world, user)  # an erased person's is deleted
        return {f.name: f.start() for f in self.folds}

    def _folded(self, world: World, user: str, places: Array) -> Folded:
        """The folds, from what is kept on."""
        timeline, kept = world.timeline, self._kept(world, user)
        fresh = places if kept is None else places[timeline.position[places] > kept.position]
        if kept is not None and not len(fresh):
            return dict(kept.folds)
        folded = fold(self.folds, timeline.events(fresh), dict(kept.folds) if kept else None)
        self.states.put(user, State(position=world.position, version=self.version, folds=folded))
        return folded

    def _kept(self, world: World, user: str) -> State | None:
        """What is kept and can be gone on from."""
        kept = self.states.get(user)
        if kept is not None and kept.position < world.erased.get(digest(user), 0):
            self.states.delete(user)
            return None
        usable = kept is not None and kept.version == self.version and kept.position <= world.position
        return kept if usable else None
