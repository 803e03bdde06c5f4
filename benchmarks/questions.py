"""The questions of an evaluation as plain files, for recommenders that share no code with Penchant.

An exam is a folder. Rule: it says everything that an answer may depend on and everything that it is judged by, so that
two libraries in two environments are asked the same. Rows are catalogue rows, times microseconds since 1970.

    log.npz        time, user, item, weight   every event with an item, in order; nothing behind the last question
    questions.npz  user, time                 who, and when the answer happened
                   seen                       how many events of the log had happened by then
                   told, told_starts          items of the same basket that are known already
                   wanted, wanted_starts      the items to be found; those of question q lie in starts[q]:starts[q + 1]
                   denied, denied_starts      the rows that may not be ranked, by the product's own rules
    facts.json     items, learned (events that may be learned from), frozen (all of the log is the past of every
                   question), repeats, novel, digest of the questions, name, part
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from penchant import pipeline
from penchant.evaluation import splits
from penchant.evaluation.replay import Case, Replay
from penchant.evaluation.splits import Split
from penchant.project import Project
from penchant.protocols import Context, Release
from penchant.types import Array

PARTS = ("validation", "test")  # settings are chosen on the first, the second is asked once
MOST = 800  # questions of the validation, spread evenly
EVERYBODY = 1_500  # the same where each person is asked once


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a data set, beside its own [evaluation]."""

    protocol: str = "time"
    target: str = ""  # that of the data set if empty
    novel: bool = False  # only what the person has not had; the rest may not be ranked
    cases: int = 1_000_000


def export(project: Project, asked: Asked, name: str, folder: Path) -> None:
    """Write both exams of a data set: `folder/validation` and `folder/test`."""
    world = project.engine.follower.catch_up()
    replay = Replay(timeline=world.timeline, catalogue=world.catalogue, folds=project.engine.folds)
    release = project.built.plan.release()
    settings = project.settings.evaluation
    target = asked.target or settings.target
    test = splits.split(replay.timeline, asked.protocol, settings.cut, target, asked.cases)
    earlier = replace(replay, timeline=test.past)
    cut = _before(replay, test)
    most = EVERYBODY if target == "first-basket" else MOST
    validation = splits.split(test.past, asked.protocol, cut, target, most)
    for part, known, found in (("validation", earlier, validation), ("test", replay, test)):
        facts = {"name": name, "part": part, "repeats": project.settings.events.repeats, "novel": asked.novel}
        _write(known, release, found, asked.novel, facts, folder / part)


def _before(replay: Replay, test: Split) -> str | float:
    """The last share of the past that is as long as the test time."""
    times, past = replay.timeline.time, test.past.time
    return float(min(0.5, (times[-1] - test.cut) / max(past[-1] - past[0], 1))) or 0.1


def _write(known: Replay, release: Release, parts: Split, novel: bool, facts: dict[str, object], folder: Path) -> None:
    asked = replace(known, timeline=parts.past, frozen=True) if parts.frozen else known
    log = parts.past if parts.frozen else known.timeline
    cases, wanted, denied = [], [], []
    for case in parts.cases:
        context = pipeline.permitted(release, asked.context(case))
        may = context.allowed & ~_met(context) if novel else context.allowed
        answers = np.unique(known.timeline.item[case.places])
        answers = answers[~_met(context)[answers]] if novel else answers
        if len(answers):
            cases.append(case)
            wanted.append(answers)
            denied.append(np.flatnonzero(~may))
    folder.mkdir(parents=True, exist_ok=True)
    keep = log.item >= 0
    count = np.concatenate([[0], np.cumsum(keep)])  # places in the timeline → places in the file
    last = max(case.time for case in cases)
    end = len(log) if parts.frozen else int(np.searchsorted(log.time, last))
    columns = {"time": log.time, "user": log.user, "item": log.item, "weight": log.kinds.weights[log.kind]}
    np.savez_compressed(folder / "log.npz", **{n: c[:end][keep[:end]] for n, c in columns.items()})
    moments = np.array([case.time for case in cases])
    seen = np.full(len(cases), end) if parts.frozen else np.searchsorted(log.time, moments)
    questions = {
        "user": np.array([log.users[case.user] for case in cases], dtype=np.int32),
        "time": moments,
        "seen": count[seen],
        **_lists("told", [np.unique(known.timeline.item[_told(case)]) for case in cases]),
        **_lists("wanted", wanted),
        **_lists("denied", denied),
    }
    np.savez_compressed(folder / "questions.npz", **questions)
    learned = end if parts.frozen else len(parts.past)
    facts |= {
        "items": len(known.catalogue),
        "learned": int(count[learned]),
        "cut": parts.cut,
        "frozen": parts.frozen,
        "questions": len(cases),
        "digest": splits.digest(known.timeline, known.catalogue, parts.cases),
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")


def _told(case: Case) -> Array:
    return getattr(case, "told", np.zeros(0, dtype=np.int64))


def _met(context: Context) -> Array:
    """What the person had before; the same rows that the board calls repeats."""
    interest = context.user["interest"]
    met = np.zeros(len(context.catalogue), dtype=bool)
    met[interest["item"][interest["count"] > 0]] = True
    return met


def _lists(name: str, rows: Sequence[Array]) -> dict[str, Array]:
    starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
    return {name: np.concatenate([*rows, np.zeros(0)]).astype(np.int32), f"{name}_starts": starts}
