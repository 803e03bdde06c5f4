"""What people asked, as it is in force: by time, by surface, by what was undone, in the present and in the past."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from penchant import build as building
from penchant import steerage
from penchant.errors import UsageError
from penchant.ports import Record
from penchant.steerage import InForce
from penchant.text.steers import Delta, Steer, deltas, document, read, said, words
from penchant.types import Event, Item, Query

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def engine(settings, tmp_path):
    engine = building.build(settings('[clock]\nnow = "log"\n'), tmp_path).engine
    engine.put_items(
        [
            Item(id=f"{c[0]}{n}", title=f"{c} {n}", attributes={"category": c, "price": 7.0})
            for c in ("ant", "bee")
            for n in range(20)
        ]
    )
    engine.observe([Event(user="u", item=f"a{n}", time=NOW + timedelta(minutes=n), kind="purchase") for n in range(5)])
    yield engine
    engine.close()


def shown(engine, **query):
    return [item[0] for item in engine.recommend(Query(user="u", **query)).items]


def later(engine, **delta):
    """Something happens to somebody else, so that time passes."""
    last = engine.clock(engine.follower.catch_up())
    engine.observe([Event(user="other", item="b1", time=last + timedelta(**delta))])


def test_it_ends_by_itself(engine):
    found = engine.steer("u", "only bee for 3 days")
    assert found.until == NOW + timedelta(days=3, minutes=4)
    assert set(shown(engine)) == {"b"}
    later(engine, days=2)
    assert set(shown(engine)) == {"b"}
    later(engine, days=2)
    assert "a" in shown(engine)
    assert engine.steers("u") == ()


def test_the_past_knows_only_what_had_been_asked(engine):
    later(engine, hours=1)
    engine.steer("u", "only bee")
    later(engine, hours=1)
    assert "a" in shown(engine, at=NOW + timedelta(minutes=30))
    assert set(shown(engine)) == {"b"}
    engine.unsteer("u", engine.steers("u")[0].id)
    later(engine, hours=1)
    assert set(shown(engine, at=NOW + timedelta(hours=1, minutes=30))) == {"b"}
    assert "a" in shown(engine)


def test_why_asks_again_what_was_asked_then(engine):
    engine.steer("u", "no ant")
    slate = engine.recommend(Query(user="u"))
    engine.unsteer("u", engine.steers("u")[0].id)
    assert slate.steering == ("no ant",)
    assert engine.why(slate.id, "a7")["because"] == "the person asked for no ant"


def test_state_is_rebuilt_and_steering_stays(engine):
    engine.steer("u", "no ant")
    before = shown(engine)
    engine.states.clear()
    assert shown(engine) == before


def test_what_is_said_last_of_one_thing_counts(engine):
    engine.steer("u", "no ant")
    engine.steer("u", "more ant")
    world = engine.follower.catch_up()
    force = engine.steering.of(world.timeline, "u", 2**51)
    assert [d.way for d in force.deltas] == ["more"]
    engine.steer("u", "under 20, over 5")
    engine.steer("u", "under 10, cheaper")
    engine.steer("u", "less ant, pricier")
    world = engine.follower.catch_up()
    found = [words(d) for d in engine.steering.of(world.timeline, "u", 2**51).deltas]
    assert found == ["only price from 5", "only price up to 10", "less ant", "dearer"]


def test_nobody_reads_the_log_for_people_who_never_asked(engine, monkeypatch):
    monkeypatch.setattr(engine.log, "events", lambda _: pytest.fail("read"))
    world = engine.follower.catch_up()
    assert engine.steering.of(world.timeline, "u", 2**51) == InForce()


def test_the_log_is_read_once_for_each_thing_said(engine, monkeypatch):
    engine.steer("u", "no ant")
    shown(engine)
    monkeypatch.setattr(engine.log, "events", lambda _: pytest.fail("read again"))
    assert set(shown(engine)) == {"b"}


def test_a_malformed_text_is_refused(engine):
    for text in ("", "  ", "x" * 2_001, "\ud800"):
        with pytest.raises(UsageError):
            engine.steer("u", text)
    with pytest.raises(UsageError):
        engine.steer("", "no ant")


def test_an_event_that_anybody_may_log_steers_only_by_what_is_well_formed(engine):
    forged = {
        "deltas": json.dumps([{"way": "only", "about": "bee", "terms": [[["category", "bee"]]]}, {"way": "root"}, 7])
    }
    engine.observe([Event(user="u", kind="steer", text="x", context=forged, id="forged")])
    assert [words(d) for d in engine.steers("u")[0].deltas] == ["only bee"]
    engine.observe([Event(user="u", kind="steer", text="x", context={"deltas": "[[["}, id="broken")])
    assert engine.steers("u")[1].deltas == ()
    assert set(shown(engine)) == {"b"}


def test_a_steer_comes_back_from_its_event():
    full = Delta(
        way="no", about="x", terms=((("a", "b"), ("", "c")),), attribute="price", low=1.0, high=2.5, amount=2.0
    )
    trend, bound = (
        Delta(way="less", about="y", aim="trend", attribute="price"),
        Delta(way="only", about="z", aim="range", attribute="year", low=1990),
    )
    steer = Steer(id="s", text="t", time=NOW, deltas=(full, trend, bound), ignored=("q",), until=NOW, surface="mail")
    assert read(steer.event("u")) == steer


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {"way": "more"},
        {"way": "up", "about": "x"},
        {"way": "more", "about": "x", "aim": "trend", "attribute": "rank"},
        {"way": "more", "about": "x", "aim": "range", "attribute": "price"},
        {"way": "more", "about": "x", "aim": "item"},
        {"way": "more", "about": 5},
    ],
)
def test_what_is_not_well_formed_is_no_delta(entry):
    assert deltas(json.dumps([entry])) == ()
    assert deltas("no json") == deltas(None) == deltas("[" * 100_000) == ()


def test_a_delta_with_broken_terms_names_nothing():
    assert deltas(json.dumps([{"way": "no", "about": "x", "terms": [[["a"]]]}]))[0].terms == ()
    assert document(Delta(way="no", about="x")) == {"way": "no", "about": "x", "aim": "concept", "amount": 1.0}


def test_plain_words_in_two_languages():
    until = Steer(id="s", text="t", time=NOW, deltas=(Delta(way="less", about="crypto"),), until=NOW)
    assert said(until) == ("less crypto until 2026-03-04 12:00 UTC",)
    assert said(until, "zh") == ("少一些crypto，直到 2026-03-04 12:00 UTC",)
    price = Delta(way="only", about="x", aim="range", attribute="price", high=30.0)
    assert (words(price), words(price, "zh-CN")) == ("only price up to 30", "只要价格 30 以下")
    trend = Delta(way="less", about="x", aim="trend", attribute="price")
    assert (words(trend), words(trend, "zh")) == ("cheaper", "更便宜的")


def test_records_hold_what_was_understood(engine):
    engine.steer("u", "no ant")
    record = next(r for r in engine.log.events("u") if isinstance(r, Record) and r.entry.kind == "steer")
    assert json.loads(record.entry.context["deltas"])[0]["terms"] == [[["category", "ant"]]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("something sweet, no bee", ("no bee",)),
        ("anything but bee", ("no bee",)),
        ("bee under £5", ("only price up to 5",)),
        ("anything under 5 pounds", ("only price up to 5",)),
        ("bee after 2010", ()),  # no price is above that, so the number means something else
        ("no bee", ()),  # may be the name of something
        ("bee", ()),
    ],
)
def test_a_request_rules_out_for_this_answer(engine, text, told):
    engine.put_items([Item(id="b0", title="bee 0", attributes={"category": "bee", "price": 3.0})])
    slate = engine.recommend(Query(user="u", text=text))
    assert slate.steering == told
    if "no bee" in told:
        assert {item[0] for item in slate.items} == {"a"}
    if "only price up to 5" in told:
        assert slate.items == ["b0"]
    again = engine.reasoned(slate.id)
    assert (again.items, engine.steers("u"), engine.recommend(Query(user="u")).steering) == (slate.items, (), ())


def test_a_request_counts_after_what_was_asked_before(engine):
    engine.steer("u", "only under 5 pounds")
    slate = engine.recommend(Query(user="u", text="bee under 9 pounds"))
    assert slate.steering == ("only price up to 9",)
    assert len(slate.items) == 10


def test_why_an_item_is_not_there_names_what_the_request_said(engine):
    slate = engine.recommend(Query(user="u", text="something sweet, no bee"))
    found = engine.why(slate.id, "b3")
    assert (found["lost_at"], found["because"]) == ("rule:steered", "the person asked for no bee")


def test_a_plain_request_is_not_read_for_what_it_rules_out(engine, monkeypatch):
    """The words of a large catalogue take a while to read; most requests do without."""
    monkeypatch.setattr(steerage, "interpret", None)
    assert engine.recommend(Query(user="u", text="a present for my mother's garden")).steering == ()
    with pytest.raises(TypeError):
        engine.recommend(Query(user="u", text="bee, not ant"))
