"""What a catalogue says of the crowd, by hand."""

import numpy as np
import pytest

from penchant.retrieval.crowd import Crowd
from penchant.testing import worlds
from penchant.types import Item


def told(*attributes, events=0):
    """A context in which nobody asks; the first item is bought `events` times."""
    known = [Item(id=f"i{n}", attributes=a) for n, a in enumerate(attributes)]
    return worlds.context(worlds.world(known, [("v", 0, n, "view") for n in range(events)]), "u")


def standing(context, **settings):
    return Crowd(**settings).score(context, np.arange(len(context.catalogue)))["standing"].tolist()


@pytest.mark.parametrize("name", ["sales", "view_count", "Num Votes", "销量", "downloads"])
def test_more_is_better(name):
    context = told({name: 5}, {name: 1000}, {name: 7.5}, {name: 5})
    assert standing(context) == pytest.approx([1 / 4, 7 / 8, 5 / 8, 1 / 4])  # middles of the steps, equals share
    assert Crowd().retrieve(context, 3).tolist() == [1, 2, 0]


def test_less_of_a_rank_is_better():
    assert standing(told({"salesRank": 1}, {"salesRank": 90})) == pytest.approx([3 / 4, 1 / 4])


def test_a_rating_counts_by_its_votes():
    """One vote of 5 is less than a hundred of 4.8; the votes count as well."""
    context = told({"rating": 5.0, "votes": 1}, {"rating": 4.8, "votes": 100}, {"rating": 2.0, "votes": 50})
    assert standing(context) == pytest.approx([(1 / 2 + 1 / 6) / 2, 5 / 6, (1 / 6 + 1 / 2) / 2])
    assert standing(told({"rating": 5.0}, {"rating": 4.8})) == pytest.approx([3 / 4, 1 / 4])


def test_what_is_not_told_is_not_known():
    context = told({"sales": 3}, {"sales": "many"}, {"colour": "red"}, {"sales": True}, {"sales": float("inf")})
    assert np.isnan(standing(context)[1:]).all()
    assert Crowd().retrieve(context, 9).tolist() == [0]
    assert np.isnan(standing(told({"price": 3.0}))).all()


def test_speaks_softly_to_whom_is_known():
    known = [Item(id="a", attributes={"sales": 1}), Item(id="b", attributes={"sales": 2})]
    context = worlds.context(worlds.world(known, [("u", 0, 0, "view")]), "u")
    assert standing(context, fades=1) == pytest.approx([1 / 4 / 2 / 2, 3 / 4 / 2 / 2])  # one event, one item met


def test_fades_as_events_come_in():
    context = told({"sales": 1}, {"sales": 2}, events=30)
    assert standing(context, fades=10) == pytest.approx([1 / 16, 3 / 16])
    assert Crowd(fades=10).retrieve(context, 4).tolist() == [1]
    assert Crowd(fades=10).retrieve(context, 3).tolist() == []
