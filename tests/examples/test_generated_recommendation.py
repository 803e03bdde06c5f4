"""Three people, a sentence each: about a thing that fits, of nothing but what is true of it; and a rating unseen."""

import csv
import re

import pytest

KIND = {"小明": "手机", "小红": "编程书", "小刚": "巧克力"}
WORDS = "是类商品品牌作者价格元它与您之前的相似不妨看看为您推荐它因为记录中相配类于符合一贯选择，。、：「」"


@pytest.fixture(scope="module")
def found(example):
    program = example("generated-recommendation")
    texts, ratings = program.main()
    with (program.HERE / "items.csv").open(encoding="utf-8") as file:
        items = {row["item_id"]: row for row in csv.DictReader(file)}
    with (program.HERE / "history.csv").open(encoding="utf-8") as file:
        seen = {row["user_id"]: row["item_id"] for row in csv.DictReader(file)}
    return texts, ratings, items, seen


@pytest.mark.parametrize("person", KIND)
def test_a_fitting_thing_is_recommended(found, person):
    texts, _, items, seen = found
    assert items[texts[person]["item"]]["category"] == KIND[person]
    assert texts[person]["item"] != seen[person]


def test_what_they_said_they_want_is_taken_up(found):
    texts, *_ = found
    assert [texts[person]["item"] for person in KIND] == ["p2", "b2", "c2"]  # a better camera, more Python, darker


@pytest.mark.parametrize("person", KIND)
def test_it_says_only_what_is_true(found, person):
    texts, _, items, seen = found
    item, text = items[texts[person]["item"]], texts[person]["text"]
    assert item["title"] in text
    assert f"价格{item['price']}元" in text
    known = [item["title"], items[seen[person]]["title"], item["price"], item["brand"], item["author"]]
    known += [item["category"], *item["tags"].split("|")]
    rest = re.sub("|".join(map(re.escape, sorted(filter(None, known), key=len, reverse=True))), "", text)
    assert set(rest) <= set(WORDS), rest


def test_a_rating_that_nobody_gave(found):
    _, ratings, *_ = found
    assert ratings["评01", "p1"] > 4.0  # those who like tools gave 4 and 5
    assert ratings["评04", "p1"] < 3.0  # those who like sweets gave 1 to 3
