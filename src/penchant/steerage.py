"""What people asked of their lists, as it is in force: read from the log only for those who ever asked.

The timeline says whether a person has such events, and which; so a person's texts are read again only when there is a
new one, answers about the past see what counted then, and what was erased is gone.
"""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from penchant import fit
from penchant.errors import UnknownError, UsageError
from penchant.events.timeline import Timeline
from penchant.language.prompted import completed
from penchant.language.steering import LONGEST, interpret, limits
from penchant.ports import Log
from penchant.protocols import Context
from penchant.text.speech import Language
from penchant.text.steers import STEER, UNSTEER, Delta, Steer, read, said
from penchant.types import Catalogue, Event, moment

_NAMES = ("no ", "not ", "non ", "non-")  # begin names as well as requests
_PEOPLE = 5_000  # whose steers are held in memory

Entries = Mapping[int, Steer | str]  # position in the log → a steer, or the id of one that is undone there


@dataclass(frozen=True, slots=True)
class InForce:
    """The steers that count at a moment on a surface."""

    steers: tuple[Steer, ...] = ()

    @property
    def deltas(self) -> tuple[Delta, ...]:
        """All they ask for, what was said last standing last; of one thing asked twice, what was said last."""
        found: dict[object, Delta] = {}
        for delta in (d for steer in self.steers for d in steer.deltas):
            key = _thing(delta)
            found.pop(key, None)
            found[key] = delta
        return tuple(found.values())

    def said(self, language: str) -> tuple[str, ...]:
        """All they ask for, in plain words."""
        kept = set(self.deltas)
        return tuple(
            line
            for steer in self.steers
            for d, line in zip(steer.deltas, said(steer, language), strict=True)
            if d in kept
        )


def _thing(delta: Delta) -> object:
    """What a delta is about: of one attribute there is one trend, one lower bound and one upper bound."""
    if delta.aim == "trend":
        return delta.attribute
    if delta.aim == "range":
        return delta.attribute, delta.low is None, delta.high is None
    return delta.terms or delta.about, delta.attribute, delta.low, delta.high


@dataclass(slots=True)
class Steerage:
    """The steers of people, by person; threads may share it."""

    log: Log
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _read: dict[str, Entries] = field(default_factory=dict, init=False)

    def of(self, timeline: Timeline, user: str, now: int, surface: str | None = None) -> InForce:
        """What counts for a person now; `timeline` is what had happened and been read by then."""
        positions = _positions(timeline, user)
        if not positions:
            return InForce()
        known = self._entries(user, positions)
        entries = [known[p] for p in positions if p in known]
        undone = {entry for entry in entries if isinstance(entry, str)}
        then = moment(now)
        steers = (entry for entry in entries if isinstance(entry, Steer) and entry.id not in undone)
        return InForce(tuple(steer for steer in steers if steer.active(then, surface)))

    def asked(self, context: Context) -> InForce:
        """What counts for an answer: what the person asked for before, then what the request itself rules out."""
        return context.once("asked", lambda: self._asked(context))

    def _asked(self, context: Context) -> InForce:
        query, then = context.query, moment(context.now)
        found = self.of(context.timeline, query.user, context.now, query.surface)
        ruled = ruling(query.text, context.catalogue, then) if query.text else ()
        meant = tuple(d for d in ruled if fit.through(context, d).any())  # else a number was not what it seemed
        return InForce((*found.steers, Steer(id="", text="", time=then, deltas=meant))) if meant else found

    def told(self, context: Context, language: str) -> tuple[str, ...]:
        """What an answer was steered by, in plain words; for who asked nothing, nothing is looked up."""
        return self.asked(context).said(language) if context.steering else ()

    def _entries(self, user: str, positions: tuple[int, ...]) -> Entries:
        with self._lock:
            kept = self._read.pop(user, None)
            if kept is not None and all(p in kept for p in positions):
                self._read[user] = kept
                return kept
        records = [r for r in self.log.events(user) if isinstance(r.entry, Event)]
        found: dict[int, Steer | str] = {
            r.position: read(r.entry) if r.entry.kind == STEER else r.entry.text or ""
            for r in records
            if isinstance(r.entry, Event) and r.entry.kind in (STEER, UNSTEER)
        }
        with self._lock:
            self._read[user] = found
            while len(self._read) > _PEOPLE:
                del self._read[next(iter(self._read))]
        return found

    def forget(self, user: str) -> None:
        """Drop what is held of a person."""
        with self._lock:
            self._read.pop(user, None)


def _positions(timeline: Timeline, user: str) -> tuple[int, ...]:
    """Where in the log a person's steers and what undoes them lie, ascending."""
    places = timeline.places("user", timeline.users.get(user, -1))
    kinds = timeline.kind[places]
    wanted = (kinds == timeline.kinds.code(STEER)) | (kinds == timeline.kinds.code(UNSTEER))
    return tuple(np.sort(timeline.position[places[wanted]]).tolist())


def steer(text: str, surface: str, catalogue: Catalogue, now: datetime, language: Language) -> Steer:
    """Read what a person says; a surface that is given counts before one in the text. Raises UsageError for no text."""
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise UsageError(f"a steer is a text of 1 to {LONGEST:,} characters")
    found = completed(interpret(text, catalogue, now), catalogue, language.generator)
    for delta in found.deltas:  # what is matched by likeness is encoded before it is asked for
        if len(catalogue) and delta.aim == "concept" and not delta.terms:
            language.wish(delta.about)
    return Steer(
        id=uuid.uuid4().hex,
        text=text,
        time=now,
        deltas=found.deltas,
        ignored=found.ignored,
        until=found.until,
        surface=surface or found.surface,
    )


def ruling(request: str, catalogue: Catalogue, now: datetime) -> tuple[Delta, ...]:
    """What a request rules out by itself: "mugs under £5", "something for the garden, nothing red".

    What it asks for is not among it: that is ranked. A request that is nothing but a "no" may well be a name, as of a
    no smoking sign. The words of a large catalogue take a while to read, so only what may limit something is held
    against them.
    """
    if not limits(request):
        return ()
    read, name = interpret(request, catalogue, now), request.lower().startswith(_NAMES)
    found = read.deltas
    unwanted = [d for d in found if d.way == "no" and d.terms and (not name or len(found) + len(read.ignored) > 1)]
    bounded = (d for d in found if d.way in ("more", "only") and (d.low, d.high) != (None, None))
    within = [
        Delta(way="only", about=d.about, aim="range", attribute=d.attribute, low=d.low, high=d.high) for d in bounded
    ]
    return (*unwanted, *within)


def undone(steers: tuple[Steer, ...], user: str, steer_id: str) -> Event:
    """The event that undoes a steer. Raises UnknownError if none of these has the id."""
    if not any(s.id == steer_id for s in steers):
        raise UnknownError(f"nothing that is in force has the id {steer_id!r}")
    return Event(user=user, kind=UNSTEER, text=steer_id)
