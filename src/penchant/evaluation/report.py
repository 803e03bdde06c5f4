"""The board: the trained pipeline, each single expert and a tuned blend, on the same questions with the same masks."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from penchant import pipeline
from penchant.evaluation import metrics
from penchant.evaluation.blending import Tuned
from penchant.evaluation.metrics import Outcome
from penchant.evaluation.replay import Case, Replay, one_thread
from penchant.evaluation.splits import Split, digest
from penchant.protocols import Context, Release
from penchant.timeline import UNITS
from penchant.types import Array, Columns, Rows, moment

Progress = Callable[[str, int, int], None]
SYSTEM = "penchant"
SLICES = ("all", "repeats", "novel", "cold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is evaluated; see [evaluation]."""

    cut: str | float
    target: str
    cases: int
    protocol: str = "time"
    baselines: bool = True
    k: int = 10


@dataclass(slots=True, kw_only=True)
class Row:
    """One line of the board."""

    name: str
    cases: dict[str, list[dict[str, float]]] = field(default_factory=lambda: {s: [] for s in SLICES})
    tops: list[Rows] = field(default_factory=list)

    def add(self, outcome: Outcome, where: str, k: int) -> None:
        """Count one case in a slice."""
        self.cases[where].append(metrics.measure(outcome, k))

    def values(self, where: str = "all", name: str = "ndcg") -> Array:
        """One measure of every case of a slice."""
        return np.array([case[name] for case in self.cases[where]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of an evaluation."""

    question: Question
    digest: str
    cut: str
    questions: int
    rows: Mapping[str, Mapping[str, Any]]  # name → slice → measures
    against: Mapping[str, tuple[float, float, float]]  # name → NDCG difference and its 95 % interval
    latency: Mapping[str, float]  # milliseconds of the whole pipeline
    seconds: Mapping[str, float]  # training and replay
    training: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        return asdict(self)


def evaluate(
    release: Release,
    replay: Replay,
    parts: Split,
    question: Question,
    *,
    tuned: Tuned | None = None,
    training: Mapping[str, Any] | None = None,
    trained: float = 0.0,
    progress: Progress,
) -> Report:
    """Ask a release, trained on `parts.past`, every case of the split; baselines answer the same ones.

    `training` and `trained` are the metrics and seconds of the training, for the record.
    """
    began = time.perf_counter()
    asked = replace(replay, timeline=parts.past, frozen=True) if parts.frozen else replay
    with one_thread():
        rows, latency = _play(asked, replay, parts, release, tuned, question, progress)
    fame = np.maximum(parts.past.tally(None, parts.cut, len(replay.catalogue)), 0) / UNITS
    return Report(
        question=replace(question, target=parts.target or question.target),
        digest=digest(replay.timeline, replay.catalogue, parts.cases),
        cut=f"{moment(parts.cut):%Y-%m-%d %H:%M}",
        questions=len(parts.cases),
        rows={row.name: _summary(row, replay, fame) for row in rows},
        against={row.name: _difference(rows[0], row) for row in rows[1:]},
        latency=latency,
        seconds={"train": trained, "replay": time.perf_counter() - began},
        training={**(training or {}), **({"blend": tuned.weights} if tuned else {})},
    )


def _play(
    asked: Replay,
    truth: Replay,
    parts: Split,
    release: Release,
    tuned: Tuned | None,
    question: Question,
    show: Progress,
) -> tuple[list[Row], dict[str, float]]:
    rows: dict[str, Row] = {SYSTEM: Row(name=SYSTEM)}
    everything = np.arange(len(truth.catalogue), dtype=np.int32)
    learned = parts.past.tally(None, parts.cut, len(truth.catalogue)) > 0
    took = []
    for done, case in enumerate(parts.cases):
        context = asked.context(case, k=question.k)
        began = time.perf_counter()
        trace = pipeline.run(release, context)
        took.append(time.perf_counter() - began)
        wanted = np.unique(truth.timeline.item[case.places]).astype(np.int32)
        masks = _masks(trace.context, wanted, learned)
        _count_list(rows[SYSTEM], trace.result.rows, wanted, masks, question.k)
        if question.baselines:
            columns = pipeline.scored(release, trace.context, everything)
            if tuned:
                columns = {**columns, "tuned blend": tuned.score(columns)}
            _count_experts(rows, columns, wanted, masks, question.k)
        show("evaluate", done + 1, len(parts.cases))
    found = [row for row in rows.values() if row.name == SYSTEM or row.values(name="mrr").any()]
    quantiles = np.quantile(took, [0.5, 0.99]) * 1_000
    return found, {"p50": float(quantiles[0]), "p99": float(quantiles[1])}


def _masks(context: Context, wanted: Rows, learned: Array) -> dict[str, tuple[Array, Array]]:
    """Slice → the rows that may be ranked, and the wanted ones among them that count."""
    interest = context.user["interest"]
    seen = np.zeros(len(context.catalogue), dtype=bool)
    seen[interest["item"][interest["count"] > 0]] = True
    allowed = context.allowed
    return {
        "all": (allowed, wanted),
        "repeats": (allowed & seen, wanted[seen[wanted]]),
        "novel": (allowed & ~seen, wanted[~seen[wanted]]),
        "cold": (allowed, wanted[~learned[wanted]]),
    }


def _count_list(row: Row, order: Rows, wanted: Rows, masks: Mapping[str, tuple[Array, Array]], k: int) -> None:
    row.tops.append(order[:k])
    for where, (may, count) in masks.items():
        if len(count):
            kept = order[may[order]]
            total = int(np.count_nonzero(may))
            row.add(Outcome(metrics.ranks_in(kept, count), len(kept), total), where, k)


def _count_experts(
    rows: dict[str, Row], columns: Columns, wanted: Rows, masks: Mapping[str, tuple[Array, Array]], k: int
) -> None:
    for name, scores in columns.items():
        row = rows.setdefault(name, Row(name=name))
        row.tops.append(_top(scores, masks["all"][0], k))
        for where, (may, count) in masks.items():
            if len(count):
                ranks, ranked = metrics.ranks_by(scores, may, count)
                row.add(Outcome(ranks, ranked, int(np.count_nonzero(may))), where, k)


def _top(scores: Array, may: Array, k: int) -> Rows:
    known = np.where(may & (np.nan_to_num(scores) > 0), scores, -np.inf)
    order = np.argsort(-known, kind="stable")[:k].astype(np.int32)
    kept: Rows = order[np.isfinite(known[order])]
    return kept


def _summary(row: Row, replay: Replay, fame: Array) -> dict[str, Any]:
    found: dict[str, Any] = {where: metrics.mean(row.cases[where]) for where in SLICES}
    for where in SLICES:
        found[where]["cases"] = len(row.cases[where])
    found["all"] |= metrics.lists(row.tops, replay.catalogue, fame)
    found["all"]["interval"] = metrics.interval(row.values())
    return found


def _difference(system: Row, other: Row) -> tuple[float, float, float]:
    gap = system.values() - other.values()
    return float(gap.mean()), *metrics.interval(gap)


def ordered(rows: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    """Names of the rows, the system first and then by NDCG."""
    return sorted(rows, key=lambda n: (n != SYSTEM, -rows[n]["all"]["ndcg"], n))


__all__ = ["Case", "Question", "Report", "evaluate", "ordered"]
