"""The board: the trained pipeline, each single expert and a tuned blend, on the same questions with the same masks."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np

from penchant.evaluation import bootstrap, metrics
from penchant.evaluation.answers import Asked
from penchant.evaluation.blending import Tuned
from penchant.evaluation.calibration import calibration
from penchant.evaluation.freshness import freshness
from penchant.evaluation.playback import BLEND, SYSTEM, Playback, heard, histogram, play, quantiles
from penchant.evaluation.replay import Progress, Replay
from penchant.evaluation.satisfaction import refused, satisfaction
from penchant.evaluation.segments import segments
from penchant.evaluation.slices import Slice, gaps, measured, slices
from penchant.evaluation.splits import Split, digest
from penchant.evaluation.surfaces import surfaces
from penchant.events.timeline import UNITS
from penchant.ports import Log
from penchant.protocols import Release
from penchant.types import Array, moment

SLICES = ("all", "repeats", "novel", "cold")  # those that every board has
Values = dict[str, dict[str, dict[str, Array]]]  # slice → model → measure → per question


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is evaluated; see [evaluation]."""

    cut: str | float
    target: str
    cases: int
    protocol: str = "time"
    baselines: bool = True
    k: int = 10
    slices: tuple[str, ...] = ()  # attributes of items or people, or of the context, to slice by
    freshness: bool = False  # also ask with a state that is an hour and a day old


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of an evaluation."""

    question: Question
    digest: str
    cut: str
    questions: int
    rows: Mapping[str, Mapping[str, Any]]  # name → slice → measures
    against: Mapping[str, tuple[float, float, float]]  # name → NDCG difference and its 95 % interval
    gaps: Mapping[str, Mapping[str, Any]]  # slice → name → NDCG difference, its interval over all slices, p
    chosen: tuple[str, ...]  # the expert and the blend that were chosen on validation
    satisfaction: Mapping[str, Mapping[str, Any]]  # name → what hits were worth, and how many were refused
    calibration: Sequence[Mapping[str, Any]]  # margins in ten groups, with the rate of hits
    freshness: Mapping[str, Mapping[str, Any]]  # lag of the state → NDCG
    surfaces: Sequence[Mapping[str, Any]]  # what people did with logged slates, by surface and release
    latency: Mapping[str, float]  # milliseconds of the whole pipeline
    histogram: Mapping[str, Sequence[float]]  # of those milliseconds
    seconds: Mapping[str, float]  # training and replay
    training: Mapping[str, Any]
    values: Values = field(default_factory=dict)  # every measure of every question; not part of the document

    def document(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        kept = (f.name for f in fields(self) if f.name not in ("values", "question"))
        return {"question": asdict(self.question), **{name: getattr(self, name) for name in kept}}

    def behind(self) -> list[tuple[str, str]]:
        """Slices on which the system is worse than what was chosen on validation, with its name: it loses there."""
        return [(where, n) for where, found in self.gaps.items() for n in self.chosen if found[n]["high"] < 0]


def evaluate(
    release: Release,
    replay: Replay,
    parts: Split,
    question: Question,
    *,
    tuned: Tuned | None = None,
    training: Mapping[str, Any] | None = None,
    trained: float = 0.0,
    log: Log | None = None,
    progress: Progress,
) -> Report:
    """Ask a release, trained on `parts.past`, every case of the split; baselines answer the same ones.

    `training` and `trained` are the metrics and seconds of the training, for the record; `log` is read for slices by
    context or profile, and for what people did with slates.
    """
    began = time.perf_counter()
    played, asked = play(replay, parts, release, tuned, question.k, question.baselines, progress)
    found = _sliced(played, asked, replay, parts, question, log)
    ndcg = {name: values["ndcg"] for name, values in found["all"].items()}
    late = (
        freshness(heard(replay, parts), release, parts.cases, asked, ndcg[SYSTEM], question.k, progress)
        if question.freshness and not parts.frozen
        else {}
    )
    sorry = refused(replay.timeline, asked)
    ahead = _ahead(ndcg, asked)
    return Report(
        question=replace(question, target=parts.target or question.target),
        digest=digest(replay.timeline, replay.catalogue, parts.cases),
        cut=f"{moment(parts.cut):%Y-%m-%d %H:%M}",
        questions=len(parts.cases),
        rows=_rows(found, played, replay, parts, asked),
        against=ahead,
        gaps=_gaps(found, asked),
        chosen=_chosen(training or {}, ahead),
        satisfaction={
            name: satisfaction(asked, sorry, model.outcomes(asked).ranks, question.k)
            for name, model in played.models.items()
        },
        calibration=calibration(played.margins, played.hits),
        freshness=late,
        surfaces=surfaces(log, replay.timeline.kinds) if log else [],
        latency=quantiles(played.took),
        histogram=histogram(played.took),
        seconds={"train": trained, "replay": time.perf_counter() - began},
        training={**(training or {}), **({"blend": tuned.weights} if tuned else {})},
        values=found,
    )


def _sliced(
    played: Playback, asked: Asked, replay: Replay, parts: Split, question: Question, log: Log | None
) -> Values:
    """Every measure of every question, by slice and model; slices without questions are left out but the usual ones."""
    labels = segments(question.slices, asked, parts.cases, replay.timeline, replay.catalogue, log) if log else {}
    known = heard(replay, parts).timeline
    born = np.minimum(known.first_seen(asked.rows), asked.time[asked.owner])
    learned = parts.past.tally(None, parts.cut, len(replay.catalogue))[asked.rows] > 0
    found = slices(asked, born, learned, labels)
    kept = {name: part for name, part in found.items() if name in SLICES or part.counts.any()}
    return {name: _measured(part, played, asked, question.k) for name, part in kept.items()}


def _measured(part: Slice, played: Playback, asked: Asked, k: int) -> dict[str, dict[str, Array]]:
    return {name: measured(model, asked, part, k) for name, model in played.models.items()}


def _rows(found: Values, played: Playback, replay: Replay, parts: Split, asked: Asked) -> dict[str, dict[str, Any]]:
    fame = np.maximum(parts.past.tally(None, parts.cut, len(replay.catalogue)), 0) / UNITS
    names = list(played.models)
    ndcg = np.stack([found["all"][name]["ndcg"] for name in names], axis=1)
    held = bootstrap.means(ndcg, asked.people)
    rows: dict[str, dict[str, Any]] = {}
    for name, reach in zip(names, held, strict=True):
        rows[name] = {where: _summary(models[name]) for where, models in found.items()}
        rows[name]["all"] |= metrics.lists(played.models[name].tops, replay.catalogue, fame)
        rows[name]["all"]["interval"] = (reach.low, reach.high)
    return rows


def _summary(values: Mapping[str, Array]) -> dict[str, Any]:
    return {**metrics.mean(values), "cases": int(np.count_nonzero(~np.isnan(values["ndcg"])))}


def _ahead(ndcg: Mapping[str, Array], asked: Asked) -> dict[str, tuple[float, float, float]]:
    others = [name for name in ndcg if name != SYSTEM]
    if not others:
        return {}
    gap = np.stack([ndcg[SYSTEM] - ndcg[name] for name in others], axis=1)
    held = bootstrap.means(gap, asked.people)
    return {name: (h.mean, h.low, h.high) for name, h in zip(others, held, strict=True)}


def _gaps(found: Values, asked: Asked) -> dict[str, dict[str, Any]]:
    ndcg = {where: {name: values["ndcg"] for name, values in models.items()} for where, models in found.items()}
    held = gaps(ndcg, asked, SYSTEM)
    return {where: {name: asdict(gap) for name, gap in models.items()} for where, models in held.items()}


def _chosen(training: Mapping[str, Any], models: Mapping[str, Any]) -> tuple[str, ...]:
    """The expert that was best on the gate's questions, and the blend, as far as they are on the board."""
    judged = {name: value for name, value in training.get("experts", {}).items() if name in models and value > 0}
    best = [max(sorted(judged), key=lambda name: judged[name])] if judged else []
    return (*best, *(name for name in (BLEND,) if name in models))


def ordered(rows: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    """Names of the rows, the system first and then by NDCG."""
    return sorted(rows, key=lambda n: (n != SYSTEM, -rows[n]["all"]["ndcg"], n))


__all__ = ["SYSTEM", "Question", "Report", "evaluate", "ordered"]
