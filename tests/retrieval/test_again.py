"""Personal frequency and its recency term, worked out by hand."""

import numpy as np
import pytest

from penchant.retrieval.again import Again
from penchant.testing import worlds
from penchant.testing.worlds import START
from penchant.types import DAY


@pytest.fixture
def context():
    """At day 90: item 2 bought twice on day 0, item 4 once on day 0, item 6 once on day 90, item 1 disliked."""
    happened = [("u", 2, 0, "purchase"), ("u", 2, 0, "purchase"), ("u", 4, 0, "purchase")]
    happened += [("u", 1, 1, "dislike"), ("v", 3, 2, "purchase"), ("u", 6, 90 * 1_440, "purchase")]
    return worlds.context(worlds.world(worlds.items(8), happened), "u", now=START + 90 * DAY)


def test_weighs_what_was_done_and_how_long_ago(context):
    frequency = Again(half_life=90, recency=0.5).score(context, np.arange(8))["frequency"]
    wanted = {2: 4 + 0.5 * 0.5, 4: 2 + 0.5 * 0.5, 6: 2 + 0.5}  # 90 days are one half-life
    assert {row: value for row, value in enumerate(frequency.tolist()) if value == value} == pytest.approx(wanted)


def test_what_others_take_now_counts_more(context):
    columns = Again(half_life=90, recency=0.5).score(context, np.arange(8))
    demand = 1 + np.log1p(2)  # the one purchase of item 6; the others were bought before the last week
    assert columns["current"][[2, 4, 6]].tolist() == pytest.approx([4.25, 2.25, 2.5 * demand])
    longer = Again(half_life=90, recency=0.5, window=91).score(context, np.arange(8))["current"]
    assert longer[[2, 4, 6]].tolist() == pytest.approx([4.25 * (1 + np.log1p(4)), 2.25 * demand, 2.5 * demand])


def test_orders_by_frequency_and_demand(context):
    assert Again().retrieve(context, 9).tolist() == [6, 2, 4]
    assert Again(window=91).retrieve(context, 2).tolist() == [2, 6]


def test_knows_only_the_persons_own_past(context):
    assert 3 not in Again().retrieve(context, 9)
    assert np.isnan(Again().score(context, np.array([3, 1]))["frequency"]).all()
