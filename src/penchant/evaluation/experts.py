"""Every expert alone among the candidates: which of them is the one to beat, by questions of the training time."""

import numpy as np

from penchant.evaluation import metrics
from penchant.evaluation.metrics import Outcome
from penchant.protocols import Trace
from penchant.types import Rows


def alone(trace: Trace, wanted: Rows, k: int = 10) -> dict[str, float]:
    """NDCG at k of the union of an answer, ordered by each column of each source."""
    _, union = trace.steps[0]
    size, every = len(trace.context.catalogue), np.ones(len(union), dtype=bool)
    found = {}
    for name, column in union.columns.items():
        order = union.rows[metrics.order(column, every)]
        outcome = Outcome(metrics.ranks_in(order, wanted), len(order), size)
        found[name] = metrics.measure(outcome, k)["ndcg"]
    return found
