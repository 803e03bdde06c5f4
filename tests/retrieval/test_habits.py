"""Habits by hand: groups of baskets fade, and people of the same habits add theirs."""

import numpy as np
import pytest

from penchant.retrieval.habits import Habits
from penchant.testing import worlds

ROWS = np.arange(5)


def test_fades_by_baskets_and_groups_by_hand():
    """Five baskets in groups of two: the last two, the two before, and one more."""
    happened = [("ann", row, 1_000 * day, "purchase") for day, row in enumerate([0, 1, 0, 2, 0])]
    happened.append(("ann", 3, 4_000, "purchase"))  # in the last basket too
    found = Habits(size=2, within=0.5, between=0.1, own=1.0).score(asked(happened), ROWS)["usual"]
    wanted = [2 * (1 + 0.1 + 0.01), 2 * 0.1 * 0.5, 2 * 0.5, 2.0, 0.0]
    assert found.tolist() == pytest.approx(wanted, rel=1e-5)


def test_people_of_the_same_habits_add_theirs():
    """Bob shares all of his one habit with Ann and Eve half of hers; both also take something else."""
    happened = [("ann", 0, 0, "purchase"), ("bob", 0, 1, "purchase"), ("bob", 1, 1, "purchase")]
    happened += [("eve", row, 2, "purchase") for row in (0, 2, 3)]
    context = asked(happened)
    found = Habits(own=0.5).score(context, ROWS)["usual"]
    bob, eve = 2 * 2 / 4, 2 * 2 / 6  # u·v / |v|
    wanted = 0.5 * 2 * np.array([1 + 1, bob / (bob + eve), eve / (bob + eve), eve / (bob + eve), 0])
    assert found.tolist() == pytest.approx(wanted.tolist(), rel=1e-5)
    assert Habits(own=0.5, nearest=1).score(context, ROWS)["usual"].tolist() == pytest.approx([2, 1, 0, 0, 0])


def test_moves_with_every_event(shop):
    later = worlds.replace(shop, timeline=worlds.appended(shop.timeline, [("u0", 21, 20_000, "purchase")]))
    before, after = (Habits().score(worlds.context(w), np.array([21]))["usual"][0] for w in (shop, later))
    assert after > before + 0.5


def test_recovers_the_taste_group(shop):
    for user in ("u0", "u1", "u6"):
        rows = Habits().retrieve(worlds.context(shop, user), 8)
        assert {row % 2 for row in rows.tolist()} == {int(user[1:]) % 2}


SETTINGS = {
    "size": 1,
    "within": 0.3,
    "between": 0.1,
    "own": 0.9,
    "history": 3,
    "items": 1,
    "audience": 2,
    "people": 1,
    "depth": 2,
    "nearest": 1,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_changes_the_result(shop, name):
    context = worlds.context(shop, "u4")
    rows = np.arange(len(shop.catalogue))
    few = {"audience": {"items": 1}, "items": {"audience": 1}}.get(name, {})  # otherwise another item finds them too
    made = Habits(**few), Habits(**few | {name: SETTINGS[name]})
    usual, other = (h.score(context, rows)["usual"] for h in made)
    assert not np.allclose(usual, other)


def asked(happened):
    return worlds.context(worlds.world(worlds.items(5), happened), "ann")
