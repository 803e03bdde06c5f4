"""An expert alone is judged on the candidates that the pipeline found."""

import numpy as np
import pytest

from penchant.evaluation.experts import alone
from penchant.protocols import Trace
from penchant.testing import worlds
from penchant.types import Candidates


def test_each_column_orders_the_union():
    columns = {"a.x": np.array([3.0, 2.0, 1.0]), "b.x": np.array([np.nan, 0.0, 5.0])}
    rows = np.array([4, 7, 2], dtype=np.int32)
    union = Candidates(rows=rows, scores=np.zeros(3, np.float32), columns=columns)
    trace = Trace(context=worlds.context(worlds.shop()), found={}, steps=[("union", union)])
    assert alone(trace, np.array([7])) == pytest.approx({"a.x": 1 / np.log2(3), "b.x": 0.0})
    assert alone(trace, np.array([2]))["b.x"] == 1.0
