"""What happened so far, as numpy columns in time order: the one state that everybody shares.

A Timeline is a value: `append` and `until` return another one and never change what an older one sees. Views
share their buffers, so the past of any moment costs nothing: live serving, replay and training read the same columns.
Popularity is a difference of two prefixes; a person's past and an item's audience are postings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np

from penchant.events.buffers import COLUMNS, Buffers, Tally
from penchant.events.kinds import Kinds
from penchant.events.loops import spans, tallied
from penchant.events.names import Names, Users
from penchant.events.postings import Postings
from penchant.events.segments import Segments
from penchant.types import Array, Columns, Rows

T = TypeVar("T")
UNITS = 1_000  # weights are counted in whole thousandths, so that sums do not depend on their order
CODED = ("user", "item")  # columns that have a posting index
_TALLIES = 200  # windows, of everybody or of a segment, whose counts are kept
_MARGIN = 1_000  # newest events that a posting index leaves out,
_LATE = 500  # or one in so many, if that is more
_TAIL = 20_000  # events that may follow the last posting index before it is built again


@dataclass(frozen=True, slots=True)
class Events:
    """Some events as columns in time order; `item` is -1 where an event names no item."""

    time: Array  # int64, microseconds since 1970
    item: Rows
    kind: Array  # int16, codes of `Kinds`
    value: Array  # float32, NaN where none was given
    weight: Array  # float32, the kind's weight
    position: Array  # int64, place in the log

    def __len__(self) -> int:
        return len(self.time)

    def take(self, where: Array | slice) -> "Events":
        """Keep by mask, positions or slice."""
        return Events(*(getattr(self, name)[where] for name in self.__slots__))


class Timeline:
    """A view of the first `n` events, in order of time and, within one time, of arrival."""

    def __init__(self, kinds: Kinds, segments: Segments | None = None) -> None:
        self.kinds = kinds
        self.segments = segments or Segments()
        self.names = Names()  # code → person; empty where a person was erased
        self.users = Users(self.names)  # person → code
        self._buffers = Buffers({name: np.zeros(0, dtype) for name, dtype in COLUMNS.items()}, 0)
        self.n = 0

    @classmethod
    def resumed(cls, kinds: Kinds, segments: Segments, names: Names, buffers: Buffers) -> Self:
        """The timeline of people and events that were kept."""
        line = cls(kinds, segments)
        line.names, line.users = names, Users(names)
        return line._view(buffers, buffers.filled)

    def _view(self, buffers: Buffers, n: int) -> Self:
        view = object.__new__(type(self))
        view.kinds, view.users, view.names, view.segments = self.kinds, self.users, self.names, self.segments
        view._buffers, view.n = buffers, n
        return view

    def __len__(self) -> int:
        return self.n

    def __getattr__(self, name: str) -> Array:
        if name in COLUMNS:
            column: Array = self._buffers.columns[name][: self.n]
            return column
        raise AttributeError(name)

    def codes(self, users: Sequence[str]) -> Array:
        """Codes of people, given out in order of first appearance."""
        return self.names.coded(users)

    def erase(self, user: str) -> None:
        """Forget a person's name, in every view; their code stays taken."""
        code = self.users[user]
        self.names.erase(code)
        self.segments.forget(code)

    def append(self, columns: Columns) -> Self:
        """A timeline with more events (columns of `COLUMNS`; `segment` may be missing), late ones in their place."""
        more = len(columns["time"])
        if not more:
            return self
        columns = {"segment": np.full(more, -1, np.int16), **columns}
        order = np.lexsort((columns["position"], columns["time"]))
        last = self.time[-1] if self.n else np.iinfo(np.int64).min
        with self._buffers.lock:
            if columns["time"][order[0]] >= last and self._buffers.filled == self.n:
                buffers = self._buffers.room(more)
                for name in COLUMNS:
                    buffers.columns[name][self.n : self.n + more] = columns[name][order]
                buffers.filled = self.n + more
                return self._view(buffers, self.n + more)
        return self._inserted(columns, order)

    def _inserted(self, columns: Columns, order: Array) -> Self:
        """A timeline in buffers of its own, in which late events stand in their places."""
        place = int(np.searchsorted(self.time, columns["time"][order[0]], side="right"))
        tail = {name: np.concatenate([getattr(self, name)[place:], columns[name]]) for name in COLUMNS}
        resort = np.lexsort((tail["position"], tail["time"]))
        buffers = self._buffers.cut(place, len(resort))  # what was derived from before the place is still true
        for name in COLUMNS:
            buffers.columns[name][place : place + len(resort)] = tail[name][resort]
        buffers.filled = place + len(resort)
        return self._view(buffers, buffers.filled)

    def until(self, time: int, position: int | None = None) -> Self:
        """What had happened by `time` (µs) and, if given, been logged up to `position`."""
        n = int(np.searchsorted(self.time, time, side="right"))
        logged = self.position[:n]
        if position is None or not n or logged.max() <= position:
            return self._view(self._buffers, n)
        if (np.diff(logged) >= 0).all():  # nothing came late: a prefix in both orders
            return self._view(self._buffers, int(np.searchsorted(logged, position, side="right")))
        return self.where(np.flatnonzero(self.position[:n] <= position))

    def where(self, keep: Array) -> Self:
        """A timeline of its own with only these events (ascending places)."""
        columns = {name: getattr(self, name)[keep] for name in COLUMNS}
        return self._view(Buffers(columns, len(keep)), len(keep))

    def events(self, places: Array | slice) -> Events:
        """The events at these places."""
        kind = self.kind[places]
        return Events(
            self.time[places],
            self.item[places],
            kind,
            self.value[places],
            self.kinds.weights[kind],
            self.position[places],
        )

    def positive(self) -> Array:
        """Ascending places of the positive events with an item."""
        return np.flatnonzero((self.kinds.weights[self.kind] > 0) & (self.item >= 0))

    def glance(self, rows: Rows, now: int) -> Events:
        """A view of each of these items at this moment, which is in no log: its position is -1."""
        size = len(rows)
        kind = np.full(size, self.kinds.code("view"), dtype=np.int16)
        weight = np.maximum(self.kinds.weights[kind], 0.1)
        return Events(np.full(size, now), rows, kind, np.full(size, np.nan, np.float32), weight, np.full(size, -1))

    def postings(self, column: str) -> Postings:
        """Postings of `user` or `item`; the events behind `postings.size` are not in them yet."""
        ready = self._buffers.postings.get(column)
        if ready is None or self.n - ready.size > max(_TAIL, ready.size // 8):
            ready = Postings(column, self.indexed(self._buffers.filled))
            self._buffers.postings[column] = ready
        return ready

    def indexed(self, filled: int) -> Columns:
        """The columns of an index over the first `filled` events: events a little late leave it whole."""
        behind = max(_MARGIN, filled // _LATE) if filled > 10 * _MARGIN else 0
        return {name: self._buffers.columns[name][: filled - behind] for name in (*CODED, "kind", "time")}

    def places(self, column: str, code: int) -> Array:
        """Ascending places of the events whose `user` or `item` is `code`."""
        index, late = self._indices(column)
        parts = [part.places(code, self.n) for part in (index, late) if part.begin < self.n]
        tail = getattr(self, column)[late.end :]
        return np.concatenate([*parts, late.end + np.flatnonzero(tail == code)])

    def spans(self, column: str, codes: Array, last: int) -> tuple[Array, ...]:
        """Where the `last` newest events of each of several codes of `user` or `item` lie: see `loops.spans`."""
        index, late = self._indices(column)
        behind, tail = (late.begin, late.order, late.starts), getattr(self, column)[late.end :]
        return spans(index.order, index.starts, behind, tail, np.asarray(codes, dtype=np.int64), last, self.n)

    def _indices(self, column: str) -> tuple[Postings, Postings]:
        """The index of a column, and a small one of the events that followed; a few follow that as well."""
        index = self.postings(column)
        late = self._buffers.late.get(column)
        old = late is None or late.begin != index.end
        if late is None or old or self.n - late.end > max(2 * _MARGIN, late.size // 16):
            end = max(index.end, self._buffers.filled - _MARGIN)
            late = Postings(column, {column: self._buffers.columns[column][index.end : end]}, index.end)
            self._buffers.late[column] = late
        return index, late

    def columns(self, by: str, names: Sequence[str]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Columns in the order of the index of `user` or `item`, and in that of the timeline."""
        index = self.postings(by)
        return tuple(index.columns[name] for name in names), tuple(getattr(self, name) for name in names)

    @property
    def apart(self) -> bool:
        """Whether this process made an index of its own beside those of the snapshot that it shares."""
        own = any(not index.mapped for index in dict(self._buffers.postings).values())
        return own and self._buffers.base is not None

    def inherit(self, other: Self) -> None:
        """Take over the counts of another timeline of the same events."""
        if len(self) == len(other):
            self._buffers.tallies.update(dict(other._buffers.tallies))

    def segment_of(self, user: str) -> int:
        """The segment of a person, as of their newest event; -1 where none is known."""
        places = self.places("user", self.users.get(user, -1))
        return int(self.segment[places[-1]]) if len(places) else -1

    def tally(self, window: int | None, now: int, size: int, segment: int = -1) -> Array:
        """Weighted events per item in (now − window, now], all time if None, of all people or of a segment's:
        float64, whole numbers of `UNITS`.
        """
        return self._tally(window, now, size, segment).counts[:size]

    def tallied(self, make: Callable[[Array], T], name: object, window: int | None, now: int, size: int) -> T:
        """What is made of a tally, kept until its counts move; `name` says what, and on what else it depends."""
        tally, key = self._tally(window, now, size, -1), (name, size)
        if key not in tally.made:
            tally.made[key] = make(tally.counts[:size])
        value: T = tally.made[key]
        return value

    def _tally(self, window: int | None, now: int, size: int, segment: int) -> Tally:
        lo = 0 if window is None else int(np.searchsorted(self.time, now - window, side="right"))
        hi = self.n if window is None else int(np.searchsorted(self.time, now, side="right"))
        kept, key = self._buffers.tallies, (window, segment)
        ready = kept.get(key)
        if ready is not None and (ready.lo, ready.hi) == (lo, hi) and len(ready.counts) >= size:
            return ready
        if ready is None or len(ready.counts) < size or abs(ready.lo - lo) + abs(ready.hi - hi) > hi - lo:
            counts = self._count(np.zeros(size), lo, hi, segment)
        else:
            counts = ready.counts.copy()
            for before, after, sign in ((ready.lo, lo, -1), (ready.hi, hi, 1)):
                self._count(counts, min(before, after), max(before, after), segment, sign if after > before else -sign)
        if key not in kept and len(kept) >= _TALLIES:
            kept.pop(tuple(kept)[0], None)  # noqa: RUF015 - others may be adding to it
        kept[key] = found = Tally(lo, hi, counts)
        return found

    def _count(self, counts: Array, lo: int, hi: int, segment: int, sign: int = 1) -> Array:
        """The counts with the events of these places added."""
        told = tuple(self._buffers.columns[name][lo:hi] for name in ("item", "kind", "segment"))
        tallied(counts, told, sign * np.rint(self.kinds.weights.astype(np.float64) * UNITS), segment)
        return counts

    def first_seen(self, rows: Rows) -> Array:
        """Time of the first event of each item, int64 µs; the largest int64 where there is none."""
        never = np.iinfo(np.int64).max
        first, parts = np.full(len(rows), never), self._indices("item")
        for part in parts:
            starts, ends = part.bounds(rows)
            some = np.flatnonzero((first == never) & (ends > starts))
            place = part.begin + part.order[starts[some]]
            known = place < self.n
            first[some[known]] = self.time[place[known]]
        item, time = self.item[parts[1].end :], self.time[parts[1].end :]
        if len(item) and (first == never).any():
            for at in np.flatnonzero((first == never) & np.isin(rows, item)):
                first[at] = time[np.argmax(item == rows[at])]
        return first
