"""Candidates keep and reorder their columns as plain arrays would, whichever are read and when."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.types import Candidates

SIZE = 6
STEPS = st.lists(
    st.one_of(
        st.permutations(range(SIZE)).map(lambda order: ("order", order)),
        st.lists(st.booleans(), min_size=SIZE, max_size=SIZE).map(lambda mask: ("mask", mask)),
        st.sampled_from("abxy").map(lambda name: ("read", name)),
        st.tuples(st.sampled_from("abxy"), st.integers(0, 9)).map(lambda column: ("add", column)),
    ),
    max_size=8,
)


def a_list():
    columns = {"a": np.arange(SIZE, dtype=np.float32), "b": np.arange(SIZE, dtype=np.float32) * 2}
    return Candidates(rows=np.arange(SIZE, dtype=np.int32), scores=np.zeros(SIZE, np.float32), columns=columns)


@given(STEPS)
def test_they_are_what_plain_columns_would_be(steps):
    """The twin takes every column at every step."""
    found, twin = a_list(), {**a_list().columns}
    for step, value in steps:
        size = len(found)
        if step == "add":
            name, seed = value
            twin[name] = np.random.default_rng(seed).random(size)
            found = found.with_columns({name: twin[name]})
        elif step == "read":
            assert (value in found.columns) == (value in twin)
            np.testing.assert_array_equal(found.columns.get(value, ()), twin.get(value, ()))
        else:
            where = np.array(value)[:size] if step == "mask" else np.array([p for p in value if p < size], int)
            found, twin = found.take(where), {name: column[where] for name, column in twin.items()}
    assert list(found.columns) == list(twin)
    assert len(found.columns) == len(twin)
    for name, column in twin.items():
        np.testing.assert_array_equal(found.columns[name], column)


def test_what_is_read_of_some_is_theirs_alone():
    whole = a_list()
    some = whole.take([5, 0])
    assert some.columns["a"].tolist() == [5, 0]
    assert whole.columns["a"].tolist() == [0, 1, 2, 3, 4, 5]
    assert some.take(slice(1)).columns["b"].tolist() == [10]
