"""Biases planted in the ratings are found again, for people who were there at training and for new ones."""

import dataclasses

import numpy as np
import pytest

from penchant.errors import NotReadyError
from penchant.events.timeline import Timeline
from penchant.retrieval.ratings import Ratings
from penchant.testing import worlds

PEOPLE, ITEMS = 30, 20
SURE = {"l2": 0.01, "l2_factors": 100.0}


def liking(person, row):
    """5 by itself; people are up to 2 milder or stricter, items up to 1 better or worse."""
    return 5.0 + (person % 5 - 2) + (row % 3 - 1)


def world(taste=0.0):
    """Everybody rated two thirds of the items; with `taste`, even people prefer the even ones by so much."""
    pairs = [(person, row) for row in range(ITEMS) for person in range(PEOPLE) if (person + row) % 3]
    pairs.sort(key=lambda pair: (pair[1] * 7 + pair[0] * 11) % 97)
    made = worlds.world(worlds.items(ITEMS), [(f"p{p}", r, minute, "other") for minute, (p, r) in enumerate(pairs)])
    values = [liking(p, r) + taste * (1 - 2 * ((p + r) % 2)) for p, r in pairs]
    return valued(made, values)


def valued(made, values):
    line = made.timeline
    columns = {n: getattr(line, n).copy() for n in ("time", "user", "item", "kind", "position")}
    again = Timeline(line.kinds)
    again.codes(line.names)
    return worlds.replace(made, timeline=again.append(columns | {"value": np.array(values, np.float32)}))


def fitted(recipe, of, folder):
    folder.mkdir()
    metrics = recipe.train(worlds.history(of), folder)
    return metrics, recipe.load(folder)


def test_predicts_what_was_never_rated(tmp_path):
    made = world()
    metrics, model = fitted(Ratings(events="other", **SURE), made, tmp_path / "model")
    assert metrics["rmse"] < 0.1 < 0.5 < min(metrics["rmse of people's means"], metrics["rmse of items' means"])
    assert metrics["rmse of items' means"] < metrics["rmse of the mean"] * 1.05
    for person in (0, 7, 29):
        found = model.score(worlds.context(made, f"p{person}"), np.arange(ITEMS))["predicted"]
        assert found.tolist() == pytest.approx([liking(person, row) for row in range(ITEMS)], abs=0.15)


def test_tells_tastes_apart(tmp_path):
    made = world(taste=1.5)
    metrics, model = fitted(Ratings(events="other", l2=0.1, l2_factors=0.1, dims=2), made, tmp_path / "model")
    assert metrics["rmse"] < 0.3
    scores = [model.score(worlds.context(made, f"p{p}"), np.arange(ITEMS))["predicted"] for p in (0, 5)]
    assert np.mean(scores[0][::2]) - np.mean(scores[0][1::2]) > 2
    assert np.mean(scores[1][1::2]) - np.mean(scores[1][::2]) > 2


def test_folds_a_new_person_in(tmp_path):
    made = world()
    _, model = fitted(Ratings(events="other", **SURE), made, tmp_path / "model")
    told = worlds.appended(made.timeline, [("new", row, 999 + row, "other") for row in (0, 1, 2)])
    columns = {n: getattr(told, n).copy() for n in ("time", "user", "item", "kind", "position", "value")}
    columns["value"][-3:] = [8.0, 9.0, 10.0]  # four milder than most
    again = Timeline(told.kinds)
    again.codes(told.names)
    later = worlds.replace(made, timeline=again.append(columns))
    guest, known = (model.score(worlds.context(w, "new"), np.arange(ITEMS))["predicted"] for w in (made, later))
    assert guest.tolist() == pytest.approx([5.0 + row % 3 - 1 for row in range(ITEMS)], abs=0.15)
    assert known.tolist() == pytest.approx([9.0 + row % 3 - 1 for row in range(ITEMS)], abs=0.15)
    assert model.retrieve(worlds.context(later, "new"), 4).tolist() == [2, 5, 8, 11]


def test_without_ratings_there_is_nothing_to_learn(shop, tmp_path):
    with pytest.raises(NotReadyError, match="0 events of kind 'rating' have a value; 100 needed"):
        Ratings().train(worlds.history(shop), tmp_path)


OTHERS = {"events": "purchase", "dims": 1, "l2": 20.0, "l2_factors": 90.0, "rounds": 1}


@pytest.mark.parametrize("name", OTHERS)
def test_every_setting_changes_the_result(name, tmp_path):
    made = world(taste=1.0)
    line = made.timeline
    line.kind[::2] = line.kinds.code("purchase")
    usual = {"events": "other", "l2_factors": 0.5, "dims": 3}
    _, model = fitted(Ratings(**usual), made, tmp_path / "model")
    _, other = fitted(Ratings(**usual | {name: OTHERS[name]}), made, tmp_path / "other")
    context = worlds.context(made, "p4")
    a, b = (m.score(context, np.arange(ITEMS))["predicted"] for m in (model, other))
    assert not np.allclose(a, b, atol=1e-3)


def test_the_errors_are_told_of_the_share_held(tmp_path):
    assert {f.name for f in dataclasses.fields(Ratings)} == {*OTHERS, "held"}
    made = world(taste=1.0)
    found = [fitted(Ratings(events="other", held=h), made, tmp_path / str(h))[0]["rmse"] for h in (0.1, 0.3)]
    assert found[0] != found[1]
