"""Where wanted items are lost on their way into a list, and which source would have had them.

Every wanted item has exactly one fate, so that the shares of all fates add up to 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.evaluation.metrics import ranks_in
from penchant.protocols import Context, Explains, Release, Trace
from penchant.types import Array, Catalogue, Rows

FOUND, UNKNOWN, MISSED, RANKED = "found", "catalogue", "retrieval", "ranking"
RULE, STAGE = "rule:", "stage:"  # beginnings of the fates that a rule or a stage decides
DEEP = 300  # candidates of which recall is told, whatever the quotas are


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What became of every wanted item of many questions."""

    fates: Sequence[str]  # per wanted item
    depth: Array  # wanted items × sources: place in what the source found, as a share of its quota; inf: not there
    reached: Array  # per wanted item: place in the union ordered by depth, from 0 on; −1 if it is not there
    listed: Array  # questions × sources: how many each found
    sizes: Array  # size of the union, per question

    def shares(self) -> dict[str, float]:
        """Fate → share of the wanted items: what is found first, then what most are lost to."""
        names, counts = np.unique(np.array(self.fates), return_counts=True)
        found = sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda f: (f[0] != FOUND, -f[1], f[0]))
        return {FOUND: 0.0, **{name: count / len(self.fates) for name, count in found}}

    def sources(self, limits: Mapping[str, int]) -> list[dict[str, Any]]:
        """Of each source: quota, how many it finds on average, its recall, and the recall that it alone brings."""
        had = np.isfinite(self.depth)
        alone = had & (had.sum(axis=1, keepdims=True) == 1)
        return [
            {
                "source": name,
                "limit": limit,
                "listed": float(self.listed[:, at].mean()),
                "recall": float(had[:, at].mean()),
                "alone": float(alone[:, at].mean()),
            }
            for at, (name, limit) in enumerate(limits.items())
        ]

    def union(self) -> dict[str, float]:
        """Mean size and recall of the union, and its recall if every quota shrank until 300 candidates are left."""
        return {
            "size": float(self.sizes.mean()),
            "recall": float((self.reached >= 0).mean()),
            f"recall_{DEEP}": float(((self.reached >= 0) & (self.reached < DEEP)).mean()),
        }


def losses(seen: Iterable[tuple[Trace, Rows]], release: Release) -> Losses:
    """What became of the wanted rows of each trace; every trace is looked at once and can be let go."""
    parts = [_one(trace, wanted, release) for trace, wanted in seen]
    return Losses(
        fates=[fate for part in parts for fate in part.fates],
        depth=np.concatenate([part.depth for part in parts]),
        reached=np.concatenate([part.reached for part in parts]),
        listed=np.concatenate([part.listed for part in parts]),
        sizes=np.concatenate([part.sizes for part in parts]),
    )


def _one(trace: Trace, wanted: Rows, release: Release) -> Losses:
    return Losses(
        fates=[fate(trace, release, row) for row in wanted.tolist()],
        depth=_depths(trace, wanted, release),
        reached=_reached(trace, wanted, release),
        listed=np.array([[len(trace.found.get(name, ())) for name in release.sources]]),
        sizes=np.array([len(trace.steps[0][1])]),
    )


def fate(trace: Trace, release: Release, row: int) -> str:
    """What became of a wanted row: found, or the first thing that kept it out of the best k."""
    context = trace.context
    if unknown(context, row):
        return UNKNOWN
    if not context.allowed[row]:
        return RULE + next((n for n, rule in release.rules.items() if not rule.allows(context)[row]), "")
    if row not in trace.steps[0][1].rows:
        return MISSED
    return _placed(trace, release, row)


def unknown(context: Context, row: int) -> bool:
    """Whether nothing was known of an item at that moment: not created yet, or without a word and without an event."""
    catalogue = context.catalogue
    if catalogue.columns["created"][row] > context.now:
        return True
    return _bare(catalogue, row) and int(context.timeline.first_seen(np.array([row]))[0]) > context.now


def ranker(release: Release) -> str | None:
    """Name of the last stage that explains its scores; None if there is none."""
    return next((n for n, stage in reversed(list(release.stages.items())) if isinstance(stage, Explains)), None)


def _bare(catalogue: Catalogue, row: int) -> bool:
    item = catalogue.items[row]
    return not (item.title or item.description or item.attributes)


def _placed(trace: Trace, release: Release, row: int) -> str:
    """The fate of a candidate: where it stood after the ranker, and what the stages behind made of that."""
    k, last = trace.context.query.k, ranker(release)
    if 0 < _rank(trace.result.rows, row) <= k:
        return FOUND
    names = [name for name, _ in trace.steps]
    at = names.index(last) if last in names else 0
    for name, candidates in trace.steps[: at + 1]:
        if not _rank(candidates.rows, row):
            return STAGE + name
    if _rank(trace.steps[at][1].rows, row) > k:
        return RANKED
    return STAGE + next(name for name, c in trace.steps[at + 1 :] if not 0 < _rank(c.rows, row) <= k)


def _rank(order: Rows, row: int) -> int:
    return int(ranks_in(order, np.array([row]))[0])


def _depths(trace: Trace, rows: Rows, release: Release) -> Array:
    """(rows × sources) place from 0 on over the quota; inf where a source has not found the row."""
    found = np.full((len(rows), len(release.sources)), np.inf)
    for at, (name, (_, limit)) in enumerate(release.sources.items()):
        places = ranks_in(trace.found.get(name, np.zeros(0, np.int32)), rows)
        found[places > 0, at] = (places[places > 0] - 1) / max(limit, 1)
    return found


def _reached(trace: Trace, wanted: Rows, release: Release) -> Array:
    """Place of each wanted row among the candidates, those first that a source had high in its quota; −1: not there."""
    union = trace.steps[0][1].rows
    if not len(union):
        return np.full(len(wanted), -1)
    depth = _depths(trace, union, release).min(axis=1, initial=np.inf)
    return ranks_in(union[np.argsort(depth, kind="stable")], wanted) - 1
