"""What a search measures: an expert alone, the quotas of all, and a ranker on one replay of its rows.

Half of the people are asked to choose by, the other half to judge by; whoever judges has had no say.
"""

import tempfile
import zlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from penchant import pipeline
from penchant.errors import NotReadyError
from penchant.evaluation.metrics import Outcome, measure, ndcg, ranks_by, ranks_in
from penchant.evaluation.playback import heard
from penchant.evaluation.replay import Case, Progress, Replay, wanted_of
from penchant.evaluation.splits import Split
from penchant.protocols import Context, History
from penchant.training.plan import Plan, trainable
from penchant.training.rehearsal import Rehearsal
from penchant.types import Array, Candidates, Rows

K = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The questions of the validation."""

    replay: Replay  # all that happened before the test
    parts: Split  # `past` is what may be learned from

    @property
    def past(self) -> Replay:
        """What may be learned from, as a replay."""
        return replace(self.replay, timeline=self.parts.past)

    def wanted(self, case: Case) -> Rows:
        """The rows that answered a case."""
        return wanted_of(self.replay.timeline, case)

    @property
    def choosing(self) -> Array:
        """Whether each case chooses; the others judge. All cases of a person are on one side."""
        return np.array([zlib.crc32(case.user.encode()) % 2 == 0 for case in self.parts.cases])


class Experts:
    """Experts alone, on the cases that choose."""

    def __init__(self, plan: Plan, asked: Asked) -> None:
        rules, seen = plan.release(), heard(asked.replay, asked.parts)
        chosen = [case for case, may in zip(asked.parts.cases, asked.choosing, strict=True) if may]
        self.contexts = [pipeline.permitted(rules, seen.context(case, K)) for case in chosen]
        self.wanted = [asked.wanted(case) for case in chosen]
        self.past = asked.past

    def quality(self, source: Any, seed: int) -> float:
        """NDCG@10 of a source's columns over the whole catalogue, the mean over columns; 0 if it cannot be trained."""
        ready = self._ready(source, seed)
        if ready is None:
            return 0.0
        rows, scores = np.arange(len(self.past.catalogue), dtype=np.int32), dict[str, list[float]]()
        for context, wanted in zip(self._fresh(), self.wanted, strict=True):
            for name, column in ready.score(context, rows).items():
                ranks, ranked = ranks_by(column, context.allowed, wanted)
                scores.setdefault(name, []).append(measure(Outcome(ranks, ranked, len(rows)), K)["ndcg"])
        return float(np.mean([np.mean(values) for values in scores.values()])) if scores else 0.0

    def reach(self, sources: Mapping[str, Any], most: int, seed: int, show: Progress) -> "Reach":
        """What each source finds among its best `most`, and where."""
        ready = {name: self._ready(source, seed) for name, source in sources.items()}
        places, wanted, cases = [], [], list(zip(self._fresh(), self.wanted, strict=True))
        for done, (context, rows) in enumerate(cases):
            tops = [s.retrieve(context, most) if s is not None else np.zeros(0, np.int32) for s in ready.values()]
            union = pipeline.joined(tops)
            at = np.stack([ranks_in(top, union) for top in tops], axis=1)
            places.append(np.where(at > 0, at - 1, np.inf))
            wanted.append(np.isin(union, rows))
            show("retrieve", done + 1, len(cases))
        return Reach(
            names=tuple(sources),
            places=np.concatenate(places),
            wanted=np.concatenate(wanted),
            targets=sum(len(rows) for rows in self.wanted),
        )

    def _fresh(self) -> list[Context]:
        return [unused(context) for context in self.contexts]

    def _ready(self, source: Any, seed: int) -> Any:
        history = History(timeline=self.past.timeline, catalogue=self.past.catalogue, seed=seed)
        return fitted(source, history) if trainable(source) else source


class Ranking:
    """A trained pipeline on all cases, from the candidates of the last ranker that can be searched on.

    Stages that were fit to what the ranker before them gets wrong are left out: they would have to be fit anew.
    """

    def __init__(
        self, made: Rehearsal, asked: Asked, ranker: str | None, judges: Sequence[str], show: Progress
    ) -> None:
        stages = {n: s for n, s in made.release.stages.items() if n not in judges}
        self.release, self.ranker, self.taught = replace(made.release, stages=stages), ranker, made.taught
        before = list(stages).index(ranker) if ranker in stages else len(stages)
        self.front: list[tuple[Context, Candidates, Rows]] = []
        seen = heard(asked.replay, asked.parts)
        for done, (case, trace) in enumerate(seen.traces(self.release, asked.parts.cases, K)):
            self.front.append((unused(trace.context), trace.steps[before][1], asked.wanted(case)))
            show("validate", done + 1, len(asked.parts.cases))
        self.behind = list(stages)[before:]

    def quality(self, model: Any = None, where: Array | None = None) -> Array:
        """NDCG@10 of each case (where given: of those) with this model as the ranker, or the one that is there."""
        stages = {**self.release.stages, **({self.ranker: model} if model is not None and self.ranker else {})}
        asked = self.front if where is None else [f for f, may in zip(self.front, where, strict=True) if may]
        return np.array([self._one(stages, context, candidates, wanted) for context, candidates, wanted in asked])

    def _one(self, stages: Mapping[str, Any], context: Context, candidates: Candidates, wanted: Rows) -> float:
        context = unused(context)
        for name in self.behind:
            candidates = stages[name].apply(context, candidates)
        return ndcg(candidates.rows, wanted, K)

    def fit(self, recipe: Any) -> Any:
        """The ranker of a recipe, on the rows that the present one learned from; None if they are too few."""
        return fitted(recipe, self.taught[self.ranker]) if self.ranker and self.ranker in self.taught else None


def unused(context: Context) -> Context:
    """A context without what an earlier answer left in it, and with dice of its own."""
    return replace(context, memo={}, dice=deepcopy(context.dice))


def fitted(recipe: Any, history: History) -> Any:
    """The model of a recipe, in memory; None if it finds too little to learn from."""
    with tempfile.TemporaryDirectory(prefix="penchant-") as scratch:
        try:
            recipe.train(history, Path(scratch))
        except NotReadyError:
            return None
        return recipe.load(Path(scratch))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Everything that any source finds of all cases: its place, from 0 on, in each (inf: not there)."""

    names: tuple[str, ...]
    places: Array  # rows × sources
    wanted: Array  # bool per row
    targets: int  # wanted items, whether anybody finds them or not

    def size(self, limits: Mapping[str, float]) -> int:
        """How many rows are in the union at these limits."""
        return int(np.count_nonzero(self._depth(limits) < 1))

    def recall(self, parts: Mapping[str, float], size: int) -> float:
        """Recall of the union if limits in these proportions make it about so large."""
        depth = self._depth(parts)
        return float(np.count_nonzero(self.wanted & (depth < self._scale(depth, size))) / max(self.targets, 1))

    def limits(self, parts: Mapping[str, float], size: int) -> dict[str, int]:
        """Those limits."""
        scale = self._scale(self._depth(parts), size)
        return {name: round(scale * part) for name, part in parts.items()}

    def _depth(self, parts: Mapping[str, float]) -> Array:
        """Per row: by how much the parts have to be multiplied for a source to have it, less a hair."""
        depth: Array = (self.places / [max(parts[name], 1e-9) for name in self.names]).min(axis=1)
        return depth

    @staticmethod
    def _scale(depth: Array, size: int) -> float:
        """What the parts are multiplied by to hold so many rows."""
        return float(np.partition(depth, size)[size]) if size < len(depth) else float(np.nextafter(depth.max(), np.inf))
