"""Measures of ranked lists over the whole catalogue. Ranks are 1-based, ties broken by row; 0 is what is not reached.

Recall divides by min(k, wanted). What a list does not reach shares the places behind it (AUC takes their middle).
Many lists are columns: one entry per wanted item, whose list is its `owner`, and one entry per list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.types import Array, Catalogue, Rows

NAMES = ("ndcg", "hit", "recall", "precision", "f1", "mrr", "auc")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answered case: 1-based ranks of the wanted items (0: not reached), and how long the list could be."""

    ranks: Array
    ranked: int  # items the list reached
    total: int  # items it could have reached


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Many answered cases as columns."""

    ranks: Array  # per wanted item
    owner: Array  # per wanted item: the place of its case, ascending
    ranked: Array  # per case
    totals: Array  # per case

    def only(self, wanted: Array) -> "Outcomes":
        """The same cases with some of their wanted items (bool per item)."""
        return Outcomes(self.ranks[wanted], self.owner[wanted], self.ranked, self.totals)


def ranks_in(order: Rows, wanted: Rows) -> Array:
    """1-based places of the wanted rows in a ranked list; 0 for those that are not in it."""
    place = {row: at + 1 for at, row in enumerate(order.tolist())}
    return np.array([place.get(row, 0) for row in wanted.tolist()], dtype=np.int64)


def ranks_by(scores: Array, open_: Array, wanted: Rows) -> tuple[Array, int]:
    """Ranks of the wanted rows by a score per row (NaN: not ranked), and how many rows are ranked."""
    ranked = open_ & ~np.isnan(scores) & (scores > 0)
    ranks = np.zeros(len(wanted), dtype=np.int64)
    for at, row in enumerate(wanted.tolist()):
        if ranked[row]:
            above = ranked & (scores > scores[row])
            ties = ranked[:row] & (scores[:row] == scores[row])
            ranks[at] = 1 + np.count_nonzero(above) + np.count_nonzero(ties)
    return ranks, int(np.count_nonzero(ranked))


def order(scores: Array, open_: Array) -> Rows:
    """The rows a score ranks, best first, ties by row; NaN and what is not above 0 is not ranked."""
    found = np.flatnonzero(open_ & (np.nan_to_num(scores) > 0))
    ranked: Rows = found[np.argsort(-scores[found], kind="stable")].astype(np.int32)
    return ranked


def measure(outcome: Outcome, k: int) -> dict[str, float]:
    """The measures of `NAMES` for one case."""
    owner = np.zeros(len(outcome.ranks), np.int64)
    one = Outcomes(outcome.ranks, owner, np.array([outcome.ranked]), np.array([outcome.total]))
    return {name: float(values[0]) for name, values in measures(one, k).items()}


def ndcg(order: Rows, wanted: Rows, k: int) -> float:
    """NDCG at k of one ranked list."""
    return measure(Outcome(ranks_in(order, wanted), len(order), len(order)), k)["ndcg"]


def measures(outcomes: Outcomes, k: int) -> dict[str, Array]:
    """The measures of `NAMES` of every case; NaN where nothing is wanted."""
    ranks, owner, cases = outcomes.ranks, outcomes.owner, len(outcomes.ranked)
    wanted = np.bincount(owner, minlength=cases)
    asked, cut = wanted > 0, np.minimum(wanted, k)
    hits = np.bincount(owner, weights=(ranks > 0) & (ranks <= k), minlength=cases)
    precision, recall = hits / k, hits / np.maximum(cut, 1)
    first = np.full(cases, np.inf)
    np.minimum.at(first, owner[ranks > 0], ranks[ranks > 0])
    found = {
        "ndcg": gained(ranks, owner, cases, k) / np.cumsum(_discount(np.arange(k) + 1))[np.maximum(cut, 1) - 1],
        "hit": (hits > 0).astype(np.float64),
        "recall": recall,
        "precision": precision,
        "f1": 2 * precision * recall / np.maximum(precision + recall, 1e-12),
        "mrr": 1 / first,
        "auc": _auc(outcomes, wanted),
    }
    return {name: np.where(asked, values, np.nan) for name, values in found.items()}


def gained(ranks: Array, owner: Array, cases: int, k: int, gains: Array | None = None) -> Array:
    """Discounted cumulative gain at k of every case; a gain of 1 per wanted item unless given."""
    reached = (ranks > 0) & (ranks <= k)
    weights = np.where(reached, _discount(np.maximum(ranks, 1)), 0.0)
    total: Array = np.bincount(owner, weights=weights if gains is None else weights * gains, minlength=cases)
    return total


def _discount(ranks: Array) -> Array:
    discount: Array = 1 / np.log2(ranks + 1)
    return discount


def _auc(outcomes: Outcomes, wanted: Array) -> Array:
    """Probability that a wanted item stands above an unwanted one; NaN if there is none."""
    ranks, owner, cases = outcomes.ranks, outcomes.owner, len(wanted)
    negatives = outcomes.totals - wanted
    reached = np.bincount(owner, weights=ranks > 0, minlength=cases)
    places = np.bincount(owner, weights=np.where(ranks > 0, ranks - 1, 0), minlength=cases)
    above = places - reached * (reached - 1) / 2  # unwanted items above each wanted one
    behind = np.maximum(outcomes.totals - outcomes.ranked - (wanted - reached), 0)  # unwanted items not reached
    unreached = (wanted - reached) * (negatives - behind / 2)
    pairs = wanted * negatives
    return np.where(pairs > 0, 1 - (above + unreached) / np.maximum(pairs, 1), np.nan)


def mean(found: Mapping[str, Array]) -> dict[str, float]:
    """The mean of each measure over the cases that have it; NaN of nothing."""
    known = {name: values[~np.isnan(values)] for name, values in found.items()}
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in known.items()}


def lists(tops: Sequence[Rows], catalogue: Catalogue, fame: Array) -> dict[str, float]:
    """Of all the top-k lists: coverage of the catalogue, novelty (mean −log₂ share of events), intra-list diversity."""
    every = np.concatenate([*tops, np.zeros(0, np.int32)]).astype(np.int64)
    if not len(every):
        return {"coverage": 0.0, "novelty": float("nan"), "diversity": float("nan")}
    share = np.maximum(fame, 1.0) / max(fame.sum(), 1.0)
    spread = [_spread(catalogue.vectors[top]) for top in tops if len(top) > 1]
    return {
        "coverage": len(np.unique(every)) / len(catalogue),
        "novelty": float(-np.log2(share[every]).mean()),
        "diversity": float(np.mean(spread)) if spread else float("nan"),
    }


def _spread(vectors: Array) -> float:
    """Mean of 1 − cosine over the pairs of a list."""
    size = len(vectors)
    total = float(vectors.sum(axis=0) @ vectors.sum(axis=0) - (vectors * vectors).sum())
    return 1 - total / (size * (size - 1))
