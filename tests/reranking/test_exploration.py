"""Chances are what the dice do: counted over many slates, for every item and every setting."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.build import build
from penchant.reranking.exploration import Explore, inclusion
from penchant.testing import worlds
from penchant.types import DOUBT, PROPENSITY, Event, Query

DRAWS = 2_000


@pytest.fixture
def given(ranked):
    return ranked(np.linspace(2, 0, 24))


def counted(stage, context, given, draws=DRAWS):
    """How often each row was among the first k, and the chances that the stage named."""
    k, shown = context.query.k, np.zeros(24)
    for n in range(draws):
        found = stage.apply(replace(context, dice=np.random.default_rng(n)), given)
        shown[found.rows[:k]] += 1
    return shown / draws, found.columns[PROPENSITY][np.argsort(found.rows)]


@pytest.mark.parametrize("share", [0.1, 0.34, 1.0])
@pytest.mark.parametrize("k", [1, 5])
def test_every_item_is_shown_as_often_as_its_chance_says(shop, given, share, k):
    often, chance = counted(Explore(share=share, pool=9), worlds.context(shop, k=k), given)
    assert chance.sum() == pytest.approx(k)
    assert often == pytest.approx(chance, abs=4.5 * np.sqrt(0.25 / DRAWS))
    assert not often[chance == 0].any()


def test_no_place_is_given_to_chance_without_a_share(shop, given):
    found = Explore(share=0.0).apply(worlds.context(shop, k=5), given)
    assert found.rows.tolist() == list(range(24))
    assert found.columns[PROPENSITY].tolist() == [1.0] * 5 + [0.0] * 19


@pytest.mark.parametrize(("k", "surface"), [(24, "home"), (30, "home"), (5, "rank")])
def test_what_is_shown_in_full_is_not_left_to_chance(shop, given, k, surface):
    context = worlds.context(shop, k=k)
    found = Explore(share=0.5).apply(replace(context, query=replace(context.query, surface=surface)), given)
    assert found.rows.tolist() == list(range(24))
    assert (found.columns[PROPENSITY][:k] == 1).all()


def test_the_first_places_are_kept_and_the_others_shared(shop, given):
    context = worlds.context(shop, k=5)
    stage, places = Explore(share=0.4, kept=2), set()
    for n in range(200):
        found = stage.apply(replace(context, dice=np.random.default_rng(n)), given)
        assert found.rows[:2].tolist() == [0, 1]
        assert (found.rows[:5] < 3).sum() == 3
        places |= set(np.flatnonzero(found.rows[:5] >= 3).tolist())
    assert places == {2, 3, 4}
    first = [replace(stage, kept=0).apply(replace(context, dice=np.random.default_rng(n)), given) for n in range(50)]
    assert any(found.rows[0] >= 3 for found in first)


def test_settings_change_the_chances(shop, given):
    context, stage = worlds.context(shop, k=5), Explore(share=0.2, temperature=1.0, novelty=0.0, pool=10)
    usual = by_row(stage, context, given)
    spread = np.std(given.scores[:14])
    ratio = np.exp((given.scores[4] - given.scores[5]) / spread)
    assert usual[4] / usual[5] == pytest.approx(ratio, rel=1e-5)
    assert by_row(replace(stage, temperature=2.0), context, given)[4] < usual[4]
    assert np.count_nonzero(by_row(replace(stage, pool=3), context, given)) == 4 + 3
    touched = context.timeline.tally(None, context.now, 24)
    assert touched[5] != touched[23]
    new = by_row(replace(stage, pool=24, novelty=3.0), context, given)
    old = by_row(replace(stage, pool=24, novelty=0.0), context, given)
    assert touched[23] == 0
    assert new[23] > old[23]


DRAWN = Explore(share=0.4, pool=12, draws=200, novelty=0.0)


def doubted(given, deviation):
    """The candidates with a direction of doubt of each one's own: `deviation` is one number or one for each."""
    off = np.diag(np.broadcast_to(deviation, len(given)).astype(np.float32))
    return given.with_columns({f"{DOUBT}{place}": column for place, column in enumerate(off.T)})


def test_items_drawn_from_what_is_not_known_are_shown_as_often_as_logged(shop, given):
    """Each slate has chances of its own, since it estimates them anew: Σ 1/chance over the slates that show an item."""
    context, some = worlds.context(shop, k=5), doubted(given, 0.5)
    weights = np.zeros(24)
    for n in range(DRAWS):
        found = replace(DRAWN, draws=20, even=0.5).apply(replace(context, dice=np.random.default_rng(n)), some)
        weights[found.rows[:5]] += 1 / found.columns[PROPENSITY][:5]
        assert found.columns[PROPENSITY].sum() == pytest.approx(5)
    chance = by_row(DRAWN, context, some)
    assert (weights[chance == 0] == 0).all()
    assert weights[chance > 0] / DRAWS == pytest.approx(1, abs=0.25)
    assert weights[chance > 0].mean() / DRAWS == pytest.approx(1, abs=0.03)


def test_what_is_known_is_explored_less(shop, given):
    context = worlds.context(shop, k=5)
    swaps = [by_row(DRAWN, context, doubted(given, deviation))[5:].sum() for deviation in (0.0, 0.3, 3.0)]
    assert swaps[0] < swaps[1] < swaps[2]
    assert swaps[0] == pytest.approx(2 * 0.1 * 10 / 12, abs=0.02)  # only what is dealt out evenly
    assert by_row(DRAWN, context, given) == pytest.approx(by_row(DRAWN, context, doubted(given, 0.0)))


def test_doubt_about_one_item_gives_it_a_chance(shop, given):
    context, one = worlds.context(shop, k=5), np.zeros(24)
    one[9] = 5.0
    chance = by_row(DRAWN, context, doubted(given, one))
    assert 0.35 < chance[9] < 0.6  # it wins half of the time
    assert chance[8] == chance[10] == pytest.approx(2 * 0.1 / 12, abs=0.03)


@pytest.mark.parametrize("change", [{"draws": 50}, {"even": 0.5}, {"temperature": 3.0}, {"novelty": 1.0}, {"pool": 5}])
def test_settings_change_the_chances_of_draws(shop, given, change):
    context, some = worlds.context(shop, k=5), doubted(given, 0.5)
    assert by_row(replace(DRAWN, **change), context, some) != pytest.approx(by_row(DRAWN, context, some))


def by_row(stage, context, given):
    found = stage.apply(replace(context, dice=np.random.default_rng(1)), given)
    return found.columns[PROPENSITY][np.argsort(found.rows)]


def test_inclusion_is_proportional_up_to_certainty():
    assert inclusion(np.array([1.0, 1.0, 2.0]), 1.0) == pytest.approx([0.25, 0.25, 0.5])
    assert inclusion(np.array([1.0, 1.0, 8.0]), 2.0) == pytest.approx([0.5, 0.5, 1.0])
    assert inclusion(np.array([1.0, 3.0, 90.0, 900.0]), 3.5) == pytest.approx([0.5, 1.0, 1.0, 1.0])


def test_a_logged_slate_keeps_its_chances(settings, tmp_path):
    stages = '[[stages]]\nkind = "standings"\n[[stages]]\nkind = "blend"\n[[stages]]\nkind = "explore"\nshare = 0.4'
    engine = build(settings(stages), tmp_path).engine
    engine.put_items(worlds.items(24))
    engine.observe([Event(user="v", item=f"i{n}", kind="purchase") for n in range(24)])
    slate = engine.recommend(Query(user="u", k=5))
    chances = [pick.propensity for pick in slate.picks]
    assert sorted(chances)[2:] == [1.0, 1.0, 1.0]
    assert all(0 < chance < 0.6 for chance in sorted(chances)[:2])
    assert engine.log.slates(slate=slate.id)[0].entry == slate
    assert engine.why(slate.id, slate.items[-1])["shown"]
    engine.close()
