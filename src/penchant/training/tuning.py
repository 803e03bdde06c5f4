"""The search for better settings, on validation only: the newest part of what happened before the evaluation's cut.

First every expert's settings by its own NDCG, and the quotas by the recall of their union; then the ranker's by the
NDCG of the pipeline on one replay of its rows. People who had no say in any of that judge the outcome.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from penchant.errors import UsageError
from penchant.evaluation import bootstrap, splits
from penchant.evaluation.replay import Replay, one_thread
from penchant.training import studies
from penchant.training.contests import Asked, Experts, Ranking
from penchant.training.dials import Dial, dials, present
from penchant.training.lessons import Budget
from penchant.training.plan import Plan
from penchant.training.rehearsal import rehearse
from penchant.training.studies import Best, Search
from penchant.types import moment
from penchant.world import born

FILE = "tune.db"  # where trials are kept, in the project's folder
CASES = 1_000  # questions asked at most, unless it is said otherwise
_SHARE = 0.1  # of the time before the cut that is validation, where the cut is a date
LIMITS = "limits"  # the search for quotas
Changes = dict[str, dict[str, dict[str, Any]]]  # family → name → setting → value


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """One search: what was measured, what the present settings and the best ones reached on those who choose."""

    name: str
    measure: str
    best: Best
    kept: bool = True  # whether the pipeline got better by it, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The outcome: settings, and what people who had no say in choosing them gain."""

    begin: str  # of the validation, UTC
    questions: int  # that judged
    people: int
    searches: Sequence[Searched]
    changes: Changes  # family → name → setting → value; a source's quota is its setting `limit`
    before: float  # NDCG@10 of the pipeline as configured
    after: float
    ahead: tuple[float, float, float]  # difference, and its paired 95 % interval
    better: bool  # the interval lies above 0
    plan: str = field(repr=False)  # digest of the plan with the changes

    def document(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        return asdict(self)


def validation(replay: Replay, protocol: str, cut: str | float, target: str, most: int) -> Asked:
    """What is asked of the time before the cut; what lies behind it is left out for good.

    Raises UsageError if nobody can be asked on either side.
    """
    test = splits.split(replay.timeline, protocol, cut, target, most)
    before = test.past.where(np.arange(len(test.past)))
    known = replay.catalogue if test.frozen else born(replay.catalogue, test.cut - 1)
    parts = splits.split(before, protocol, cut if isinstance(cut, float) else _SHARE, target, most)
    asked = Asked(replay=replace(replay, timeline=before, catalogue=known), parts=parts)
    if asked.choosing.all() or not asked.choosing.any():
        raise UsageError(f"{len(parts.cases)} questions before the cut: too few people to choose by and to judge by")
    return asked


def applied(plan: Plan, changes: Changes) -> Plan:
    """The plan with other settings."""
    sources, stages = dict(plan.sources), dict(plan.stages)
    for name, settings in changes.get("sources", {}).items():
        own = {key: value for key, value in settings.items() if key != "limit"}
        source, limit = sources[name]
        sources[name] = (_replaced(source, own), settings.get("limit", limit))
    for name, settings in changes.get("stages", {}).items():
        stages[name] = _replaced(stages[name], settings)
    return replace(plan, sources=sources, stages=stages)


def tune(plan: Plan, asked: Asked, budget: Budget, search: Search, minutes: float) -> Tuning:
    """Search for settings that rank the validation better than those of the plan do."""
    with one_thread():
        return _Tuner(plan, asked, budget, search, time.monotonic() + 60 * minutes).outcome()


class _Tuner:
    """One tuning: a plan, what is asked, and until when."""

    def __init__(self, plan: Plan, asked: Asked, budget: Budget, search: Search, until: float) -> None:
        self.plan, self.asked, self.budget, self.search, self.until = plan, asked, budget, search, until
        self.about = _digest(asked, budget)
        searchable = [name for name, stage in plan.rankers().items() if dials(stage)]
        self.ranker = searchable[-1] if searchable else None

    def outcome(self) -> Tuning:
        began = time.monotonic()
        first = self._rehearsed(self.plan)
        rehearsal = time.monotonic() - began
        now, choosing = first.quality(), self.asked.choosing
        searches, changes = self._experts(rehearsal)
        last, reached = first, now
        for attempt in _attempts(changes):
            last = self._rehearsed(applied(self.plan, attempt))
            reached, changes = last.quality(), attempt
            if reached[choosing].mean() > now[choosing].mean():
                break
        else:
            last, reached, changes = first, now, {}
        searches = [replace(found, kept=_kept(found, changes)) for found in searches]
        found = self._ranker(last, changes) if self.ranker else None
        if found is not None and self.ranker:
            searches = [*searches, found]
            if found.best.settings:
                changes = {**changes, "stages": {self.ranker: dict(found.best.settings)}}
                reached = last.quality(last.fit(applied(self.plan, changes).stages[self.ranker]))
        return self._judged(searches, changes, now[~choosing], reached[~choosing])

    def _rehearsed(self, plan: Plan) -> Ranking:
        """A plan trained on what may be learned from, and asked everything up to its ranker."""
        show = self.search.progress
        until = self.asked.parts.cut
        made = rehearse(plan, self.asked.past, self.budget, version="tuned", until=until, progress=show)
        judges = [name for name, stage in plan.rankers().items() if getattr(stage, "judges", False)]
        return Ranking(made, self.asked, self.ranker, judges, show)

    def _experts(self, reserve: float) -> tuple[list[Searched], Changes]:
        """Every expert's settings and then the quotas; `reserve` seconds are left for one more rehearsal."""
        experts = Experts(self.plan, self.asked)
        listed = [name for name, (source, _) in self.plan.sources.items() if dials(source)]
        found: list[Searched] = []
        for place, name in enumerate(listed):
            rounds = len(listed) - place + 1 + bool(self.ranker)
            until = time.monotonic() + max(self.until - reserve - time.monotonic(), 0) / rounds
            found.append(self._expert(experts, name, until))
        changes: Changes = {}
        for one in found:
            if one.best.settings:
                changes.setdefault("sources", {})[one.name] = dict(one.best.settings)
        if len(self.plan.sources) > 1:
            found.append(self._limits(experts, applied(self.plan, changes), reserve))
            for name, limit in found[-1].best.settings.items():
                changes.setdefault("sources", {}).setdefault(name, {})["limit"] = limit
        return found, changes

    def _expert(self, experts: Experts, name: str, until: float) -> Searched:
        source = self.plan.sources[name][0]
        asked, seed = dials(source), self.search.seed
        best = studies.best(
            self.search,
            f"{name}/{self._about(source, asked, self.plan.rules)}",
            asked,
            present(source, asked),
            lambda settings: experts.quality(_replaced(source, settings), seed),
            until,
        )
        return Searched(name=name, measure="NDCG@10 alone", best=best)

    def _limits(self, experts: Experts, plan: Plan, reserve: float) -> Searched:
        """How many places each source gets, for as many candidates as there are now."""
        limits = {name: limit for name, (_, limit) in plan.sources.items()}
        most = sum(limits.values())
        sources = {name: source for name, (source, _) in plan.sources.items()}
        reach = experts.reach(sources, most, self.search.seed, self.search.progress)
        size = reach.size(limits)
        asked = [_widest(name, limit, most) for name, limit in limits.items()]
        best = studies.best(
            replace(self.search, trials=5 * self.search.trials),
            f"limits/{self._about(plan.sources, plan.rules, asked)}",
            asked,
            limits,
            lambda parts: reach.recall(parts, size),
            time.monotonic() + max(self.until - reserve - time.monotonic(), 0) / (1 + bool(self.ranker)),
        )
        found = reach.limits({**limits, **best.settings}, size) if best.settings else limits
        settings = {name: limit for name, limit in found.items() if limit != limits[name]}
        return Searched(name=LIMITS, measure="recall of the union", best=replace(best, settings=settings))

    def _ranker(self, ranking: Ranking, changes: Changes) -> Searched | None:
        """The ranker's settings, on the rows that it learned from and the candidates it was given."""
        if self.ranker is None or self.ranker not in ranking.taught:
            return None
        name, choosing = self.ranker, self.asked.choosing
        plan = applied(self.plan, changes)
        recipe = plan.stages[name]
        asked = dials(recipe)
        now = present(recipe, asked)

        def score(settings: Mapping[str, Any]) -> float:
            if settings == now:
                return float(ranking.quality(where=choosing).mean())
            model = ranking.fit(_replaced(recipe, settings))
            return 0.0 if model is None else float(ranking.quality(model, choosing).mean())

        study = f"{name}/{self._about(plan.digest(), asked)}"
        best = studies.best(self.search, study, asked, now, score, self.until)
        return Searched(name=name, measure="NDCG@10 of the pipeline", best=best)

    def _judged(self, searches: Sequence[Searched], changes: Changes, before: Any, after: Any) -> Tuning:
        cases = [case for case, may in zip(self.asked.parts.cases, self.asked.choosing, strict=True) if not may]
        people = np.array([self.asked.replay.timeline.users[case.user] for case in cases])
        gap = after - before
        (held,) = bootstrap.means(gap[:, None], people)
        return Tuning(
            begin=f"{moment(self.asked.parts.cut):%Y-%m-%d %H:%M}",
            questions=len(cases),
            people=len(np.unique(people)),
            searches=searches,
            changes=changes,
            before=float(before.mean()),
            after=float(after.mean()),
            ahead=(held.mean, held.low, held.high),
            better=held.low > 0,
            plan=applied(self.plan, changes).digest(),
        )

    def _about(self, *parts: object) -> str:
        return hashlib.sha256(repr((self.about, parts)).encode()).hexdigest()[:16]


def _attempts(changes: Changes) -> Iterator[Changes]:
    """The changes, and then what is left of them without the quotas."""
    if changes:
        yield changes
    own = {n: {k: v for k, v in found.items() if k != "limit"} for n, found in changes.get("sources", {}).items()}
    kept = {name: settings for name, settings in own.items() if settings}
    if kept and kept != changes["sources"]:
        yield {"sources": kept}


def _kept(found: Searched, changes: Changes) -> bool:
    """Whether the changes still have what a search found."""
    kept = changes.get("sources", {})
    if found.name == LIMITS:
        return any("limit" in settings for settings in kept.values())
    return found.name in kept


def _widest(name: str, limit: int, total: int) -> Dial:
    return Dial(name=name, low=min(5, limit), high=max(total, limit), log=limit > 0, whole=True)


def _replaced(plugin: Any, settings: Mapping[str, Any]) -> Any:
    return replace(plugin, **settings) if settings else plugin


def _digest(asked: Asked, budget: Budget) -> str:
    """Names all that a trial is measured on, so that trials on something else are not taken for it."""
    line, catalogue, found = asked.replay.timeline, asked.replay.catalogue, hashlib.sha256()
    for column in (line.time, line.user, line.item, line.kind, line.value, catalogue.vectors):
        found.update(np.ascontiguousarray(column).tobytes())
    questions = splits.digest(line, catalogue, asked.parts.cases)
    found.update(repr((questions, budget, asked.parts.cut, line.kinds.weights.tolist())).encode())
    return found.hexdigest()[:16]
