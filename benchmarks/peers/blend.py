"""Three plain terms and their weights: what the person did often, BM25 item neighbours (`implicit`), live popularity.

Each term is divided by its largest value for this person and moment. Few published models beat it; that is why it is
the peer to beat.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sitting
from exam import NEVER, Exam
from implicit_models import LIBRARIES, learn_bm25, score_neighbours
from scipy import sparse
from sitting import Peer


@dataclass
class Terms:
    """The neighbours, and what was computed already for the questions of the validation part."""

    similarity: sparse.csr_matrix
    kept: dict = field(default_factory=dict)


def learn(exam: Exam, settings: Mapping[str, Any]) -> Terms:
    return Terms(learn_bm25(exam, {**settings, "learned": "once"}))


def share(values: np.ndarray) -> np.ndarray:
    values = np.nan_to_num(values)
    return (values / np.maximum(values.max(axis=1, keepdims=True), 1e-12)).astype(np.float32)


def term(terms: Terms, exam: Exam, questions: np.ndarray, name: str, value: float) -> np.ndarray:
    """One term of some questions: `value` is a half-life or a window in days."""
    key = (name, value, int(questions[0]))
    if key in terms.kept:
        return terms.kept[key]
    if name == "popular":
        found = np.stack([exam.popularity(question, value) for question in questions])
    elif name == "frequency":
        found = exam.histories(questions, value, "sum").toarray()
    else:
        found = score_neighbours(terms.similarity, exam, questions, {"half_life": value, "count": "sum"})
    if exam.facts["part"] == "validation":
        terms.kept[key] = share(found)
    return share(found)


def score(terms: Terms, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    scores = term(terms, exam, questions, "bm25", settings["half_life"]) ** settings["power"]
    for name, value in (("frequency", settings["fades"]), ("popular", settings["window"])):
        if settings[name]:
            scores = scores + settings[name] * term(terms, exam, questions, name, value) ** settings["power"]
    return np.where(scores > 0, scores, np.nan)


PEERS = (
    Peer(
        name="tuned-blend",
        learn=learn,
        score=score,
        grid={
            "popular": (0.3, 0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0),
            "frequency": (0.5, 0.0, 0.1, 0.2, 0.3, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0),
            "window": (7.0, 0.25, 1.0, 2.0, 3.0, 14.0, 30.0, NEVER),
            "half_life": (90.0, NEVER, 30.0, 10.0, 3.0, 1.0),
            "fades": (NEVER, 180.0, 60.0, 20.0),
            "power": (1.0, 0.7, 0.5),
            "K": (2000, 500),
            "K1": (100.0,),
            "B": (0.2, 0.5, 0.35),
        },
        learned=("K", "K1", "B"),
        rounds=3,
        libraries=LIBRARIES,
    ),
)

if __name__ == "__main__":
    sitting.main(PEERS)
