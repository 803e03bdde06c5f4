"""A project that nobody has used yet: a sensible list at once, and one that moves with the first thing done."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import penchant
from penchant import Event
from penchant.evaluation.replay import Replay, cases

START = datetime(2026, 3, 2, tzinfo=UTC)
SHELVES = {
    "tea": ("green tea kettle", "green tea pot", "green tea strainer", "green tea cup", "green tea tin"),
    "garden": (
        "garden spade, steel",
        "garden rake, steel",
        "garden fork, steel",
        "garden hoe, steel",
        "garden saw, steel",
    ),
    "desk": ("desk lamp, felt", "desk drawer, felt", "desk pad, felt", "desk tray, felt", "desk holder, felt"),
}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "penchant.toml").write_text('[encoder]\nmodel = "hashing"\n', encoding="utf-8")
    rows = [
        {"item_id": f"{shelf}{n}", "title": title, "views": 10 * (n + 1) * (3 if shelf == "garden" else 1)}
        for shelf, titles in SHELVES.items()
        for n, title in enumerate(titles)
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "items.csv")
    with penchant.open(tmp_path) as found:
        found.import_items(tmp_path / "items.csv")
        yield found


def test_nobody_has_done_anything(project):
    slate = project.recommend("ann", k=4, explain=True)
    assert slate.items == ["garden4", "garden3", "garden2", "garden1"]  # 150, 120, 90 and 60 views
    assert slate.picks[0].reasons[0]["kind"] == "crowd"
    assert slate.picks[0].reasons[0]["text"]


def test_the_first_thing_done_moves_the_list(project):
    before = project.recommend("ann", k=5).items
    project.observe([Event(user="ann", item="tea0", kind="view")])
    after = project.recommend("ann", k=5).items
    assert after != before
    assert sum(item.startswith("tea") for item in after) >= 3


def test_a_wish_counts_more_than_the_crowd(project):
    assert project.recommend("ann", k=3, text="a lamp for the desk").items[0] == "desk0"


# ── people of the same segment ──────────────────────────────────────────────────────────────────────────────────

TOML = """
[stores]
items = "sqlite:///p.db"
log = "sqlite:///p.db"
state = "sqlite:///p.db"
[encoder]
model = "hashing"
[clock]
now = "log"
[events]
segment = "country"
"""
FRANCE, PERU = {"country": "France"}, {"country": "Peru"}


@pytest.fixture
def countries(tmp_path):
    """Everybody in Peru, where most people are, buys garden things, and everybody in France tea."""
    (tmp_path / "penchant.toml").write_text(TOML, encoding="utf-8")
    items = [
        penchant.Item(id=f"{shelf}{n}", title=t) for shelf, titles in SHELVES.items() for n, t in enumerate(titles)
    ]
    with penchant.open(tmp_path) as found:
        found.import_items(pl.DataFrame([{"item_id": i.id, "title": i.title} for i in items]))
        found.observe([bought(f"p{n}", f"garden{n % 5}", n, PERU) for n in range(90)])
        found.observe([bought(f"f{n}", f"tea{n % 5}", n, FRANCE) for n in range(70)])
    return tmp_path


def bought(user, item, minute, context):
    return Event(user=user, item=item, kind="purchase", time=START + timedelta(minutes=minute), context=context)


def shelf(project, user, **query):
    return project.recommend(user, k=5, **query).items[0][:-1]


def test_a_new_person_gets_what_people_like_them_want(countries):
    for _ in range(2):  # the second time from the log alone
        with penchant.open(countries) as project:
            assert shelf(project, "new", context=FRANCE) == "tea"
            assert shelf(project, "new", context=PERU) == shelf(project, "new") == "garden"
            assert shelf(project, "new", context={"country": "Mali"}) == "garden"


def test_who_told_their_country_before_need_not_tell_it_again(countries):
    with penchant.open(countries) as project:
        project.observe([Event(user="new", kind="profile", time=START + timedelta(minutes=100), context=FRANCE)])
        assert shelf(project, "new") == "tea"
        assert shelf(project, "new", context=PERU) == "garden"
        assert shelf(project, "new", at=START + timedelta(minutes=95)) == "garden"


def test_what_happened_a_moment_ago_is_popular_with_the_segment(countries):
    with penchant.open(countries) as project:
        later = [bought(f"m{n}", "desk0", 120 + n, FRANCE) for n in range(40)]
        assert project.recommend("new", k=1, context=FRANCE).items != ["desk0"]
        project.observe(later)
        assert project.recommend("new", k=1, context=FRANCE).items == ["desk0"]


def test_a_replay_asks_with_the_segment_of_the_visit(countries):
    with penchant.open(countries) as project:
        project.observe([bought("late", "tea1", 200, FRANCE)])
        world, engine = project.engine.follower.catch_up(), project.engine
        replay = Replay(timeline=world.timeline, catalogue=world.catalogue, folds=engine.folds)
        asked = cases(world.timeline, 0, int(world.timeline.time[-1]) + 1)[-1]
        context = replay.context(asked)
        assert (context.query.context, context.timeline.segment_of("late")) == (FRANCE, -1)
