"""Words in common by hand, in English and Chinese, and an index that is mended rather than built again."""

from dataclasses import replace
from itertools import pairwise
from math import log

import numpy as np
import pytest

from penchant.catalogue import columns
from penchant.retrieval.lexical import Lexical
from penchant.testing import worlds
from penchant.text import index as indexes
from penchant.text.speech import SILENT
from penchant.types import Item

TITLES = ("Red kettle", "Red kettle for camping", "Blue lamp", "Lamp", "红色水壶", "夏季用品")
THINGS = [Item(id=str(n), title=title) for n, title in enumerate(TITLES)]
THINGS[3] = replace(THINGS[3], description="A lamp that is red")


def indexed(context):
    return indexes.indexed(context.catalogue, context.language.reader)


def asked(text, things=THINGS):
    return worlds.context(worlds.world(worlds.catalogue(things)), text=text)


def found(text, **settings):
    return Lexical(**settings).retrieve(asked(text), 9).tolist()


def scores(text, **settings):
    return Lexical(**settings).score(asked(text), np.arange(len(THINGS)))


def test_bm25_by_hand():
    found = scores("blue", length=0.0, title=1.0)
    assert found["bm25"][2] == pytest.approx(log(1 + 5.5 / 1.5), rel=1e-5)
    assert not found["bm25"][[0, 1, 3, 4, 5]].any()


def test_a_match_says_all_and_is_the_title():
    found = scores("Lamp")
    assert found["match"][3] == pytest.approx(1.0)
    assert found["match"][2] == pytest.approx((1 + found["title"][2]) / 2)
    part = scores("red lamp")
    np.testing.assert_allclose(part["match"], part["share"] ** 3 * (1 + part["title"]) / 2, rtol=1e-5)


def test_the_title_itself_comes_first():
    assert found("red kettle")[:2] == [0, 1]
    title = scores("Red kettles!")["title"]
    assert title[0] == pytest.approx(1.0)
    assert 0 < title[1] < 1
    assert scores("lamp")["title"][3] == pytest.approx(1.0)


def test_share_is_of_the_words_that_say_something():
    share = scores("I want to buy a red kettle")["share"]
    assert share[[0, 1]].tolist() == pytest.approx([1.0, 1.0])
    assert 0 < share[3] < 0.5  # red alone, which is said more often
    assert 0 < scores("red zeppelin")["share"][0] < 0.5


def test_asking_does_not_drown_what_is_asked():
    plain, wordy = found("camping"), found("I am looking for some things for camping, please")
    assert plain == wordy == [1]


@pytest.mark.parametrize(("text", "wanted"), [("我想买一些夏季用品", [5]), ("水壶", [4]), ("壶", [4]), ("红", [4])])
def test_reads_chinese(text, wanted):
    assert found(text) == wanted


def test_settings_change_the_result():
    usual = scores("lamp red")
    for settings in ({"saturation": 0.2}, {"length": 0.0}, {"title": 5.0}):
        assert (scores("lamp red", **settings)["bm25"] != usual["bm25"]).any()
    assert (scores("lamp red", sure=1.0)["match"] > usual["match"]).any()


def test_says_nothing_without_a_text():
    context = asked(None)
    assert Lexical().retrieve(context, 9).tolist() == []
    assert all(np.isnan(column).all() for column in Lexical().score(context, np.arange(3)).values())
    assert not [key for key in context.catalogue.memo if "kept" in key]  # nothing was read for it


def test_reads_the_usual_text_without_a_reader():
    context = replace(asked("kettle"), language=SILENT)
    assert set(Lexical().retrieve(context, 9).tolist()) == {0, 1}


def test_a_changed_item_is_read_again_and_no_other(monkeypatch):
    context = asked("kettle")
    before = indexed(context)
    read = []
    counted = indexes.words
    monkeypatch.setattr(indexes, "words", lambda text: read.append(text) or counted(text))
    items = {2: Item(id="2", title="Green kettle"), 6: Item(id="6", title="Steel kettles")}
    known = context.catalogue
    for part in ({2: items[2]}, {6: items[6]}):  # two changes before anybody asks
        known = columns.changed(known, part, {row: np.zeros(4, np.float32) for row in part}, "")
    known = columns.hidden(known, np.array([0]))
    later = replace(asked("kettle"), catalogue=known, allowed=known.columns["available"])
    assert set(Lexical().retrieve(later, 9).tolist()) == {1, 2, 6}
    assert set(read) == {"Green kettle", "Steel kettles", ""}  # what is hidden says nothing
    anew = indexes.build(known.items, lambda item: (item.title, later.language.reader.text(item)))
    mended = indexed(later)
    for words in pairwise(("kettle", "green", "lamp", "red", "夏季", "blue")):
        ones = [index.bm25(index.known(words), 1.2, 0.75, 2.0) for index in (mended, anew)]
        np.testing.assert_allclose(*ones, rtol=1e-5)
    assert before.texts.shape[0] == 6  # what an earlier answer reads stays as it was
