"""The fusion rule: a ranker must not lose to one of its own experts, for nobody and for no age of item.

On questions that the ranker has not learned from, every cell of history length × item age is compared with each expert.
Where one is measurably better (the paired bootstrap interval of NDCG lies above zero), its order is served there. A
person has one say in a cell, the mean of their questions: questions of one person are alike.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Interval

from penchant.errors import NotReadyError
from penchant.protocols import Context, Examples, History
from penchant.types import Array, Candidates

AGE = "item_age"  # ln(1 + days)
Cell = tuple[int, int]  # class of history length, class of item age (-1: whatever its age)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion:
    """Recipe of the experts that are better than the ranker before it, by cell; usually there are none."""

    judges: ClassVar[bool] = True  # learns from the gate's questions

    histories: tuple[int, ...] = (1, 3, 10, 30)  # items a person has met from which on a class of histories begins
    ages: tuple[float, ...] = (7.0, 30.0)  # days from which on a class of items begins
    experts: tuple[str, ...] = ("linear.", "neighbours.", "popular.", "again.", "sequence.")  # beginnings of columns
    least: Annotated[int, Ge(2)] = 50  # people a cell needs to be judged; 2 or more
    doubt: Annotated[float, Interval(gt=0, lt=1)] = 0.01  # chance of an error one cell is allowed, between 0 and 1
    k: Annotated[int, Ge(1)] = 10  # depth of the NDCG; 1 or more

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Judge on `history.examples`; metrics: cells judged and cells in which an expert is served."""
        examples = history.examples
        if examples is None or examples.scores is None or not len(examples.groups):
            raise NotReadyError("fusion: no question with an answer to judge by")
        names = ["", *(n for n in sorted(examples.columns) if n.startswith(self.experts) and "~" not in n)]
        judged = {cell: values for cell, values in self._cells(examples, names) if len(values) >= self.least}
        served = {cell: names[best] for cell, values in judged.items() if (best := self._best(values, history.seed))}
        rows = [{"history": cell[0], "age": cell[1], "expert": name} for cell, name in sorted(served.items())]
        (folder / "fusion.json").write_text(json.dumps({"served": rows}, indent=1))
        return {"cells": float(len(judged)), "served": float(len(served))}

    def load(self, folder: Path) -> "FusionModel":
        rows = json.loads((folder / "fusion.json").read_text())["served"]
        return FusionModel(recipe=self, served={(row["history"], row["age"]): row["expert"] for row in rows})

    def class_of(self, context: Context) -> int:
        """The class of a person's history length."""
        return int(np.searchsorted(self.histories, np.count_nonzero(context.user["interest"]["count"]), side="right"))

    def ages_of(self, column: Array) -> Array:
        """The class of each item's age."""
        return np.searchsorted(np.log1p(self.ages), column, side="right")

    def _cells(self, examples: Examples, names: list[str]) -> Iterator[tuple[Cell, Array]]:
        """NDCG in every cell: (people who want something of it × columns), the first that of the ranker itself."""
        columns = {"": examples.scores, **examples.columns}
        values = np.stack([np.asarray(columns[name]) for name in names], axis=1)
        ages = self.ages_of(examples.columns[AGE]) if AGE in examples.columns else np.zeros(len(values), np.int64)
        found: dict[Cell, dict[str, list[Array]]] = {}
        for context, rows in zip(examples.contexts, _groups(examples.groups), strict=True):
            labels, scores, age = examples.labels[rows], values[rows], ages[rows]
            wanted = labels if examples.goals else (labels > 0).astype(np.float32)
            for which in (-1, *range(len(self.ages) + 1)):
                inside = np.ones(len(wanted), dtype=bool) if which < 0 else age == which
                if wanted[inside].any() and not wanted[inside].all():
                    cell = found.setdefault((self.class_of(context), which), {})
                    said = cell.setdefault(context.query.user, [])
                    said.append(_ndcg(scores[inside], wanted[inside], self.k))
        return ((c, np.stack([np.mean(said, axis=0) for said in cell.values()])) for c, cell in found.items())

    def _best(self, values: Array, seed: int) -> int:
        """The column that is measurably better than the first, by most; 0 if there is none."""
        dice, size = np.random.default_rng(seed), len(values)
        gaps = values - values[:, :1]
        draws = np.stack([gaps[dice.integers(0, size, size)].mean(axis=0) for _ in range(1_000)])
        sure = np.quantile(draws, self.doubt / 2, axis=0) > 0
        return int(np.argmax(np.where(sure, gaps.mean(axis=0), 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionModel:
    """Reorders the candidates of a cell among the places they hold; scores move with their candidates."""

    recipe: Fusion
    served: Mapping[Cell, str]

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        for (history, age), name in self.served.items():
            if len(candidates) and name in candidates.columns and history == self.recipe.class_of(context):
                candidates = candidates.take(self._order(candidates, age, name))
        return candidates

    def _order(self, candidates: Candidates, age: int, name: str) -> Array:
        order = np.arange(len(candidates))
        known = AGE in candidates.columns
        inside = self.recipe.ages_of(candidates.columns[AGE]) == age if age >= 0 and known else order >= 0
        places = np.flatnonzero(inside)
        value = np.nan_to_num(candidates.columns[name][places].astype(np.float64), nan=-np.inf)
        order[places] = places[np.argsort(-value, kind="stable")]
        return order


def _groups(sizes: Array) -> Iterator[slice]:
    ends = np.cumsum(sizes)
    return (slice(int(end - size), int(end)) for end, size in zip(ends, sizes, strict=True))


def _ndcg(scores: Array, wanted: Array, k: int) -> Array:
    """NDCG@k of ordering one question's rows by each column, with `wanted` as gains; missing values come last."""
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=0, kind="stable")[:k]
    discount = 1 / np.log2(np.arange(len(order)) + 2)
    ideal = (np.sort(wanted)[::-1][: len(discount)] * discount).sum()
    gain: Array = (wanted[order] * discount[:, None]).sum(axis=0) / ideal
    return gain
