"""What was said decides, the moment counts, and a further action is read by the next list."""

import math

import pytest


@pytest.fixture(scope="module")
def lists(example):
    return list(example("strategy").main().values())


def place(films, item):
    return next(at for at, film in enumerate(films) if film["item"] == item)


def film(films, item):
    return films[place(films, item)]


def test_suspense_comes_first(lists):
    evening = lists[0]
    assert ["悬疑" in one["tags"] for one in evening[:4]] == [True, True, True, False]


def test_the_evening_is_used(lists):
    evening, morning, _ = lists
    lead = [film(found, "m3")["moment"] - film(found, "m5")["moment"] for found in (evening, morning)]
    assert lead[0] > lead[1]  # the night train against the kitchen in the morning
    assert place(morning, "m5") < place(evening, "m5")
    assert [one["wish"] for one in sorted(evening, key=lambda f: f["item"])] == pytest.approx(
        [one["wish"] for one in sorted(morning, key=lambda f: f["item"])]
    )


def test_a_further_action_changes_the_representation(lists):
    before, _, after = lists
    assert all(math.isnan(one["taste"]) for one in before)
    assert max(after, key=lambda one: one["taste"])["item"] == "m7"  # from space, as what was liked
    assert place(after, "m7") < place(before, "m7")
    assert "m6" not in [one["item"] for one in after]
    assert "悬疑" in after[0]["tags"]
