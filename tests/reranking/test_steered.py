"""Steering at work: what is asked of the head of a list comes about, and what is not named keeps its order."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.reranking.steered import Filters, Steered
from penchant.retrieval.steered import Asked
from penchant.testing import worlds
from penchant.text.steers import Delta
from penchant.types import Candidates

GARDEN = ((("category", "garden"),),)


@pytest.fixture
def context(shop):
    return worlds.context(shop)


def scored(context):
    """Every item, in order of its row; garden is every third."""
    size = len(context.catalogue)
    return Candidates(rows=np.arange(size, dtype=np.int32), scores=np.linspace(3, 0, size).astype(np.float32))


def asked(context, *deltas):
    return replace(context, steering=deltas, memo={})


def garden(context, found, places=10):
    items = context.catalogue.items
    return sum(items[row].attributes.get("category") == "garden" for row in found.rows[:places].tolist())


def about(way, **more):
    return Delta(way=way, about="garden", terms=GARDEN, **more)


def test_without_steering_nothing_happens(context):
    given = scored(context)
    assert Steered().apply(context, given) is given
    assert Steered().shifts(context, given) == {}
    assert len(Asked().retrieve(context, 10)) == 0
    assert Filters().allows(context).all()


def test_more_and_less_move_three_places_and_the_rest_keeps_its_order(context):
    given = scored(context)
    before = garden(context, given)
    for way, moved in (("more", 3), ("less", -3)):
        there = asked(context, about(way))
        found = Steered().apply(there, given)
        assert garden(there, found) == before + moved
        others = [r for r in found.rows.tolist() if context.catalogue.items[r].attributes.get("category") != "garden"]
        assert others == sorted(others)


def test_step_and_head_count(context):
    given, there = scored(context), asked(context, about("more"))
    assert [garden(there, Steered(step=s).apply(there, given)) for s in (0.1, 0.4)] == [6, 8]
    short = Steered(head=4).apply(there, given)
    assert garden(there, short, 4) == garden(there, given, 4) + 2


def test_a_little_and_a_lot(context):
    given = scored(context)
    found = [garden(context, Steered().apply(asked(context, about("more", amount=a)), given)) for a in (0.5, 1, 2)]
    assert found == [6, 7, 8]  # there are eight


def test_filters_let_through_what_was_asked(context):
    allowed = Filters().allows(asked(context, about("only")))
    assert allowed.tolist() == [i.attributes.get("category") == "garden" for i in context.catalogue.items]
    np.testing.assert_array_equal(Filters().allows(asked(context, about("no"))), ~allowed)
    dear = Delta(way="only", about="up to 5", aim="range", attribute="price", high=5.0)
    prices = context.catalogue.columns["price"]
    np.testing.assert_array_equal(Filters().allows(asked(context, dear)), prices <= 5)


def test_a_filter_says_what_it_refuses(context):
    there = asked(context, about("no"))
    assert Filters().tells(there, 0, "en") == "the person asked for no garden"
    assert Filters().tells(there, 1, "en") == ""


def test_where_rules_do_not_apply_filters_move_to_the_end(context):
    given = scored(context)
    assert garden(context, Steered().apply(asked(context, about("no")), given)) == 0
    assert garden(context, Steered().apply(asked(context, about("only")), given)) == 8


def test_cheaper_is_cheaper_than_what_stands_at_the_head(context):
    given = scored(context).with_scores(np.arange(24))  # the dearest first
    there = asked(context, Delta(way="less", about="cheaper", aim="trend", attribute="price"))
    found = Steered().apply(there, given)
    price = context.catalogue.columns["price"]
    middle = np.nanmedian(price[given.rows[:10]])
    assert (price[found.rows[:10]] < middle).sum() >= (price[given.rows[:10]] < middle).sum() + 2 - 2
    assert np.nanmean(price[found.rows[:10]]) < np.nanmean(price[given.rows[:10]])


def test_what_the_catalogue_has_no_words_for_is_matched_by_its_text(context):
    there = asked(context, Delta(way="more", about="amber rake"))
    rows = Asked().retrieve(there, 5)
    assert there.catalogue.items[rows[0]].title == "amber rake"


def test_the_source_finds_what_is_asked_for_and_only_that(context):
    rows = Asked().retrieve(asked(context, about("more")), 5)
    assert len(rows) == 5
    assert all(context.catalogue.items[row].attributes["category"] == "garden" for row in rows.tolist())
    assert len(Asked().retrieve(asked(context, about("less")), 5)) == 0
    assert Asked().score(context, rows) == {}


def test_half_life_fades_the_taste(context):
    there = asked(context, about("more"))
    orders = [Asked(half_life=h).retrieve(there, 8).tolist() for h in (0.01, 1e6)]
    assert sorted(orders[0]) == sorted(orders[1])


def test_shifts_are_what_the_scores_changed_by(context):
    given, there = (
        scored(context),
        asked(context, about("more"), Delta(way="less", about="x", terms=((("", "lamp"),),))),
    )
    found, shifts = Steered().apply(there, given), Steered().shifts(there, given)
    total = sum(shifts.values())
    seat = {row: place for place, row in enumerate(given.rows.tolist())}
    places = [seat[row] for row in found.rows.tolist()]
    np.testing.assert_allclose(found.scores, (given.scores + total)[places], rtol=1e-5)


def test_order_given_is_kept_where_scores_do_not_tell_it(context):
    given = scored(context)
    swapped = given.take(np.array([1, 0, *range(2, 24)]))
    found = Steered().apply(asked(context, Delta(way="more", about="none", terms=((("category", "none"),),))), swapped)
    assert found.rows.tolist() == swapped.rows.tolist()
