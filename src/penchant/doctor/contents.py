"""What a project holds: log, items, people's state, refused rows, and the time they speak of."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

import numpy as np

from penchant import pipeline
from penchant.doctor.findings import Found, Status
from penchant.events.kinds import Kinds
from penchant.project import REJECTED, Project
from penchant.snapshots import FOLDER, Snapshots
from penchant.types import DAY, MINUTE, Columns, micros, moment

_ASKED, _SAMPLE = 20_000, 200  # people whose state is looked for, and folded again where one is kept
_FOREVER = int(np.iinfo(np.int64).max)
_END = "a restored backup, or an import into a fresh project, mends it"


def log(project: Project) -> Found:
    """Can every event be read, in order and to the end that is known of?"""
    log, read, events = project.engine.log, 0, 0
    while (tail := log.tail(read)).position > read:
        if any(b <= a for a, b in zip(tail.positions, tail.positions[1:], strict=False)):
            return "fail", f"positions do not grow behind {read:,}", _END
        read, events = tail.position, events + len(tail.positions)
    world = project.engine.follower.catch_up()
    if events < len(world.timeline):
        return "fail", f"{events:,} events can be read, {len(world.timeline):,} are known", _END
    if read < (once := max((int(m.get("position", 0)) for m in project.built.artefacts.versions()), default=0)):
        return "fail", f"it ends at position {read:,}, a release has read it up to {once:,}: its end is lost", _END
    last = f", the newest of {moment(int(world.timeline.time[-1])):%Y-%m-%d %H:%M} UTC" if len(world.timeline) else ""
    status: Status = "ok" if events else "warn"
    return status, f"{events:,} events up to position {read:,}{last}", "" if events else "import or post events"


def items(project: Project) -> Found:
    """Does the store have what the log says, each item once?"""
    ids = [item.id for item in project.engine.items.items()]
    catalogue = project.engine.follower.catch_up().catalogue
    if len(set(ids)) < len(ids):
        return "fail", f"{len(ids) - len(set(ids)):,} items are stored twice", _END
    if ids[: len(catalogue)] != [item.id for item in catalogue.items]:
        return "fail", "rows of the store and of the catalogue differ", _END
    bare = sum(not item.title for item in catalogue.items)
    if not ids or bare:
        advice = "import a catalogue with `penchant import --items`"
        return "warn", f"{len(ids):,} items, {bare:,} of them without a title", advice
    return "ok", f"{len(ids):,} items", ""


def states(project: Project) -> Found:
    """Is what is kept about people what their events make?"""
    engine = project.engine
    world = engine.follower.catch_up()
    names = [n for n in world.timeline.names if n]
    found = ((name, engine.states.get(name)) for name in names[-_ASKED:])
    checked = stale = 0
    for name, kept in islice(((name, kept) for name, kept in found if kept is not None), _SAMPLE):
        if kept.version != engine.version:
            stale += 1
            continue
        checked += 1
        view = world.timeline.until(_FOREVER, kept.position)
        if not _alike(kept.folds, pipeline.person(view, name, engine.folds)):
            return "fail", "a kept state is not what its events make", "penchant rebuild throws it away"
    outdated = f", {stale:,} of other settings that will be folded anew" if stale else ""
    return "ok", f"{len(names):,} people; {checked:,} kept states were folded again and are right{outdated}", ""


def _alike(kept: Any, folded: dict[str, Columns]) -> bool:
    """Whether two states have the same columns; a missing number equals a missing number."""
    if kept.keys() != folded.keys() or any(kept[name].keys() != folded[name].keys() for name in folded):
        return False
    pairs = [(kept[name][column], folded[name][column]) for name in folded for column in folded[name]]
    return all(np.array_equal(a, b, equal_nan=b.dtype.kind == "f") for a, b in pairs)


def snapshot(project: Project) -> Found:
    """Is the newest snapshot of the log whole, and of this log?"""
    kept, settings = Snapshots(project.folder / FOLDER), project.settings
    newest = kept.position()
    if not newest:
        return "ok", "none: a start reads the whole log", ""
    kinds, world = Kinds(settings.weights, settings.aliases), project.engine.follower.catch_up()
    found = kept.newest(kinds, settings.events.segment, project.engine.log, world.catalogue)
    if found is None or found.position < newest:
        advice = "the log is read instead; `penchant rebuild` removes it, and a server writes another"
        return "warn", f"the one up to position {newest:,} is torn, altered or not of this log", advice
    return "ok", f"up to position {newest:,}, {len(found.timeline):,} events", ""


def clock(project: Project) -> Found:
    """Does the clock agree with the newest event?"""
    world = project.engine.follower.catch_up()
    now = datetime.now(UTC) if project.settings.clock.now == "system" else project.engine.clock(world)
    if not len(world.timeline):
        return "ok", f"now is {now:%Y-%m-%d %H:%M} UTC", ""
    last = int(world.timeline.time[-1])
    ahead, behind = last - micros(now), micros(now) - last
    said = f"now is {now:%Y-%m-%d %H:%M} UTC, the newest event {moment(last):%Y-%m-%d %H:%M} UTC"
    if ahead > DAY:
        return "fail", said, "set the system's clock; until then time goes on from the newest event"
    if ahead > MINUTE:
        return "warn", said, "events of the future are not seen before their time"
    if behind > 90 * DAY:
        return "warn", said, 'historical data wants [clock] now = "log"'
    return "ok", said, ""


def rejected(project: Project) -> Found:
    """Was a row of an import refused?"""
    file = project.folder / REJECTED
    if not file.exists() or not file.stat().st_size:
        return "ok", "no row of an import was refused", ""
    with file.open("rb") as lines:
        count = torn = 0
        for line in lines:
            count, torn = count + 1, not line.endswith(b"\n")
    said = f"{count:,} rows of imports were refused" + (", the last line is torn" if torn else "")
    return "warn", said, f"each with its reason in {file}" + (", the next import drops the torn line" if torn else "")
