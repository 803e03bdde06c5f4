"""A search finds the setting that wins by construction, on validation only, and goes on where it was cut off."""

from dataclasses import dataclass, replace
from math import inf

import numpy as np
import pytest

from penchant import config, plugins
from penchant.build import folding, plan
from penchant.errors import UsageError
from penchant.evaluation.replay import Replay
from penchant.testing import worlds
from penchant.testing.worlds import START, Told
from penchant.training import contests, dials, studies, tuning
from penchant.training.dials import DIALS, Dial
from penchant.training.lessons import Budget
from penchant.types import DAY, moment

BUDGET = Budget(ranker=0.4, gate=0.1, cases=200, rows=50, seed=0)
AGAIN = """
similar = []
[[sources]]
kind = "again"
half_life = 365.0
recency = 0.0
[[stages]]
kind = "blend"
weights = { "again.frequency" = 1.0 }
"""
MONTHS, CUT = 20, 16
MONTH = 30 * 1_440  # minutes


def quiet(what, done, total):
    pass


def runs(people=24, months=MONTHS):
    """Every month everybody takes another item, and the same once more an hour later: what somebody took last is right
    every second time, and what they took most often never is."""
    return [
        (f"u{n}", (month + n) % 40, month * MONTH + 5 * n + again, "cart")
        for month in range(months)
        for n in range(people)
        for again in (0, 60)
    ]


def replay(happened):
    world = worlds.world([replace(item, available=True) for item in worlds.items(41)], happened)
    return Replay(timeline=world.timeline, catalogue=world.catalogue, folds=folding())


def asked(happened=None, most=300):
    cut = f"{moment(START + 30 * CUT * DAY):%Y-%m-%d}"
    return tuning.validation(replay(happened or runs()), "time", cut, "event", most)


@pytest.fixture
def tune(tmp_path):
    def run(toml=AGAIN, given=None, trials=12, progress=quiet, minutes=inf, file="tune.db", made=None):
        with studies.kept(tmp_path / file) as storage:
            search = studies.Search(storage=storage, trials=trials, seed=0, progress=progress)
            return tuning.tune(made or plan(config.parse(toml)), given or asked(), BUDGET, search, minutes)

    return run


# ── what is found ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_better_of_two_ways_is_found(tune):
    found = tune()
    (search,) = found.searches
    assert (search.name, search.kept, search.best.trials) == ("again", True, 12)
    assert found.changes["sources"]["again"]["recency"] > 1.0
    assert found.better
    assert found.ahead[1] > 0
    assert found.after > found.before + 0.1
    assert found.plan == tuning.applied(plan(config.parse(AGAIN)), found.changes).digest()


def test_what_is_best_already_is_left_alone(tune):
    first = tune()
    made = tuning.applied(plan(config.parse(AGAIN)), first.changes)
    again = tune(made=made, trials=4)
    assert again.before == first.after
    assert again.after >= again.before or not again.better


def same():
    """Everybody takes one item of their own for ever."""
    return [(f"u{n}", 16 + n, month * MONTH + 5 * n, "cart") for month in range(MONTHS) for n in range(24)]


def test_nothing_is_better_where_nothing_matters(tune):
    found = tune(given=asked(same()), trials=4)
    assert (found.changes, found.better, found.ahead) == ({}, False, (0.0, 0.0, 0.0))
    assert found.before == found.after == 1.0


def told(**sources):
    """A pipeline of sources, each with the rows it finds and a quota, and nothing behind them."""
    made = {name: (Told(*rows), limit) for name, (rows, limit) in sources.items()}
    return replace(plan(config.parse(AGAIN)), sources=made, stages={})


def test_quotas_go_to_the_source_that_finds_something(tune):
    found = tune(made=told(useless=(range(15), 15), useful=(range(16, 40), 5)), given=asked(same()), trials=4)
    limits = {name: settings["limit"] for name, settings in found.changes["sources"].items()}
    assert limits["useful"] > 5
    assert limits["useless"] < 15
    assert abs(sum(limits.values()) - 20) <= 1  # as many candidates as before
    (search,) = found.searches
    assert search.kept
    assert search.best.after > search.best.before


def test_what_finds_more_and_ranks_no_better_is_left_out(tune):
    """The places that are won lie behind the tenth, so nobody sees what is found there."""
    given = asked(same())
    who = {case.user for case, may in zip(given.parts.cases, given.choosing, strict=True) if may}
    rows = sorted(range(16, 40), key=lambda row: f"u{row - 16}" not in who)  # first what those who choose want
    found = tune(made=told(useless=(range(6), 6), useful=((*range(6, 16), *rows), 14)), given=given, trials=4)
    (search,) = found.searches
    assert search.best.after > search.best.before
    assert not search.kept
    assert found.changes == {}


def test_what_the_experts_gain_is_kept_without_quotas_that_spoil_it():
    changes = {"sources": {"a": {"limit": 9, "b": 0.5}, "c": {"limit": 4}}}
    assert list(tuning._attempts(changes)) == [changes, {"sources": {"a": {"b": 0.5}}}]
    assert list(tuning._attempts({"sources": {"c": {"limit": 4}}})) == [{"sources": {"c": {"limit": 4}}}]
    assert list(tuning._attempts({"sources": {"a": {"b": 0.5}}})) == [{"sources": {"a": {"b": 0.5}}}]
    assert list(tuning._attempts({})) == []


@dataclass(frozen=True, kw_only=True)
class Trees:
    """A ranker that is right if its rate is above a half; named like one that is searched."""

    rate: float = 0.01

    def train(self, history, folder):
        (folder / "rate.txt").write_text(str(self.rate))
        return {"rows": float(len(history.examples.labels))}

    def load(self, folder):
        return Rates(rate=float((folder / "rate.txt").read_text()))


@dataclass(frozen=True, kw_only=True)
class Rates:
    rate: float

    def apply(self, context, candidates):
        right = np.nan_to_num(candidates.columns["again.frequency"])
        return candidates.with_scores(right if self.rate > 0.1 else -right)


def test_the_ranker_is_refit_on_one_replay(tune):
    toml = AGAIN.replace("recency = 0.0", "recency = 3.0").replace("half_life = 365.0", "half_life = 7.0")
    made = plan(config.parse(toml))
    made = replace(made, stages={"trees": Trees()})
    said = []
    found = tune(made=made, trials=6, progress=lambda what, done, total: said.append((what, done)))
    assert found.changes["stages"]["trees"]["rate"] > 0.1
    assert found.better
    assert {s.name: s.measure for s in found.searches}["trees"] == "NDCG@10 of the pipeline"
    assert len([what for what in said if what == ("replay", 1)]) <= 2  # as configured, and with other experts


# ── what it may know ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_time_of_the_test_is_not_touched(tune):
    """Whatever happens behind the cut, the search sees, asks and finds the same."""
    before = [h for h in runs() if h[2] < CUT * MONTH]
    after = [h for h in runs() if h[2] >= CUT * MONTH]
    corrupt = [(user, 40, minute, "purchase") for user, _, minute, _ in after]
    one, two = (asked(before + later) for later in (after, corrupt))
    assert one.replay.timeline.time.max() < START + 30 * CUT * DAY
    assert len(one.replay.timeline) == len(before)
    assert len(one.replay.timeline._buffers.columns["time"]) == len(before)  # nothing behind the view either
    found = [tune(given=given, trials=6, file=f"{n}.db").document() for n, given in enumerate((one, two))]
    assert found[0] == found[1]


def test_who_judges_has_no_say(tune):
    given = asked()
    chooses = {case.user for case, may in zip(given.parts.cases, given.choosing, strict=True) if may}
    judges = {case.user for case, may in zip(given.parts.cases, given.choosing, strict=True) if not may}
    assert chooses
    assert not chooses & judges
    assert chooses | judges == {f"u{n}" for n in range(24)}
    found = tune(given=given, trials=1)
    assert (found.people, found.questions) == (len(judges), int((~given.choosing).sum()))


def test_the_last_but_one_is_asked_where_the_last_is_the_test():
    given = tuning.validation(replay(runs(months=6)), "leave-one-out", 0.1, "event", 300)
    assert len(given.replay.timeline) == 2 * 24 * 6 - 24
    assert len(given.parts.past) == 2 * 24 * 6 - 2 * 24
    assert given.parts.frozen


def test_too_few_people_are_said_to_be_too_few():
    with pytest.raises(UsageError, match="too few people to choose by and to judge by"):
        asked(runs(people=1))


# ── going on ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_goes_on_where_it_was_cut_off(tune):
    whole = tune(trials=8, file="whole.db")

    def stop(what, done, total):
        if what == "search again" and done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(trials=8, progress=stop)
    begun = []
    resumed = tune(trials=8, progress=lambda what, done, total: begun.append(done) if "search" in what else None)
    assert begun[0] == 5
    assert resumed.document() == whole.document()


def test_more_trials_go_on_from_those_there_are(tune):
    few, begun = tune(trials=3), []
    more = tune(trials=9, progress=lambda what, done, total: begun.append(done) if "search" in what else None)
    assert begun[0] == 3
    assert more.searches[0].best.after >= few.searches[0].best.after


def test_trials_on_another_log_do_not_count(tune):
    tune(trials=3)
    begun = []
    tune(trials=3, given=asked(runs(people=23)), progress=lambda what, done, total: begun.append(done))
    assert 0 in begun


def test_no_time_leaves_the_present_settings(tune):
    found = tune(minutes=0.0)
    assert found.changes == {}
    assert found.searches[0].best.trials == 0


def test_the_same_seed_finds_the_same(tune):
    assert tune(file="one.db").document() == tune(file="two.db").document()


# ── dials ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def plugged():
    kinds = [(family, kind) for family in ("sources", "stages") for kind in plugins.names(family)]
    return {cls.__name__: cls for cls in (plugins.find(family, kind) for family, kind in kinds)}


@pytest.mark.parametrize("name", DIALS)
def test_a_dial_stays_within_the_bounds_of_its_setting(name):
    cls = plugged()[name]
    for dial in DIALS[name]:
        assert dial.low < dial.high
        assert isinstance(getattr(cls(), dial.name), int if dial.whole else float)
        assert all(dials.allows(cls, dial.name, dial.value(end)) for end in (dial.low, dial.high)), dial
        assert dial.low > 0 or not dial.log
        assert not dials.allows(cls, dial.name, -2.0)


def test_a_dial_holds_the_present_value():
    far = plugins.find("sources", "linear")(l2_long=9_000.0, prior=0.0)
    found = {dial.name: dial for dial in dials.dials(far)}
    assert found["l2_long"].high == 9_000.0
    assert (found["prior"].low, found["prior"].log) == (0.0, False)
    assert dials.present(far, tuple(found.values()))["l2_long"] == 9_000.0
    assert dials.dials(Told(1)) == ()


def test_values_are_such_as_people_write():
    assert Dial(name="a", low=0.0, high=1.0).value(0.123456) == 0.123
    assert Dial(name="a", low=1, high=9, whole=True).value(3.0) == 3


def test_quotas_are_compared_at_one_size_of_the_union():
    inf = np.inf
    places = np.array([[0, 0], [1, inf], [2, inf], [inf, 1], [inf, 2]])
    wanted = np.array([False, False, False, True, True])
    reach = contests.Reach(names=("a", "b"), places=places, wanted=wanted, targets=4)
    assert reach.size({"a": 3, "b": 1}) == 3
    assert reach.recall({"a": 3, "b": 1}, 3) == 0.0
    assert reach.recall({"a": 1, "b": 3}, 3) == 0.5
    assert reach.limits({"a": 1, "b": 3}, 3) == {"a": 1, "b": 3}
    assert reach.recall({"a": 1, "b": 1}, 5) == 0.5
