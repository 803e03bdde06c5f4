"""Two taste groups, and BM25 counts by hand."""

import numpy as np
import pytest

from penchant.retrieval.neighbours import Neighbours, activity, population
from penchant.testing import worlds


def test_recovers_the_taste_group(shop):
    for user in ("u0", "u1", "u6", "u7"):
        rows = Neighbours().retrieve(worlds.context(shop, user), 8)
        assert len(rows) == 8
        assert {row % 2 for row in rows.tolist()} == {int(user[1:]) % 2}


def test_counts_by_hand():
    """Ann bought 0; Bob bought 0 and 1; Eve bought 0, 1 and 2; Joe bought 3."""
    happened = [("ann", 0, 0, "purchase"), ("bob", 0, 1, "purchase"), ("bob", 1, 2, "purchase")]
    happened += [("eve", row, 3 + row, "purchase") for row in (0, 1, 2)] + [("joe", 3, 9, "purchase")]
    world = worlds.world(worlds.items(4), happened)
    context = worlds.context(world, "ann", now=worlds.START + 9 * worlds.MINUTE)
    columns = Neighbours(b=0.2, even=0.5, peers=1 / 1_440).score(context, np.arange(4))
    count = np.array([6.0, 4.0, 2.0, 2.0])  # weights of all the events with each item
    length = 0.8 + 0.2 * count / count.mean()
    faded = 0.5 ** (9 / 1_440 / 60)  # ann's purchase is nine minutes old; strengths are at most 1
    shared = 2.0 * faded / length[0]  # what bob and eve have in common with her
    bob, eve = (max(np.log(4) - np.log(1 + n), 0.1) ** 2 for n in (2, 3))
    wanted = 2.0 * shared * np.array([bob + eve, bob + eve, eve, 0.0])
    assert columns["together"].tolist() == pytest.approx(wanted.tolist(), rel=1e-5)
    assert columns["bm25"].tolist() == pytest.approx((wanted / length).tolist(), rel=1e-5)
    assert columns["cosine"].tolist() == pytest.approx((wanted / np.sqrt(count)).tolist(), rel=1e-5)
    bob, eve = 2.0 * shared / np.sqrt([2, 3])
    ages = bob * 0.5**8 + eve * 0.5**6, bob * 0.5**7 + eve * 0.5**5, eve * 0.5**4, 0.0  # minutes, each halves
    assert columns["peers"].tolist() == pytest.approx(ages, rel=1e-5)


SETTINGS = {
    "history": 2,
    "half_life": 0.5,
    "pace": 3.0,
    "audience": 2,
    "people": 2,
    "depth": 3,
    "b": 1.0,
    "even": 0.0,
    "peers": 1.0,
    "lately": 30.0,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_changes_the_result(shop, name):
    context = worlds.context(shop, "u4")
    rows = np.arange(len(shop.catalogue))
    usual, other = (n.score(context, rows) for n in (Neighbours(), Neighbours(**{name: SETTINGS[name]})))
    assert any(not np.allclose(usual[column], other[column]) for column in usual)


def test_lately_follows_what_neighbours_turned_to():
    """The neighbours have all of 1 to 9 in common; what they did today comes first in `lately` only."""
    happened = [("ann", 0, 0, "purchase")]
    for n in range(8):
        happened += [(f"v{n}", row, row, "purchase") for row in range(10)]
    happened += [(f"v{n}", 10, 43_200, "purchase") for n in range(4)]
    happened += [("far", 11, 43_201, "purchase")] * 9  # popular, but not with people like ann
    columns = Neighbours().score(worlds.context(worlds.world(worlds.items(13), happened), "ann"), np.arange(13))
    assert columns["lately"].argmax() == 10
    assert columns["together"].argmax() < 10
    assert columns["lately"][11] == 0


def test_moves_with_every_event(shop):
    before = worlds.context(shop, "u0")
    happened = [("new", 0, 20_000, "purchase"), ("new", 21, 20_001, "purchase")]
    later = worlds.replace(shop, timeline=worlds.appended(shop.timeline, happened))
    rows = np.array([21])
    assert Neighbours().score(before, rows)["together"][0] == 0
    assert Neighbours().score(worlds.context(later, "u0"), rows)["together"][0] > 0


def test_counts_only_people_of_the_past(shop):
    line = shop.timeline
    times = line.time[[0, 1, 2, 40, len(line) - 1]].tolist()
    for _ in range(2):  # before and behind an index
        wanted = [len(np.unique(line.until(t).user)) for t in times]
        assert [population(line.until(t)) for t in times] == wanted
        line = worlds.appended(line, [(f"late{len(line)}-{n}", 0, 99_999 + n, "view") for n in range(3)])
        times.append(int(line.time[-2]))
    assert (population(worlds.timeline([])), len(line.users)) == (0, 18)


def test_counts_only_events_of_the_past(shop):
    line = shop.timeline
    people = np.arange(len(line.names))
    for _ in range(2):  # before and behind an index
        for time in line.time[[0, 1, 40, len(line) - 1]].tolist():
            view = line.until(time)
            wanted = np.maximum(np.bincount(view.user, minlength=len(people)), 1)
            assert activity(view, people).tolist() == wanted.tolist()
        line = worlds.appended(line, [("u3", 0, 99_999 + n, "view") for n in range(3)])
