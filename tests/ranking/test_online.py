"""The head by hand; a person whose wishes follow one expert; and in an engine, the same answers from the same log."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from penchant import pipeline
from penchant.build import build
from penchant.explain.reasons import reasons
from penchant.protocols import Release
from penchant.ranking.answers import comparisons
from penchant.ranking.blend import Blend
from penchant.ranking.head import start
from penchant.ranking.online import Online
from penchant.testing import worlds
from penchant.testing.worlds import Told
from penchant.types import DOUBT, MARK, NEVER, Candidates, Event, Pick, Query, Slate, moment

EXPERTS = tuple(f"{name}.x~share" for name in "abcde")
SHELF, SHOWN = 60, 8


# ── the head ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_comparison_by_hand():
    head = start(np.array([0.0, 0.5]), 2.0).after(np.array([1.0, 1.0]), noise=1.0, keep=0.5)
    # Pz = (2, 2), zᵀPz = 4, K = (.4, .4); zᵀw = .5, so w grows by .2; KzᵀP = .8 everywhere
    assert head.weights == pytest.approx([0.2, 0.7])
    assert head.spread == pytest.approx(np.array([[2.4, -1.6], [-1.6, 2.4]]))
    assert head.count == 1


def test_comparisons_without_forgetting_come_to_the_ridge_in_any_order():
    dice = np.random.default_rng(3)
    seen = dice.normal(size=(30, 4))
    ridge = np.linalg.solve(seen.T @ seen / 0.7 + np.eye(4) / 0.2, seen.sum(axis=0) / 0.7)
    for order in (seen, seen[::-1]):
        head = start(np.zeros(4), 0.2)
        for z in order:
            head = head.after(z, noise=0.7, keep=1.0)
        assert head.weights == pytest.approx(ridge)


def test_doubt_has_the_covariance_of_the_weights():
    spread = np.array([[2.0, 1.0], [1.0, 1.0]])
    off = replace(start(np.zeros(2), 1.0), spread=spread).doubt()
    assert off @ off.T == pytest.approx(spread)


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────


def slate(position, items, marks, **fields):
    picks = tuple(Pick(item=item, score=0.0) for item in items)
    time = moment(worlds.START) + timedelta(minutes=position)
    usual = {"id": f"s{position}", "time": time, "query": Query(user="p"), "release": "r"}
    return Slate(**{**usual, **fields}, picks=picks, position=position, marks={"m": tuple(marks)})


def did(*events):
    """Events as the fold of the newest keeps them: (position, row, weight), one a minute like slates."""
    position, item, weight = (np.array(column) for column in zip(*events, strict=True))
    time = worlds.START + position * worlds.MINUTE
    return {"time": time, "position": position, "item": item, "weight": weight.astype(np.float32)}


ROWS = {f"i{n}": n for n in range(9)}
DAY = 1_440 * worlds.MINUTE
FIVE = slate(3, ["i0", "i1", "i2", "i3", "i4"], [1, 2, 4, 8, 16])


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([(4, 2, 1.0)], [4 - (1 + 2 + 8 + 16) / 4]),
        ([(4, 2, -1.0)], [(1 + 2 + 8 + 16) / 4 - 4]),
        ([(4, 2, 1.0), (5, 1, 1.0)], [(4 + 2) / 2 - (1 + 8 + 16) / 3]),  # a basket is one choice
        ([(4, 1, 1.0), (5, 2, -1.0)], [2 - (1 + 8 + 16 + 4) / 4]),
        ([(4, 0, 1.0), (5, 1, 1.0), (6, 2, 1.0), (7, 3, 1.0), (8, 4, 1.0)], []),  # nothing was passed over
        ([(4, 2, 0.2), (5, 2, 2.0)], [4 - (1 + 2 + 8 + 16) / 4]),  # seen, then bought: one answer
        ([(4, 2, 0.5), (5, 2, -1.0)], [(1 + 2 + 8 + 16) / 4 - 4]),
        ([(3 + 1_440, 2, 1.0)], [4 - (1 + 2 + 8 + 16) / 4]),
        ([(4 + 1_440, 2, 1.0)], []),  # more than a day later
        ([(2, 2, 1.0), (3, 2, 1.0)], []),  # before the slate was made
        ([(-1, 2, 0.2)], []),  # being looked at now is in no log
        ([(4, 7, 1.0)], []),
        ([(4, -1, 1.0)], []),
        ([(4, 2, 0.0)], []),
    ],
)
def test_what_an_answer_compares(events, found):
    assert [z.tolist() for z in comparisons([FIVE], did(*events), ROWS, ["m"], DAY)] == [
        pytest.approx([z]) for z in found
    ]


def test_an_event_answers_the_newest_slate_that_showed_its_item():
    later = slate(6, ["i2", "i0"], [100, 10])
    events = did((5, 2, 1.0), (8, 0, 1.0))
    found = comparisons([later, FIVE], events, ROWS, ["m"], DAY)
    assert [z.tolist() for z in found] == [[pytest.approx(4 - 27 / 4)], [pytest.approx(10 - 100)]]


def test_a_column_that_a_slate_does_not_have_says_nothing():
    assert comparisons([FIVE], did((4, 0, 1.0)), ROWS, ["m", "new"], DAY)[0].tolist() == [1 - 30 / 4, 0]
    assert comparisons([FIVE], did((4, 0, 1.0)), ROWS, [], DAY)[0].tolist() == []


# ── a person ────────────────────────────────────────────────────────────────────────────────────────────────────


class Visits:
    """One person who always takes what expert `expert` likes best of what they are shown."""

    def __init__(self, stage, expert, seed=0):
        self.stage, self.expert, self.dice = stage, expert, np.random.default_rng(seed)
        self.context = replace(worlds.context(worlds.world(worlds.items(SHELF))), memo={})
        self.events, self.slates = [], []

    def offered(self):
        """A new set of candidates in the order of a ranker that trusts every expert alike."""
        columns = {name: self.dice.random(SHELF).astype(np.float32) for name in EXPERTS}
        rows = np.arange(SHELF, dtype=np.int32)
        some = Candidates(rows=rows, scores=np.zeros(SHELF, np.float32), columns=columns)
        return some.with_scores(sum(columns.values()))

    def now(self):
        user = {**self.context.user, "recent": did(*self.events)} if self.events else self.context.user
        return replace(self.context, user=user, slates=tuple(self.slates), memo={})

    def visit(self):
        """See a slate, take one item; returns the place of the best item of all."""
        found = self.stage.apply(self.now(), self.offered())
        wished = found.columns[self.expert]
        top = found.take(slice(0, SHOWN))
        marks = {n: tuple(c.tolist()) for n, c in top.columns.items() if n.endswith(MARK)}
        position = 2 * len(self.slates) + 1
        shown = slate(position, [f"i{row}" for row in top.rows], [])
        self.slates.append(replace(shown, marks=marks))
        self.events.append((position + 1, int(top.rows[np.argmax(wished[:SHOWN])]), 1.0))
        return int(np.argmax(wished))


@pytest.mark.parametrize("expert", [EXPERTS[1], EXPERTS[4]])
def test_within_twenty_events_the_head_follows_the_expert_that_the_person_follows(expert):
    person = Visits(Online(variance=1.0, strength=3.0), expert)
    places = [person.visit() for _ in range(40)]
    head = person.stage.head(person.now(), EXPERTS)
    assert EXPERTS[int(np.argmax(head.weights))] == expert
    assert np.mean(places[20:]) < 3 < 6 < np.mean(places[:5])
    usual = Visits(Online(strength=0.0), expert)
    assert np.mean([usual.visit() for _ in range(40)][20:]) > 6


def test_after_twenty_events_the_expert_is_known():
    person = Visits(Online(variance=1.0), EXPERTS[2])
    for _ in range(20):
        person.visit()
    weights = person.stage.head(person.now(), EXPERTS).weights
    assert weights[2] > 2 * np.delete(weights, 2).max()


def test_a_stranger_gets_the_ranker():
    person = Visits(Online(), EXPERTS[0])
    some = person.offered()
    found = person.stage.apply(person.now(), some)
    assert found.rows.tolist() == some.rows.tolist()
    assert found.scores.tolist() == some.scores.tolist()
    means = [found.columns[name + MARK].mean() for name in EXPERTS]
    deviations = [found.columns[name + MARK].std() for name in EXPERTS]
    assert means == pytest.approx([0] * 5, abs=1e-6)
    assert deviations == pytest.approx([1] * 5, abs=1e-3)


def scores(stage, person, some, seed=0):
    found = stage.apply(replace(person.now(), dice=np.random.default_rng(seed)), some)
    return found.scores[np.argsort(found.rows)]


def doubts(stage, person, some):
    """(candidates × directions), by row."""
    found = stage.apply(person.now(), some)
    columns = [c for name, c in found.columns.items() if name.startswith(DOUBT)]
    return np.stack(columns, axis=1)[np.argsort(found.rows)].astype(np.float64)


def test_doubt_is_the_deviation_of_the_scores_as_the_head_has_it():
    person, stage = Visits(Online(variance=1.0), EXPERTS[0]), Online(variance=0.3, strength=2.0)
    some = person.offered()
    for visits in (0, 9):
        for _ in range(visits):
            person.visit()
        found = stage.apply(person.now(), some)
        phi = np.stack([found.columns[name + MARK] for name in EXPERTS], axis=1)[np.argsort(found.rows)]
        scale, spread = 2.0 * some.scores.std(), stage.head(person.now(), EXPERTS).spread
        off = doubts(stage, person, some)
        np.testing.assert_allclose(off @ off.T, scale**2 * phi @ spread @ phi.T, rtol=1e-3, atol=1e-3)


def test_with_every_answer_there_is_less_doubt():
    person, stage = Visits(Online(variance=1.0), EXPERTS[0]), Online(keep=1.0)
    some = person.offered()
    before = (doubts(stage, person, some) ** 2).sum()
    for _ in range(40):
        person.visit()
    assert (doubts(stage, person, some) ** 2).sum() < 0.5 * before


CHANGES = {
    "experts": EXPERTS[:2],
    "weights": {EXPERTS[0]: 0.4},
    "strength": 2.0,
    "variance": 1.0,
    "noise": 3.0,
    "keep": 0.9,
    "patience": 5.0,
    "within": 1 / 120,  # half a minute; events come a minute after their slates
    "recalls": 3,
}


@pytest.mark.parametrize("setting", CHANGES)
def test_every_setting_changes_the_scores(setting):
    person = Visits(Online(), EXPERTS[3])
    for _ in range(8):
        person.visit()
    some = person.offered()
    other = scores(Online(**{setting: CHANGES[setting]}), person, some)
    assert not np.allclose(scores(Online(), person, some), other, atol=1e-6)


# ── in an engine ────────────────────────────────────────────────────────────────────────────────────────────────

STAGES = """
[clock]
now = "log"
[[stages]]
kind = "standings"
[[stages]]
kind = "blend"
[[stages]]
kind = "online"
variance = 1.0
patience = 1.0
"""


@pytest.fixture
def started(settings, tmp_path):
    with ExitStack() as opened:

        def start(more=STAGES, stores="memory://"):
            engine = build(settings(more, stores), tmp_path).engine
            opened.callback(engine.close)
            return engine

        yield start


def filled(engine):
    engine.put_items(worlds.items(16))
    engine.observe(
        [
            Event(user=u, item=f"i{row}" if row >= 0 else None, kind=kind, time=moment(worlds.START) + at * MINUTE)
            for u, row, at, kind in worlds.shopping(6, 16, 6)
        ]
    )
    return engine


MINUTE = timedelta(minutes=1)
LATER = moment(worlds.START) + timedelta(days=6, minutes=10)


def answered(engine, times=6, user="u0"):
    """Several visits; the person takes the third pick each time."""
    slates = []
    for n in range(times):
        slates.append(engine.recommend(Query(user=user, k=5)))
        engine.observe(
            [Event(user=user, item=slates[-1].items[2], kind="view", id=f"{user}{n}", time=LATER + n * MINUTE)]
        )
    return [*slates, engine.recommend(Query(user=user, k=5))]


def given(slates):
    return [[(pick.item, pick.score) for pick in slate.picks] for slate in slates]


def test_the_next_answer_has_learned_from_the_last_one(started):
    engine = filled(started())
    slates = answered(engine)
    context = engine.trace(Query(user="u0", k=5)).context
    assert [s.id for s in context.slates] == [s.id for s in slates[:-1]]
    head = Online().head(context, tuple(n.removesuffix(MARK) for n in slates[0].marks))
    assert head.count == 6
    assert np.abs(head.weights).max() > 0
    assert all(len(values) == 5 for values in slates[0].marks.values())
    assert not engine.trace(Query(user="u1", k=5)).context.slates


def test_the_same_log_gives_the_same_answers(started, tmp_path):
    stores = f"sqlite:///{tmp_path}/log.db"
    first = filled(started(stores=stores))
    slates = answered(first)
    first.close()  # slates are written moments after they came
    again = started(stores=stores)  # another process: what it knows comes from the log
    assert given([again.recommend(Query(user="u0", k=5))]) == given(slates[-1:])
    assert given(answered(filled(started()))) == given(slates)


def test_every_slate_can_be_given_again_later(started):
    engine = filled(started())
    for slate in answered(engine):
        for place, pick in enumerate(slate.picks, start=1):
            told = engine.why(slate.id, pick.item)
            assert (told["rank"], told["shown"]) == (place, True)
            assert sum(r["part"] for r in told["reasons"]) == pytest.approx(pick.score, rel=1e-5, abs=1e-5)


DRAWS = '[[stages]]\nkind = "explore"\nshare = 0.4\ndraws = 50\n'


def test_what_is_tried_out_is_logged_with_its_chance(started):
    engine = filled(started(STAGES + DRAWS))
    for slate in answered(engine):
        chances = sorted(pick.propensity for pick in slate.picks)
        assert chances[2:] == [1.0] * 3
        assert all(0 < chance < 1 for chance in chances[:2])
        result = engine.trace(slate.query).result
        assert result.columns["propensity"].sum() == pytest.approx(5)
        for place, pick in enumerate(slate.picks, start=1):
            assert engine.why(slate.id, pick.item)["rank"] == place
    assert all(pick.propensity == 1 for pick in filled(started()).recommend(Query(user="u0", k=5)).picks)


def test_who_is_forgotten_starts_anew(started):
    engine = filled(started())
    answered(engine)
    engine.forget("u0")
    engine.observe([Event(user="u0", item="i3", kind="view", id="back", time=LATER + timedelta(days=1))])
    assert engine.trace(Query(user="u0")).context.slates == ()


def test_answers_about_the_past_were_shown_to_nobody(started):
    engine = filled(started())
    past = engine.recommend(Query(user="u0", k=5, at=moment(worlds.START) + timedelta(days=3)))
    assert past.marks
    engine.observe([Event(user="u0", item=past.items[2], kind="view", id="e", time=LATER)])
    assert engine.trace(Query(user="u0")).context.slates == ()


def test_nothing_is_kept_for_a_stage_that_is_not_there(started):
    engine = filled(started('[clock]\nnow = "log"'))
    slates = answered(engine, times=2)
    assert not slates[-1].marks
    assert engine.trace(Query(user="u0")).context.slates == ()


def test_reasons_tell_what_the_person_changed():
    person = Visits(Online(variance=1.0, strength=3.0), EXPERTS[0])
    for _ in range(10):
        person.visit()
    online = person.stage
    stages = {"some": Offered(person.offered()), "blend": Blend(weights=dict.fromkeys(EXPERTS, 1.0)), "online": online}
    made = Release(version="r", until=NEVER, rules={}, sources={"told": (Told(0), 1)}, stages=stages, similar={})
    trace = pipeline.run(made, person.now())
    top = trace.result.take(slice(0, 5))
    said = reasons(trace, made, top, lambda _: {}, "en")
    added = online.shifts(trace.context, trace.steps[-2][1])
    ranked = trace.steps[-2][1].rows.tolist()
    for row, score, found in zip(top.rows.tolist(), top.scores.tolist(), said, strict=True):
        assert sum(r["part"] for r in found) == pytest.approx(score, rel=1e-5)
        columns = {name: part for reason in found for name, part in reason["columns"].items()}
        usual = stages["some"].candidates.columns[EXPERTS[0]][row]
        own = added[EXPERTS[0]][ranked.index(row)]
        assert columns[EXPERTS[0]] == pytest.approx(usual + own, rel=1e-5)


class Offered:
    """A stage that puts these candidates in the place of any."""

    def __init__(self, candidates):
        order = np.argsort(candidates.rows)
        self.candidates = candidates.take(order)

    def apply(self, context, candidates):
        return self.candidates
