"""An exam as the peers see it: a log, questions, and how answers are marked. Needs numpy and scipy only.

The files are those of `benchmarks/questions.py`. Rule: every peer ranks the whole catalogue less what is denied, ties
by catalogue row; what has no score (NaN or -inf) is not ranked. Only events with a positive weight count as done.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy import sparse

DAY = 86_400_000_000  # microseconds
NEVER = float("inf")  # a half-life that lets nothing fade


@dataclass(frozen=True)
class Exam:
    """One part of a data set: `facts`, the `log` and the `questions` as named arrays."""

    facts: dict
    log: dict
    asked: dict

    def __len__(self) -> int:
        return len(self.asked["user"])

    @property
    def items(self) -> int:
        return self.facts["items"]

    @cached_property
    def done(self) -> np.ndarray:
        """Places of the positive events."""
        return np.flatnonzero(self.log["weight"] > 0)

    @cached_property
    def people(self) -> int:
        return int(max(self.log["user"].max(), self.asked["user"].max())) + 1

    @cached_property
    def _postings(self) -> tuple[np.ndarray, np.ndarray]:
        order = self.done[np.argsort(self.log["user"][self.done], kind="stable")]
        counts = np.bincount(self.log["user"][order], minlength=self.people)
        return order, np.concatenate([[0], np.cumsum(counts)])

    def past(self, question: int) -> np.ndarray:
        """Places of what the person had done by the moment of the question, in order."""
        order, starts = self._postings
        user = self.asked["user"][question]
        mine = order[starts[user] : starts[user + 1]]
        return mine[: np.searchsorted(mine, self.asked["seen"][question])]

    def told(self, question: int) -> np.ndarray:
        return self._list("told", question)

    def wanted(self, question: int) -> np.ndarray:
        return self._list("wanted", question)

    def denied(self, question: int) -> np.ndarray:
        return self._list("denied", question)

    def _list(self, name: str, question: int) -> np.ndarray:
        starts = self.asked[f"{name}_starts"]
        return self.asked[name][starts[question] : starts[question + 1]]

    def recent(self, question: int, half_life: float = NEVER) -> tuple[np.ndarray, np.ndarray]:
        """Items of each past deed in order, and a weight that halves every `half_life` days.

        Where the log has no times (frozen), every later deed counts as a day. What is told is of this moment.
        """
        places, told = self.past(question), self.told(question)
        item = np.concatenate([self.log["item"][places], told])
        if self.facts["frozen"]:
            age = np.arange(len(places))[::-1].astype(float)
        else:
            age = (self.asked["time"][question] - self.log["time"][places]) / DAY
        return item, np.concatenate([0.5 ** (age / half_life), np.ones(len(told))])

    def histories(self, questions: np.ndarray, half_life: float = NEVER, count: str = "once") -> sparse.csr_matrix:
        """(questions × items): the newest weight of each item (`once`), or the sum of its weights (`sum`)."""
        rows, columns, values = [], [], []
        for at, question in enumerate(questions):
            item, weight = self.recent(question, half_life)
            if count == "once":
                newest, back = np.unique(item[::-1], return_index=True)
                item, weight = newest, weight[::-1][back]
            rows.append(np.full(len(item), at))
            columns.append(item)
            values.append(weight)
        shape = (len(questions), self.items)
        found = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.csr_matrix(found, shape=shape, dtype=np.float32)  # adds up what stands twice

    def learned(self, count: str = "once", half_life: float = NEVER) -> sparse.csr_matrix:
        """(people × items) of all that may be learned from, counted as in `histories` as of the cut."""
        places = self.done[: np.searchsorted(self.done, self.facts["learned"])]
        user, item = self.log["user"][places], self.log["item"][places]
        ones = np.ones(len(places))
        if half_life < NEVER and not self.facts["frozen"]:
            ones = 0.5 ** ((self.facts["cut"] - self.log["time"][places]) / DAY / half_life)
        found = sparse.csr_matrix((ones, (user, item)), shape=(self.people, self.items), dtype=np.float32)
        if count == "once":
            found.data[:] = 1.0
        return found

    def popularity(self, question: int, days: float) -> np.ndarray:
        """Positive events of each item in the days before the question; everything if `days` is infinite."""
        seen, begin = self.asked["seen"][question], 0
        if days < NEVER and not self.facts["frozen"]:
            begin = np.searchsorted(self.log["time"], self.asked["time"][question] - days * DAY, side="right")
        places = slice(*np.searchsorted(self.done, [begin, seen]))
        return np.bincount(self.log["item"][self.done[places]], minlength=self.items).astype(np.float32)


def read(folder: Path) -> Exam:
    """Read one part."""
    facts = json.loads((folder / "facts.json").read_text())
    return Exam(facts, dict(np.load(folder / "log.npz")), dict(np.load(folder / "questions.npz")))


def marks(exam: Exam, found: np.ndarray) -> dict[str, np.ndarray]:
    """What `marked` says of the ranks of all questions."""
    return marked(found, exam.asked["wanted_starts"])


def ranks(exam: Exam, questions: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """1-based ranks of all that is wanted, question by question; 0 where it is not ranked."""
    scores = np.where(np.isnan(scores), -np.inf, scores)
    for at, question in enumerate(questions):
        scores[at, exam.denied(question)] = -np.inf
    wanted = [exam.wanted(question) for question in questions]
    owner = np.repeat(np.arange(len(questions)), [len(w) for w in wanted])
    item = np.concatenate(wanted)
    found = np.zeros(len(item), dtype=np.int64)
    column = np.arange(exam.items)
    for begin in range(0, len(item), 128):
        part = slice(begin, begin + 128)
        rows, own = scores[owner[part]], scores[owner[part], item[part]][:, None]
        ahead = (rows > own) | ((rows == own) & (column < item[part][:, None]))
        found[part] = np.where(np.isfinite(own[:, 0]), 1 + ahead.sum(axis=1), 0)
    return found


def answers(
    exam: Exam, score: Callable[[np.ndarray], np.ndarray], questions: np.ndarray, batch: int = 128
) -> np.ndarray:
    """Ranks of all that is wanted by `questions`; `score` is given some of them and returns (questions × items)."""
    parts = [questions[at : at + batch] for at in range(0, len(questions), batch)]
    return np.concatenate([ranks(exam, part, score(part)) for part in parts])


def marked(found: np.ndarray, starts: np.ndarray, k: int = 10) -> dict[str, np.ndarray]:
    """NDCG, hit and recall at k of each question; recall divides by min(k, wanted).

    `found` has 1-based ranks (0: not ranked), those of question q in `starts[q]:starts[q + 1]`, which is never empty.
    """
    most = np.minimum(np.diff(starts), k)
    hit = (found > 0) & (found <= k)
    gain = np.where(hit, 1 / np.log2(np.maximum(found, 1) + 1), 0.0)
    ideal = np.cumsum(1 / np.log2(np.arange(k) + 2))[most - 1]
    hits = np.add.reduceat(hit.astype(float), starts[:-1])
    return {"ndcg": np.add.reduceat(gain, starts[:-1]) / ideal, "hit": (hits > 0) * 1.0, "recall": hits / most}
