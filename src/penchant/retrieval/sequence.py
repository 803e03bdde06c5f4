"""What a person takes next, foreseen from the order of what they did: a small self-attention network (SASRec, Kang &
McAuley 2018) over items made of their texts and a free part.

PyTorch fits it; serving reads one past in NumPy. An item that nobody had met is made of its text alone, as a candidate
and in a past.
"""

from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.arrays import keep, kept
from penchant.errors import ConfigError, NotReadyError
from penchant.protocols import Context, History
from penchant.retrieval import attention, whitening, windows
from penchant.retrieval.best import best, steps
from penchant.retrieval.whitening import Space
from penchant.types import Array, Catalogue, Columns, Floats, Rows

_FEW = 2  # steps that have a step before them, below which there is nothing to learn
_EVEN = 1e-3  # variance added to every direction of the texts, as a share of the largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Recipe of a network that foresees a person's next step."""

    width: Annotated[int, Ge(1)] = 64  # numbers that describe an item; a multiple of `heads`
    blocks: Annotated[int, Ge(1)] = 2  # layers of attention, from 1 on
    heads: Annotated[int, Ge(1)] = 2  # ways of attending in each, from 1 on
    length: Annotated[int, Ge(1)] = 50  # events of the past that are read, from 1 on
    text: Annotated[int, Ge(0)] = 128  # directions of the texts that are kept; 0 leaves texts aside
    epochs: Annotated[int, Ge(1)] = 10  # times that everything is learned from, from 1 on
    most: Annotated[int, Ge(1)] = 2_000_000  # events learned from in all: long logs are gone through less often
    rate: Annotated[float, Gt(0)] = 0.006  # highest learning rate, above 0
    dropout: Annotated[float, Interval(ge=0, lt=1)] = 0.2  # share of the numbers left out in learning, 0 to 1
    forget: Annotated[float, Interval(ge=0, lt=1)] = 0.0  # share of the items learned by their texts alone, 0 to 1
    decay: Annotated[float, Ge(0)] = 0.0  # weight decay of the free part and the layers, from 0 on
    events: Annotated[int, Ge(1)] = 1_024  # events learned from at once, from 1 on
    negatives: Annotated[int, Ge(1)] = 16_384  # items told apart at once; where there are more, so many are drawn
    placed: Annotated[float, Interval(ge=0, le=1)] = 0.5  # share of its score that an item nobody had met keeps, 0 to 1
    bfloat16: bool = True  # learn in half precision: three times as fast where the processor has it

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit the network; metrics: items, steps, epochs kept, NDCG@10 on people held out (if there are enough).

        Raises ConfigError where PyTorch is missing or `width` is no multiple of `heads`.
        """
        past = windows.past(history.timeline)
        starts = past.first[:-1]
        if np.count_nonzero(np.diff(past.user[starts]) == 0) < _FEW:
            raise NotReadyError(f"sequence: fewer than {_FEW} steps follow another step of the same person")
        self._possible()
        from penchant.retrieval import transformer

        warm = np.unique(past.item)
        vectors = history.catalogue.vectors[warm]
        text = whitening.fit(vectors, self.text, lambda variance: _EVEN * variance.max(initial=0.0))
        shape = replace(self, epochs=max(min(self.epochs, self.most // max(len(past.item), 1)), 1))
        fitted = transformer.fit(past.renumbered(warm), text.put(vectors), shape, history.seed)
        arrays = {
            **fitted.arrays,
            "warm": warm.astype(np.int32),
            "centre": text.centre,
            "turn": text.axes,
            "timed": np.array(past.timed),
        }
        keep(folder / "sequence", arrays)
        told = {"items": float(len(warm)), "steps": float(len(starts)), "epochs": float(fitted.epochs)}
        return told if np.isnan(fitted.ndcg) else {**told, "ndcg@10": fitted.ndcg}

    def load(self, folder: Path) -> "SequenceModel":
        weights = kept(folder / "sequence")
        text = Space(centre=weights.pop("centre"), axes=weights.pop("turn"))
        return SequenceModel(
            recipe=self,
            warm=weights.pop("warm"),
            items=weights.pop("items"),
            projection=weights.pop("text"),
            text=text,
            timed=bool(weights.pop("timed")),
            weights=weights,
        )

    def _possible(self) -> None:
        if self.width % self.heads:
            raise ConfigError(f"sequence: width is {self.width}; a multiple of heads = {self.heads} is wanted")
        if find_spec("torch") is None:
            raise ConfigError('sequence: PyTorch is missing, and training needs it; pip install "penchant[train]"')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SequenceModel:
    """Column `next`: how far an item's score stands above the mean of the items known at training, in deviations."""

    recipe: Sequence
    warm: Rows  # catalogue row of each item known at training, ascending
    items: Floats  # (warm × width)
    projection: Floats  # (directions × width): from a text to an item
    text: Space
    timed: bool
    weights: dict[str, Array]  # what `attention` reads with
    kept: dict[str, tuple[Catalogue, Floats, Array]] = field(default_factory=dict)  # items of the last catalogue

    def retrieve(self, context: Context, limit: int) -> Rows:
        """The rows that stand highest above the mean."""
        return best(context, np.nan_to_num(self._dense(context)), limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        return {"next": self._dense(context)[rows]}

    def _dense(self, context: Context) -> Floats:
        return context.lasting((self, "next"), lambda: self._compute(context))

    def _compute(self, context: Context) -> Floats:
        vectors, known = self._items(context.catalogue)
        rows, times = _past(context, known, self.recipe.length)
        if not len(rows):
            return np.full(len(vectors), np.nan, dtype=np.float32)
        state = attention.read(self.weights, vectors[rows], steps(times), times, self.timed)
        scores = vectors @ state
        usual = scores[self.warm]
        scores = (scores - usual.mean()) / max(float(usual.std()), 1e-9)
        new = np.ones(len(scores), dtype=bool)
        new[self.warm] = False
        scores = np.where(new & (scores > 0), np.float32(self.recipe.placed) * scores, scores)
        found: Floats = np.where(known, scores, np.nan).astype(np.float32)
        return found

    def _items(self, catalogue: Catalogue) -> tuple[Floats, Array]:
        """A vector for every row of the catalogue, and which of them there is anything to say of."""
        kept = self.kept.get("items")
        if kept is None or kept[0] is not catalogue:
            vectors = np.zeros((len(catalogue), self.items.shape[1]), np.float32)
            known: Array = np.zeros(len(catalogue), bool)
            if catalogue.vectors.shape[1] == len(self.text.centre) and self.text.axes.shape[1]:
                vectors = self.text.put(catalogue.vectors) @ self.projection
                known |= catalogue.vectors.any(axis=1)
            vectors[self.warm], known[self.warm] = self.items, True
            kept = self.kept["items"] = (catalogue, vectors, known)
        return kept[1], kept[2]


def _past(context: Context, known: Array, length: int) -> tuple[Rows, Array]:
    """Rows and times of the person's last positive events, oldest first, less what they refused since."""
    recent, interest = context.user["recent"], context.user["interest"]
    usable, rows = known.copy(), recent["item"]
    usable[interest["item"][interest["refused"] >= interest["last"]]] = False
    use = np.flatnonzero((rows >= 0) & (recent["weight"] > 0))
    use = use[usable[rows[use]]][-length:]
    return rows[use], recent["time"][use]
