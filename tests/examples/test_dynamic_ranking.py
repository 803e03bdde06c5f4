"""Training told by ROC-AUC, weights per pair that feedback changes, replies from the past, an alarm on a bad turn."""

import pytest

pytest.importorskip("accelerate")


@pytest.fixture(scope="module")
def found(example):
    return example("dynamic-ranking").main()


def test_the_training_tells_auc_on_development_and_test(found):
    curve = found["curve"]
    assert [epoch["epoch"] for epoch in curve] == list(range(len(curve)))
    assert max(epoch["development"] for epoch in curve) > curve[0]["development"] + 0.1
    assert max(epoch["test"] for epoch in curve) > 0.65


def test_weights_are_inferred_per_pair(found):
    one, other = found["u1"], found["u2"]
    assert {"again.current~share", "neighbours.bm25~share"} <= {name for experts in one.values() for name in experts}
    column = "popular.7d~share"
    weights = [experts[column] for experts in one.values() if column in experts]
    assert max(weights) - min(weights) > 0.01  # items differ
    assert any(abs(one[i][column] - other[i][column]) > 0.01 for i in one if column in one[i] and i in other)


def test_feedback_changes_the_weights(found):
    before, after = found["u1"], found["u1 后"]
    shared = [(i, e) for i in before if i in after for e in before[i] if e in after[i]]
    assert max(abs(before[item][expert] - after[item][expert]) for item, expert in shared) > 0.05


def test_questions_are_answered_from_the_past(found):
    replies = list(found["replies"].values())
    assert "防水" in replies[0]
    assert "退货" in replies[1]
    assert "修改地址" in replies[2]
    assert replies[3] == ""  # nobody ever asked for the highest mountain


def test_a_surge_of_bad_news_gives_one_alarm(found):
    alarms = [place for place, reading in enumerate(found["readings"]) if reading.alarm]
    assert len(alarms) == 1
    assert 10 < alarms[0] < 16  # among the bad texts at the end, not with the one in the beginning
