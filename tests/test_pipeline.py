"""A recommendation is a pure function of its context, and of nothing that comes later."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as modest
from hypothesis import strategies as st

from penchant import pipeline
from penchant.build import folding, plan
from penchant.evaluation.replay import Case, Replay, cases
from penchant.protocols import Release
from penchant.ranking.blend import Blend
from penchant.reranking.allowed import Available, NotExcluded
from penchant.retrieval.popular import Popular
from penchant.testing import worlds
from penchant.testing.worlds import START, Told
from penchant.types import NEVER, Query


def release(**sources):
    return Release(
        version="r",
        until=NEVER,
        rules={"available": Available(), "excluded": NotExcluded()},
        sources=sources,
        stages={"blend": Blend(weights={"a.place": 1.0, "b.place": 10.0})},
        similar=sources,
    )


TWO = {"a": (Told(3, 1, 2), 10), "b": (Told(2, 9, 5, 7), 3)}  # item 5 is not available


def test_joins_what_the_sources_found_and_asks_all_of_them_about_all(shop):
    trace = pipeline.run(release(**TWO), worlds.context(shop, k=5))
    assert {name: rows.tolist() for name, rows in trace.found.items()} == {"a": [3, 1, 2], "b": [2, 9, 7]}
    name, union = trace.steps[0]
    assert (name, union.rows.tolist()) == ("union", [3, 1, 2, 9, 7])
    np.testing.assert_array_equal(union.columns["a.place"], [3, 2, 1, np.nan, np.nan])
    np.testing.assert_array_equal(union.columns["b.place"], [np.nan, np.nan, 4, 3, 1])
    assert trace.result.rows.tolist() == [2, 9, 7, 3, 1]
    assert trace.result.scores.tolist() == [41, 30, 10, 3, 2]


def test_a_short_list_is_filled_from_what_is_allowed(shop):
    trace = pipeline.run(release(a=(Told(8), 10)), worlds.context(shop, k=7, exclude=["i0"]))
    assert trace.result.rows.tolist() == [8, 1, 2, 3, 4, 6, 7]  # not 0, excluded, nor 5, withdrawn
    assert pipeline.run(release(a=(Told(8), 10)), worlds.context(shop, k=99)).result.rows.size == 23


def asked(shop, *ids, **fields):
    context = worlds.context(shop)
    return replace(context, query=replace(context.query, candidates=ids, **fields))


def test_ranks_exactly_the_candidates(shop):
    context = asked(shop, "i9", "i1", "what?", "i5", "i9")
    assert pipeline.run(release(**TWO), context).result.rows.tolist() == [9, 1]
    everything = replace(context, query=replace(context.query, surface="rank"))
    assert sorted(pipeline.run(release(**TWO), everything).result.rows.tolist()) == [1, 5, 9]
    assert pipeline.run(release(**TWO), asked(shop)).result.rows.tolist() == []


def test_rules_are_asked_before_retrieval(shop):
    found = pipeline.run(release(a=(Told(5, 1, 2, 3), 2)), worlds.context(shop, k=1, exclude=["i1"]))
    assert found.found["a"].tolist() == [2, 3]


def test_what_is_alike_is_fused_by_reciprocal_ranks(shop):
    context = worlds.context(shop, "nobody", item="i0")
    points = {3: 1 / 10, 1: 1 / 11, 2: 1 / 12 + 1 / 10, 9: 1 / 11, 7: 1 / 12}
    wanted = sorted(points.items(), key=lambda p: (-p[1], p[0]))
    assert pipeline.alike(release(**TWO), context, 4) == [(row, pytest.approx(p)) for row, p in wanted[:4]]


def test_looking_at_an_item_counts_as_a_view_of_this_moment(shop):
    plain, looking = worlds.context(shop, "u0"), worlds.context(shop, "u0", item="i21")
    before, after = plain.user["interest"], looking.user["interest"]
    assert after["item"].tolist() == [*before["item"].tolist(), 21]
    assert (after["count"][-1], after["last"][-1]) == (1, looking.now)
    assert looking.timeline is not plain.timeline
    assert len(looking.timeline) == len(plain.timeline)
    assert worlds.context(shop, "u0", item="unheard of").user["interest"]["item"].tolist() == before["item"].tolist()


@pytest.mark.parametrize(
    "other",
    [
        {"query": Query(user="v")},
        {"query": Query(user="u", k=9)},
        {"query": Query(user="u", context={"device": "phone"})},
        {"query": Query(user="u", exclude=("i1",))},
        {"query": Query(user="u", text="tea")},
        {"now": 8},
        {"position": 3},
        {"release": "s"},
    ],
)
def test_a_slates_name_covers_all_it_depends_on(other):
    asked = {"query": Query(user="u"), "now": 7, "position": 2, "release": "r"}
    assert pipeline.slate_id(**asked) == pipeline.slate_id(**asked)
    assert pipeline.slate_id(**asked) != pipeline.slate_id(**{**asked, **other})


# ── no answer sees what comes after it ──────────────────────────────────────────────────────────────────────────

HAPPENED = st.tuples(
    st.sampled_from(["u0", "u1", "u2", "new", "newer"]),
    st.integers(-1, 23),
    st.integers(0, 4_000),
    st.sampled_from(sorted(worlds.WEIGHTS)),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The default pipeline, its experts fit on a shop."""
    from penchant import config

    folder, world = tmp_path_factory.mktemp("release"), worlds.shop(days=6)
    made = plan(config.parse(""))
    for name, recipe in made.recipes().items():
        (folder / name).mkdir()
        recipe.train(worlds.history(world), folder / name)
    return made.release(folder, version="r")


def answer(release, line, case):
    replay = Replay(timeline=line, catalogue=worlds.shop(days=1).catalogue, folds=folding())
    _, trace = next(replay.traces(release, [case]))
    return trace


def same(first, second):
    assert [name for name, _ in first.steps] == [name for name, _ in second.steps]
    for (_, a), (_, b) in zip(first.steps, second.steps, strict=True):
        np.testing.assert_array_equal(a.rows, b.rows)
        np.testing.assert_array_equal(a.scores, b.scores)
        assert a.columns.keys() == b.columns.keys()
        for name, column in a.columns.items():
            np.testing.assert_array_equal(column, b.columns[name], err_msg=name)


@modest(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=st.lists(HAPPENED, max_size=12),
    after=st.lists(HAPPENED, max_size=12),
    other=st.lists(HAPPENED, max_size=12),
    warm=st.booleans(),
)
def test_an_answer_does_not_know_its_future(trained, before, after, other, warm):
    now = 4_500
    past = sorted([*worlds.shopping(4, 24, 3), *before], key=lambda e: e[2])
    case = Case(user="u0", time=START + now * worlds.MINUTE, places=np.zeros(0, np.int64))

    def told(events):
        line = worlds.timeline(past)
        return worlds.appended(line, [(u, row, now + minute, kind) for u, row, minute, kind in events])

    alone = answer(trained, told([]), case)
    for future in (after, other):
        line = told(future)
        if warm:  # an answer about later has filled what the views share
            answer(trained, line, replace(case, time=START + 9_000 * worlds.MINUTE))
        same(alone, answer(trained, line, case))


def test_every_case_is_answered_by_what_was_there_before(shop):
    """The answer at each case, whoever asks, equals that of a timeline which ends there."""
    line = shop.timeline
    made = release(popular=(Popular(), 10))
    for case in cases(line, int(line.time[100]), int(line.time[110])):
        ends = worlds.timeline([])
        ends.codes(list(line.users))
        ends = ends.append(
            {n: getattr(line.until(case.time - 1), n) for n in ("time", "user", "item", "kind", "value", "position")}
        )
        same(answer(made, line, case), answer(made, ends, case))
