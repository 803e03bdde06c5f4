"""A small BERT learns what is clicked after what, and a request for summer things gets summer things."""

import pytest

pytest.importorskip("accelerate")


@pytest.fixture(scope="module")
def found(example):
    return example("fine-tuned-precision").main()


def test_it_learns_from_the_development_set_on(found):
    curve = found["curve"]
    assert curve[0]["development"] < 0.7
    assert max(epoch["development"] for epoch in curve) > 0.85
    assert max(epoch["test"] for epoch in curve) > 0.85


def test_accuracy_recall_and_click_through_are_told(found):
    measures = found["measures"]
    assert measures["准确率"] > 0.8
    assert measures["召回率"] > 0.8
    assert measures["点击率（重排后）"] > measures["点击率（原顺序）"] + 0.2


def test_the_request_is_answered_with_probabilities(found):
    answer = found["answer"]
    assert len(answer) == 24
    assert sum("夏季" in text for text in list(answer)[:6]) >= 5
    assert list(answer.values()) == sorted(answer.values(), reverse=True)
    assert all(0 <= chance <= 1 for chance in answer.values())
    assert next(iter(answer.values())) > 0.7
