"""A simulator in which the truth is known: two kinds of people, twelve items, places left to chance by `explore`."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import UsageError
from penchant.evaluation.offpolicy import Shown, estimate
from penchant.reranking.exploration import Explore
from penchant.testing import worlds
from penchant.types import DOUBT, PROPENSITY, Candidates

K, ITEMS = 3, 12
FALLING = np.linspace(0.6, 0.05, ITEMS)
EARNS = np.stack([FALLING, np.roll(FALLING, 6) / 4])  # kind of person × item: the second is hard to please
LOGGED = np.linspace(1, 0, ITEMS)  # the logging ranker thinks everybody is of the first kind
MIX = np.array([0.4, 0.6])
WANTED = np.argsort(-EARNS, axis=1)[:, :K]  # what the policy in question shows each kind
TRUTH = float((MIX * np.take_along_axis(EARNS, WANTED, axis=1).sum(axis=1)).sum())


BY_SCORE = Explore(share=1.0, pool=ITEMS, temperature=1.5, novelty=0.0, kept=0)
BY_DRAWS = replace(BY_SCORE, draws=60, temperature=1.0, even=0.3)  # from what the ranker does not know yet


def simulated(slates, seed, model=None, stage=BY_SCORE, certain=False):
    """A log of the simulator; `model` is the table of expected rewards of the doubly robust estimate.

    If `certain`, an item earns its mean reward every time.
    """
    dice, model = np.random.default_rng(seed), np.zeros((2, ITEMS)) if model is None else model
    context = worlds.context(worlds.world(worlds.items(ITEMS)), k=K)
    doubt = {f"{DOUBT}{n}": column for n, column in enumerate(0.5 * np.linalg.qr(EARNS.T)[0].T * np.sqrt(ITEMS))}
    given = Candidates(rows=np.arange(ITEMS, dtype=np.int32), scores=LOGGED.astype(np.float32), columns=doubt)
    kind = dice.choice(2, slates, p=MIX)
    shown = [stage.apply(replace(context, dice=dice), given).take(slice(0, K)) for _ in range(slates)]
    rows, owner = np.stack([s.rows for s in shown]), np.repeat(kind, K)
    means = EARNS[owner, rows.ravel()]
    wanted = np.zeros((2, ITEMS))
    np.put_along_axis(wanted, WANTED, 1.0, axis=1)
    return Shown(
        slate=np.repeat(np.arange(slates), K),
        reward=means if certain else (dice.random(slates * K) < means).astype(float),
        propensity=np.concatenate([s.columns[PROPENSITY] for s in shown]),
        chance=wanted[owner, rows.ravel()],
        expected=model[owner, rows.ravel()],
        size=np.full(slates, float(K)),
        direct=(wanted * model).sum(axis=1)[kind],
        person=np.arange(slates),
    )


def naive(log):
    """What one would say without chances: the mean reward of those shown items that the policy shows too."""
    return estimate(replace(log, propensity=np.ones_like(log.propensity))).rewards["snips"]


@pytest.fixture(scope="module", params=[BY_SCORE, BY_DRAWS], ids=["by score", "by draws"])
def logs(request):
    return [simulated(400, seed, model=EARNS + 0.1, stage=request.param) for seed in range(16)]


def covers(interval):
    return interval[1] <= TRUTH <= interval[2]


def test_the_truth_lies_in_the_intervals_and_not_in_those_of_a_plain_mean(logs):
    found = [estimate(log, draws=300) for log in logs]
    for name in ("ips", "snips", "dr"):
        values = np.array([one.rewards[name][0] for one in found])
        assert values.mean() == pytest.approx(TRUTH, abs=3 * values.std() / 4), name
        assert np.mean([covers(one.rewards[name]) for one in found]) >= 0.8, name
    assert np.mean([covers(one.rewards["shown"]) for one in found]) == 0
    assert np.mean([covers(naive(log)) for log in logs[:5]]) <= 0.4
    assert np.mean([one.covered for one in found]) == pytest.approx(1, abs=0.05)


def test_the_policy_is_found_to_be_better_than_what_was_shown(logs):
    ahead = estimate(logs[0]).ahead
    assert all(low > 0 for _, low, _ in ahead.values())


def test_a_good_model_narrows_the_doubly_robust_interval_and_a_bad_one_leaves_it_true():
    width = {}
    for name, model in {"none": None, "right": EARNS, "wrong": 1 - EARNS}.items():
        _, low, high = estimate(simulated(600, 3, model, certain=True)).rewards["dr"]
        assert low <= TRUTH <= high
        width[name] = high - low
    assert width["right"] < 0.75 * width["none"]


def test_without_a_model_doubly_robust_is_ips():
    found = estimate(simulated(50, 1))
    assert found.rewards["dr"] == found.rewards["ips"]


def test_by_hand_and_clipped():
    log = Shown(
        slate=np.array([0, 0, 1, 1]),
        reward=np.array([1.0, 0.0, 0.0, 2.0]),
        propensity=np.array([0.5, 1.0, 0.25, 0.1]),
        chance=np.array([1.0, 0.0, 1.0, 1.0]),
        expected=np.array([0.5, 0.5, 0.5, 0.5]),
        size=np.array([2.0, 2.0]),
        direct=np.array([1.0, 1.0]),
        person=np.array([0, 1]),
    )
    found = {name: value for name, (value, _, _) in estimate(log).rewards.items()}
    assert found["shown"] == pytest.approx(3 / 2)
    assert found["ips"] == pytest.approx((2 + 20) / 2)
    assert found["snips"] == pytest.approx((2 + 20) / (2 + 4 + 10) * 2)
    assert found["dr"] == pytest.approx((1 + 2 * 0.5 + 1 - 4 * 0.5 + 10 * 1.5) / 2)
    clipped = estimate(log, clip=4.0).rewards
    assert clipped["ips"][0] == pytest.approx((2 + 8) / 2)
    assert estimate(log).effective == pytest.approx(16**2 / (4 + 16 + 100))


def test_a_log_that_leaves_nothing_to_chance_says_how_little_it_covers():
    """Three items are always shown, and only some of the wanted ones are among them."""
    found = estimate(simulated(300, 5, stage=replace(BY_SCORE, share=0.0)))
    share = (MIX * (WANTED < K).sum(axis=1)).sum() / K
    assert found.covered == pytest.approx(share, abs=0.1)
    assert found.rewards["ips"][2] < TRUTH


def test_slates_of_one_person_are_no_independent_evidence():
    log = simulated(200, 7)
    one_each = estimate(log).rewards["ips"]
    few = estimate(replace(log, person=np.arange(200) // 20)).rewards["ips"]
    assert few[0] == pytest.approx(one_each[0])
    assert estimate(replace(log, person=np.zeros(200, int))).rewards["ips"] == pytest.approx((few[0],) * 3)


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.1, np.nan])
def test_impossible_chances_are_refused(chance):
    log = simulated(2, 1)
    with pytest.raises(UsageError, match="propensity"):
        estimate(replace(log, propensity=np.full(2 * K, chance)))


def test_an_empty_log_is_refused():
    nothing = {name: np.zeros(0) for name in ("slate", "reward", "propensity", "chance", "expected")}
    with pytest.raises(UsageError, match="no logged slates"):
        estimate(Shown(**nothing, size=np.zeros(0), direct=np.zeros(0), person=np.zeros(0)))
