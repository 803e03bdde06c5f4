"""A snapshot and the tail behind it are the whole log; what is not whole, or not of this log, is left aside."""

import logging
import os
import shutil
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant import world as module
from penchant.arrays import File
from penchant.events.kinds import Kinds
from penchant.events.walks import lately
from penchant.language.choice import Choice
from penchant.language.reader import CatalogueReader
from penchant.ports import ItemChange
from penchant.snapshots import Snapshots
from penchant.stores.memory import MemoryItems, MemoryLog
from penchant.testing import worlds
from penchant.types import Event, Item, moment
from penchant.world import Follower

NOON = moment(worlds.START) + timedelta(hours=12)
PEOPLE = ("ann", "bob", "eve", "zoë", "nobody")
ITEMS = ("a", "b", "c", "d")
EVENT = st.builds(
    lambda user, item, minute, where: f"{user} {item} {minute}{where}",
    st.sampled_from(PEOPLE[:4]),
    st.sampled_from((*ITEMS, "-")),
    st.integers(0, 30),
    st.sampled_from(("", " peru", " chad")),
)
STEP = st.one_of(
    st.lists(EVENT, min_size=1, max_size=8).map(lambda events: ("happen", events)),
    st.tuples(st.just("put"), st.sampled_from(ITEMS)),
    st.tuples(st.just("forget"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("keep"), st.integers(0, 1)),
)


class Store:
    """A log and items, with followers that keep snapshots in a folder."""

    def __init__(self, folder, items=ITEMS):
        self.log, self.items, self.folder, self.puts = MemoryLog(), MemoryItems(), folder, 0
        self.put(*items)

    def follower(self, *, segment="country", kept=True, weights=worlds.WEIGHTS):
        reader = CatalogueReader(choice=Choice(model="hashing"), template="{title}", store=self.items)
        given = {"log": self.log, "items": self.items, "reader": reader, "kinds": Kinds(weights, {})}
        return Follower(**given, segment=segment, snapshots=Snapshots(self.folder) if kept else None)

    def put(self, *ids):
        for item in ids:
            self.puts += 1
            change = Item(id=item, title=f"title {self.puts}")
            self.log.append([ItemChange(id=f"change {self.puts}", time=NOON, item=change)])

    def happen(self, *events):
        """Events `user item minute`, whose text is their id, and perhaps the country that they tell."""
        for text in events:
            user, item, minute, *country = text.split()
            time, thing = NOON + timedelta(minutes=int(minute)), None if item == "-" else item
            told = {"country": country[0]} if country else {}
            self.log.append([Event(id=text, user=user, item=thing, kind="cart", time=time, context=told)])

    def step(self, verb, what, followers):
        if verb == "happen":
            self.happen(*what)
        elif verb == "put":
            self.put(what)
        elif verb == "forget":
            self.log.forget(what)
        else:
            followers[what].keep()

    def written(self):
        """Everything that is written in the folder, by file."""
        return {path: path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LEAST", 1)
    return Store(tmp_path / "snapshots")


def events(world):
    """Everything that is known of each event, people, items and segments by their names."""
    line, ids = world.timeline, [item.id for item in world.catalogue.items]
    columns = (line.time, line.user, line.item, line.kind, line.value, line.position, line.segment)
    return [
        (time, line.names[user], ids[item] if item >= 0 else "", kind, str(value), position, line.segments.name(part))
        for time, user, item, kind, value, position, part in zip(*(c.tolist() for c in columns), strict=True)
    ]


def same(one, other):
    """Whether two worlds know and answer the same."""
    assert events(one) == events(other)
    assert (one.position, one.catalogue.items, one.erased) == (other.position, other.catalogue.items, other.erased)
    assert sorted(one.timeline.users) == sorted(other.timeline.users)
    lines = one.timeline, other.timeline
    for user in PEOPLE:
        places = [line.places("user", line.users.get(user, -1)).tolist() for line in lines]
        assert places[0] == places[1]
        assert len({line.segments.name(line.segment_of(user)) for line in lines}) == 1
    rows, now = np.arange(len(one.catalogue), dtype=np.int32), worlds.START + 10**12
    for row in rows.tolist():
        assert lines[0].places("item", row).tolist() == lines[1].places("item", row).tolist()
    for last in (1, 3, 99):
        assert gathered(lines[0], rows, last) == gathered(lines[1], rows, last)
    for answer in (lambda line: line.tally(None, now, len(rows)), lambda line: line.first_seen(rows)):
        np.testing.assert_array_equal(answer(lines[0]), answer(lines[1]))


def gathered(line, rows, last):
    """The people of the newest events of these items, as loops read them through the index."""
    return sorted(line.names[code] for code in lately(line, rows, last, 99).tolist())


modest = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@modest
@given(st.lists(STEP, min_size=1, max_size=14))
def test_a_snapshot_and_the_tail_are_the_whole_log(tmp_path, monkeypatch, steps):
    monkeypatch.setattr(module, "_LEAST", 1)
    shutil.rmtree(tmp_path / "snapshots", ignore_errors=True)
    store = Store(tmp_path / "snapshots")
    followers = [store.follower(), store.follower()]
    for verb, what in steps:
        store.step(verb, what, followers)
        followers[1].catch_up()
    whole = store.follower(kept=False).catch_up()
    for follower in (*followers, store.follower()):
        same(follower.catch_up(), whole)


def first(store):
    """A store of which a snapshot was kept, and the world of that moment."""
    store.happen("ann a 1", "bob b 2 peru", "ann c 3 chad", "eve - 4", "bob a 5")
    follower = store.follower()
    follower.keep()
    return follower.catch_up()


def begun(follower):
    """How much of the log a follower had from a snapshot when it started."""
    return follower._resumed[0]


def test_a_process_starts_from_the_snapshot_and_reads_what_follows(store, monkeypatch):
    world = first(store)
    store.happen("zoë d 9", "bob c 0")
    tails, read = [], store.log.tail
    monkeypatch.setattr(store.log, "tail", lambda after, *more, **key: tails.append(after) or read(after, *more, **key))
    follower = store.follower()
    assert begun(follower) == world.position
    assert [after for after in tails if after >= world.position] == [world.position]
    same(follower.catch_up(), store.follower(kept=False).catch_up())


def test_what_comes_is_written_to_no_file_and_seen_by_no_older_view(store):
    first(store)
    follower, files = store.follower(), store.written()
    before = follower.catch_up()
    told = events(before)
    store.happen("zoë d 9", "bob c 0", "ann b 2")
    after = follower.catch_up()
    assert len(events(after)) == len(told) + 3
    assert events(before) == told
    assert store.written() == files
    assert np.shares_memory(before.timeline.time, before.timeline._buffers.columns["time"])


def test_without_much_news_no_snapshot_is_written(store, monkeypatch):
    monkeypatch.setattr(module, "_LEAST", 6)
    world = first(store)
    assert not store.written()
    follower = store.follower()
    store.happen("ann d 6")
    follower.keep()
    (kept,) = store.folder.iterdir()
    store.happen(*(f"ann d {minute}" for minute in range(7, 12)))
    follower.keep()
    assert list(store.folder.iterdir()) == [kept]
    store.happen("ann d 12")
    follower.keep()
    assert begun(store.follower()) == world.position + 7
    assert len(list(store.folder.iterdir())) == 1  # the older one is gone


def test_no_more_than_so_much_is_ever_read_at_start(store, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3)
    store.happen(*(f"ann a {minute}" for minute in range(50)))
    follower = store.follower()
    follower.keep()
    store.happen("bob a 51", "bob a 52", "bob a 53")
    follower.keep()
    assert begun(store.follower()) == follower.catch_up().position


def test_others_go_on_from_the_snapshot_that_one_wrote(store):
    store.happen("ann a 1", "bob b 2")
    one, other = store.follower(), store.follower()
    one.keep()
    assert begun(other) == 0
    other.keep()
    assert begun(other) == begun(one) > 0
    same(other.catch_up(), one.catch_up())


def test_indexes_lost_to_a_late_event_are_shared_again(store, monkeypatch):
    monkeypatch.setattr(module, "_LEAST", 9)
    store.happen(*(f"ann a {minute}" for minute in range(10, 20)))
    follower = store.follower()
    follower.keep()
    assert not follower.catch_up().timeline.apart
    store.happen("bob b 1")
    assert follower.catch_up().timeline.places("item", 1).tolist() == [0]
    assert follower.catch_up().timeline.apart
    follower.keep()
    assert follower.catch_up().timeline.apart  # not more often than every so often
    monkeypatch.setattr(module, "_PAUSE", -1)
    follower.keep()
    assert not follower.catch_up().timeline.apart
    assert begun(follower) == follower.catch_up().position
    same(follower.catch_up(), store.follower(kept=False).catch_up())


def damages(folder):
    """Every file of a snapshot with what may happen to it."""
    for path in sorted(folder.glob("*-*/*")):
        yield path, "missing"
        yield path, "torn"
        yield path, "altered"


def damage(path, how):
    whole = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "torn":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        size = 128 + File(path).dtype.itemsize if path.suffix == ".npy" else len(whole)
        place = min(size, len(whole)) - 1  # the first entry's last byte
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])


def test_what_is_not_whole_is_left_aside(store, tmp_path, caplog):
    first(store)
    store.happen("zoë d 9")
    whole = store.follower(kept=False).catch_up()
    shutil.copytree(store.folder, tmp_path / "copy")
    for path, how in list(damages(store.folder)):
        damage(path, how)
        with caplog.at_level(logging.WARNING):
            follower = store.follower()
        assert begun(follower) == 0, f"{path.name} was {how}"
        assert "is left aside" in caplog.text
        same(follower.catch_up(), whole)
        caplog.clear()
        shutil.rmtree(store.folder)
        shutil.copytree(tmp_path / "copy", store.folder)
    assert begun(store.follower()) > 0


@pytest.mark.parametrize(
    "other",
    [{"segment": "device"}, {"segment": ""}, {"weights": {**worlds.WEIGHTS, "rent": 1.0}}],
    ids=["other segment", "no segment", "other kinds"],
)
def test_a_snapshot_of_other_settings_is_left_aside(store, other, caplog):
    first(store)
    with caplog.at_level(logging.WARNING):
        follower = store.follower(**other)
    assert begun(follower) == 0
    assert "is wanted" in caplog.text
    same(follower.catch_up(), store.follower(**other, kept=False).catch_up())
    follower.keep()
    assert begun(store.follower(**other)) > 0  # and replaced by one of these settings


@pytest.mark.parametrize(
    ("told", "items", "why"),
    [
        (["ann a 1", "bob b 2 peru", "ann c 3 chad", "eve - 4", "zoë a 5"], ITEMS, "the log tells something else"),
        (["ann a 1", "bob b 2 peru"], ITEMS, "the log has nothing at position"),
        (["ann a 1", "bob b 2 peru", "ann c 3 chad", "eve - 4", "bob a 5"], "abce", "it is of another catalogue"),
    ],
    ids=["other events", "a shorter log", "other items"],
)
def test_a_snapshot_of_another_log_is_left_aside(store, told, items, why, caplog):
    first(store)
    other = Store(store.folder, items)
    other.happen(*told)
    other.follower(kept=False)
    with caplog.at_level(logging.WARNING):
        follower = other.follower()
    assert begun(follower) == 0
    assert why in caplog.text
    same(follower.catch_up(), other.follower(kept=False).catch_up())
    follower.keep()
    assert begun(other.follower()) == follower.catch_up().position


def test_what_another_version_wrote_is_left_aside(store, monkeypatch, caplog):
    first(store)
    monkeypatch.setattr("penchant.snapshots.FORMAT", 2)
    assert begun(store.follower()) == 0
    assert "format" in caplog.text


def test_of_an_erased_person_nothing_stays_on_disk(store):
    first(store)
    running = store.follower()
    assert any(b"ann" in data for data in store.written().values())
    store.log.forget("ann")
    running.catch_up()
    assert not store.written()  # at once, not only with the next snapshot
    running.keep()
    assert store.written()
    assert not any(b"ann" in data for data in store.written().values())
    world = store.follower().catch_up()
    same(world, store.follower(kept=False).catch_up())
    assert begun(store.follower()) == world.position
    assert "ann" not in world.timeline.users


def test_an_erasure_is_heard_of_at_the_next_start(store):
    first(store)
    store.log.forget("ann")  # by a process that ended before it could remove anything else
    same(store.follower().catch_up(), store.follower(kept=False).catch_up())
    assert not store.written()


def test_what_is_being_written_does_not_survive_an_erasure(store):
    first(store)
    running = store.follower()
    (store.folder / "writing").mkdir()
    (store.folder / "writing" / "names.text.npy").write_bytes(b"ann")
    store.log.forget("ann")
    running.catch_up()
    assert not store.written()


def test_one_process_writes_at_a_time(store):
    store.happen("ann a 1")
    (store.folder / "writing").mkdir(parents=True)
    follower = store.follower()
    follower.keep()
    assert begun(follower) == 0
    os.utime(store.folder / "writing", (0, 0))  # its writer is long gone
    follower.keep()
    assert begun(follower) > 0
    assert not (store.folder / "writing").exists()


def test_a_disk_that_refuses_costs_only_the_snapshot(store, caplog):
    store.happen("ann a 1")
    store.folder.write_bytes(b"a file where a folder should be")
    follower = store.follower()
    follower.keep()
    assert "no snapshot is kept" in caplog.text
    assert events(follower.catch_up()) == events(store.follower(kept=False).catch_up())
    caplog.clear()
    follower.keep()
    assert not caplog.text  # said once, until there is more to keep


def test_rebuild_reads_the_whole_log_again(store, monkeypatch):
    first(store)
    follower, read, tails = store.follower(), store.log.tail, []
    monkeypatch.setattr(store.log, "tail", lambda after, *more, **key: tails.append(after) or read(after, *more, **key))
    follower.rebuild()
    assert 0 in tails
    same(follower.catch_up(), store.follower(kept=False).catch_up())
    assert begun(store.follower()) == follower.catch_up().position


def test_counts_are_carried_over_to_the_snapshot(store):
    store.happen("ann a 1", "bob b 2")
    follower = store.follower()
    follower.catch_up().timeline.tally(None, 0, 4)
    before = follower.catch_up().timeline
    follower.keep()
    after = follower.catch_up().timeline
    assert before is not after
    assert after._buffers.tallies.keys() == before._buffers.tallies.keys() != set()
