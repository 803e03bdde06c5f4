"""The listwise stage: a model's order where it may, the order as it was where it may not."""

import json
from dataclasses import replace

import numpy as np
import pytest

from penchant import pipeline
from penchant.language.generators import load
from penchant.protocols import Notes
from penchant.ranking.listwise import PREFERENCE, Listwise, bounded, ordered
from penchant.testing import worlds
from penchant.testing.writing import Writes, guarded, says
from penchant.text.speech import Language
from penchant.types import Candidates


def orders(letters):
    return lambda _: json.dumps({"order": list(letters)})


def asked(generator, user="u2", **query):
    context = worlds.context(worlds.shop(), user, **query)
    notes = Notes()
    language = replace(context.language, generator=generator).metered(notes.spend)
    return replace(context, language=language, notes=notes)


def candidates(count):
    rows = np.arange(count, dtype=np.int32)
    return Candidates(rows=rows, scores=-rows.astype(np.float32), columns={"x": rows.astype(np.float64)})


def rows(stage, context, count=4):
    return stage.apply(context, candidates(count)).rows.tolist()


def test_the_model_orders_and_scores_and_columns_stay_with_their_rows():
    context = asked(says(orders("DCBA")))
    found = Listwise().apply(context, candidates(5))
    assert found.rows.tolist() == [3, 2, 1, 0, 4]
    np.testing.assert_array_equal(found.columns["x"], found.rows)
    np.testing.assert_array_equal(found.scores, -found.rows)
    likes = dict(zip(found.rows.tolist(), found.columns[PREFERENCE].tolist(), strict=True))
    assert [likes[row] for row in (3, 2, 1, 0, 4)] == [1.0, 0.5, 0.0, -0.5, -1.0]
    assert context.notes.cost["calls"] == 1
    assert context.notes.cost["tokens"] > 50
    assert context.notes.degraded == []


@pytest.mark.parametrize(
    ("said", "order"),
    [
        ({"order": ["B", "A"]}, [1, 0, 2, 3]),
        ({"order": ["Z", "D", "D", "b", "", "CC", "A"]}, [3, 0, 1, 2]),
        ({"order": "BA"}, [0, 1, 2, 3]),
        ({"order": [1, None, {"A": 1}, "C"]}, [2, 0, 1, 3]),
        ({}, [0, 1, 2, 3]),
        ([], [0, 1, 2, 3]),
        ("no", [0, 1, 2, 3]),
    ],
)
def test_what_is_no_alias_is_ignored_and_what_is_missing_keeps_its_order(said, order):
    assert ordered(json.dumps(said), 4) == order
    assert ordered("not json", 4) == [0, 1, 2, 3]


def test_nothing_moves_further_than_it_may():
    dice = np.random.default_rng(0)
    for _ in range(300):
        count, moves = int(dice.integers(1, 27)), int(dice.integers(0, 27))
        found = bounded(dice.permutation(count).tolist(), moves)
        assert sorted(found.tolist()) == list(range(count))
        assert np.abs(found - np.arange(count)).max() <= moves
    assert bounded([3, 1, 0, 2], 26).tolist() == [3, 1, 0, 2]
    assert bounded([3, 2, 1, 0], 1).tolist() == [1, 0, 3, 2]


def test_every_setting_matters():
    def order(letters="DCBA", user="u2", **settings):
        return rows(Listwise(**settings), asked(says(orders(letters)), user))

    assert order() == [3, 2, 1, 0]
    assert order(top=2, letters="BA") == [1, 0, 2, 3]
    assert order(moves=0) == [0, 1, 2, 3]
    assert order(events=0) == [0, 1, 2, 3]
    assert order(events=0, user="nobody") == [3, 2, 1, 0]
    assert order(tokens=10) == [0, 1, 2, 3]
    writer = Writes(orders("DCBA"))
    rows(Listwise(past=1), asked(guarded(writer)))
    assert writer.asked[0].user.count("purchase") == 1
    assert rows(Listwise(deadline=0.01), asked(says(orders("DCBA"), seconds=0.3))) == [0, 1, 2, 3]


def test_calls_of_the_minute_are_kept_for_people_with_little_history():
    stage = Listwise(calls=4, events=20)
    world = [asked(says(orders("BA")), user) for user in ("u2", "u2", "u2", "u2", "nobody")]
    for context in world:
        stage.apply(context, candidates(4))
    told = [bool(context.notes.degraded) for context in world]
    assert told == [False, False, False, True, False]
    assert world[3].notes.degraded == ["listwise: the calls of this minute are spent, or kept for newer people"]


@pytest.mark.parametrize(
    ("generator", "why"),
    [
        (None, "no language model"),
        (says(lambda _: "I would rather not"), "no usable answer"),
        (says(lambda _: 1 / 0), "no usable answer"),
    ],
)
def test_without_an_answer_the_list_stays_and_says_so(generator, why):
    context = asked(generator)
    found = Listwise().apply(context, candidates(4))
    assert found.rows.tolist() == [0, 1, 2, 3]
    assert PREFERENCE not in found.columns
    [note] = context.notes.degraded
    assert note.startswith("listwise: ")
    assert why in note


def test_the_same_question_is_asked_once():
    writer = Writes(orders("DCBA"))
    generator = guarded(writer)
    contexts = [asked(generator), asked(generator)]
    assert [rows(Listwise(), context) for context in contexts] == [[3, 2, 1, 0]] * 2
    assert len(writer.asked) == 1
    assert contexts[1].notes.cost == {}


def test_the_model_sees_what_the_person_did_and_asks_for():
    writer = Writes(orders("DCBA"))
    rows(Listwise(), asked(guarded(writer), text='a "kettle"'))
    [prompt] = writer.asked
    assert "purchase" in prompt.user
    assert 'They ask for: "a \\"kettle\\""' in prompt.user
    assert 'A: "amber rake" ("garden")' in prompt.user
    assert "u2" not in prompt.user


def test_smollm2_orders_a_list_of_known_items():
    stage = Listwise(deadline=30, top=6)
    context = asked(load("smollm2", threads=1))
    found = stage.apply(context, candidates(8))
    assert sorted(found.rows.tolist()) == list(range(8))
    assert context.notes.degraded == []
    assert context.notes.cost["tokens"] > 100


def test_an_engine_tells_what_it_cost_and_keeps_the_preferences(settings, monkeypatch):
    from penchant import build as building
    from penchant.types import Event, Item, Query

    more = '[generator]\nmodel = "http://localhost:1/v1"\n[[sources]]\nkind = "popular"\n[[stages]]\nkind = "listwise"'
    generator = says(orders("BA"))
    monkeypatch.setattr(building, "load", lambda *_, **__: generator)
    engine = building.build(settings(more), folder=None).engine
    engine.put_items([Item(id=f"i{n}", title=f"thing {n}") for n in range(4)])
    engine.observe([Event(user="a", item=f"i{n}", kind="purchase") for n in range(4)])
    slate = engine.recommend(Query(user="b", k=3))
    assert slate.cost["calls"] == 1
    assert slate.marks[PREFERENCE][0] == 1.0
    assert slate.degraded == ()
    assert isinstance(pipeline.run(engine.release, engine.trace(Query(user="b")).context).result, Candidates)
    assert isinstance(engine.language, Language)
    engine.close()
