"""An expert that is right scores 1.0, on the same questions as everybody else."""

import json
from dataclasses import replace

import numpy as np
import pytest

from penchant import config
from penchant.build import folding, plan
from penchant.evaluation.blending import tune
from penchant.evaluation.replay import Replay
from penchant.evaluation.report import SYSTEM, Question, evaluate, ordered
from penchant.evaluation.splits import split
from penchant.evaluation.table import facts
from penchant.testing import worlds

PIPELINE = """
[[sources]]
kind = "again"
[[sources]]
kind = "neighbours"
[[sources]]
kind = "popular"
[[stages]]
kind = "blend"
weights = { "again.frequency" = 1.0 }
"""
PEOPLE, DAYS = 8, 10
ASKED = {"cut": 0.3, "target": "event", "cases": 500}


def quiet(what, done, total):
    pass


@pytest.fixture
def replay():
    """Everybody buys an item of their own, one a day; the rest is never touched."""
    happened = [(f"u{n}", n, day * 1_440 + 10 * n, "purchase") for day in range(DAYS) for n in range(PEOPLE)]
    world = worlds.world(worlds.items(20), [h for h in happened if h[1] != 5])  # item 5 is not available
    return Replay(timeline=world.timeline, catalogue=world.catalogue, folds=folding())


def report(replay, protocol="time", toml=PIPELINE, **fields):
    asked = Question(**{**ASKED, "protocol": protocol, **fields})
    parts = split(replay.timeline, protocol, asked.cut, asked.target, asked.cases)
    release = plan(config.parse(toml)).release()
    tuned = tune(replace(replay, timeline=parts.past), release, 0.2, quiet) if asked.baselines else None
    return evaluate(release, replay, parts, asked, tuned=tuned, progress=quiet)


@pytest.mark.parametrize("protocol", ["time", "leave-one-out"])
def test_the_expert_that_is_right_scores_one(replay, protocol):
    found = report(replay, protocol)
    for name in (SYSTEM, "again.frequency", "tuned blend"):
        for measure in ("ndcg", "hit", "recall", "mrr", "auc"):
            assert found.rows[name]["all"][measure] == 1.0, (name, measure)
        assert found.rows[name]["all"]["precision"] == pytest.approx(0.1)
    assert found.rows["popular.all"]["all"]["mrr"] < 0.6
    assert found.against["again.frequency"] == (0.0, 0.0, 0.0)
    gap, low, high = found.against["popular.all"]
    assert 0 < low <= gap <= high


def test_questions_are_counted_by_slice(replay):
    found = report(replay)
    line = replay.timeline
    wanted = int(np.count_nonzero(line.time >= line.time[0] + int((line.time[-1] - line.time[0]) * 0.7)))
    rows = found.rows[SYSTEM]
    assert found.questions == rows["all"]["cases"] == rows["repeats"]["cases"] == wanted
    assert rows["novel"]["cases"] == rows["cold"]["cases"] == 0
    assert rows["all"]["coverage"] >= (PEOPLE - 1) / 20


def test_new_items_are_novel_and_cold(replay):
    line = worlds.appended(replay.timeline, [(f"u{n}", 15, 14_500 + n, "purchase") for n in range(4)])
    found = report(replace(replay, timeline=line))
    rows = found.rows[SYSTEM]
    assert (rows["novel"]["cases"], rows["cold"]["cases"]) == (4, 4)
    assert found.rows["again.frequency"]["novel"]["hit"] == 0.0
    assert rows["all"]["cases"] == rows["repeats"]["cases"] + 4


def test_the_same_questions_have_the_same_name_and_answers(replay):
    one, two = report(replay), report(replay)
    assert one.digest == two.digest
    assert repr(one.rows) == repr(two.rows)  # some are not numbers, which equal nothing
    assert report(replay, cases=5).digest != one.digest
    assert report(replay, cases=5).questions == 5


def test_the_board_has_the_system_first_and_then_the_best(replay):
    names = ordered(report(replay).rows)
    assert names[0] == SYSTEM
    board = report(replay).rows
    quality = [board[name]["all"]["ndcg"] for name in names[1:]]
    assert quality == sorted(quality, reverse=True)


def test_without_baselines_there_is_the_system_alone(replay):
    found = report(replay, baselines=False)
    assert list(found.rows) == [SYSTEM]
    assert found.against == {}


def test_a_report_is_plain_data(replay):
    document = json.loads(json.dumps(report(replay).document()))
    assert document["rows"][SYSTEM]["all"]["ndcg"] == 1.0
    assert document["latency"].keys() == {"p50", "p99"}


def test_a_report_names_the_target_it_asked_for(replay):
    asked = {"target": "first-basket", "baselines": False}
    assert "target first-basket," in facts(report(replay, **asked))[0]
    alone = report(replay, "leave-one-out", **asked)
    assert "protocol leave-one-out, target last event," in facts(alone)[0]
    assert alone.document()["question"]["target"] == "last event"


def test_nothing_is_tuned_where_a_term_is_missing(replay):
    toml = 'similar = []\n[[sources]]\nkind = "popular"\n[[stages]]\nkind = "blend"\n'
    assert tune(replay, plan(config.parse(toml)).release(), 0.2, quiet) is None
