"""LambdaMART (Burges 2010) by LightGBM, trained on replayed slates; or the value to expect of several goals."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.errors import ArtefactError, NotReadyError
from penchant.protocols import Context, Examples, History
from penchant.ranking.blend import WEIGHTS, weighed
from penchant.ranking.forest import MOST, Forest, read
from penchant.ranking.value import Value
from penchant.types import Array, Candidates, Columns

_LEAST = 20  # replayed slates, and times that a goal was reached, from which on there is something to learn
_FEW = 20_000  # rows up to which a second thread costs more than it gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Recipe of a LambdaMART over all columns but those that change scale when an expert is fitted again.

    It starts from the blend of the experts and learns what to correct in it, so that little data keeps it near.
    With `goals`, a score is the value to expect: Σ over goals of value · chance that an event of that kind follows,
    each chance by boosted trees of their own.
    """

    rounds: Annotated[int, Ge(1)] = 150  # trees; 1 or more
    leaves: Annotated[int, Interval(ge=2, le=MOST)] = 15  # per tree; 2 to 64
    rate: Annotated[float, Gt(0)] = 0.04  # learning rate; above 0
    truncation: Annotated[int, Ge(1)] = 20  # depth to which pairs are weighed; 1 or more
    smallest: Annotated[int, Ge(1)] = 100  # rows per leaf at least; 1 or more
    l2: Annotated[float, Ge(0)] = 10.0  # regularisation of the leaves; 0 or more
    start: Annotated[float, Ge(0)] = 0.5  # spreads of the blend that a score starts from; 0 (from nothing) or more
    columns_per_tree: Annotated[float, Interval(gt=0, le=1)] = (
        0.5  # share of the columns each tree may use; above 0, up to 1
    )
    leave_out: tuple[str, ...] = ("*.long", "*.next", "*.taste", "crowd.*")  # columns not used; * stands for anything
    goals: Mapping[str, float] = field(default_factory=dict)  # kind of event → value of reaching it; none: one order
    within: Annotated[float, Ge(0)] = 24.0  # hours in which an event counts as a goal reached; 0 or more

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit on `history.examples`; metrics: slates and rows learned from, and how often each goal was reached."""
        examples = history.examples
        if examples is None or len(examples.groups) < _LEAST or not (examples.labels > 0).any():
            found = 0 if examples is None else len(examples.groups)
            raise NotReadyError(f"trees: {found} replayed slates with an answer; at least {_LEAST} are needed")
        names = [n for n in sorted(examples.columns) if not any(fnmatchcase(n, p) for p in self.leave_out)]
        learned = {"slates": float(len(examples.groups)), "rows": float(len(examples.labels))}
        return learned | (self._fit_goals if self.goals else self._fit_order)(examples, names, history.seed, folder)

    def load(self, folder: Path) -> "TreesModel | Value":
        """The model; values of goals are the recipe's of today, as far as those goals were learned."""
        document = json.loads((folder / "columns.json").read_text())
        columns = tuple(document["columns"])
        if "goals" not in document:
            return _model(folder / "trees.txt", columns, document.get("start", {}))
        models = {goal: _model(folder / file, columns) for goal, file in document["goals"].items()}
        values = self.goals or document["values"]
        return Value(models=models, values={goal: float(values.get(goal, 0.0)) for goal in models})

    def _fit_order(self, examples: Examples, names: Sequence[str], seed: int, folder: Path) -> dict[str, float]:
        """LambdaMART on the weights of what was done."""
        gains = np.unique(np.concatenate([[0.0], examples.labels]))
        objective = {
            "objective": "lambdarank",
            "label_gain": gains.tolist(),
            "lambdarank_truncation_level": self.truncation,
        }
        labels = np.searchsorted(gains, examples.labels)
        start = self._start(examples)
        known = np.sum([*weighed(start, examples.columns).values(), np.zeros(len(labels))], axis=0)
        parameters = objective | self._parameters(len(labels), seed)
        gain = self._fit(examples, names, parameters, labels, folder / "trees.txt", known)
        _write(folder, {"columns": list(names), "gain": gain, "start": start})
        return {}

    def _start(self, examples: Examples) -> dict[str, float]:
        """Weights of the columns that scores start from: the blend's, in spreads within a question."""
        weights = {n: w for n, w in WEIGHTS.items() if not any(fnmatchcase(n, p) for p in self.leave_out)}
        blended = np.sum([*weighed(weights, examples.columns).values(), np.zeros(len(examples.labels))], axis=0)
        ends = np.cumsum(examples.groups)[:-1]
        spread = float(np.mean([part.std() for part in np.split(blended, ends)]))
        return {n: w * self.start / spread for n, w in weights.items()} if spread > 0 else {}

    def _fit_goals(self, examples: Examples, names: Sequence[str], seed: int, folder: Path) -> dict[str, float]:
        """For each goal the log-odds that it is reached; what was reached too seldom is left out.

        Rows stand for those that were not kept, so that chances are those among all candidates of a question.
        """
        reached = {goal: examples.goals.get(goal, np.zeros(len(examples.labels), bool)) for goal in self.goals}
        times = {goal: int(np.count_nonzero(which)) for goal, which in reached.items()}
        learned = [goal for goal in self.goals if times[goal] >= _LEAST]
        if not learned:
            found = ", ".join(f"{goal} {count}" for goal, count in times.items())
            raise NotReadyError(f"trees: goals reached: {found}; at least {_LEAST} of one are needed")
        files, gain = {}, dict.fromkeys(names, 0.0)
        parameters = {"objective": "binary"} | self._parameters(len(examples.labels), seed)
        for place, goal in enumerate(learned):
            files[goal] = f"goal-{place}.txt"
            gained = self._fit(examples, names, parameters, reached[goal], folder / files[goal])
            gain = {name: gain[name] + abs(self.goals[goal]) * gained[name] for name in names}
        values = {goal: self.goals[goal] for goal in learned}
        _write(folder, {"columns": list(names), "gain": gain, "goals": files, "values": values})
        note = f" (less than {_LEAST} times: left out)"
        return {f"{goal} reached{'' if goal in learned else note}": float(times[goal]) for goal in self.goals}

    def _fit(
        self,
        examples: Examples,
        names: Sequence[str],
        parameters: Mapping[str, Any],
        labels: Array,
        file: Path,
        start: Array | None = None,
    ) -> dict[str, float]:
        """Write the trees that tell the labels from the columns; returns each column's gain."""
        import lightgbm

        matrix = np.stack([examples.columns[n] for n in names], axis=1)
        ranked = parameters["objective"] == "lambdarank"
        weights = None if ranked or examples.kept is None else 1 / examples.kept
        groups = examples.groups if ranked else None
        safe = [_safe(n) for n in names]
        data = lightgbm.Dataset(matrix, labels, group=groups, weight=weights, init_score=start, feature_name=safe)
        booster = lightgbm.train(dict(parameters), data, num_boost_round=self.rounds)
        booster.save_model(str(file))
        return dict(zip(names, booster.feature_importance("gain").tolist(), strict=True))

    def _parameters(self, rows: int, seed: int) -> dict[str, Any]:
        return {
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "min_data_in_leaf": self.smallest,
            "lambda_l2": self.l2,
            "feature_fraction": self.columns_per_tree,
            "num_threads": 1 if rows < _FEW else 2,
            "deterministic": True,
            "force_row_wise": True,
            "seed": seed,
            "verbosity": -1,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TreesModel:
    """Scores are raw margins over those they start from; parts are TreeSHAP values (Lundberg 2018) and the start's."""

    forest: Forest
    booster: Callable[[], Any]  # LightGBM's own model, read when reasons are first asked for
    columns: tuple[str, ...]
    start: Mapping[str, float] = field(default_factory=dict)  # column → weight

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        if not len(candidates):
            return candidates
        return candidates.with_scores(self.margins(candidates))

    def margins(self, candidates: Candidates) -> Array:
        """The raw sum of the leaves and of what the scores start from."""
        found = self.forest.margins(self._matrix(candidates))
        for known in weighed(self.start, candidates.columns).values():
            found = found + known
        return found

    def parts(self, context: Context, candidates: Candidates) -> Columns:
        """TreeSHAP value of every column and what it gives to the start; `base` is the trees' mean margin."""
        shap = self.booster().predict(self._matrix(candidates).T, pred_contrib=True, num_threads=1)
        parts = {name: shap[:, place] for place, name in enumerate((*self.columns, "base"))}
        for name, known in weighed(self.start, candidates.columns).items():
            parts[name] = parts.get(name, 0.0) + known
        return parts

    def _matrix(self, candidates: Candidates) -> Array:
        """(columns × candidates) float32."""
        nothing = np.full(len(candidates), np.nan, dtype=np.float32)
        return np.stack([candidates.columns.get(name, nothing) for name in self.columns])


def _model(file: Path, columns: tuple[str, ...], start: Mapping[str, float] | None = None) -> TreesModel:
    return TreesModel(forest=read(file), booster=cache(partial(_booster, file)), columns=columns, start=start or {})


def _booster(file: Path) -> Any:
    import lightgbm

    try:
        return lightgbm.Booster(model_file=str(file))
    except lightgbm.basic.LightGBMError as error:
        raise ArtefactError(f"{file} cannot be read: {error}") from error


def _write(folder: Path, document: Mapping[str, Any]) -> None:
    (folder / "columns.json").write_text(json.dumps(document, indent=1))


def _safe(name: str) -> str:
    """LightGBM refuses JSON's special characters in names."""
    return "".join(c if c.isalnum() else "_" for c in name)
