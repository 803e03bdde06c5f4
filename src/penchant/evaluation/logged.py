"""The log as evidence: each slate that was shown is asked again of another release, as of its own moment.

Rule: only a release that learned from nothing later than the slates may be asked, and only events that name their
slate count as its reward.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant import pipeline
from penchant.evaluation.offpolicy import Shown
from penchant.evaluation.replay import Progress, Replay
from penchant.ports import Log, Record
from penchant.protocols import Context, Release, Trace
from penchant.types import PROPENSITY, Array, Event, Slate, micros

_BUCKETS = 12  # of standings: 1, 2–3, 4–7, …; the last is everything that the release did not find
_FAITH = 10.0  # items' worth of the overall mean mixed into a bucket's
Earned = Mapping[str, Mapping[str, float]]  # slate → item → reward


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One slate beside the answer of the release in question."""

    person: int
    reward: Array
    propensity: Array
    chance: Array
    bucket: Array  # of the release's standing of each shown item
    mass: Array  # (buckets,) chance that the release gives to each bucket


def slates(log: Log, replay: Replay, since: int) -> list[tuple[Slate, Mapping[str, float]]]:
    """Slates shown from a time (µs) on to people who did something, with what each of their items earned.

    Left out are calls for the order of given candidates, which show everything, and questions about the past.
    """
    found = []
    for user in filter(None, replay.timeline.names):
        shown = [r.entry for r in log.slates(user=user) if isinstance(r.entry, Slate) and _counts(r.entry, since)]
        earned = _earned(log.events(user), replay) if shown else {}
        found += [(slate, earned.get(slate.id, {})) for slate in shown]
    return found


def _counts(slate: Slate, since: int) -> bool:
    lived = slate.query.at is None and slate.query.surface != "rank"
    return lived and bool(slate.picks) and micros(slate.time) >= since


def _earned(records: Sequence[Record], replay: Replay) -> Earned:
    """The largest weight of the events that name a slate and an item; a refusal counts as the loss that it is."""
    kinds = replay.timeline.kinds
    found: dict[str, dict[str, float]] = {}
    for record in records:
        event = record.entry
        if isinstance(event, Event) and event.slate and event.item:
            items, weight = found.setdefault(event.slate, {}), float(kinds.weights[kinds.code(event.kind)])
            items[event.item] = max(weight, items.get(event.item, weight))
    return found


def shown(
    evidence: Sequence[tuple[Slate, Mapping[str, float]]],
    replay: Replay,
    release: Release,
    progress: Progress,
) -> Shown:
    """Ask the release every slate's question; its model of the rewards is the mean by standing, cross-fitted."""
    asked = list(_asked(evidence, replay, release, progress))
    slate = np.repeat(np.arange(len(asked)), [len(one.reward) for one in asked])
    person = np.array([one.person for one in asked], dtype=np.int64)
    columns = {name: _joined([getattr(one, name) for one in asked]) for name in ("reward", "propensity", "chance")}
    bucket = _joined([one.bucket for one in asked]).astype(np.int64)
    mass = np.stack([one.mass for one in asked]) if asked else np.zeros((0, _BUCKETS))
    half = person % 2  # rewards of a person are never expected from what the same person did
    tables = np.stack([_means(columns["reward"], bucket, half[slate] != side) for side in (0, 1)])
    return Shown(
        slate=slate,
        **columns,
        expected=tables[half[slate], bucket],
        size=mass.sum(axis=1),
        direct=(mass * tables[half]).sum(axis=1),
        person=person,
    )


def _asked(
    evidence: Sequence[tuple[Slate, Mapping[str, float]]],
    replay: Replay,
    release: Release,
    progress: Progress,
) -> Iterator[_Asked]:
    for done, (slate, earned) in enumerate(evidence):
        trace = pipeline.run(release, context_of(slate, replay))
        chance, bucket = chances(trace), _standings(trace)
        rows = [replay.catalogue.row_of.get(pick.item, -1) for pick in slate.picks]
        yield _Asked(
            person=replay.timeline.users[slate.query.user],
            reward=np.array([earned.get(pick.item, 0.0) for pick in slate.picks]),
            propensity=np.array([pick.propensity for pick in slate.picks]),
            chance=np.array([0.0 if row < 0 else chance[row] for row in rows]),
            bucket=np.array([_BUCKETS - 1 if row < 0 else bucket[row] for row in rows]),
            mass=np.bincount(bucket, weights=chance, minlength=_BUCKETS),
        )
        progress("estimate", done + 1, len(evidence))


def context_of(slate: Slate, replay: Replay) -> Context:
    """What was known when the slate was asked for; the catalogue is today's."""
    query, now = slate.query, micros(slate.time)
    view = replay.timeline.until(now, slate.position)
    return pipeline.context(
        query,
        now=now,
        timeline=view,
        catalogue=replay.catalogue,
        user=pipeline.person(view, query.user, replay.folds),
        folds=replay.folds,
        language=replay.language,
        seed=slate.id,
    )


def chances(trace: Trace) -> Array:
    """The chance of every catalogue row to be in an answer: 1 for the first k unless a stage left places to chance."""
    result = trace.result
    dense = np.zeros(len(trace.context.catalogue))
    dense[result.rows] = result.columns.get(PROPENSITY, np.arange(len(result)) < trace.context.query.k)
    return dense


def _standings(trace: Trace) -> Array:
    """The bucket of every catalogue row's place in the ranker's order, before places were left to chance."""
    bucket = np.full(len(trace.context.catalogue), _BUCKETS - 1)
    order = trace.result.rows[np.argsort(-trace.result.scores, kind="stable")]
    bucket[order] = np.minimum(np.log2(np.arange(len(order)) + 1).astype(np.int64), _BUCKETS - 2)
    return bucket


def _means(reward: Array, bucket: Array, use: Array) -> Array:
    count = np.bincount(bucket[use], minlength=_BUCKETS)
    total = np.bincount(bucket[use], weights=reward[use], minlength=_BUCKETS)
    overall = float(reward[use].mean()) if use.any() else 0.0
    means: Array = (total + _FAITH * overall) / (count + _FAITH)
    return means


def _joined(parts: Sequence[Array]) -> Array:
    return np.concatenate([*parts, np.zeros(0)])
