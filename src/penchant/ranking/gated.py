"""Dynamic weights: how much each expert counts depends on the person, the item and the moment.

Learned on replayed slates and served without any library but numpy; the weights are the explanation.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt

from penchant.arrays import keep, kept
from penchant.errors import NotReadyError
from penchant.protocols import Context, Examples, History
from penchant.ranking.descent import Descent, Weights
from penchant.ranking.facts import Facts, Scale, directions, matching, measured
from penchant.ranking.forms import Maximum, Sum
from penchant.types import Candidates, Columns

Form = Literal["sum", "maximum"]
TEXTS = "heads"  # the part of the score that texts add
_LEAST = 20  # replayed slates from which on there is something to learn


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """Recipe of weights w_j(person, item, moment) over the experts s_j and bilinear heads u·M·i over texts."""

    form: Form = "sum"  # "sum": Σ softmax(w)_j s_j; "maximum": the strongest u·M_j·i / ‖M_j‖
    heads: Annotated[int, Ge(1)] = 4  # matrices M_j; 1 or more
    directions: Annotated[int, Ge(0)] = 0  # principal directions in which texts are read; 0 or more, 0 reads none
    hidden: Annotated[int, Ge(1)] = 32  # units of the network behind the weights of a sum; 1 or more
    epochs: Annotated[int, Ge(1)] = 12  # passes over the replayed slates; 1 or more
    rate: Annotated[float, Gt(0)] = 0.005  # learning rate at the beginning, falling to zero; above 0
    l2: Annotated[float, Ge(0)] = 1e-4  # regularisation of the matrices; 0 or more
    truncation: Annotated[int, Ge(1)] = 20  # places of a slate that count; 1 or more
    experts: tuple[str, ...] = ("*~share", "*~rank")  # columns that are weighed; * stands for anything
    person: tuple[str, ...] = ("person_*", "moment_*")  # columns about who asks and when
    item: tuple[str, ...] = ("item_*", "match_*", "repeat_*")  # columns about the item, also of its fit to the person

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit on `history.examples`; metrics: slates and rows learned from. Texts are read if contexts are there."""
        examples = history.examples
        if examples is None or len(examples.groups) < _LEAST or not (examples.labels > 0).any():
            found = 0 if examples is None else len(examples.groups)
            raise NotReadyError(f"gated: {found} replayed slates with an answer; at least {_LEAST} are needed")
        scale = self._scale(history, examples)
        facts, form = _read(scale, examples), self._form()
        dice = np.random.default_rng(history.seed)
        descent = Descent(epochs=self.epochs, rate=self.rate, l2=self.l2, truncation=self.truncation)
        start = form.start(facts.take(np.arange(1)), dice)
        weights = descent.walk(form, start, facts, examples, dice)
        keep(folder / "weights", {"basis": scale.basis, **weights})
        (folder / "columns.json").write_text(json.dumps({"form": self.form, **scale.document()}, indent=1))
        return {"slates": float(len(examples.groups)), "rows": float(len(examples.labels))}

    def load(self, folder: Path) -> "GatedModel":
        document = json.loads((folder / "columns.json").read_text())
        weights = kept(folder / "weights")
        basis = weights.pop("basis")
        named = {name: tuple(document[name]) for name in ("experts", "person", "item")}
        scale = Scale(**named, mean=document["mean"], deviation=document["deviation"], basis=basis)
        return GatedModel(form=replace(self, form=document["form"])._form(), scale=scale, weights=weights)

    def _form(self) -> Sum | Maximum:
        return Sum(heads=self.heads, hidden=self.hidden) if self.form == "sum" else Maximum(heads=self.heads)

    def _scale(self, history: History, examples: Examples) -> Scale:
        names = list(examples.columns)
        person, item = matching(names, self.person), matching(names, self.item)
        mean, deviation = measured(examples.columns, [*person, *item])
        known = self.directions if examples.contexts else 0
        return Scale(
            experts=matching(names, self.experts),
            person=person,
            item=item,
            mean=mean,
            deviation=deviation,
            basis=directions(history.catalogue, known),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedModel:
    """Scores of the form; parts are each column's weight times its value, exactly."""

    form: Sum | Maximum
    scale: Scale
    weights: Weights

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        if not len(candidates):
            return candidates
        return candidates.with_scores(self.form.score(self.weights, self._facts(context, candidates)))

    def parts(self, context: Context, candidates: Candidates) -> Columns:
        """Weight × value of every column, `heads` for what texts add, `base` for what is the person's alone."""
        experts, item, texts, base = self.form.parts(self.weights, self._facts(context, candidates))
        added = dict(
            zip((*self.scale.experts, *self.scale.item), np.concatenate([experts, item], axis=1).T, strict=True)
        )
        return {**added, TEXTS: texts, "base": base}

    def _facts(self, context: Context, candidates: Candidates) -> Facts:
        reader, text = self.scale.texts(context, candidates.rows)
        return self.scale.facts(candidates.columns, len(candidates), reader, text)


def _read(scale: Scale, examples: Examples) -> Facts:
    """The examples as facts, texts included where their contexts are known."""
    size, count = len(examples.labels), scale.basis.shape[1]
    reader, text = np.zeros((size, count)), np.zeros((size, count))
    if count and examples.rows is not None:
        ends = np.cumsum(examples.groups).tolist()
        for context, end, group in zip(examples.contexts, ends, examples.groups.tolist(), strict=True):
            rows = slice(end - group, end)
            reader[rows], text[rows] = scale.texts(context, examples.rows[rows])
    return scale.facts(examples.columns, size, reader, text)
