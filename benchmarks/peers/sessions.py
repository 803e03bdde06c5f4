"""V-SKNN (Ludewig and Jannach, 2018): what came along in visits like this one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sitting
from exam import DAY, Exam
from scipy import sparse
from sitting import Peer


@dataclass
class Visits:
    """(visits × items), oldest first; the same by item; the length of each visit; idf of each item."""

    rows: sparse.csr_matrix
    columns: sparse.csc_matrix
    length: np.ndarray
    idf: np.ndarray


def learn(exam: Exam, settings: Mapping[str, Any]) -> Visits:
    places = exam.done[: np.searchsorted(exam.done, exam.facts["learned"])]
    user, item, time = (exam.log[name][places] for name in ("user", "item", "time"))
    day = time // DAY if settings["visit"] == "day" else np.zeros(len(time), dtype=np.int64)
    _, code = np.unique(np.stack([user, day]), axis=1, return_inverse=True)
    newest = np.zeros(int(code.max()) + 1, dtype=np.int64)
    np.maximum.at(newest, code.ravel(), np.arange(len(code.ravel())))
    rank = np.argsort(np.argsort(newest))  # visits in order of their last deed
    rows = sparse.csr_matrix((np.ones(len(item)), (rank[code.ravel()], item)), shape=(len(newest), exam.items))
    rows.data[:] = 1.0
    rows.sort_indices()
    met = np.asarray(rows.sum(axis=0)).ravel()
    idf = np.where(met > 0, np.log(len(newest) / np.maximum(met, 1)), 0.0)
    columns = rows.tocsc()
    columns.sort_indices()
    return Visits(rows, columns, np.asarray(rows.sum(axis=1)).ravel(), idf)


def answer(visits: Visits, item: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    """Scores of all items for somebody who did these things, oldest first."""
    newest = list(dict.fromkeys(item[::-1].tolist()))[: settings["last"]]
    weight = 1 - np.arange(len(newest)) / (len(newest) if settings["fade"] else 1e9)
    columns, ends = visits.columns, visits.columns.indptr
    audience = [columns.indices[ends[i] : ends[i + 1]] for i in newest]
    if not audience or not sum(map(len, audience)):
        return np.full(len(visits.idf), np.nan)
    members = np.concatenate(audience)
    shared = np.repeat(weight, [len(a) for a in audience])
    found, place = np.unique(members, return_inverse=True)
    alike = np.bincount(place, weights=shared)
    last = np.zeros(len(found))
    np.maximum.at(last, place, shared)
    found, alike, last = (column[-settings["recent"] :] for column in (found, alike, last))
    alike = alike / np.sqrt((weight**2).sum() * visits.length[found]) * last
    top = np.argpartition(-alike, min(settings["k"], len(alike)) - 1)[: settings["k"]]
    scores = np.asarray(visits.rows[found[top]].T @ alike[top]).ravel()
    scores = scores * (1 + settings["idf"] * visits.idf)
    return np.where(scores > 0, scores, np.nan)


def score(visits: Visits, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    return np.stack([answer(visits, exam.recent(question)[0], settings) for question in questions])


PEERS = (
    Peer(
        name="v-sknn",
        learn=learn,
        score=score,
        grid={
            "visit": ("person", "day"),
            "last": (20, 5, 100, 400),
            "k": (300, 100, 1000),
            "recent": (2500, 10000),
            "fade": (True, False),
            "idf": (0.0, 1.0, 5.0),
        },
        learned=("visit",),
        rounds=1,
    ),
)

if __name__ == "__main__":
    sitting.main(PEERS)
