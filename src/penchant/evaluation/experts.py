"""Every expert alone among the candidates: which of them is the one to beat, by questions of the training time."""

import numpy as np

from penchant.evaluation import metrics
from penchant.protocols import Trace
from penchant.types import Rows

_K = 10


def alone(trace: Trace, wanted: Rows) -> dict[str, float]:
    """NDCG@10 of the union of an answer, ordered by each column of each source."""
    _, union = trace.steps[0]
    every = np.ones(len(union), dtype=bool)
    orders = {name: union.rows[metrics.order(column, every)] for name, column in union.columns.items()}
    return {name: metrics.ndcg(order, wanted, _K) for name, order in orders.items()}
