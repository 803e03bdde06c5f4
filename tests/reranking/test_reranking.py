"""Rules by hand, maximal marginal relevance by hand, and a wish that comes first."""

from datetime import UTC, datetime

import numpy as np
import pytest

from penchant.reranking.allowed import Available, NotExcluded, Repeats
from penchant.reranking.asked import Asked
from penchant.reranking.diversity import Diversity
from penchant.testing import worlds
from penchant.testing.worlds import START
from penchant.types import DAY, Candidates, Item, moment


def ranked(scores, rows=None, **columns):
    rows = np.arange(len(scores), dtype=np.int32) if rows is None else np.array(rows, dtype=np.int32)
    named = {name.replace("_", "."): np.array(c, dtype=np.float32) for name, c in columns.items()}
    return Candidates(rows=rows, scores=np.array(scores, dtype=np.float32), columns=named)


def test_available_knows_stock_birth_and_expiry():
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    known = [
        Item(id="old"),
        Item(id="gone", available=False),
        Item(id="unborn", created=now.replace(hour=13)),
        Item(id="newborn", created=now),
        Item(id="expired", attributes={"expires": now.isoformat()}),
        Item(id="fresh", attributes={"expires": "2026-03-02T12:00:01+00:00"}),
        Item(id="odd", attributes={"expires": "some day"}),
    ]
    allowed = Available().allows(worlds.context(worlds.world(known), now=START + DAY // 2))
    assert [i.id for i, ok in zip(known, allowed, strict=True) if ok] == ["old", "newborn", "fresh", "odd"]


def test_excluded_items_and_the_one_looked_at(shop):
    allowed = NotExcluded().allows(worlds.context(shop, item="i3", exclude=["i1", "unheard of"]))
    assert np.flatnonzero(~allowed).tolist() == [1, 3]
    assert NotExcluded().allows(worlds.context(shop, item="unheard of")).all()


@pytest.mark.parametrize(("repeats", "gone"), [(True, [2]), (False, [0, 1, 2])])
def test_repeats_is_a_setting_and_dislikes_stay_away(repeats, gone):
    happened = [("u", 0, 0, "purchase"), ("u", 1, 1, "view"), ("u", 2, 2, "dislike"), ("v", 3, 3, "purchase")]
    context = worlds.context(worlds.world(worlds.items(5), happened), "u")
    assert np.flatnonzero(~Repeats(repeats=repeats).allows(context)).tolist() == gone


@pytest.fixture
def plane():
    """Items 0 and 1 are alike, 2 is unlike them, 3 lies between; no categories."""
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    bare = [Item(id=f"i{n}") for n in range(4)]
    return worlds.context(worlds.world(worlds.catalogue(bare, vectors)))


def test_diversity_by_hand(plane):
    """Scores 4, 3, 2, 1 have a spread of √1.25; likenesses to item 0 are 1, 0 and 0.6, of 2 to 3 it is 0.8."""
    unit = 1 / 1.25**0.5
    given = ranked([4, 3, 2, 1])
    # first 0; then 1 and 2 are level where 3·unit − s = 2·unit, so a little more than s = unit prefers 2
    assert Diversity(strength=unit * 1.01).apply(plane, given).rows.tolist() == [0, 2, 1, 3]
    assert Diversity(strength=unit * 0.99).apply(plane, given).rows.tolist() == [0, 1, 2, 3]
    # then 1 has 3·unit − s and 3 has unit − 0.8·s: level at s = 10·unit
    assert Diversity(strength=unit * 10.1).apply(plane, given).rows.tolist() == [0, 2, 3, 1]


def test_diversity_keeps_scores_and_what_lies_behind_its_pool(plane):
    given = ranked([4, 3, 2, 1])
    found = Diversity(strength=5.0).apply(plane, given)
    assert found.scores.tolist() == [4, 2, 3, 1]
    assert Diversity(strength=0.0).apply(plane, given).rows.tolist() == [0, 1, 2, 3]
    assert Diversity(strength=50.0, pool=3).apply(plane, given).rows.tolist() == [0, 2, 1, 3]


def test_diversity_counts_categories():
    known = [Item(id=str(n), attributes={"category": c}) for n, c in enumerate(["a", "a", "b"])]
    context = worlds.context(worlds.world(worlds.catalogue(known, np.zeros((3, 2), np.float32))))
    assert Diversity(strength=9.0).apply(context, ranked([3, 2, 1])).rows.tolist() == [0, 2, 1]


def test_a_wish_comes_first(shop):
    context = worlds.context(shop, text="kettle")
    given = ranked([5, 4, 3, 2], nearest_wish=[0.1, 0.2, np.nan, 0.9])
    found = Asked(person=0.5).apply(context, given)
    points = [0.5 / np.log2(2), 1 / 8 + 0.5 / np.log2(3), 0.5 / np.log2(4), 1 + 0.5 / np.log2(5)]
    assert found.rows.tolist() == np.argsort(-np.array(points)).tolist() == [3, 0, 1, 2]
    assert found.scores.tolist() == [2, 5, 4, 3]
    assert Asked(person=99.0).apply(context, given).rows.tolist() == [0, 1, 2, 3]


def test_without_a_wish_nothing_moves(shop):
    given = ranked([5, 4, 3], nearest_wish=[0.1, 0.2, 0.9])
    assert Asked().apply(worlds.context(shop), given).rows.tolist() == [0, 1, 2]
    asked = worlds.context(shop, text="kettle")
    assert Asked().apply(asked, ranked([5, 4, 3])).rows.tolist() == [0, 1, 2]
    assert Asked(compared={"nearest.other": 1.0}).apply(asked, given).rows.tolist() == [0, 1, 2]
    assert Asked().apply(asked, ranked([5, 4, 3], nearest_wish=[np.nan] * 3)).rows.tolist() == [0, 1, 2]


def test_a_wish_is_matched_by_meaning_and_by_words(shop):
    asked = worlds.context(shop, text="kettle")
    given = ranked([5, 4, 3, 2], nearest_wish=[0.9, 0.2, 0.1, 0.3], lexical_match=[0.0, 0.0, 0.6, 0.0])
    # shares 1, 1/8, 0 and 2/8 of the meaning, 0.6 of the words for the only one that says them
    assert Asked(person=0.0).apply(asked, given).rows.tolist() == [0, 2, 3, 1]
    assert Asked(person=0.0, counted={"lexical.match": 3.0}).apply(asked, given).rows.tolist() == [2, 0, 3, 1]
    assert Asked(person=0.0, compared={}).apply(asked, given).rows.tolist() == [2, 0, 1, 3]
    assert Asked(person=0.0, counted={}).apply(asked, given).rows.tolist() == [0, 3, 1, 2]


def test_what_is_available_is_that_of_each_moment():
    known = worlds.catalogue(
        [Item(id="always")]
        + [Item(id=f"from {n}", created=moment(START + n * DAY)) for n in (2, 4)]
        + [Item(id=f"until {n}", attributes={"expires": moment(START + n * DAY).isoformat()}) for n in (1, 4)]
        + [Item(id="never", available=False)]
    )
    world = worlds.world(known)
    moments = [START + n * DAY // 2 + d for n in range(12) for d in (-1, 0, 1)]
    for now in [*moments, *reversed(moments), *np.random.default_rng(0).permutation(moments).tolist()]:
        days = (now - START) / DAY
        wanted = [True, days >= 2, days >= 4, days < 1, days < 4, False]
        found = Available().allows(worlds.context(world, now=now))
        assert found.tolist() == wanted
        found[:] = True  # is its caller's own
