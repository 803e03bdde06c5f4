"""Candidates by hand, and what a stage made of them."""

import numpy as np
import pytest

from penchant.types import Candidates


@pytest.fixture
def ranked():
    def make(scores, rows=None):
        rows = np.arange(len(scores)) if rows is None else rows
        return Candidates(rows=np.array(rows, dtype=np.int32), scores=np.array(scores, dtype=np.float32))

    return make
