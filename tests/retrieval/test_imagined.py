"""What a language model imagines leads to real items only, or to nothing."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.protocols import Notes
from penchant.retrieval.imagined import Imagined
from penchant.testing import worlds
from penchant.testing.writing import Writes, guarded, says


def asked(generator, user="u2", **query):
    context = worlds.context(worlds.shop(), user, **query)
    notes = Notes()
    language = replace(context.language, generator=generator).metered(notes.spend)
    return replace(context, language=language, notes=notes)


def titles(context, rows):
    return [context.catalogue.items[row].title for row in rows.tolist()]


def test_items_like_what_is_imagined_are_found():
    context = asked(says(lambda _: "a blue kettle"))
    rows = Imagined().retrieve(context, 4)
    assert "blue" in titles(context, rows)[0]
    match = Imagined().score(context, rows)["match"]
    assert (np.diff(match) <= 1e-6).all()
    assert context.notes.cost["calls"] == 1


def test_every_setting_matters():
    writer = Writes(lambda _: "a blue kettle")
    Imagined(past=1, length=7).retrieve(asked(guarded(writer)), 3)
    assert writer.asked[0].user.count("purchase") == 1
    assert writer.asked[0].tokens == 7
    for source in (Imagined(tokens=5), Imagined(deadline=0.01)):
        context = asked(says(lambda _: "a blue kettle", seconds=0.2))
        assert len(source.retrieve(context, 3)) == 0
        assert np.isnan(source.score(context, np.arange(3))["match"]).all()
        assert len(context.notes.degraded) == 1


def test_a_guest_without_a_wish_is_not_asked_for():
    writer = Writes(lambda _: "lamp")
    context = asked(guarded(writer), "nobody")
    assert len(Imagined().retrieve(context, 3)) == 0
    assert writer.asked == []
    assert context.notes.degraded == []
    assert len(Imagined().retrieve(asked(guarded(writer), "nobody", text="light"), 3)) == 3


@pytest.mark.parametrize("generator", [None, says(lambda _: 1 / 0), says(lambda _: "  ")])
def test_without_an_answer_nothing_is_found(generator):
    context = asked(generator)
    assert len(Imagined().retrieve(context, 3)) == 0
    assert np.isnan(Imagined().score(context, np.arange(3))["match"]).all()
