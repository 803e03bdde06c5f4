"""What a person has done before: plain frequency, and TIFU-kNN (Hu et al., SIGIR 2020), which adds what is like them.

Both are about repeats and sit only where these are wanted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import sitting
from exam import NEVER, Exam
from scipy import sparse
from sitting import Peer

# ── frequency ───────────────────────────────────────────────────────────────────────────────────────────────────────


def learn_fame(exam: Exam, settings: Mapping[str, Any]) -> np.ndarray:
    """How often everybody did each, below one: it orders what the person did equally often or never."""
    fame = np.asarray(exam.learned("sum").sum(axis=0)).ravel()
    return fame / (fame.max() + 1)


def score_frequency(fame: np.ndarray, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    often = exam.histories(questions, settings["half_life"], "sum").toarray()
    scores = often + 1e-4 * fame
    return np.where(scores > 0, scores, np.nan)


# ── TIFU-kNN ────────────────────────────────────────────────────────────────────────────────────────────────────────


def basket_weights(size: int, settings: Mapping[str, Any]) -> np.ndarray:
    """Weight of each of a person's baskets, oldest first: fading within each group of baskets and over the groups."""
    groups = min(settings["groups"], size)
    inside, over = settings["within"], settings["between"]
    weights = []
    for place, group in enumerate(np.array_split(np.arange(size), groups)):
        faded = inside ** np.arange(len(group))[::-1] / len(group)
        weights.append(faded * over ** (groups - 1 - place) / groups)
    return np.concatenate(weights)


def vector(item: np.ndarray, moment: np.ndarray, settings: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Items and weights of what one person did; equal moments are one basket."""
    if not len(item):
        return item, np.zeros(0)
    _, basket = np.unique(moment, return_inverse=True)
    pairs = np.unique(basket.astype(np.int64) << 32 | item)
    weights = basket_weights(int(basket.max()) + 1, settings)
    return pairs & 0xFFFFFFFF, weights[pairs >> 32]


def matrix(vectors: Sequence[tuple[np.ndarray, np.ndarray]], items: int) -> sparse.csr_matrix:
    sizes = np.concatenate([[0], np.cumsum([len(item) for item, _ in vectors])])
    item = np.concatenate([item for item, _ in vectors])
    weight = np.concatenate([weight for _, weight in vectors])
    found = sparse.csr_matrix((weight, item, sizes), shape=(len(vectors), items))
    found.sum_duplicates()
    return found


@dataclass
class Crowd:
    """Everybody's vector as of the cut, and its squared length."""

    vectors: sparse.csr_matrix
    length: np.ndarray


def learn_tifu(exam: Exam, settings: Mapping[str, Any]) -> Crowd:
    places = exam.done[: np.searchsorted(exam.done, exam.facts["learned"])]
    order = places[np.argsort(exam.log["user"][places], kind="stable")]
    ends = np.searchsorted(exam.log["user"][order], np.arange(exam.people + 1))
    mine = [order[a:b] for a, b in pairwise(ends)]
    found = matrix([vector(exam.log["item"][p], exam.log["time"][p], settings) for p in mine], exam.items)
    return Crowd(found, np.asarray(found.multiply(found).sum(axis=1)).ravel())


def score_tifu(crowd: Crowd, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    vectors = []
    for question in questions:
        places, told = exam.past(question), exam.told(question)
        moment = np.concatenate([exam.log["time"][places], np.full(len(told), exam.asked["time"][question])])
        vectors.append(vector(np.concatenate([exam.log["item"][places], told]), moment, settings))
    own = matrix(vectors, exam.items)
    near = 2 * (own @ crowd.vectors.T).toarray() - crowd.length  # minus the squared distance, up to a constant
    near[np.arange(len(questions)), exam.asked["user"][questions]] = -np.inf
    near[:, crowd.length == 0] = -np.inf
    k = settings["neighbours"]
    top = np.argpartition(-near, k, axis=1)[:, :k]
    chosen = sparse.csr_matrix((np.full(top.size, 1 / k), top.ravel(), np.arange(0, top.size + 1, k)), shape=near.shape)
    scores = (settings["own"] * own + (1 - settings["own"]) * (chosen @ crowd.vectors)).toarray()
    return np.where(scores > 0, scores, np.nan)


def repeats(exam: Exam) -> bool:
    """If what was done before may be wanted at all."""
    return bool(exam.facts["repeats"])


PEERS = (
    Peer(
        name="personal-frequency",
        learn=learn_fame,
        score=score_frequency,
        grid={"half_life": (NEVER, 360.0, 180.0, 90.0, 45.0, 20.0)},
        rounds=1,
        sits=lambda exam: repeats(exam) and not novel(exam),
        wants="it is about repeats, and none are asked for",
    ),
    Peer(
        name="tifu-knn",
        learn=learn_tifu,
        score=score_tifu,
        grid={
            "own": (0.7, 0.5, 0.9, 0.3),
            "neighbours": (300, 100, 900),
            "within": (0.9, 0.7, 1.0),
            "between": (0.7, 0.5, 0.9),
            "groups": (7, 3, 23),
        },
        learned=("within", "between", "groups"),
        rounds=1,
        sits=repeats,
        wants="it is about repeats, and none are asked for",
    ),
)


def novel(exam: Exam) -> bool:
    """If only what the person has not had is asked for."""
    return bool(exam.facts.get("novel"))


if __name__ == "__main__":
    sitting.main(PEERS)
