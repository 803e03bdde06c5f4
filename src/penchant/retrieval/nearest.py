"""Likeness of texts: items near what the person liked, near the last thing they did, and near what they ask for.

Tastes are compared in the whitened space, where likenesses tell more apart. A wish is matched as it stands: a question
is written in other words than a catalogue, and whitening makes much of the difference.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.protocols import Context
from penchant.retrieval.best import best, liked
from penchant.retrieval.clusters import LARGE, clustered, kinship
from penchant.retrieval.whitening import whitened
from penchant.types import Array, Catalogue, Columns, Floats, Rows

Metric = Literal["cosine", "dot", "euclidean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """Columns `interest` (all that was liked, fading), `tastes` (its kinds apart), `last` (the newest item) and `wish`.

    `tastes` sorts what was liked into groups of like texts, newest first, and is Σ w·max(0, cos)² over their middles, w
    being their shares. It leaves out what they had already, and retrieves unless there is a wish. The mean text is
    taken out of `interest` and `last`; `euclidean` is the negative distance, and `dot` leaves lengths as they are.
    """

    metric: Metric = "cosine"  # how two texts are compared in `interest`, `last` and `wish`
    half_life: Annotated[float, Gt(0)] = 60.0  # days, above 0, after which a liked item counts half
    history: Annotated[int, Ge(1)] = 100  # liked items used; 1 or more
    tastes: Annotated[int, Ge(1)] = 8  # groups at most; 1 or more
    alike: Annotated[float, Interval(ge=-1, le=1)] = 0.4  # cosine, -1 to 1, from which two items are of one taste
    dims: Annotated[int, Ge(1)] = 256  # directions of the whitened space; 1 or more
    relaxed: Annotated[float, Ge(0)] = 0.5  # what is added to each variance before it is evened out; 0 or more

    def retrieve(self, context: Context, limit: int) -> Rows:
        wishes, catalogue = self._wishes(context), context.catalogue
        if "wish" in wishes:
            if len(catalogue) > LARGE and self.metric != "euclidean":
                near = clustered(catalogue, "vectors", catalogue.vectors)
                return near.nearest(catalogue.vectors, wishes["wish"][None], limit, context.allowed)
            return best(context, _positive(self._match(catalogue.vectors, wishes["wish"])), limit)
        if "tastes" not in wishes:
            return np.zeros(0, np.int32)
        if len(catalogue) > LARGE:
            return self._alike(context, wishes["tastes"], limit)
        kin = self._kinship(context) + np.float32(1e-6)  # everything is like a taste, more or less
        kin[_met(context)] = 0.0
        return best(context, kin, limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        wishes, vectors = self._wishes(context), context.catalogue.vectors[rows]
        nothing = np.full(len(rows), np.nan, dtype=np.float32)
        columns = {n: self._match(vectors, wishes[n]) if n in wishes else nothing for n in ("interest", "last", "wish")}
        if "tastes" not in wishes:
            return {**columns, "tastes": nothing}
        if len(context.catalogue) > LARGE:
            kin = kinship(self._texts(context.catalogue)[rows], wishes["tastes"])
        else:
            kin = self._kinship(context)[rows]
        kin[np.isin(rows, _met(context))] = np.nan
        return {**columns, "tastes": kin}

    def _kinship(self, context: Context) -> Floats:
        """Σ max(0, text · taste)² of every item, the tastes being √w long."""
        return context.lasting(
            (self, "kinship"), lambda: kinship(self._texts(context.catalogue), self._wishes(context)["tastes"])
        )

    def _alike(self, context: Context, tastes: Floats, limit: int) -> Rows:
        """The items most like the tastes; of those that were looked up before, if enough may be offered now."""
        catalogue, texts = context.catalogue, self._texts(context.catalogue)
        near = clustered(catalogue, f"whitened-{self.dims}-{self.relaxed}", texts)

        def found(most: int, allowed: Array) -> Rows:
            fresh = allowed.copy()
            fresh[_met(context)] = False
            return near.nearest(texts, tastes, most, fresh)

        most = 3 * limit
        rows = context.lasting((self, "alike", limit), lambda: found(most, catalogue.columns["available"]))
        offered = rows[context.allowed[rows]][:limit]
        return offered if len(offered) == limit or len(rows) < most else found(limit, context.allowed)

    def _texts(self, catalogue: Catalogue) -> Floats:
        return whitened(catalogue, self.dims, self.relaxed)

    def _wishes(self, context: Context) -> dict[str, Floats]:
        wishes = context.lasting((self, "wishes"), lambda: self._read(context))
        if context.wish is None or not context.wish.any() or not len(context.catalogue):
            return wishes
        return {**wishes, "wish": self._even(context.wish)}

    def _read(self, context: Context) -> dict[str, Floats]:
        """What the person's past says. Only shares of it count: that all of it fades meanwhile changes nothing."""
        catalogue, wishes = context.catalogue, dict[str, Floats]()
        rows, faded = liked(context, self.half_life, self.history, since_last=True)
        weights = (faded / max(faded.sum(), 1e-300)).astype(np.float32)
        if len(rows):
            wishes["interest"] = weights @ catalogue.vectors[rows] - catalogue.centre
            wishes["last"] = catalogue.vectors[rows[0]] - catalogue.centre
        wishes = {name: self._even(w) for name, w in wishes.items()}
        if len(rows):
            wishes["tastes"] = self._tastes(self._texts(catalogue)[rows], weights)
        return {name: w for name, w in wishes.items() if w.any()}

    def _even(self, wish: Floats) -> Floats:
        """A wish at the length at which it is compared."""
        even: Floats = wish if self.metric == "dot" else wish / max(float(np.linalg.norm(wish)), 1e-9)
        return even

    def _tastes(self, texts: Floats, weights: Floats) -> Floats:
        """(tastes × dims) the middle of each group at the length √w; every text goes to the leader it is most like."""
        like = texts @ texts.T
        leaders: list[int] = []
        free = texts.any(axis=1)
        while free.any() and len(leaders) < self.tastes:
            leaders.append(int(np.argmax(free)))
            free = free & (like[leaders[-1]] < self.alike)
            free[leaders[-1]] = False
        if not leaders:
            return np.zeros((0, texts.shape[1]), np.float32)
        of = np.argmax(like[:, leaders], axis=1)
        share = (of[None, :] == np.arange(len(leaders))[:, None]) * (weights * texts.any(axis=1))
        middles = share @ texts
        middles /= np.maximum(np.linalg.norm(middles, axis=1, keepdims=True), 1e-9)
        middles *= np.sqrt(share.sum(axis=1, keepdims=True) / max(float(share.sum()), 1e-30))
        found: Floats = middles.astype(np.float32)
        return found

    def _match(self, vectors: Floats, wish: Floats) -> Floats:
        dots: Floats = (vectors @ wish).astype(np.float32)
        if self.metric != "euclidean":
            return dots
        lengths = np.einsum("ij,ij->i", vectors, vectors)
        distance: Floats = -np.sqrt(np.maximum(lengths - 2 * dots + float(wish @ wish), 0.0)).astype(np.float32)
        return distance


def _met(context: Context) -> Rows:
    """Items the person had already, which are all too like themselves."""
    interest = context.user["interest"]
    found: Rows = interest["item"][interest["count"] > 0]
    return found


def _positive(match: Array) -> Array:
    """The same order with no value at or below zero: everything is like a wish, more or less."""
    shifted: Array = match - match.min(initial=0.0) + 1e-6
    return shifted
