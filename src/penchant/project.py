"""A project: a folder with a penchant.toml, and everything one can do with it from Python."""

import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any, Self

from penchant import config
from penchant.build import Built, budget, build, described, encoder
from penchant.catalogue import ingest
from penchant.catalogue.summary import Summary
from penchant.checks import Observed
from penchant.errors import UsageError
from penchant.evaluation import blending, diagnosis, logged, offpolicy, report, splits
from penchant.evaluation.replay import Progress, Replay, one_thread, replaying
from penchant.language.copywriting import Piece
from penchant.text.steers import Steer
from penchant.training import finetune, studies, tuning
from penchant.training.jobs import train
from penchant.training.rehearsal import rehearse
from penchant.types import Event, Pick, Query, Slate, Value, moment

REJECTED = "rejected.jsonl"


def quiet(what: str, done: int, total: int) -> None:
    """Show no progress."""


class Project:
    """An open project. Use it as a context manager; closing flushes what is still buffered."""

    def __init__(self, folder: str | Path, *, progress: Progress = quiet) -> None:
        self.folder = Path(folder)
        self.settings = config.read(self.folder)
        self.progress = progress
        self.built: Built = build(self.settings, self.folder, lambda done, total: progress("encode items", done, total))
        self.engine = self.built.engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Flush and close the stores."""
        self.engine.close()

    def recommend(
        self,
        user: str,
        *,
        k: int = 10,
        text: str | None = None,
        item: str | None = None,
        context: Mapping[str, Value] | None = None,
        candidates: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        at: datetime | None = None,
        surface: str = "home",
        explain: bool = False,
        language: str = "en",
    ) -> Slate:
        """Offer a person at most `k` items, best first.

        `text` is a wish in plain words, `item` what the person is looking at, `candidates` the only items allowed,
        `at` an aware moment as of which to answer. Reasons are filled in if `explain`, in `language` "en" or "zh".
        Raises UsageError for a malformed query.
        """
        query = Query(
            user=user,
            k=k,
            surface=surface,
            text=text,
            item=item,
            candidates=None if candidates is None else tuple(candidates),
            context=dict(context or {}),
            exclude=tuple(exclude),
            at=at,
        )
        return self.engine.recommend(query, explain=explain, language=language)

    def similar(self, item: str, *, k: int = 10) -> list[Pick]:
        """What is like an item, best first. Raises UnknownError if there is no such item."""
        return self.engine.similar(item, k)

    def copy(self, user: str | None = None, *, items: Sequence[str] = (), **asked: Any) -> list[Piece]:
        """Write a sentence or two about each pick of a slate, or about items for a person; see `[copy]`.

        With a `user` alone it is about what they would be offered now, with `items` alone for nobody in particular.
        Options: `slate` (its id, instead of a user), `k` (how many picks, 10), `language` ("en" or "zh").
        Raises UnknownError for a slate, person or item that is not known.
        """
        told = self.built.desk.told(user=user, items=items, **asked)
        return [piece for piece in told if isinstance(piece, Piece)]

    def why(self, slate: str, item: str, *, language: str = "en") -> dict[str, Any]:
        """Why an item is in a slate, or where it was lost."""
        return self.engine.why(slate, item, language)

    def observe(self, events: Iterable[Event]) -> Observed:
        """Log events: durable when this returns, seen by the next answer."""
        return self.engine.observe(list(events))

    def steer(self, user: str, text: str, *, surface: str = "") -> Steer:
        """Take in "less crypto for 3 days": the next answer follows it. Says what was understood, and until when."""
        return self.engine.steer(user, text, surface)

    def steers(self, user: str) -> tuple[Steer, ...]:
        """What a person asked of their lists and is in force now."""
        return self.engine.steers(user)

    def unsteer(self, user: str, steer: str) -> None:
        """Undo what a person asked of their lists. Raises UnknownError if nothing in force has that id."""
        self.engine.unsteer(user, steer)

    def import_items(self, source: ingest.Source, **options: Any) -> Summary:
        """Import a catalogue from a file, a DataFrame or a list of dicts; docs/howto/import-your-data.md lists columns.

        Options: `columns` (column → field), `time_unit` ("s", "ms", "us" or "ns"), `dry_run`.
        """
        return ingest.import_items(source, self.engine.put_items, **self._options("items", options))

    def import_events(self, source: ingest.Source, **options: Any) -> Summary:
        """Import what people did; importing the same rows again changes nothing. Options as for `import_items`."""
        kinds = self.engine.follower.catch_up().timeline.kinds.canonical
        options = {"default_kind": self.settings.events.default or None, **self._options("events", options)}
        summary = ingest.import_events(source, self.engine.record, kinds=kinds, **options)
        self.engine.follower.keep()
        unknown = sorted(summary.kinds.keys() - self.settings.weights.keys())
        weight = self.settings.weights["other"]
        notes = (f"kind {k} has no weight of its own in [events] weights: it counts {weight:+}" for k in unknown[:20])
        return replace(summary, notes=(*summary.notes, *notes))

    def import_users(self, source: ingest.Source, **options: Any) -> Summary:
        """Import attributes of people, kept as events of the kind `profile`. Options as for `import_items`."""
        return ingest.import_users(source, self.engine.record, **self._options("users", options))

    def _options(self, what: str, options: dict[str, Any]) -> dict[str, Any]:
        def show(done: int, total: int | None, share: float) -> None:
            self.progress(f"import {what}", done, total or max(done, round(done / max(share, 1e-9))))

        return {"rejected": self.folder / REJECTED, "progress": show, **options}

    def train(self) -> dict[str, Any]:
        """Train every recipe on the whole log, publish and promote a release; returns its manifest."""
        world, limits = self.engine.follower.catch_up(), budget(self.settings)
        if not len(world.catalogue):
            raise UsageError(f"{self.folder}: nothing to learn from yet; import items or events first")
        with tempfile.TemporaryDirectory(prefix="penchant-") as scratch:
            metrics = train(self.built.plan, self._replay(), limits, Path(scratch), self.progress, log=self.engine.log)
            metrics["encoder"] = self.built.reader.export(world.catalogue.items, Path(scratch))
            manifest = described(world, self.built.plan, metrics)
            version = self.built.artefacts.publish(Path(scratch), manifest)
        self.promote(version)
        return {**manifest, "version": version}

    def finetune(self, *, cut: str | float | None = None) -> finetune.Tuned:
        """Teach the encoder what happened, before a `cut` as in [evaluation] if one is given; it is not served yet."""
        base, folder = encoder(self.settings, self.folder), self.folder / finetune.FOLDER
        past, text = finetune.before(self._replay(), cut), self.engine.reader.text
        return finetune.finetune(self.settings.language, base, past, text, folder, self.progress)

    def evaluate(
        self, *, protocol: str = "time", baselines: bool = True, slices: Sequence[str] = (), freshness: bool = False
    ) -> report.Report:
        """Train on the past, replay the future, rank the whole catalogue, and set baselines beside it.

        `protocol` is "time" (see [evaluation]) or "leave-one-out"; `slices` names attributes of items or people, or
        keys of the context, to look at apart; `freshness` asks again with a state that is an hour and a day old.
        """
        asked, replay = self.settings.evaluation, self._replay()
        question = report.Question(
            cut=asked.cut,
            target=asked.target,
            cases=asked.cases,
            protocol=protocol,
            baselines=baselines,
            slices=tuple(slices),
            freshness=freshness,
        )
        parts = splits.split(replay.timeline, protocol, asked.cut, asked.target, asked.cases)
        finetune.warn(encoder(self.settings, self.folder), parts.cut)
        past, limits = replace(replay, timeline=parts.past), budget(self.settings)
        began = time.perf_counter()
        learned = rehearse(self.built.plan, past, limits, version="evaluated", until=parts.cut, progress=self.progress)
        return report.evaluate(
            learned.release,
            replay,
            parts,
            question,
            tuned=blending.tune(past, learned.release, limits.ranker, self.progress) if baselines else None,
            training=learned.metrics,
            trained=time.perf_counter() - began,
            log=self.engine.log,
            progress=self.progress,
        )

    def estimate(self, *, cut: str | float | None = None, clip: float = inf) -> offpolicy.Estimates:
        """Train as configured on the past, and estimate from the slates logged since what its lists would have earned.

        `cut` as in [evaluation]; an item's reward is the largest weight of the events that name its slate, and what
        one of them is worth more than `clip` others counts as `clip`. Raises UsageError if no slate was logged after
        the cut. The better the log covers what is asked (stage `explore`), the more it can tell.
        """
        replay = self._replay()
        begin = splits.instant_of(replay.timeline, self.settings.evaluation.cut if cut is None else cut)
        evidence = logged.slates(self.engine.log, replay, begin)
        if not evidence:
            raise UsageError(f"no slates of known people were logged from {moment(begin):%Y-%m-%d %H:%M} UTC on")
        past, limits = replace(replay, timeline=replay.timeline.until(begin - 1)), budget(self.settings)
        made = rehearse(self.built.plan, past, limits, version="estimated", until=begin, progress=self.progress)
        with one_thread():
            shown = logged.shown(evidence, replay, made.release, self.progress)
        return offpolicy.estimate(shown, clip=clip)

    def tune(
        self, *, trials: int = 20, minutes: float = inf, protocol: str = "time", cases: int | None = None
    ) -> tuning.Tuning:
        """Search for better settings on the newest part of what happened before the evaluation's cut; changes nothing.

        `trials` is per search; what was tried is kept in tune.db and not tried again. After `minutes` no new trial
        begins. At most `cases` questions are asked. Raises UsageError if Optuna is not installed.
        """
        asked, most = self.settings.evaluation, cases or min(self.settings.evaluation.cases, tuning.CASES)
        given = tuning.validation(self._replay(), protocol, asked.cut, asked.target, most)
        limits = budget(self.settings)
        with studies.kept(self.folder / tuning.FILE) as storage:
            search = studies.Search(storage=storage, trials=trials, seed=limits.seed, progress=self.progress)
            return tuning.tune(self.built.plan, given, limits, search, minutes)

    def diagnose(
        self, *, protocol: str = "time", cases: int | None = None, release: str | None = None
    ) -> diagnosis.Diagnosis:
        """Say where wanted items are lost, what each source brings, which columns decide and what has drifted.

        Trains on the past and asks like `evaluate`, at most `cases` questions. A `release` that learned from nothing
        behind the cut may be asked instead; what its ranker learned from is not known then, nor its drift.
        """
        asked, replay = self.settings.evaluation, self._replay()
        parts = splits.split(replay.timeline, protocol, asked.cut, asked.target, cases or asked.cases)
        if release is not None:
            return diagnosis.diagnose(self.built.releases.before(release, parts), replay, parts, None, self.progress)
        past, limits = replace(replay, timeline=parts.past), budget(self.settings)
        made = rehearse(self.built.plan, past, limits, version="diagnosed", until=parts.cut, progress=self.progress)
        return diagnosis.diagnose(made.release, replay, parts, made.lesson, self.progress)

    def _replay(self) -> Replay:
        return replaying(self.engine, self.built.plan.stages.values())

    def releases(self) -> list[dict[str, Any]]:
        """Manifests of the releases, oldest first, the promoted one marked `current`."""
        current = self.built.artefacts.current()
        return [{**m, "current": m["version"] == current} for m in self.built.artefacts.versions()]

    def promote(self, version: str) -> None:
        """Serve another release, newer or older. Raises UnknownError if there is no such version."""
        release = self.built.releases.of(version)
        self.built.artefacts.promote(version)
        self.engine.swap(release)

    def rebuild(self) -> None:
        """Throw away what is kept about people and of the log; it is folded from the log again."""
        self.engine.states.clear()
        self.engine.follower.rebuild()

    def export(self, user: str) -> dict[str, Any]:
        """Everything that is kept about a person."""
        return self.engine.export(user)

    def forget(self, user: str) -> dict[str, Any]:
        """Remove a person's events, slates and state; returns a receipt."""
        receipt = self.engine.forget(user)
        self.engine.follower.keep()
        return receipt
