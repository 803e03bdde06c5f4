"""Which columns decide: what a ranker gained from each, what shuffling it costs, and how far it has drifted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from penchant.evaluation.drift import stability
from penchant.evaluation.metrics import ndcg
from penchant.protocols import Context, Examples, Explains, Stage
from penchant.types import Array, Candidates, Rows

_SHUFFLED = 8  # columns whose worth is measured by shuffling
_EXPLAINED = 50  # questions whose scores are taken apart where a ranker keeps no gains


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The candidates of a question as they came to the ranker, and the rows that are wanted."""

    context: Context
    candidates: Candidates
    wanted: Rows


def gains(folder: Path | None) -> dict[str, float]:
    """Column → gain, of a ranker that wrote them beside its model; empty if it did not."""
    file = None if folder is None else folder / "columns.json"
    if file is None or not file.is_file():
        return {}
    found = json.loads(file.read_text(encoding="utf-8")).get("gain", {})
    return {name: float(value) for name, value in found.items()}


def columns(
    ranker: Stage, seen: Sequence[Ranked], gained: Mapping[str, float], learned: Examples | None, k: int
) -> list[dict[str, Any]]:
    """The columns a ranker uses, the weightiest first.

    `weight` is the share of the gain, or else of the parts of the scores; `drop` the NDCG lost where a column's values
    are dealt out anew (the weightiest only); `drift` the stability index from what was learned from, NaN if unknown.
    """
    weights = dict(gained) or _parts(ranker, seen[:_EXPLAINED])
    total = sum(weights.values()) or 1.0
    order = [name for name in sorted(weights, key=lambda n: (-weights[n], n)) if weights[name] > 0]
    drops = _drops(ranker, seen, order[:_SHUFFLED], k)
    return [
        {"column": n, "weight": weights[n] / total, "drop": drops.get(n), "drift": _drift(n, seen, learned)}
        for n in order
    ]


def _parts(ranker: Stage, seen: Sequence[Ranked]) -> dict[str, float]:
    """How much each column's part of the score differs between the candidates of a question, on average."""
    total: dict[str, float] = {}
    if not isinstance(ranker, Explains):
        return total
    for question in seen:
        for name, part in ranker.parts(question.context, question.candidates).items():
            total[name] = total.get(name, 0.0) + float(np.std(part)) if len(part) else 0.0
    return {name: value for name, value in total.items() if name != "base"}


def _drops(ranker: Stage, seen: Sequence[Ranked], names: Sequence[str], k: int) -> dict[str, float]:
    """NDCG lost by each column if every candidate has the value of some other, of this question or another one."""
    if not seen:
        return {}
    before, dice = _quality(ranker, seen, k), np.random.default_rng(0)
    found = {}
    for name in (n for n in names if all(n in q.candidates.columns for q in seen)):
        pool = np.concatenate([q.candidates.columns[name] for q in seen])
        dealt = [
            Ranked(
                context=q.context,
                candidates=q.candidates.with_columns({name: dice.choice(pool, len(q.candidates))}),
                wanted=q.wanted,
            )
            for q in seen
        ]
        found[name] = before - _quality(ranker, dealt, k)
    return found


def _quality(ranker: Stage, seen: Sequence[Ranked], k: int) -> float:
    """Mean NDCG of the ranker's own order."""
    scores = []
    for q in seen:
        scores.append(ndcg(ranker.apply(q.context, q.candidates).rows, q.wanted, k))
    return float(np.mean(scores))


def _drift(name: str, seen: Sequence[Ranked], learned: Examples | None) -> float:
    """The stability index of a column over the candidates that nobody went for, which are drawn alike on both sides."""
    if learned is None or name not in learned.columns:
        return float("nan")
    after: list[Array] = [
        q.candidates.columns[name][~np.isin(q.candidates.rows, q.wanted)]
        for q in seen
        if name in q.candidates.columns and np.isin(q.candidates.rows, q.wanted).any()
    ]
    before = learned.columns[name][learned.labels <= 0]
    return stability(before, np.concatenate(after)) if after else float("nan")
