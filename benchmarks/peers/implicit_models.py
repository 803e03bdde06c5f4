"""ALS and the item neighbours of the library `implicit`, each person's past folded in at the moment of the question."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sitting
from exam import NEVER, Exam
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy import sparse
from sitting import Peer

LIBRARIES = ("implicit", "numpy", "scipy")
PAST = {"half_life": (NEVER, 90.0, 30.0, 10.0, 3.0, 1.5), "count": ("once", "sum")}  # how a person's past is read


def neighbours(make: Callable[[Mapping[str, Any]], Any]) -> Callable[[Exam, Mapping[str, Any]], sparse.csr_matrix]:
    def learn(exam: Exam, settings: Mapping[str, Any]) -> sparse.csr_matrix:
        model = make(settings)
        model.fit(exam.learned(settings["learned"]), show_progress=False)
        return model.similarity.astype(np.float32)

    return learn


def score_neighbours(
    similarity: sparse.csr_matrix, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]
) -> np.ndarray:
    past = exam.histories(questions, settings["half_life"], settings["count"])
    scores = (past @ similarity).toarray()
    return np.where(scores > 0, scores, np.nan)


def learn_als(exam: Exam, settings: Mapping[str, Any]) -> AlternatingLeastSquares:
    model = AlternatingLeastSquares(
        factors=settings["factors"],
        regularization=settings["regularization"],
        alpha=settings["alpha"],
        iterations=15,
        num_threads=1,
        random_state=0,
    )
    people = exam.learned("sum")
    model.fit(people, show_progress=False)
    model.known = np.asarray(people.sum(axis=0)).ravel() > 0
    return model


def score_als(
    model: AlternatingLeastSquares, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]
) -> np.ndarray:
    past = exam.histories(questions, settings["half_life"], "sum")
    person = model.recalculate_user(np.arange(len(questions)), past)
    return np.where(model.known, person @ model.item_factors.T, np.nan)


def bm25(settings: Mapping[str, Any]) -> BM25Recommender:
    return BM25Recommender(K=settings["K"], K1=settings["K1"], B=settings["B"], num_threads=1)


def simple(name: str, model: Callable[..., Any]) -> Peer:
    """Neighbours that have nothing to set but their number."""
    return Peer(
        name=name,
        learn=neighbours(lambda s: model(K=s["K"], num_threads=1)),
        score=score_neighbours,
        grid={**PAST, "K": (100, 20, 500), "learned": ("once", "sum")},
        learned=("K", "learned"),
        rounds=1,
        libraries=LIBRARIES,
    )


learn_bm25 = neighbours(bm25)
PEERS = (
    Peer(
        name="implicit-bm25",
        learn=learn_bm25,
        score=score_neighbours,
        grid={
            **PAST,
            "K": (500, 100, 2000),
            "K1": (100.0, 1.2, 10.0),
            "B": (0.2, 0.0, 0.5, 0.75),
            "learned": ("once", "sum"),
        },
        learned=("K", "K1", "B", "learned"),
        libraries=LIBRARIES,
    ),
    simple("implicit-cosine", CosineRecommender),
    simple("implicit-tfidf", TFIDFRecommender),
    Peer(
        name="implicit-als",
        learn=learn_als,
        score=score_als,
        grid={
            "half_life": PAST["half_life"],
            "alpha": (4.0, 1.0, 16.0),
            "regularization": (0.1, 1.0, 10.0),
            "factors": (64, 128),
        },
        learned=("alpha", "regularization", "factors"),
        rounds=1,
        libraries=LIBRARIES,
    ),
)

if __name__ == "__main__":
    sitting.main(PEERS)
