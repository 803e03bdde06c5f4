"""Words of texts in several scripts, and what a request asks for, by hand."""

import pytest

from penchant.text.words import content, gist, singular, words


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Red RETROSPOT Café", ["red", "retrospot", "cafe"]),
        ("Ladies' boxes, batteries & trees", ["lady", "box", "battery", "tree"]),
        ("Children’s glasses", ["children", "glass"]),
        ("3-tier 50's", ["3", "tier", "50"]),
        ("ＷＩＤＥ ㎏", ["wide", "kg"]),
        ("夏季用品", ["夏季", "季用", "用品"]),
        ("茶 mug", ["茶", "mug"]),
        ("한국어", ["한국", "국어"]),
        ("Щетки", ["щетки"]),
        ("", []),
    ],
)
def test_folds_words(text, wanted):
    assert words(text, single=False) == wanted


def test_single_characters_are_words_too():
    assert words("绿茶 tea") == ["绿茶", "绿", "茶", "tea"]


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("bus", "bus"), ("gas", "gas"), ("dress", "dress"), ("dresses", "dress"), ("shoes", "shoe"), ("ties", "ty")],
)
def test_takes_plurals_off(word, wanted):
    assert singular(word) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I want to buy some summer things", ["summer"]),
        ("something for the garden, please", ["garden"]),
        ("I'm looking for a lamp, you've got one?", ["lamp"]),
        ("a light mystery for the train", ["light", "mystery", "train"]),
        ("我想买一些夏季用品", ["夏季", "季用", "用品"]),
        ("请推荐几部悬疑片吧！", ["悬疑", "疑片"]),
        ("帮我找一个茶", ["茶"]),
        ("Up", ["up"]),  # nothing but a word of grammar: then it is a name
        ("我想要", ["我想", "想要"]),
    ],
)
def test_tells_content_from_asking(text, wanted):
    assert content(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I want to buy some Summer things", "Summer"),
        ("我想买一些夏季用品", "夏季用品"),
        ("我想买 LEGO 积木", "LEGO 积木"),
        ("anything", ""),
    ],
)
def test_tells_the_gist_as_it_was_said(text, wanted):
    assert gist(text) == wanted
