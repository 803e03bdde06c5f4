"""What the built-in folds say of a few events, worked out by hand."""

import numpy as np

from penchant.state.folds import Counts, Interest, Rates, Recent, fold
from penchant.testing.worlds import START, timeline
from penchant.types import DAY, HOUR, MINUTE, NEVER


def events(*happened):
    """Events of one person: (item, minute, kind)."""
    line = timeline([("u", item, minute, kind) for item, minute, kind in happened])
    return line.events(slice(None))


SOME = events((3, 0, "view"), (1, 10, "purchase"), (3, 1_440, "purchase"), (-1, 1_441, "search"), (1, 1_442, "dislike"))


def after(plugin, given):
    return {name: column.tolist() for name, column in plugin.step(plugin.start(), given).items()}


def test_interest_sums_what_each_item_met():
    assert after(Interest(), SOME) == {
        "item": [1, 3],
        "count": [1, 2],  # a dislike is no positive event
        "weight": [2_000 - 1_000, 200 + 2_000],
        "first": [START + 10 * MINUTE, START],
        "last": [START + 10 * MINUTE, START + 1_440 * MINUTE],  # a dislike is no last time
        "refused": [START + 1_442 * MINUTE, NEVER],
    }


def test_interest_forgets_what_was_met_longest_ago():
    given = events((4, 0, "view"), (2, 1, "view"), (9, 2, "view"), (4, 3, "view"))
    assert after(Interest(size=2), given)["item"] == [4, 9]


def test_recent_keeps_the_newest_in_order_of_time():
    state = Recent(size=3).step(Recent().start(), SOME)
    assert state["item"].tolist() == [3, -1, 1]
    assert state["position"].tolist() == [3, 4, 5]
    late = timeline([("u", 7, 1_440.5, "view")]).events(slice(None))
    assert Recent(size=3).step(state, late)["item"].tolist() == [7, -1, 1]


def test_counts_tell_kinds_and_the_span():
    kinds = timeline([]).kinds
    state = Counts().step(Counts().start(), SOME)
    counted = {kinds.names[code]: n for code, n in enumerate(state["count"].tolist()) if n}
    assert counted == {"view": 1, "purchase": 2, "search": 1, "dislike": 1}
    assert state["span"].tolist() == [START, START + 1_442 * MINUTE]


def test_rates_tell_events_per_active_day():
    first = START // DAY
    assert after(Rates(), SOME) == {"day": [first, first + 1], "count": [2, 3]}
    assert after(Rates(size=1), SOME) == {"day": [first + 1], "count": [3]}


def test_folds_go_on_from_a_state():
    folds = (Interest(), Counts())
    whole = fold(folds, SOME)
    parts = fold(folds, SOME.take(slice(2, None)), fold(folds, SOME.take(slice(0, 2))))
    assert whole.keys() == {"interest", "counts"}
    for name, columns in whole.items():
        for column, values in columns.items():
            np.testing.assert_array_equal(parts[name][column], values)


def test_no_day_has_25_hours():
    given = events((0, 0, "view"), (0, 24 * HOUR / MINUTE - 1e-4, "view"), (0, 1_440, "view"))
    assert after(Rates(), given)["count"] == [2, 1]
