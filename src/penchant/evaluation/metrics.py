"""Measures of one ranked list over the whole catalogue, and of many. Ranks are 1-based, ties broken by row.

Recall divides by min(k, wanted). What a list does not reach shares the places behind it (AUC takes their middle).
"""

from collections.abc import Sequence
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


def measure(outcome: Outcome, k: int) -> dict[str, float]:
    """The measures of `NAMES` for one case."""
    ranks = outcome.ranks[outcome.ranks > 0]
    wanted = len(outcome.ranks)
    hits = ranks[ranks <= k]
    ideal = (1 / np.log2(np.arange(min(k, wanted)) + 2)).sum()
    precision, recall = len(hits) / k, len(hits) / min(k, wanted)
    return {
        "ndcg": float((1 / np.log2(hits + 1)).sum() / ideal),
        "hit": float(len(hits) > 0),
        "recall": recall,
        "precision": precision,
        "f1": 2 * precision * recall / (precision + recall) if len(hits) else 0.0,
        "mrr": float(1 / ranks.min()) if len(ranks) else 0.0,
        "auc": _auc(outcome),
    }


def _auc(outcome: Outcome) -> float:
    """Probability that a wanted item stands above an unwanted one."""
    wanted = len(outcome.ranks)
    negatives = outcome.total - wanted
    if negatives <= 0:
        return float("nan")
    reached = np.sort(outcome.ranks[outcome.ranks > 0])
    above = (reached - 1 - np.arange(len(reached))).sum()  # unwanted items above each wanted one
    behind = max(outcome.total - outcome.ranked - (wanted - len(reached)), 0)  # unwanted items not reached
    unreached = (wanted - len(reached)) * (negatives - behind / 2)
    return float(1 - (above + unreached) / (wanted * negatives))


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each measure; NaN of nothing."""
    if not rows:
        return dict.fromkeys(NAMES, float("nan"))
    return {name: _mean(np.array([row[name] for row in rows])) for name in NAMES}


def _mean(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


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


def interval(values: Array, seed: int = 0, draws: int = 1_000) -> tuple[float, float]:
    """95 % bootstrap interval of a mean; of paired differences it is the paired bootstrap."""
    if not len(values):
        return float("nan"), float("nan")
    dice = np.random.default_rng(seed)
    means = [values[dice.integers(0, len(values), len(values))].mean() for _ in range(draws)]
    lo, hi = np.quantile(means, [0.025, 0.975])
    return float(lo), float(hi)
