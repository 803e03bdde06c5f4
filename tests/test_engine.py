"""The engine on real stores: what is observed is in the next answer, and every answer can be given again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import pytest

from penchant import privacy
from penchant.build import build, fingerprint
from penchant.errors import NotReadyError, UnknownError, UsageError
from penchant.pipeline import slate_id
from penchant.ports import ItemChange
from penchant.protocols import Notes
from penchant.testing import worlds
from penchant.types import Event, Item, Query, micros, moment

START = moment(worlds.START)
PEOPLE, ITEMS, DAYS = 6, 16, 6


@pytest.fixture
def started(settings, tmp_path):
    """Opens engines; their stores are closed at the end."""
    with ExitStack() as opened:

        def start(stores="memory://", more="", filled=True):
            made = build(settings(more, stores), tmp_path)
            opened.callback(made.engine.close)
            if filled:
                made.engine.put_items(worlds.items(ITEMS))
                made.engine.observe(shopping())
            return made

        yield start


@pytest.fixture
def engine(started):
    return started().engine


def shopping():
    return [event(*happened) for happened in worlds.shopping(PEOPLE, ITEMS, DAYS)]


def event(user, row, minute, kind="purchase", **fields):
    time = START + timedelta(minutes=minute)
    item = f"i{row}" if row >= 0 else None
    return Event(**{"user": user, "item": item, "kind": kind, "time": time, "text": None if item else "tea", **fields})


def picks(slate):
    return [(pick.item, pick.score) for pick in slate.picks]


def count(engine, user, item):
    """Positive events of a person with an item, as their kept state says after the next look."""
    engine.recommend(Query(user=user))
    interest = engine.states.get(user).folds["interest"]
    row = engine.follower.catch_up().catalogue.row_of[item]
    return int(interest["count"][interest["item"] == row].sum())


# ── real time ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_in_the_next_answer(engine):
    query = Query(user="somebody", k=5)
    before = engine.recommend(query)
    seen = engine.observe([Event(user="somebody", item="i11", kind="purchase")])
    after = engine.recommend(query, min_position=seen.position)
    assert after.position >= seen.position > before.position
    assert after.items[0] == "i11"  # what one has chosen oneself, nobody else's choice outweighs on day one
    assert before.items != after.items


def test_a_position_that_is_not_reached_is_not_ready(engine):
    position = engine.follower.catch_up().position
    assert engine.recommend(Query(user="u0"), min_position=position).position == position
    with pytest.raises(NotReadyError, match=f"up to {position}, not yet up to {position + 1}"):
        engine.recommend(Query(user="u0"), min_position=position + 1)


def test_duplicates_are_counted_and_folded_once(engine):
    told = event("u0", 15, 9_000, id="one")
    first = engine.observe([told, replace(told, item="i14")])
    second = engine.observe([told, replace(told, id="two")])
    assert (first.accepted, first.duplicates, second.accepted, second.duplicates) == (1, 1, 1, 1)
    assert (count(engine, "u0", "i15"), count(engine, "u0", "i14")) == (2, 0)


def test_late_events_change_nothing_but_their_place(started):
    events = [event("late", row, 9_000 + 60 * row, kind) for row, kind in ((2, "purchase"), (4, "view"), (7, "cart"))]
    answers = set()
    for order in permutations(events):
        engine = started().engine
        for one in order:
            engine.observe([one])
        answers.add(tuple(picks(engine.recommend(Query(user="late", k=8, at=START + timedelta(days=9))))))
    assert len(answers) == 1


def test_flawed_events_are_rejected_one_by_one(engine):
    flawed = {
        0: Event(user="", item="i1"),
        2: Event(user="u", item="i1", time=datetime(2026, 3, 1)),
        3: Event(user="u", item="i1", value=float("nan")),
        4: Event(user="u" * 513, item="i1"),
        5: Event(user="u", item=""),
        7: Event(user="u", item="i1", kind=""),
        8: Event(user="u"),
        9: Event(user="u", item="i1", time=datetime.now(UTC) + timedelta(days=3)),
    }
    good = Event(user="fine", item="i1")
    said = engine.observe([flawed.get(place, good) for place in range(10)])
    assert [place for place, _ in said.rejected] == sorted(flawed)
    assert all(reason for _, reason in said.rejected)
    assert (said.accepted, said.duplicates) == (2, 0)
    assert count(engine, "fine", "i1") == 2


def test_events_speak_every_language_and_bring_their_items(engine):
    engine.observe([Event(user="u", item="new one", kind="购买"), Event(user="u", item="new one", kind="BUY")])
    assert count(engine, "u", "new one") == 2
    assert [r.entry.kind for r in engine.log.events("u")] == ["purchase", "purchase"]
    assert engine.recommend(Query(user="u")).items[0] == "new one"


# ── the same again ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_question_has_the_same_answer(engine):
    query = Query(user="u2", k=8, text="a blue kettle", at=START + timedelta(days=5))
    first = engine.recommend(query, explain=True)
    assert engine.recommend(query, explain=True) == first
    assert engine.recommend(replace(query, k=7)).id != first.id


def test_state_can_be_thrown_away(engine):
    queries = [Query(user=f"u{n}", k=8, at=datetime.now(UTC)) for n in range(PEOPLE)]
    before = [engine.recommend(query) for query in queries]
    assert engine.states.get("u3") is not None
    engine.states.clear()
    assert [engine.recommend(query) for query in queries] == before


def test_a_logged_answer_can_be_given_again_after_the_world_has_changed(engine):
    slates = [engine.recommend(Query(user=f"u{n}", k=6, text=wish)) for n, wish in enumerate([None, "lamp", "clock"])]
    engine.observe([Event(user="u0", item="i3", kind="purchase"), event("u1", 2, 5), Event(user="z", item="brand new")])
    engine.put_items([Item(id="i0", title="renamed", available=False), Item(id="i20", title="amber lamp")])
    for slate in slates:
        world = engine.follower.at(slate.position)
        now = micros(slate.time)
        name = slate_id(slate.query, now, slate.position, engine.release.version)
        trace = engine._trace(slate.query, world, engine.release, now, name, Notes())
        ids = [world.catalogue.items[row].id for row in trace.result.rows[:6].tolist()]
        assert (name, list(zip(ids, trace.result.scores[:6].tolist(), strict=True))) == (slate.id, picks(slate))
        for place, item in enumerate(slate.items, start=1):
            said = engine.why(slate.id, item)
            assert (said["shown"], said["rank"]) == (True, place)
        assert engine.why(slate.id, "i20")["shown"] is False
    with pytest.raises(UnknownError, match="no slate 'x'"):
        engine.why("x", "i0")


def test_the_past_sees_nothing_of_what_came_later(engine):
    at = START + timedelta(days=3)
    query = Query(user="u0", k=16, at=at)
    before = engine.recommend(query)
    engine.put_items([Item(id="later", title="amber rake", created=at + timedelta(seconds=1))])
    engine.observe([event("u0", 15, 3 * 1_440 + 1), Event(user="u0", item="later"), event("new", 9, 3 * 1_440 + 2)])
    assert picks(engine.recommend(query)) == picks(before)
    assert engine.recommend(replace(query, at=None)).items != before.items
    early = engine.recommend(replace(query, at=START - timedelta(days=1)))
    assert picks(early) == picks(engine.recommend(Query(user="nobody", k=16, at=START - timedelta(days=1))))


def test_the_past_sees_no_later_release(started, tmp_path):
    made = started()
    catalogue = made.engine.follower.catch_up().catalogue
    versions = []
    for day in (2, 4):
        folder = tmp_path / f"models{day}"
        (folder / "linear").mkdir(parents=True)
        world = worlds.shop(PEOPLE, ITEMS, day)
        made.plan.recipes()["linear"].train(worlds.history(world), folder / "linear")
        until = micros(START + timedelta(days=day))
        known = {"until": until, "items": ITEMS, "catalogue": fingerprint(catalogue, ITEMS)}
        versions.append(made.artefacts.publish(folder, known))
    made.engine.swap(made.releases.of(versions[1]))
    found = [made.engine.recommend(Query(user="u0", at=START + timedelta(days=day))) for day in (1, 2, 3, 4, 9)]
    assert [slate.release for slate in found] == ["untrained", versions[0], versions[0], versions[1], versions[1]]
    assert made.engine.recommend(Query(user="u0")).release == versions[1]
    assert "linear: not trained yet" in found[0].degraded
    assert "linear: not trained yet" not in found[1].degraded


def test_now_can_be_the_time_of_the_log(started):
    engine = started(more='[clock]\nnow = "log"').engine
    newest = max(e.time for e in shopping())
    assert engine.recommend(Query(user="u0")).time == newest
    assert engine.recommend(Query(user="u0")) == engine.recommend(Query(user="u0"))


# ── people, items, releases ─────────────────────────────────────────────────────────────────────────────────────


def test_a_forgotten_person_is_a_guest(engine):
    engine.recommend(Query(user="u0"))
    at = START + timedelta(days=20)
    privacy.forget(engine.log, engine.states, "u0")
    guest = engine.recommend(Query(user="never seen", at=at))
    assert picks(engine.recommend(Query(user="u0", at=at))) == picks(guest)
    assert engine.log.events("u0") == []
    engine.observe([event("u0", 13, 9_500)])
    engine.recommend(Query(user="u0"))
    assert engine.states.get("u0").folds["interest"]["item"].tolist() == [13]


def test_an_item_is_recommendable_at_once_and_gone_at_once(engine):
    engine.put_items([Item(id="fresh", title="purple umbrella")])
    wish = Query(user="u0", text="a purple umbrella")
    assert engine.recommend(wish).items[0] == "fresh"
    engine.withdraw("fresh")
    assert "fresh" not in engine.recommend(wish).items
    with pytest.raises(UnknownError, match="no item 'nothing'"):
        engine.withdraw("nothing")
    assert engine.put_items(worlds.items(ITEMS)) == 0


def test_rank_orders_all_and_puts_the_unknown_last(engine):
    given = ("i3", "??", "i4", "i5", "!", "i4")
    slate = engine.rank(Query(user="u0", candidates=given))
    assert sorted(slate.items[:3]) == ["i3", "i4", "i5"]  # i5 is not available, and asked for all the same
    assert slate.items[3:] == ["??", "!"]
    scores = [score for _, score in picks(slate)]
    assert scores == sorted(scores, reverse=True)
    assert slate.degraded[-1] == "unknown items: !, ??"
    assert engine.rank(Query(user="u0", candidates=())).items == []
    with pytest.raises(UsageError, match="rank needs candidates"):
        engine.rank(Query(user="u0"))


def test_similar_leaves_out_the_item_itself(engine):
    found = [pick.item for pick in engine.similar("i2", 5)]
    assert len(found) == 5
    assert "i2" not in found
    with pytest.raises(UnknownError, match="no item 'nothing'"):
        engine.similar("nothing")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"user": ""}, "1 to 512 characters"),
        ({"k": 0}, "k is 0; allowed is 1 to 1000"),
        ({"k": 1_001}, "k is 1001"),
        ({"candidates": ("i1",) * 10_001}, "10001 candidates"),
        ({"at": datetime(2026, 3, 1)}, "needs a time zone"),
    ],
)
def test_malformed_questions_are_refused(engine, wrong, said):
    with pytest.raises(UsageError, match=said):
        engine.recommend(replace(Query(user="u0"), **wrong))


def test_an_engine_without_items_or_events_answers(started):
    engine = started(filled=False).engine
    assert engine.recommend(Query(user="u", text="tea")).items == []
    engine.put_items(worlds.items(4))
    assert sorted(engine.recommend(Query(user="u", k=9)).items) == ["i0", "i1", "i2", "i3"]


def test_a_swap_under_load_drops_nothing(engine):
    plain = engine.release
    other = replace(plain, version="other", stages={"blend": plain.stages["trees"]})  # no diversity, no features
    query, done = Query(user="u1", k=8, at=None), threading.Event()
    wanted = {}
    for release in (plain, other):
        engine.swap(release)
        wanted[release.version] = engine.recommend(query).items

    def ask(_):
        return [engine.recommend(query) for _ in range(25)]

    def swap():
        while not done.wait(0.001):
            engine.swap(other if engine.release is plain else plain)

    with ThreadPoolExecutor(5) as pool:
        swapping = pool.submit(swap)
        try:
            slates = [slate for found in pool.map(ask, range(4)) for slate in found]
        finally:
            done.set()
        swapping.result()
    assert len(slates) == 100
    assert {slate.release for slate in slates} == {"untrained", "other"}
    assert all(slate.items == wanted[slate.release] for slate in slates)


def test_many_write_and_read_at_once(engine):
    def live(worker):
        for n in range(10):
            seen = engine.observe([event(f"w{worker}", n % 4, 9_000 + n, id=f"{worker}-{n}")])
            slate = engine.recommend(Query(user=f"w{worker}"), min_position=seen.position)
            assert slate.position >= seen.position
        return f"w{worker}"

    with ThreadPoolExecutor(4) as pool:
        people = list(pool.map(live, range(4)))
    for user in people:
        assert [count(engine, user, f"i{row}") for row in range(4)] == [3, 3, 2, 2]


# ── several processes ───────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def pair(settings, folder, stores):
    with ExitStack() as opened:
        engines = []
        for _ in range(2):
            engines.append(build(settings("", stores), folder).engine)
            opened.callback(engines[-1].close)
        yield engines


def test_a_second_engine_over_the_same_file_sees_everything(settings, tmp_path):
    with pair(settings, tmp_path, "sqlite:///penchant.db") as (one, two):
        one.put_items(worlds.items(ITEMS))
        one.observe(shopping())
        at = datetime.now(UTC)
        query = Query(user="u1", k=8, at=at)
        assert two.recommend(query) == one.recommend(query)
        seen = one.observe([event("u1", 14, 9_000)])
        assert two.recommend(query, min_position=seen.position).position == seen.position
        two.put_items([Item(id="from two", title="purple umbrella")])
        assert one.recommend(Query(user="u1", text="purple umbrella")).items[0] == "from two"
        privacy.forget(two.log, two.states, "u1")
        assert np.flatnonzero(one.follower.catch_up().timeline.user == 1).size == 0
        later = replace(query, user="u2")
        assert one.recommend(later) == two.recommend(later)


def test_a_restart_forgets_nothing(settings, tmp_path):
    query = Query(user="u1", k=8, at=START + timedelta(days=20))
    with pair(settings, tmp_path, "sqlite:///penchant.db") as (one, _):
        one.put_items(worlds.items(ITEMS))
        one.observe(shopping())
        before = one.recommend(query)
    with pair(settings, tmp_path, "sqlite:///penchant.db") as (one, _):
        assert one.recommend(query) == before
        assert one.log.slates(slate=before.id) or one.why(before.id, "i0")


def test_a_refusal_wins_over_what_was_liked_before(engine):
    engine.observe([event("u0", 3, 9_000), event("u0", 3, 9_001, kind="dislike")])
    assert "i3" not in engine.recommend(Query(user="u0", k=24)).items
    engine.observe([event("u0", 3, 9_002, kind="view")])
    assert "i3" in engine.recommend(Query(user="u0", k=24)).items


def test_an_event_never_wipes_what_an_item_says(engine):
    engine.put_items([Item(id="new", title="amber lamp")])
    bare = ItemChange(id="bare:new", time=engine.clock(engine.follower.catch_up()), item=Item(id="new"))
    engine.log.append([bare])  # as another process would, that had not read of the item yet
    catalogue = engine.follower.catch_up().catalogue
    assert catalogue.items[catalogue.row_of["new"]].title == "amber lamp"
    assert [item.title for item in engine.items.items() if item.id == "new"] == ["amber lamp"]


def test_rank_is_no_surface_of_a_recommendation(engine):
    with pytest.raises(UsageError, match="surface 'rank' is taken"):
        engine.recommend(Query(user="u0", surface="rank", candidates=("i1",)))


@pytest.mark.parametrize("query", [Query(user="u", k=2.5), Query(user=5), Query(user="u", at="2026-01-01")])
def test_words_of_the_wrong_type_are_refused(engine, query):
    with pytest.raises(UsageError):
        engine.recommend(query)


def test_expiry_is_read_in_every_spelling_of_time(engine):
    past = ["2026-01-01", "2026/01/01", 1_700_000_000, 1_700_000_000_000, "1700000000"]
    engine.put_items([Item(id=f"gone {n}", attributes={"expires": time}) for n, time in enumerate(past)])
    engine.put_items([Item(id="fresh", attributes={"expires": "2099-01-01"})])
    offered = engine.recommend(Query(user="u0", k=100)).items
    assert "fresh" in offered
    assert not [item for item in offered if item.startswith("gone")]


def test_what_is_looked_at_is_not_called_history(engine):
    slate = engine.recommend(Query(user="nobody yet", item="i3", k=5), explain=True)
    said = [reason["text"] for pick in slate.picks for reason in pick.reasons]
    assert not [text for text in said if "history." in text]
