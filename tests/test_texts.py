"""Texts: what is missing leaves no trace."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import UsageError
from penchant.text.texts import behaviour_text, clean, item_text, script, user_text
from penchant.types import Item

DEFAULT = "{title}. {category}. {tags}. {description}"
MUG = Item(
    id="1", title="Red mug", description="Holds tea.", attributes={"category": "Kitchen", "tags": ("tea", "gift")}
)


@pytest.mark.parametrize(
    ("item", "template", "text"),
    [
        (MUG, DEFAULT, "Red mug. Kitchen. tea, gift. Holds tea."),
        (Item(id="1", title="Red mug", description="Holds tea"), DEFAULT, "Red mug. Holds tea"),
        (Item(id="1", title="Red mug"), DEFAULT, "Red mug"),
        (Item(id="1", description="Holds tea"), DEFAULT, "Holds tea"),
        (Item(id="1"), DEFAULT, ""),
        (Item(id="1", title="Stop!", description="A game"), DEFAULT, "Stop! A game"),
        (Item(id="1", title="  Red \n mug "), "{title}.", "Red mug."),
        (MUG, "{title} ({category})", "Red mug (Kitchen)"),
        (Item(id="1", title="Red mug"), "{title} ({category})", "Red mug"),
        (Item(id="1", title="Red mug"), "{title} ({category}) - {description}", "Red mug"),
        (Item(id="1", attributes={"category": "Kitchen"}), "{title} ({category}) - {description}", "(Kitchen)"),
        (MUG, "Title: {title}; brand: {brand}; kind: {category}", "Title: Red mug; kind: Kitchen"),
        (MUG, "{title} by {author}", "Red mug"),
        (MUG, "{{{title}}}", "{Red mug}"),
        (MUG, "{id}: {title}", "1: Red mug"),
        (Item(id="1", title="杯子", attributes={"category": "厨房"}), "{title}，分类：{category}", "杯子，分类：厨房"),
        (Item(id="1", title="杯子"), "{title}，分类：{category}", "杯子"),
        (Item(id="1", title="Mug", attributes={"my-colour": "red"}), "{title}, {my-colour}", "Mug, red"),
        (Item(id="1", title="Mug", attributes={"price": 2.5}), "{title}. {price}", "Mug. 2.5"),
        (Item(id="1", title="Mug", attributes={"price": math.nan}), "{title}. {price}", "Mug"),
        (Item(id="1", title="Mug", attributes={"pages": 0, "new": True}), "{title}. {pages}. {new}", "Mug. 0. yes"),
    ],
)
def test_item_text_fills_what_is_there(item, template, text):
    assert item_text(item, template) == text


@pytest.mark.parametrize("template", ["", "no field", "{title", "title}", "{}", "{ }", "{title!r}", "{price:.2f}"])
def test_a_template_that_names_nothing_valid_is_an_error(template):
    with pytest.raises(UsageError, match="wanted are fields in braces"):
        item_text(MUG, template)


def test_a_template_reaches_no_attribute_of_python():
    assert item_text(MUG, "{title.__class__}. {attributes[category]}") == ""


@given(
    st.dictionaries(st.sampled_from(["category", "tags", "brand"]), st.text("ab c.", max_size=5)),
    st.text("xy ", max_size=4),
)
def test_no_separator_is_left_alone(attributes, title):
    text = item_text(Item(id="1", title=title, attributes=attributes), "{title} | {category} | {tags} | {brand}")
    assert " |  | " not in text
    assert text.strip(" |") == text


def test_user_text_names_what_is_known():
    profile = {"home_country": "France", "age": 34, "interests": ("jazz", "hiking"), "phone": "", "member": True}
    assert user_text(profile) == "home country: France. age: 34. interests: jazz, hiking. member: yes"
    assert user_text({}) == ""


def test_behaviour_text_keeps_the_latest_in_order():
    pairs = [("view", "Mug"), ("view", ""), ("cart", "Red  cup"), ("purchase", "Plate")]
    assert behaviour_text(pairs, 2) == "cart: Red cup; purchase: Plate"
    assert behaviour_text(pairs, 9) == "view: Mug; cart: Red cup; purchase: Plate"
    assert behaviour_text([], 3) == ""
    with pytest.raises(UsageError, match="1 or more"):
        behaviour_text(pairs, 0)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], "latin"),
        (["123 !?"], "latin"),
        (["Red mug", "Crème brûlée", "ﾏ" * 1], "latin"),
        (["夏季连衣裙", "冬季靴子"], "other"),
        (["Nike 运动鞋", "Sony 耳机"], "other"),
        (["Красная кружка"], "other"),
        (["Phở đặc biệt"], "latin"),
        (["red mug"] * 9_000 + ["杯子"] * 100, "latin"),
    ],
)
def test_script_goes_by_the_share_of_letters(texts, expected):
    assert script(texts) == expected


def test_clean_replaces_what_tokenizers_refuse():
    assert clean("a\ud83db\0c é 杯") == "a?b c é 杯"


def test_an_item_the_template_misses_is_told_by_its_other_words():
    item = Item(
        id="a", attributes={"keywords": ("soap", "mild"), "maker": "Acme", "price": 3.5, "image_url": "http://x"}
    )
    assert item_text(item) == "keywords: soap, mild. maker: Acme"
    assert item_text(Item(id="a", title="Soap", attributes={"maker": "Acme"})) == "Soap"
    assert item_text(Item(id="a", attributes={"price": 3.5})) == ""
