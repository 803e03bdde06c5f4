"""LambdaMART (Burges 2010) by LightGBM, trained on replayed slates."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.errors import NotReadyError
from penchant.protocols import Context, Examples, History
from penchant.types import Array, Candidates, Columns

_FEW = 20_000  # rows up to which a second thread costs more than it gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Recipe of a LambdaMART over all columns but those that change scale when an expert is fitted again."""

    rounds: Annotated[int, Ge(1)] = 150  # trees; 1 or more
    leaves: Annotated[int, Ge(2)] = 15  # per tree; 2 or more
    rate: Annotated[float, Gt(0)] = 0.04  # learning rate; above 0
    truncation: Annotated[int, Ge(1)] = 20  # depth to which pairs are weighed; 1 or more
    smallest: Annotated[int, Ge(1)] = 100  # rows per leaf at least; 1 or more
    l2: Annotated[float, Ge(0)] = 10.0  # regularisation of the leaves; 0 or more
    columns_per_tree: Annotated[float, Interval(gt=0, le=1)] = (
        0.5  # share of the columns each tree may use; above 0, up to 1
    )
    leave_out: tuple[str, ...] = ("*.long", "*.next", "*.taste", "crowd.*")  # columns not used; * stands for anything

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit on `history.examples`; metrics: slates and rows learned from."""
        import lightgbm

        examples = history.examples
        if examples is None or len(examples.groups) < 20 or not (examples.labels > 0).any():
            found = 0 if examples is None else len(examples.groups)
            raise NotReadyError(f"trees: {found} replayed slates with an answer; at least 20 are needed")
        names = [n for n in sorted(examples.columns) if not any(fnmatchcase(n, p) for p in self.leave_out)]
        gains = np.unique(np.concatenate([[0.0], examples.labels]))
        data = self._dataset(examples, names, gains)
        parameters = self._parameters(gains, history.seed, len(examples.labels))
        booster = lightgbm.train(parameters, data, num_boost_round=self.rounds)
        booster.save_model(str(folder / "trees.txt"))
        gain = dict(zip(names, booster.feature_importance("gain").tolist(), strict=True))
        (folder / "columns.json").write_text(json.dumps({"columns": names, "gain": gain}, indent=1))
        return {"slates": float(len(examples.groups)), "rows": float(len(examples.labels))}

    def load(self, folder: Path) -> "TreesModel":
        import lightgbm

        columns = tuple(json.loads((folder / "columns.json").read_text())["columns"])
        booster = lightgbm.Booster(model_file=str(folder / "trees.txt"))
        return TreesModel(booster=booster, columns=columns)

    def _parameters(self, gains: Array, rows: int, seed: int) -> dict[str, Any]:
        return {
            "objective": "lambdarank",
            "label_gain": gains.tolist(),
            "lambdarank_truncation_level": self.truncation,
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

    def _dataset(self, examples: Examples, names: Sequence[str], gains: Array) -> Any:
        import lightgbm

        matrix = np.stack([examples.columns[n] for n in names], axis=1)
        labels = np.searchsorted(gains, examples.labels)
        return lightgbm.Dataset(matrix, labels, group=examples.groups, feature_name=[_safe(n) for n in names])


@dataclass(frozen=True, slots=True, kw_only=True)
class TreesModel:
    """Scores are raw margins; parts are TreeSHAP values (Lundberg 2018)."""

    booster: Any
    columns: tuple[str, ...]

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        if not len(candidates):
            return candidates
        return candidates.with_scores(self.booster.predict(self._matrix(candidates), num_threads=1))

    def parts(self, context: Context, candidates: Candidates) -> Columns:
        """TreeSHAP value of every column; `base` is the mean margin."""
        shap = self.booster.predict(self._matrix(candidates), pred_contrib=True, num_threads=1)
        return {name: shap[:, place] for place, name in enumerate((*self.columns, "base"))}

    def _matrix(self, candidates: Candidates) -> Array:
        nothing = np.full(len(candidates), np.nan, dtype=np.float32)
        return np.stack([candidates.columns.get(name, nothing) for name in self.columns], axis=1)


def _safe(name: str) -> str:
    """LightGBM refuses JSON's special characters in names."""
    return "".join(c if c.isalnum() else "_" for c in name)
