"""What people said, as of any moment; and questions that are asked again with the words they came with."""

from datetime import timedelta

import numpy as np
import pytest

from penchant import build as building
from penchant import config
from penchant.evaluation.replay import cases, replaying
from penchant.features.readings import Readings
from penchant.testing import worlds
from penchant.types import Event, Item, micros, moment

NOON = moment(worlds.START) + timedelta(hours=12)
TOML = "[stores]\n" + "".join(f'{name} = "memory://"\n' for name in ("items", "log", "state", "artefacts"))


def at(minutes, **fields):
    return Event(user="ann", time=NOON + timedelta(minutes=minutes), **fields)


@pytest.fixture
def engine(tmp_path):
    (tmp_path / "penchant.toml").write_text(TOML + '[encoder]\nmodel = "hashing"\n[clock]\nnow = "log"\n')
    found = building.build(config.read(tmp_path), tmp_path).engine
    found.put_items([Item(id=str(n), title=title) for n, title in enumerate(("red kettle", "desk lamp", "rug"))])
    found.observe(
        [
            at(0, item="2", kind="purchase"),
            at(5, kind="search", text="kettle"),
            at(9, item="0", kind="purchase"),
            at(50, item="1", kind="purchase"),
            at(60, kind="profile", context={"city": "Lyon"}),
            at(70, item="1", kind="review", text="too dim", value=2.0),
        ]
    )
    yield found
    found.close()


def test_a_search_is_the_text_of_what_follows_it_soon(engine):
    replay = replaying(engine, ())
    asked = [replay.context(case).query.text for case in cases(replay.timeline, 0, 2**62)]
    assert asked == [None, "kettle", None, None]
    context = replay.context(cases(replay.timeline, 0, 2**62)[1])
    assert context.wish is not None
    assert context.said == ()  # nobody hears


def test_what_was_said_is_heard_by_who_listens_and_nothing_of_later(engine):
    replay = replaying(engine, [Readings()])
    heard = [[e.kind for e in replay.context(case).said] for case in cases(replay.timeline, 0, 2**62)]
    assert heard == [[], ["search"], ["search"], ["search", "profile"]]
    world = engine.follower.catch_up()
    assert [e.text for e in engine.recollection.said("ann", world.timeline)] == ["kettle", None, "too dim"]
    early = world.timeline.until(micros(NOON) + 6 * worlds.MINUTE)
    assert [e.text for e in engine.recollection.said("ann", early)] == ["kettle"]


def test_new_words_are_heard_at_once_and_erased_ones_no_more(engine):
    engine.observe([at(80, kind="wish", text="a rug")])
    said = engine.recollection.said("ann", engine.follower.catch_up().timeline)
    assert said[-1].text == "a rug"
    engine.forget("ann")
    assert engine.recollection.said("ann", engine.follower.catch_up().timeline) == ()


def test_a_log_without_words_is_not_read(engine, monkeypatch):
    monkeypatch.setattr(engine.log, "events", lambda user: pytest.fail("read"))
    world = engine.follower.catch_up()
    engine.recollection.asked("ann", world.timeline.until(micros(NOON)), micros(NOON))
    assert np.count_nonzero(world.timeline.kind) >= 0
