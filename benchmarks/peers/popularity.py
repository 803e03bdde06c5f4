"""What everybody did of late: counts over windows that end at the question."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sitting
from exam import NEVER, Exam
from sitting import Peer

WINDOWS = {"1d": 1.0, "3d": 3.0, "7d": 7.0, "30d": 30.0, "all": NEVER}
Score = Callable[[None, Exam, np.ndarray, Mapping[str, Any]], np.ndarray]


def window(days: float) -> Score:
    def score(model: None, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
        counts = np.stack([exam.popularity(question, days) for question in questions])
        return np.where(counts > 0, counts, np.nan)

    return score


PEERS = tuple(
    Peer(
        name=f"popular-{name}",
        learn=lambda exam, settings: None,
        score=window(days),
        sits=lambda exam, days=days: days == NEVER or not exam.facts["frozen"],
        wants="it is about times, and this log has none",
    )
    for name, days in WINDOWS.items()
)

if __name__ == "__main__":
    sitting.main(PEERS)
