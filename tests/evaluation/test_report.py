"""An expert that is right scores 1.0, on the same questions as everybody else."""

import json
from dataclasses import replace

import numpy as np
import pytest

from penchant import config
from penchant.build import folding, plan
from penchant.errors import UsageError
from penchant.evaluation.blending import tune
from penchant.evaluation.replay import Replay
from penchant.evaluation.report import SYSTEM, Question, evaluate, ordered
from penchant.evaluation.splits import split
from penchant.evaluation.table import facts
from penchant.stores.memory import MemoryLog
from penchant.testing import worlds
from penchant.testing.worlds import START
from penchant.types import MINUTE, Event, moment

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
    assert document["latency"].keys() == {"p50", "p90", "p99"}


def test_slices_of_context_profile_and_category():
    said = {"ann": {"device": "phone", "country": "NO"}, "bob": {"country": "SE"}}
    log = MemoryLog()
    happened = [("ann", 0, 0, "view"), ("bob", 0, 1, "view"), ("ann", 1, 20, "view"), ("bob", 2, 21, "view")]
    context = {2: {"device": "pc"}}
    log.append(
        [
            *(Event(user=u, kind="profile", id=u, time=moment(START), context=c) for u, c in said.items()),
            *(
                Event(user=u, item=f"i{r}", id=f"e{n}", time=moment(START + m * MINUTE), context=context.get(n, {}))
                for n, (u, r, m, _) in enumerate(happened)
            ),
        ]
    )
    profiles = [("ann", -1, 0, "search"), ("bob", -1, 0, "search")]
    world = worlds.world(worlds.items(9), [*profiles, *happened])
    replay = Replay(timeline=world.timeline, catalogue=world.catalogue, folds=folding())
    asked = Question(**ASKED, baselines=False, slices=("device", "country", "category"))
    parts = split(replay.timeline, "time", asked.cut, asked.target, asked.cases)
    found = evaluate(plan(config.parse(PIPELINE)).release(), replay, parts, asked, log=log, progress=quiet).rows[SYSTEM]
    counts = {name: found[name]["cases"] for name in found if name.startswith(("device", "country", "category"))}
    assert counts == {
        "device pc": 1,
        "device –": 1,
        "country NO": 1,
        "country SE": 1,
        "category kitchen": 1,
        "category reading": 1,
    }
    unknown = replace(asked, slices=("shoe size",))
    with pytest.raises(UsageError, match="slice 'shoe size': no item, event or profile"):
        evaluate(plan(config.parse(PIPELINE)).release(), replay, parts, unknown, log=log, progress=quiet)


def test_a_state_that_lags_is_worse_where_only_the_last_day_tells():
    """Everybody buys what the first of the day bought: an hour late is soon enough, a day late is not."""
    happened = [(f"u{n}", day % 9, day * 1_440 + 120 * n, "purchase") for day in range(9) for n in range(6)]
    world = worlds.world(worlds.items(12)[:4] + worlds.items(20)[6:], happened)
    toml = 'similar = []\n[[sources]]\nkind = "popular"\n[[stages]]\nkind = "blend"\nweights = { "popular.6h" = 1.0 }\n'
    replay = Replay(timeline=world.timeline, catalogue=world.catalogue, folds=folding())
    fresh = report(replay, toml=toml, baselines=False, freshness=True).freshness
    assert fresh["fresh"]["ndcg"] == fresh["an hour late"]["ndcg"] > 0.8 > fresh["a day late"]["ndcg"]
    assert fresh["a day late"]["ahead"]["low"] > 0
    assert report(replay, toml=toml, baselines=False).freshness == {}


def test_margins_times_and_values_are_kept(replay):
    found = report(replay)
    assert sum(found.histogram["counts"]) == found.questions == len(found.values["all"][SYSTEM]["ndcg"])
    assert sum(g["shown"] for g in found.calibration) >= found.questions
    assert found.satisfaction[SYSTEM]["hits"] == found.questions
    assert "ndcg" not in found.document()


def test_the_expert_that_was_best_on_validation_is_the_one_to_beat(replay):
    parts = split(replay.timeline, "time", 0.3, "event", 500)
    release = plan(config.parse(PIPELINE)).release()
    judged = {"experts": {"popular.all": 0.9, "again.frequency": 0.8, "gone": 1.0}}
    found = evaluate(release, replay, parts, Question(**ASKED), training=judged, progress=quiet)
    assert found.chosen == ("popular.all",)


def test_a_report_names_the_target_it_asked_for(replay):
    asked = {"target": "first-basket", "baselines": False}
    assert "target first-basket," in facts(report(replay, **asked))[0]
    alone = report(replay, "leave-one-out", **asked)
    assert "protocol leave-one-out, target last event," in facts(alone)[0]
    assert alone.document()["question"]["target"] == "last event"


def test_nothing_is_tuned_where_a_term_is_missing(replay):
    toml = 'similar = []\n[[sources]]\nkind = "popular"\n[[stages]]\nkind = "blend"\n'
    assert tune(replay, plan(config.parse(toml)).release(), 0.2, quiet) is None
