"""The promises of a fold; `penchant.testing.plugins` says how a suite is used."""
# ruff: noqa: S101  (asserting is what a test suite is for)

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.events.kinds import Kinds
from penchant.events.timeline import Events
from penchant.protocols import Fold
from penchant.testing.worlds import START, WEIGHTS
from penchant.types import DAY, Columns

Happened = tuple[int, int, str]  # half-days after START, item, kind
HAPPENED = st.tuples(st.integers(0, 9), st.integers(-1, 5), st.sampled_from(sorted(WEIGHTS)))
PAST = st.lists(HAPPENED, max_size=14)

careful: Callable[[Any], Any] = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


def some_events(happened: Sequence[tuple[int, Happened]]) -> Events:
    """Events of one person at their positions, in order of time as a timeline would give them."""
    kinds = Kinds(WEIGHTS, {})
    time = np.array([START + half * DAY // 2 for _, (half, _, _) in happened], dtype=np.int64)
    position = np.array([at for at, _ in happened], dtype=np.int64)
    kind = np.array([kinds.code(name) for _, (_, _, name) in happened], dtype=np.int16)
    item = np.array([row for _, (_, row, _) in happened], dtype=np.int32)
    value = np.array([row / 2 if row > 2 else np.nan for row in item.tolist()], dtype=np.float32)
    return Events(time, item, kind, value, kinds.weights[kind], position).take(np.lexsort((position, time)))


class FoldContract:
    """The promises of a `Fold`."""

    @pytest.fixture
    def fold(self) -> Fold:
        """Override: the fold under test."""
        raise NotImplementedError

    def test_has_a_name_and_starts_alike(self, fold: Fold) -> None:
        assert fold.name
        same_state(fold.start(), fold.start())

    def test_nothing_new_changes_nothing(self, fold: Fold) -> None:
        nothing = some_events([])
        same_state(fold.step(fold.start(), nothing), fold.start())
        some = fold.step(fold.start(), some_events([(1, (0, 1, "view")), (2, (1, -1, "search"))]))
        same_state(fold.step(some, nothing), some)

    @careful
    @given(happened=PAST, data=st.data())
    def test_neither_order_nor_batches_matter(self, fold: Fold, happened: list[Happened], data: st.DataObject) -> None:
        logged = list(enumerate(happened, start=1))
        whole = fold.step(fold.start(), some_events(logged))
        arrived = data.draw(st.permutations(logged))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(logged)), max_size=4)))
        state = fold.start()
        for begin, end in zip([0, *cuts], [*cuts, len(logged)], strict=True):
            state = fold.step(state, some_events(arrived[begin:end]))
        same_state(state, whole)

    @careful
    @given(happened=PAST, later=PAST)
    def test_leaves_its_input_as_it_was(self, fold: Fold, happened: list[Happened], later: list[Happened]) -> None:
        state = fold.step(fold.start(), some_events(list(enumerate(happened))))
        events = some_events(list(enumerate(later, start=100)))
        kept = {name: np.array(column) for name, column in state.items()}
        given_events = events.take(np.arange(len(events)))
        fold.step(state, events)
        same_state(state, kept)
        for name in Events.__slots__:
            np.testing.assert_array_equal(getattr(events, name), getattr(given_events, name))

    @careful
    @given(happened=PAST)
    def test_keeps_the_types_of_its_columns(self, fold: Fold, happened: list[Happened]) -> None:
        start, state = fold.start(), fold.step(fold.start(), some_events(list(enumerate(happened))))
        assert {n: c.dtype for n, c in start.items()} == {n: c.dtype for n, c in state.items()}


def same_state(first: Columns, second: Columns) -> None:
    """Fail unless two states are exactly equal."""
    assert first.keys() == second.keys()
    for name, column in first.items():
        np.testing.assert_array_equal(column, second[name], err_msg=name, strict=True)
