"""A rehearsal: a plan trained on a past and kept in memory alone, with what its rankers learned from."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.evaluation.diagnosis import Lesson
from penchant.evaluation.importance import gains
from penchant.evaluation.losses import ranker
from penchant.evaluation.replay import Progress, Replay
from penchant.protocols import History, Release
from penchant.training.jobs import train
from penchant.training.lessons import Budget
from penchant.training.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of it."""

    release: Release
    metrics: Mapping[str, Any]  # by recipe, as `train` returns them
    taught: Mapping[str, History]  # ranker → what it learned from
    gains: Mapping[str, Mapping[str, float]]  # ranker → column → gain, of those that keep them

    @property
    def lesson(self) -> Lesson | None:
        """How the ranker that is served learned; None if none is."""
        name = ranker(self.release)
        return Lesson(gains=self.gains[name], rows=self.taught[name].examples) if name and name in self.taught else None


def rehearse(plan: Plan, past: Replay, budget: Budget, *, version: str, until: int, progress: Progress) -> Rehearsal:
    """Train a plan on the replay's timeline; nothing is published."""
    taught: dict[str, History] = {}
    with tempfile.TemporaryDirectory(prefix="penchant-") as scratch:
        metrics = train(plan, past, budget, Path(scratch), progress, taught.__setitem__)
        return Rehearsal(
            release=plan.release(Path(scratch), version=version, until=until),
            metrics=metrics,
            taught=taught,
            gains={name: gains(Path(scratch) / name) for name in taught},
        )
