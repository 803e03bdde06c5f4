"""What ails a pipeline is known by construction: sources are told what to find, and one thing goes wrong at a time."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from penchant.build import folding
from penchant.evaluation import diagnosis
from penchant.evaluation.advice import advice
from penchant.evaluation.drift import stability, weeks
from penchant.evaluation.importance import Ranked, columns, gains
from penchant.evaluation.replay import Replay, cases
from penchant.evaluation.splits import Split
from penchant.protocols import Examples, Release
from penchant.ranking.blend import Blend
from penchant.reranking.allowed import Available, Repeats
from penchant.testing import worlds
from penchant.testing.worlds import START, Told
from penchant.types import DAY, Candidates, Item

LIKED = (10, 11, 12)  # what everybody had before the cut
CUT = START + 10 * DAY


class Last:
    """A stage that puts some rows last."""

    def __init__(self, *rows):
        self.rows = rows

    def apply(self, context, candidates):
        return candidates.take(np.argsort(np.isin(candidates.rows, self.rows), kind="stable"))


class Without(Last):
    """A stage that drops some rows."""

    def apply(self, context, candidates):
        return candidates.take(~np.isin(candidates.rows, self.rows))


@dataclass(frozen=True)
class Asked:
    replay: Replay
    parts: Split


def asked(*wanted, of=None):
    """Everybody liked the same three, and after the cut one person a day wants one of these."""
    people = [f"u{n}" for n in range(len(wanted))]
    before = [(person, row, n, "purchase") for n, row in enumerate(LIKED) for person in people]
    after = [(u, row, (11 + n) * 1_440, "purchase") for n, (u, row) in enumerate(zip(people, wanted, strict=True))]
    world = worlds.world(of or worlds.items(24), [*before, *after])
    line = world.timeline
    found = cases(line, CUT, int(line.time[-1]) + 1)
    replay = Replay(timeline=line, catalogue=world.catalogue, folds=folding())
    return Asked(replay, Split(past=line.until(CUT - 1), cases=found, cut=CUT, target="event"))


def release(sources, rules=None, behind=None, weights=None):
    stages = {"blend": Blend(weights=weights or {"a.place": 1.0}), **(behind or {})}
    return Release(version="told", until=CUT - 1, rules=rules or {}, sources=sources, stages=stages, similar={})


def diagnose(given, made, k=3, lesson=None):
    return diagnosis.diagnose(made, given.replay, given.parts, lesson, lambda *_: None, k)


def test_every_wanted_item_has_one_fate():
    made = release(
        {"a": (Told(0, 1, 2, 3, 4, 10, 7), 10)},
        rules={"available": Available(), "repeats": Repeats(repeats=False)},
        behind={"last": Last(1), "without": Without(2)},
    )
    found = diagnose(asked(0, 1, 2, 4, 7, 10, 5, 9), made)
    assert found.fates == {
        "found": 2 / 8,  # 0, and 4, for which the stages made room
        "ranking": 1 / 8,
        "retrieval": 1 / 8,  # nobody told of 9
        "rule:available": 1 / 8,  # 5 is withdrawn
        "rule:repeats": 1 / 8,  # 10 was liked before
        "stage:last": 1 / 8,
        "stage:without": 1 / 8,
    }
    assert sum(found.fates.values()) == pytest.approx(1.0)
    assert (found.questions, found.targets, found.possible) == (8, 8, 1.0)
    said = " ".join(advice(found))
    for part in ("rule 'available' forbids 12.5%", "rule 'repeats' forbids 12.5%", "stage 'last' moves 12.5%"):
        assert part in said


def test_what_nobody_had_heard_of_is_no_fault_of_the_sources():
    bare = [*worlds.items(13), Item(id="bare"), Item(id="later", title="a spade", created=None)]
    given = asked(13, 14, of=bare)
    found = diagnose(given, release({"a": (Told(0, 1), 5)}))
    assert found.fates == {"found": 0.0, "catalogue": 0.5, "retrieval": 0.5}
    assert found.cold == 1.0
    again = diagnose(asked(13, 13, of=bare), release({"a": (Told(0, 1), 5)}))
    assert again.fates == {"found": 0.0, "catalogue": 0.5, "retrieval": 0.5}  # the second time it is known


def test_sources_are_told_apart():
    made = release({"a": (Told(0, 1, 2), 3), "b": (Told(2, 3, 4), 2), "c": (Told(8, 9), 2), "d": (Told(), 5)})
    found = diagnose(asked(0, 2, 3, 4), made)
    by = {source["source"]: source for source in found.sources}
    assert {name: (s["recall"], s["alone"]) for name, s in by.items()} == {
        "a": (0.5, 0.25),
        "b": (0.5, 0.25),  # its quota leaves 4 out
        "c": (0.0, 0.0),
        "d": (0.0, 0.0),
    }
    assert [s["listed"] for s in found.sources] == [3.0, 2.0, 2.0, 0.0]
    assert found.union == {"size": 6.0, "recall": 0.75, "recall_300": 0.75}
    said = advice(found)
    assert any("'d' found nothing that was wanted" in s for s in said)
    assert any("Without 'a', 25.0% would not be candidates" in s for s in said)


def test_a_source_that_repeats_another_can_be_spared():
    found = diagnose(asked(0, 1), release({"a": (Told(0, 1, 2), 3), "b": (Told(0, 1), 2)}))
    assert [s["alone"] for s in found.sources] == [0.0, 0.0]
    assert any("'b' finds next to nothing of its own: its 2 places" in s for s in advice(found))


def test_recall_of_300_takes_from_every_source_alike():
    count = 1_000
    items = [Item(id=f"i{n}", title=f"thing {n}") for n in range(count)]
    rows = np.arange(count)
    sources = {"a": (Told(*rows[:400]), 400), "b": (Told(*rows[500:700]), 200)}
    found = diagnose(asked(150, 201, 560, 650, 900, of=items), release(sources))
    # of 600 candidates half: the first 200 of a, the first 100 of b
    assert found.union == {"size": 600.0, "recall": 0.8, "recall_300": 0.4}


def test_an_empty_pipeline_is_diagnosed():
    found = diagnose(asked(0, 1), replace(release({}), stages={}))
    assert found.ranker is None
    assert found.sources == found.columns == []
    assert found.fates == {"found": 1.0}  # whatever there is fills the list


def test_what_an_untrained_stage_costs_is_said():
    found = diagnose(asked(0), replace(release({"a": (Told(0), 3)}), degraded=("trees: not trained yet",)))
    assert advice(found)[0].startswith("trees: not trained yet")


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def ranked(count=30, size=12):
    """Questions whose wanted row is the one with the largest `good`; `noise` says nothing."""
    dice, found = np.random.default_rng(3), []
    context = worlds.context(worlds.shop())
    for _ in range(count):
        good, noise = dice.random((2, size)).astype(np.float32)
        candidates = Candidates(
            rows=np.arange(size, dtype=np.int32),
            scores=np.zeros(size, np.float32),
            columns={"good": good, "noise": noise},
        )
        found.append(Ranked(context=context, candidates=candidates, wanted=np.array([np.argmax(good)])))
    return found


def test_shuffling_costs_what_a_column_is_worth():
    questions = ranked()
    found = {c["column"]: c for c in columns(Blend(weights={"good": 1.0, "noise": 0.001}), questions, {}, None, 3)}
    assert found["good"]["drop"] > 0.5 > 0.1 > abs(found["noise"]["drop"])
    assert found["good"]["weight"] > 0.99
    assert np.isnan(found["good"]["drift"])


def test_gains_of_the_training_come_first(tmp_path):
    (tmp_path / "columns.json").write_text('{"columns": ["good", "noise"], "gain": {"good": 1.0, "noise": 3.0}}')
    read = gains(tmp_path)
    found = columns(Blend(weights={"good": 1.0}), ranked(), read, None, 3)
    assert [(c["column"], c["weight"]) for c in found] == [("noise", 0.75), ("good", 0.25)]
    assert gains(tmp_path / "nowhere") == gains(None) == {}


def test_drift_is_of_what_nobody_went_for():
    questions = ranked()
    same = np.concatenate([q.candidates.columns["good"][~np.isin(q.candidates.rows, q.wanted)] for q in questions])
    learned = Examples(
        columns={"good": np.append(same, 99.0).astype(np.float32), "noise": np.append(same + 1, 0).astype(np.float32)},
        labels=np.append(np.zeros(len(same)), 1.0).astype(np.float32),
        groups=np.array([len(same) + 1]),
    )
    weights = {"good": 1.0, "noise": 1.0}
    found = {c["column"]: c["drift"] for c in columns(Blend(weights=weights), questions, {}, learned, 3)}
    assert found["good"] == pytest.approx(0.0, abs=1e-9)
    assert found["noise"] > 1.0


# ── drift ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_stability_knows_the_same_from_another():
    dice = np.random.default_rng(0)
    one, two = dice.normal(size=5_000), dice.normal(size=5_000)
    assert stability(one, two) < 0.02
    assert stability(one, two + 1) > 0.5
    assert stability(one, np.where(two > 0.5, np.nan, two)) > 0.25
    assert np.isnan(stability(one, np.zeros(0)))
    assert stability(np.full(9, np.nan), np.full(9, np.nan)) == pytest.approx(0.0)


def test_weeks_begin_on_mondays_and_count_what_is_new():
    happened = [
        ("ann", 0, 0, "view"),
        ("ann", 1, 60, "purchase"),
        ("bob", 0, 7 * 1_440, "view"),
        ("bob", 2, 7 * 1_440 + 1, "view"),
    ]
    found = weeks(worlds.timeline(happened))
    assert [(w["week"], w["events"], w["new"]) for w in found] == [("2026-03-02", 2, 1.0), ("2026-03-09", 2, 0.5)]
    assert found[0]["kinds"] == {"purchase": 0.5, "view": 0.5}
    assert weeks(worlds.timeline(happened), most=1) == found[1:]
    assert weeks(worlds.timeline([])) == []


def test_a_kind_that_takes_over_is_spoken_of():
    happened = [
        ("ann", n % 9, day * 1_440 + n, "view" if day < 21 else "purchase") for day in range(35) for n in range(4)
    ]
    world = worlds.world(worlds.items(24), happened)
    line = world.timeline
    cut = START + 33 * DAY
    parts = Split(past=line.until(cut - 1), cases=cases(line, cut, cut + DAY), cut=cut, target="event")
    given = Asked(Replay(timeline=line, catalogue=world.catalogue, folds=folding()), parts)
    found = diagnose(given, release({"a": (Told(0, 1, 2), 3)}))
    assert any("kind 'purchase' are 100% of the last full week, 0% before" in s for s in advice(found))
