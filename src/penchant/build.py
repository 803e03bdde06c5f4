"""Settings → engine and jobs: the only place where names become objects and URLs become stores."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson

from penchant import plugins, shelf, snapshots
from penchant.clocks import Steady
from penchant.desk import Desk
from penchant.engine import Engine
from penchant.errors import ArtefactError, ConfigError, StoreError, UnknownError, UsageError
from penchant.evaluation.splits import Split
from penchant.events.kinds import Kinds
from penchant.language.choice import Choice
from penchant.language.copywriting import Copywriter
from penchant.language.facts import Style
from penchant.language.generators import load
from penchant.language.guarded import Guarded
from penchant.language.reader import CatalogueReader
from penchant.ports import ArtefactStore, fingerprint
from penchant.protocols import Fold, Release
from penchant.settings import GeneratorSettings, Settings
from penchant.shelf import Shelf
from penchant.snapshots import Snapshots
from penchant.stores import open as stores
from penchant.stores.database import Databases
from penchant.stores.retention import Retention
from penchant.telemetry.measures import Telemetry, log
from penchant.text.limits import Limits
from penchant.training.lessons import Budget
from penchant.training.plan import UNTRAINED, Plan
from penchant.types import NEVER, Catalogue, moment
from penchant.world import Follower, World

_UNUSABLE = (ArtefactError, UnknownError, StoreError)
_TRIED = 3  # older releases that are looked at when the promoted one cannot be used
_KEPT = 3  # releases in memory: a server that is retrained daily must not grow daily
FOLDS = ("recent", "interest", "counts", "rates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Everything a project runs on."""

    engine: Engine
    plan: Plan
    artefacts: ArtefactStore
    releases: "Releases"
    desk: Desk
    reader: CatalogueReader


def build(settings: Settings, folder: Path, encoding: Callable[[int, int], None] | None = None) -> Built:
    """Open the stores of a project and put its engine together."""
    with ExitStack() as opened:
        databases, urls = Databases(), settings.stores
        items = opened.enter_context(closing(stores.items(urls.items, folder, databases)))
        retention = _retention(settings)
        log = opened.enter_context(closing(stores.log(urls.log, folder, databases, retention=retention)))
        states = opened.enter_context(closing(stores.states(urls.state, folder, databases)))
        artefacts = opened.enter_context(closing(stores.artefacts(urls.artefacts, folder)))
        kinds = Kinds(settings.weights, settings.aliases)
        reads = settings.encoder
        choice = Choice(
            model=reads.model,
            place=encoder(settings, folder),
            pooling=reads.pooling,
            quantise=reads.quantise,
            key=reads.key,
            timeout=reads.timeout,
            released=lambda: _released(artefacts),
        )
        reader = CatalogueReader(
            choice=choice, template=reads.template, aside=reads.aside, store=items, progress=encoding
        )
        where = {"segment": settings.events.segment, **_keeping(urls.log, folder)}
        follower = Follower(log=log, items=items, reader=reader, kinds=kinds, **where)
        folds = folding()
        telemetry = Telemetry()
        generator = generating(settings.generator, telemetry)
        if generator is not None:
            opened.callback(generator.close)
        releases = Releases(plan=plan(settings), artefacts=artefacts, catalogue=lambda: follower.catch_up().catalogue)
        engine = Engine(
            items=items,
            log=log,
            states=states,
            reader=reader,
            follower=follower,
            folds=folds,
            version=_version(folds, kinds),
            release=releases.current(),
            archive=releases.of,
            generator=generator,
            telemetry=telemetry,
            clock=Steady(follower.catch_up()) if settings.clock.now == "system" else _newest,
            closing=opened.pop_all(),
        )
    desk = Desk(engine=engine, writer=writer(settings, engine))
    return Built(engine=engine, plan=releases.plan, artefacts=artefacts, releases=releases, reader=reader, desk=desk)


def _retention(settings: Settings) -> Retention:
    asked = settings.slates
    return Retention(slates=asked.kept, age=timedelta(days=asked.days), lag=asked.lag, waiting=asked.waiting)


def _keeping(log: str, folder: Path) -> dict[str, Any]:
    """Where what was read of a log and of the catalogue is kept; nowhere if the log is not kept either."""
    if log.startswith("memory:"):
        return {}
    place = folder / snapshots.FOLDER
    return {"snapshots": Snapshots(place), "share": Shelf(place / shelf.FOLDER).share}


def _released(artefacts: ArtefactStore) -> Path | None:
    """The folder of the promoted release, if it is whole."""
    try:
        return artefacts.fetch(version)[0] if (version := artefacts.current()) else None
    except (ArtefactError, UnknownError):
        return None  # the engine says what is wrong with it


def generating(settings: GeneratorSettings, telemetry: Telemetry) -> Guarded | None:
    """The generator as configured, not loaded yet."""
    if not settings.model:
        return None
    limits = Limits(**{field.name: getattr(settings, field.name) for field in fields(Limits)})
    threads = settings.threads or None
    return load(
        settings.model, key=settings.key, limits=limits, context=settings.context, threads=threads, telemetry=telemetry
    )


def encoder(settings: Settings, folder: Path) -> str:
    """The encoder as configured; a folder of the project's own stands under its name there."""
    model = settings.encoder.model
    return str(folder / model) if "/" in model and (folder / model).is_dir() else model


def folding() -> tuple[Fold, ...]:
    """The folds that make a person's state."""
    return tuple(plugins.find("folds", kind)() for kind in FOLDS)


def plan(settings: Settings) -> Plan:
    """The pipeline as configured."""
    return Plan(
        rules={part.name: part.plugin for part in settings.rules},
        sources={part.name: (part.plugin, part.limit) for part in settings.sources},
        stages={part.name: part.plugin for part in settings.stages},
        otherwise={part.name: part.otherwise for part in settings.stages if part.otherwise is not None},
        similar=settings.similar,
    )


def budget(settings: Settings) -> Budget:
    """The training budget as configured."""
    training = settings.training
    return Budget(
        ranker=training.ranker,
        gate=training.gate,
        hidden=training.hidden,
        within=training.within,
        taught=training.taught,
        cases=training.cases,
        rows=training.rows,
        seed=training.seed,
    )


class Releases:
    """Releases by version or by time, each loaded once; a release of another catalogue is refused."""

    def __init__(self, *, plan: Plan, artefacts: ArtefactStore, catalogue: Callable[[], Catalogue]) -> None:
        self.plan = plan
        self._artefacts, self._catalogue = artefacts, catalogue
        self._loaded: dict[str, Release] = {UNTRAINED: plan.release()}

    def current(self) -> Release:
        """The promoted release; if it cannot be used, which answers say, the newest whole one before it.

        The untrained pipeline where there is none.
        """
        version = self._artefacts.current() or UNTRAINED
        try:
            return self.of(version)
        except _UNUSABLE as error:
            stand_in = self._before(version)
            log.error("release %s cannot be used, %s is: %s", version, stand_in.version, error)
            return replace(stand_in, degraded=(f"release {version}: cannot be used", *stand_in.degraded))

    def _before(self, version: str) -> Release:
        """The newest release older than a version that can be used, or the untrained pipeline."""
        older = sorted(m["version"] for m in self._artefacts.versions() if m["version"] < version)
        for name in reversed(older[-_TRIED:]):
            try:
                return self.of(name)
            except _UNUSABLE as error:
                log.error("release %s cannot be used either: %s", name, error)
        return self.of(UNTRAINED)

    def of(self, key: int | str) -> Release:
        """The release of a version, or the newest one that has learned from nothing later than a time (µs)."""
        if isinstance(key, int):
            known = [m for m in self._artefacts.versions() if m.get("until", NEVER) <= key]
            key = str(max(known, key=lambda m: (m["until"], m["version"]))["version"]) if known else UNTRAINED
        if key not in self._loaded:
            folder, manifest = self._artefacts.fetch(key)
            catalogue, size = self._catalogue(), int(manifest["items"])
            if fingerprint(catalogue, size) != manifest["catalogue"]:
                raise ArtefactError(f"release {key} was trained on another catalogue; train again")
            release = self.plan.release(folder, version=key, until=int(manifest["until"]))
            now = {"encoder": catalogue.encoder, "plan": self.plan.digest()}
            other = [f"release {key}: trained with another {what}" for what in now if manifest.get(what) != now[what]]
            while len(self._loaded) > _KEPT:
                self._loaded.pop(next(k for k in self._loaded if k != UNTRAINED))
            aside = {name for name, found in manifest.get("metrics", {}).items() if "not served" in found}
            lacking = [note for note in release.degraded if note.split(":")[0] not in aside]
            self._loaded[key] = replace(release, degraded=(*other, *lacking))
        return self._loaded[key]

    def before(self, version: str, parts: Split) -> Release:
        """A release by its version. Raises UsageError if it has seen any of what the split asks."""
        release = self.of(version)
        if parts.frozen or release.until >= parts.cut:
            learned = f"{moment(release.until):%Y-%m-%d %H:%M}"
            raise UsageError(f"release {version} learned from events up to {learned}: it has seen what is asked")
        return release


def described(world: World, plan: Plan, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of what was trained on a world."""
    size = len(world.catalogue)
    return {
        "until": int(world.timeline.time[-1]) if len(world.timeline) else 0,
        "position": world.position,
        "items": size,
        "catalogue": fingerprint(world.catalogue, size),
        "encoder": world.catalogue.encoder,
        "plan": plan.digest(),
        "events": len(world.timeline),
        "metrics": metrics,
        "penchant": metadata.version("penchant"),
    }


def writer(settings: Settings, engine: Engine) -> Copywriter:
    """Who writes about picks, as configured."""
    asked = settings.copy
    if asked.write == "generator" and engine.generator is None:
        raise ConfigError('[copy] write is "generator", and [generator] names no model; it is wanted, or "template"')
    return Copywriter(
        style=Style(**{field.name: getattr(asked, field.name) for field in fields(Style)}),
        generator=engine.generator if asked.write == "generator" else None,
        deadline=asked.deadline,
        at_once=asked.at_once,
        moderators=tuple(part.plugin for part in settings.moderators),
        telemetry=engine.telemetry,
    )


def _version(folds: tuple[Fold, ...], kinds: Kinds) -> str:
    made = [(repr(fold), list(fold.start())) for fold in folds], kinds.names, kinds.weights.tolist()
    return hashlib.blake2b(orjson.dumps(made), digest_size=8).hexdigest()


def _newest(world: World) -> datetime:
    return moment(int(world.timeline.time[-1])) if len(world.timeline) else datetime.now(UTC)
