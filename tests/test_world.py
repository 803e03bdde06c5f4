"""The log folded into a world, now and as it was at any position."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from penchant.events.kinds import Kinds
from penchant.language.choice import Choice
from penchant.language.reader import CatalogueReader
from penchant.ports import ItemChange, digest
from penchant.stores.memory import MemoryItems, MemoryLog
from penchant.testing import worlds
from penchant.types import Event, Item, moment
from penchant.world import Follower

NOON = moment(worlds.START) + timedelta(hours=12)


class Store:
    """A log and items, with followers over them."""

    def __init__(self):
        self.log, self.items = MemoryLog(), MemoryItems()

    def follower(self, segment=""):
        reader = CatalogueReader(choice=Choice(model="hashing"), template="{title}", store=self.items)
        return Follower(log=self.log, items=self.items, reader=reader, kinds=Kinds(worlds.WEIGHTS, {}), segment=segment)

    def put(self, *items):
        changed = self.items.put(items)
        self.log.append([ItemChange(id=f"c{i.id}{i.title}{i.available}", time=NOON, item=i) for i in changed])

    def happen(self, *events):
        """Events `user item minute`, whose text is their id, and perhaps the country that they tell."""
        made = []
        for text in events:
            user, item, minute, *country = text.split()
            time = NOON + timedelta(minutes=int(minute))
            made.append(Event(id=text, user=user, item=None if item == "-" else item, kind="purchase", time=time))
            made[-1] = replace(made[-1], context={"country": country[0], "device": "phone"} if country else {})
        return [record.position for record in self.log.append(made)]


@pytest.fixture
def store():
    return Store()


def told(world):
    """(user, item) pairs in order of time."""
    names = {code: name for name, code in world.timeline.users.items()}
    ids = [world.catalogue.items[row].id if row >= 0 else "-" for row in world.timeline.item.tolist()]
    return [(names[code], item) for code, item in zip(world.timeline.user.tolist(), ids, strict=True)]


def test_catches_up_with_events_and_items(store):
    follower = store.follower()
    assert (len(follower.catch_up().catalogue), follower.catch_up().position) == (0, 0)
    store.put(Item(id="a", title="red kettle"), Item(id="b"))
    (last,) = store.happen("ann a 1")
    world = follower.catch_up()
    assert (told(world), world.position) == ([("ann", "a")], last)
    assert [i.id for i in world.catalogue.items] == ["a", "b"]
    assert np.linalg.norm(world.catalogue.vectors, axis=1).tolist() == pytest.approx([1, 0])
    assert follower.catch_up() is world


def test_late_events_take_their_place(store):
    store.put(Item(id="a"), Item(id="b"))
    follower = store.follower()
    store.happen("ann a 5")
    follower.catch_up()
    store.happen("bob b 1", "eve - 9")
    assert told(follower.catch_up()) == [("bob", "b"), ("ann", "a"), ("eve", "-")]


def test_a_new_follower_sees_the_same_world(store):
    store.put(Item(id="a", title="kettle"), Item(id="b"))
    old = store.follower()
    store.happen("ann a 1", "bob b 2")
    store.put(Item(id="c", title="lamp"), Item(id="a", title="clock"))
    store.happen("ann c 3")
    old, new = old.catch_up(), store.follower().catch_up()
    assert told(old) == told(new)
    assert (old.catalogue.items, old.position) == (new.catalogue.items, new.position)
    np.testing.assert_array_equal(old.catalogue.vectors, new.catalogue.vectors)
    for name, column in old.catalogue.columns.items():
        np.testing.assert_array_equal(column, new.catalogue.columns[name])


def test_goes_back_to_any_position(store):
    follower = store.follower()
    store.put(Item(id="a", title="kettle"))
    (first,) = store.happen("ann a 1")
    then = follower.catch_up()
    store.put(Item(id="b", title="lamp"), Item(id="a", title="clock", available=False))
    (last,) = store.happen("ann b 0")
    now, back = follower.catch_up(), follower.at(first)
    assert told(back) == told(then) == [("ann", "a")]
    assert told(now) == [("ann", "b"), ("ann", "a")]
    assert back.catalogue.items[0] == then.catalogue.items[0]
    np.testing.assert_array_equal(back.catalogue.vectors[0], then.catalogue.vectors[0])
    assert back.catalogue.columns["available"].tolist() == [True, False]  # b is not born yet
    assert follower.at(last).catalogue is now.catalogue
    assert then.catalogue.items[0].title == "kettle"


def test_forgets_an_erased_person(store):
    store.put(Item(id="a"))
    follower = store.follower()
    store.happen("ann a 1", "bob a 2")
    follower.catch_up()
    store.log.forget("ann")
    for world in (follower.catch_up(), store.follower().catch_up()):
        assert told(world) == [("bob", "a")]
        assert "ann" not in world.timeline.users
        assert digest("ann") in world.erased


def test_who_comes_back_starts_anew(store):
    store.put(Item(id="a"), Item(id="b"))
    follower = store.follower()
    store.happen("ann a 1", "bob a 2")
    follower.catch_up()
    store.log.forget("ann")
    store.happen("ann b 3")
    # one process reads the erasure together with the return, the other one never saw the first life
    for world in (follower.catch_up(), store.follower().catch_up()):
        places = world.timeline.places("user", world.timeline.users["ann"])
        assert world.timeline.item[places].tolist() == [1]
        assert told(world) == [("bob", "a"), ("ann", "b")]


def test_an_erasure_renames_nobody(store):
    """Codes keep their people when one of them is forgotten."""
    store.put(Item(id="a"))
    follower = store.follower()
    store.happen("ann a 1", "bob a 2", "eve a 3")
    before, gone = dict(follower.catch_up().timeline.users), "ann"
    store.log.forget(gone)
    timeline = follower.catch_up().timeline
    assert gone not in timeline.users
    assert {name: timeline.names[code] for name, code in before.items() if name != gone} == {
        name: name for name in before if name != gone
    }


def countries(world):
    line = world.timeline
    return [line.segments.name(code) for code in line.segment.tolist()]


def test_events_are_of_the_segment_that_was_told_last(store):
    store.put(Item(id="a"))
    live = store.follower("country")
    store.happen("ann a 1", "ann a 3 Peru", "bob - 2 Chad", "ann a 4")
    assert countries(live.catch_up()) == ["", "Chad", "Peru", "Peru"]
    store.happen("ann a 5", "ann a 0", "bob a 6 Peru")  # one comes late: what was told last in the log counts
    for world in (live.catch_up(), store.follower("country").catch_up()):
        assert countries(world) == ["Peru", "", "Chad", "Peru", "Peru", "Peru", "Peru"]
        assert world.timeline.segments.code("Peru") == world.timeline.segment_of("ann") >= 0
    assert countries(store.follower().catch_up()) == [""] * 7
    assert set(countries(store.follower("device").catch_up())) == {"", "phone"}


def test_an_erased_person_is_of_no_segment_until_they_tell_again(store):
    store.put(Item(id="a"))
    live, behind = store.follower("country"), store.follower("country")
    store.happen("ann a 1 Peru", "bob a 2 Chad")
    live.catch_up()
    store.log.forget("ann")
    store.happen("ann a 3", "bob a 4")
    for follower in (live, behind, store.follower("country")):
        assert countries(follower.catch_up()) == ["Chad", "", "Chad"]
    store.happen("ann a 5 Chad")
    assert countries(live.catch_up()) == ["Chad", "", "Chad", "Chad"]
