"""Slates that a shop has shown, estimated for its own settings and for others whose worth is known."""

from datetime import timedelta

import numpy as np
import pytest

import penchant
from penchant.errors import UsageError
from penchant.evaluation import logged
from penchant.evaluation.replay import Replay
from penchant.testing import worlds
from penchant.types import Event, moment

START, PEOPLE, ITEMS, K = moment(worlds.START), 12, 24, 4
CUT = (START + timedelta(days=30)).isoformat()
SETTINGS = """\
[stores]
items = "{stores}"
log = "{stores}"
state = "{stores}"
artefacts = "file:///releases"
[encoder]
model = "hashing"
[clock]
now = "log"
[[sources]]
kind = "again"
[[sources]]
kind = "popular"
[[stages]]
kind = "standings"
[[stages]]
kind = "blend"
weights = {{ "{column}" = 1.0 }}
"""
EXPLORE = '[[stages]]\nkind = "explore"\nshare = 1.0\ntemperature = 3.0\n'


def settings(column="popular.7d~share", more="", stores="sqlite:///penchant.db"):
    return SETTINGS.format(column=column, stores=stores) + more


def likes(person, item):
    """People with an even number like the even items; what they like they always buy, and nothing else."""
    return (int(person[1:]) + int(item[1:])) % 2 == 0


def shown_to_all(shop, rounds=20):
    """Everybody is shown a slate now and then and buys what they like of it."""
    for turn in range(rounds):
        for n in range(PEOPLE):
            time = START + timedelta(days=31, minutes=turn * 60 + n)
            slate = shop.recommend(f"u{n}", k=K)
            bought = [i for i in slate.items if likes(f"u{n}", i)]
            answers = [Event(user=f"u{n}", item=i, kind="purchase", time=time, slate=slate.id) for i in bought]
            shop.observe([*answers, Event(user=f"u{n}", kind="search", text="tea", time=time)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project whose lists were left to chance for a while."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "penchant.toml").write_text(settings(more=EXPLORE))
    with penchant.open(folder) as shop:
        shop.engine.put_items(worlds.items(ITEMS))
        past = [
            (f"u{n}", f"i{m}", n * ITEMS + m) for n in range(PEOPLE) for m in range(ITEMS) if likes(f"u{n}", f"i{m}")
        ]
        shop.observe([Event(user=u, item=i, kind="purchase", time=START + timedelta(minutes=t)) for u, i, t in past])
        shown_to_all(shop)
    return folder


def estimated(folder, text, **options):
    (folder / "penchant.toml").write_text(text)
    with penchant.open(folder) as shop:
        return shop.estimate(cut=CUT, **options)


def test_the_same_settings_earn_what_they_earned(folder):
    found = estimated(folder, settings(more=EXPLORE))
    assert (found.slates, found.people) == (PEOPLE * 20 - 1, PEOPLE)  # the first was asked for before the cut
    assert found.covered == pytest.approx(1)
    assert found.rewards["ips"][0] == pytest.approx(found.rewards["shown"][0])
    assert found.ahead["snips"][0] == pytest.approx(0)


def test_settings_that_show_what_people_bought_earn_all_there_is(folder):
    """Everybody has bought only what they like, so a list of that earns the weight of k purchases, 2 each."""
    found = estimated(folder, settings("again.frequency~share"))
    assert found.covered == pytest.approx(1, abs=0.1)
    assert found.rewards["snips"][0] == pytest.approx(2 * K)
    assert found.rewards["ips"][0] == pytest.approx(2 * K, rel=0.1)
    assert found.rewards["dr"][0] == pytest.approx(2 * K, rel=0.1)
    assert found.ahead["dr"][1] > 0
    assert found.rewards["shown"][2] < 2 * K


def test_clipping_draws_towards_what_was_shown(folder):
    text = settings("again.frequency~share")
    free, cut = (estimated(folder, text, clip=clip) for clip in (np.inf, 1.0))
    assert cut.rewards["ips"][0] < free.rewards["ips"][0]
    assert cut.effective > free.effective


def test_only_slates_of_the_present_count(folder):
    (folder / "penchant.toml").write_text(settings())
    with penchant.open(folder) as shop:
        world = shop.engine.follower.catch_up()
        replay = Replay(timeline=world.timeline, catalogue=world.catalogue, folds=shop.engine.folds)
        since = worlds.START + 31 * worlds.DAY
        before = len(logged.slates(shop.engine.log, replay, since))
        shop.recommend("u1", at=START + timedelta(days=40))
        shop.engine.rank(penchant.Query(user="u1", candidates=("i1", "i2")))
        assert len(logged.slates(shop.engine.log, replay, since)) == before
        shop.recommend("u1")
        found = logged.slates(shop.engine.log, replay, since)
        assert len(found) == before + 1
        slate, earned = found[0]
        assert earned == {i: 2.0 for i in slate.items if likes(slate.query.user, i)}


def test_without_slates_there_is_nothing_to_say(tmp_path):
    (tmp_path / "penchant.toml").write_text(settings(stores="memory://"))
    with penchant.open(tmp_path) as shop, pytest.raises(UsageError, match="no slates of known people"):
        shop.estimate(cut=CUT)
