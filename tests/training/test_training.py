"""A training in its order: experts before the rows they score, rows as the pipeline logged them, then everything."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from penchant import config
from penchant.build import folding, plan
from penchant.errors import NotReadyError
from penchant.evaluation.replay import Replay, cases
from penchant.protocols import Release
from penchant.ranking.blend import Blend
from penchant.retrieval.popular import Popular
from penchant.testing import worlds
from penchant.testing.worlds import Told
from penchant.training.examples import labelled
from penchant.training.jobs import train
from penchant.training.lessons import Budget, Lessons
from penchant.training.plan import UNTRAINED
from penchant.types import NEVER

BUDGET = Budget(ranker=0.2, gate=0.1, cases=200, rows=20, seed=0)
PIPELINE = """
[[sources]]
kind = "linear"
[[sources]]
kind = "popular"
[[stages]]
kind = "standings"
[[stages]]
kind = "trees"
smallest = 5
rounds = 15
otherwise = { kind = "blend" }
"""


def quiet(what, done, total):
    pass


@pytest.fixture
def replay(shop):
    return Replay(timeline=shop.timeline, catalogue=shop.catalogue, folds=folding())


def told_all(replay, hidden=()):
    """Lessons whose answers see all that had happened, but for what is hidden."""
    mask = np.isin(np.arange(len(replay.catalogue)), hidden)
    line = replay.timeline
    return Lessons(past=line, asked=replay, truth=line, questions=[], gate=[], hidden=mask)


def test_an_untrained_plan_says_what_is_missing():
    made = plan(config.parse(PIPELINE))
    release = made.release()
    assert (release.version, release.until) == (UNTRAINED, NEVER)
    assert list(release.sources) == ["popular"]
    assert isinstance(release.stages["trees"], Blend)
    assert release.degraded == ("linear: not trained yet", "trees: not trained yet")
    assert (list(made.recipes()), list(made.rankers())) == (["linear"], ["trees"])


def test_a_training_leaves_a_whole_release(replay, tmp_path):
    made = plan(config.parse(PIPELINE))
    metrics = train(made, replay, BUDGET, tmp_path, quiet)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["linear", "trees"]
    release = made.release(tmp_path, version="v", until=7)
    assert (release.degraded, list(release.sources), list(release.similar)) == ((), ["linear", "popular"], ["linear"])
    assert not isinstance(release.stages["trees"], Blend)
    assert metrics["gate"].keys() == {"trees", "otherwise"}
    assert all(0 <= value <= 1 for value in metrics["gate"].values())
    assert {"linear.next", "popular.7d"} <= metrics["experts"].keys()
    assert all(0 <= value <= 1 for value in metrics["experts"].values())


def test_two_trainings_are_identical(replay, tmp_path):
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        train(plan(config.parse(PIPELINE)), replay, BUDGET, tmp_path / name, quiet)
        folder = tmp_path / name
        files.append(
            {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.suffix in (".txt", ".json", ".npy")}
        )
    assert files[0] == files[1]
    assert any(path.suffix == ".npy" for path in files[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spy:
    """A recipe of an expert or a ranker that remembers what it was given."""

    seen: list = field(default_factory=list)

    def train(self, history, folder):
        self.seen.append(history)
        (folder / "spy").write_text("here")
        return {"seen": 1.0}

    def load(self, folder):
        assert (folder / "spy").read_text() == "here"
        return Spied()


class Spied(Told):
    def __init__(self):
        super().__init__(*range(24))

    def apply(self, context, candidates):
        return candidates


def test_experts_are_fit_strictly_before_the_rows_they_score(replay, tmp_path):
    expert, ranker = Spy(), Spy()
    made = replace(
        plan(config.parse("")),
        rules={},
        sources={"spy": (expert, 30)},
        stages={"ranker": ranker},
        otherwise={},
        similar=(),
    )
    train(made, replay, BUDGET, tmp_path, quiet)
    line = replay.timeline
    positive = line.time[(line.kinds.weights[line.kind] > 0) & (line.item >= 0)]
    begin, gate = (int(positive[int(len(positive) * share)]) for share in (0.8, 0.98))
    past, whole = (history.timeline for history in expert.seen)
    assert past.time.tolist() == line.time[line.time < begin].tolist()
    assert len(whole) == len(line)
    (given,) = ranker.seen
    assert len(given.examples.groups) == len(cases(line, begin, gate))  # the spy retrieves all, so none is unanswered
    assert given.examples.columns.keys() == {"spy.place"}


def test_rows_are_labelled_with_what_was_done():
    """Four people; Told finds items 0 to 5, so that the one who wanted item 20 leaves no rows."""
    happened = [(u, 7, 0, "view") for u in "abcd"]
    happened += [("a", 1, 10, "purchase"), ("a", 2, 10, "view"), ("b", 20, 11, "purchase"), ("c", 0, 12, "cart")]
    happened += [("c", 0, 12, "view"), ("d", 3, 13, "dislike")]
    world = worlds.world(worlds.items(24), happened)
    line = world.timeline
    replay = Replay(timeline=line, catalogue=world.catalogue, folds=folding())
    release = Release(
        version="r",
        until=NEVER,
        rules={},
        sources={"told": (Told(0, 1, 2, 3, 4, 6), 6), "popular": (Popular(windows=("all",)), 0)},
        stages={},
        similar={},
    )
    found = cases(line, int(line.time[4]), int(line.time[-1]) + 1)
    given = told_all(replay)
    assert [c.user for c in found] == ["a", "b", "c"]
    asked = [replace(c) for c in found]
    rows = labelled(given, release, asked, rows=100, seed=0, progress=quiet)
    assert rows.groups.tolist() == [10, 10]  # filled up to k = 10 behind what was told
    assert rows.labels.tolist() == pytest.approx([0, 2.0, 0.2, *7 * [0], 1.0, *9 * [0]])
    assert rows.columns["told.place"][:6].tolist() == [6, 5, 4, 3, 2, 1]
    few = labelled(given, release, asked, rows=4, seed=0, progress=quiet)
    assert few.groups.tolist() == [4, 4]
    assert few.labels[few.labels > 0].tolist() == pytest.approx([2.0, 0.2, 1.0])


def test_columns_are_those_of_the_moment():
    """Popularity as each question saw it: before its own answer, and before everything later."""
    happened = [("a", 0, 0, "purchase"), ("b", 0, 1, "purchase"), ("a", 0, 2, "purchase"), ("b", 0, 3, "purchase")]
    world = worlds.world(worlds.items(1), happened)
    line = world.timeline
    replay = Replay(timeline=line, catalogue=world.catalogue, folds=folding())
    release = Release(
        version="r",
        until=NEVER,
        rules={},
        sources={"popular": (Popular(windows=("all",)), 9)},
        stages={},
        similar={},
    )
    found = cases(line, int(line.time[1]), int(line.time[-1]) + 1)
    rows = labelled(told_all(replay), release, found, rows=9, seed=0, progress=quiet)
    assert rows.columns["popular.all"].tolist() == [2, 4, 6]


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """A recipe that never finds enough."""

    def train(self, history, folder):
        (folder / "half done").write_text("")
        raise NotReadyError("never: 0 found, 1 is needed")

    def load(self, folder):
        raise AssertionError


def test_what_cannot_be_trained_is_left_out_with_its_reason(replay, tmp_path):
    made = replace(plan(config.parse(PIPELINE)), sources={"never": (Never(), 9), "popular": (Popular(), 9)})
    metrics = train(made, replay, BUDGET, tmp_path, quiet)
    assert metrics["never"] == {"not trained": "never: 0 found, 1 is needed"}
    assert not (tmp_path / "never").exists()
    assert made.release(tmp_path).degraded[0] == "never: not trained yet"


def test_a_log_of_nothing_trains_nothing(tmp_path):
    world = worlds.world(worlds.items(3))
    replay = Replay(timeline=world.timeline, catalogue=world.catalogue, folds=folding())
    metrics = train(plan(config.parse(PIPELINE)), replay, BUDGET, tmp_path, quiet)
    assert "not trained" in metrics["linear"]
    assert not list(tmp_path.iterdir())


def test_progress_counts_to_its_end(replay, tmp_path):
    told = {}
    train(
        plan(config.parse(PIPELINE)),
        replay,
        BUDGET,
        tmp_path,
        lambda what, done, total: told.update({what: (done, total)}),
    )
    assert told.keys() >= {"linear", "linear (past)", "replay", "trees", "gate"}
    assert all(done == total for done, total in told.values())
