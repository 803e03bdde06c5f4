"""Occurrence counts in bounded memory."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.catalogue.digests import Occurrences


@given(st.lists(st.lists(st.integers(0, 5), max_size=20), max_size=20))
def test_occurrences_count_as_a_counter_does(batches):
    seen, counter = Occurrences(), Counter()
    for batch in batches:
        expected = []
        for key in batch:
            counter[key] += 1
            expected.append(counter[key])
        assert seen.add(np.array(batch, dtype=np.uint64)).tolist() == expected
