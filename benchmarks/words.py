"""Requests in words: by meaning, by words, both fused, and both with the person's own ranker.

Run `python benchmarks/words.py shop` (or `movies`); it writes `benchmarks/results/words.json` and `.md`. Two kinds of
requests are asked. *Concepts* are those of `requests.toml`, of a guest, so nothing but the text speaks; every item that
suits is wanted, and each encoder is asked. *Known items* are what people went for after the cut, asked for by two words
of the title, by one, or by a genre; the one item is wanted, and the person's past may speak too.
Settings are chosen by `--question validation`: the other half of the concepts, and the time before the cut.
"""

import argparse
import hashlib
import json
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import penchant
from penchant import pipeline
from penchant.build import budget
from penchant.data import NAMES, dataset
from penchant.evaluation import bootstrap
from penchant.evaluation.metrics import Outcome, measure, ranks_in
from penchant.evaluation.replay import Case, Replay, one_thread, thinned
from penchant.evaluation.splits import split
from penchant.events.timeline import Timeline
from penchant.project import Project
from penchant.protocols import Context, Release
from penchant.reranking.asked import Asked
from penchant.retrieval.best import best
from penchant.retrieval.lexical import Lexical
from penchant.retrieval.nearest import Nearest
from penchant.text.words import words
from penchant.training.rehearsal import rehearse
from penchant.types import Candidates, Rows

HERE = Path(__file__).parent
CUTS = {"shop": {"report": "2011-11-09", "validation": "2011-10-09"}, "movies": {"report": 0.1, "validation": 0.2}}
ENCODERS = ("minilm", "e5")
HALVES = {"report": 0, "validation": 1}  # of the concepts, by digest
KINDS = ("content", "asked", "content, Chinese", "asked, Chinese")
CASES, DEPTH, K = 400, 200, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A text, asked in a context, and the rows that are wanted."""

    kind: str
    context: Context
    wanted: Rows
    person: int


def concepts(project: Project, name: str, part: str, encoder: str) -> Iterator[Question]:
    """The requests of `requests.toml`, asked by a guest who has done nothing."""
    world = project.engine.follower.catch_up()
    replay = _replay(project, world.timeline)
    items = world.catalogue.items
    told = [item.title.lower() if name == "shop" else " ".join(item.attributes.get("tags", ())) for item in items]
    for number, request in enumerate(tomllib.loads((HERE / "requests.toml").read_text())[name]):
        fits = [_fits(text, request["wanted"]) and not _fits(text, request.get("not")) for text in told]
        for kind, say in zip(KINDS, request["say"], strict=True):
            if hashlib.blake2b(say.encode(), digest_size=2).digest()[0] % 2 == HALVES[part]:
                guest = asked(replay, replay.context(Case(user="", time=2**62, places=np.zeros(0, np.int64))), say)
                yield Question(kind=f"{encoder}: {kind}", context=guest, wanted=np.flatnonzero(fits), person=number)


def _fits(text: str, pattern: str | None) -> bool:
    return pattern is not None and re.search(pattern, text) is not None


def known(project: Project, name: str, part: str, trained: bool) -> tuple[Release, list[Question]]:
    """What people went for after the cut, asked for in words, and a release that learned from what came before.

    Without training it is that of day one, whose ranker is the blend.
    """
    settings, world = project.settings, project.engine.follower.catch_up()
    timeline = world.timeline
    if part == "validation":
        timeline = timeline.until(split(timeline, "time", CUTS[name]["report"], "event", 1).cut - 1)
    parts = split(timeline, "time", CUTS[name][part] if name == "shop" else _cut(world.timeline, part), "event", 10**9)
    replay = _replay(project, timeline)
    past, plan, limits = replace(replay, timeline=parts.past), project.built.plan, budget(settings)
    release = plan.release()
    if trained:
        release = rehearse(plan, past, limits, version=part, until=parts.cut, progress=lambda *_: None).release
    questions = []
    for case in thinned(parts.cases, CASES):
        row = int(timeline.item[case.places[0]])
        for kind, text in _texts(world.catalogue.items[row], row):
            context = asked(replay, replay.context(case), text)
            person = timeline.users[case.user]
            questions.append(Question(kind=kind, context=context, wanted=np.array([row], np.int32), person=person))
    return release, questions


def _replay(project: Project, timeline: Timeline) -> Replay:
    engine = project.engine
    catalogue = engine.follower.catch_up().catalogue
    return Replay(timeline=timeline, catalogue=catalogue, folds=engine.folds, language=engine.language)


def _cut(timeline: Timeline, part: str) -> str:
    """Of the films: the last tenth of the time, or the tenth before it."""
    first, last = int(timeline.time[0]), int(timeline.time[-1])
    share = CUTS["movies"][part]
    return datetime.fromtimestamp((last - share * (last - first)) / 1e6, UTC).isoformat()


def _texts(item: penchant.Item, row: int) -> Iterator[tuple[str, str]]:
    """An item as somebody would ask for it; which words is left to a digest."""
    dice = np.random.default_rng(row)
    said = [word for word in re.findall(r"[^\W_]{3,}", item.title) if words(word)]
    if said:
        yield "one word", said[int(dice.integers(len(said)))]
    if len(said) > 2:
        yield "two words", " ".join(said[i] for i in sorted(dice.choice(len(said), 2, replace=False)))
    tags = item.attributes.get("tags", ())
    if tags:
        yield "genre", f"I want to watch something: {tags[int(dice.integers(len(tags)))].lower()}"


def asked(replay: Replay, context: Context, text: str) -> Context:
    """The context with a text in its query."""
    return replace(context, query=replace(context.query, text=text), wish=replay.language.wish(text), memo={})


def by_text(release: Release, context: Context) -> dict[str, Rows]:
    """The best rows by meaning, by words and by both, of what the rules allow."""
    context = pipeline.permitted(release, context)
    every = np.arange(len(context.catalogue), dtype=np.int32)
    meaning = Nearest().score(context, every)["wish"]
    lexical = Lexical().score(context, every)["match"]
    found = {"meaning": best(context, meaning - meaning.min() + 1e-6, DEPTH), "words": best(context, lexical, DEPTH)}
    rows = pipeline.joined(list(found.values()))
    columns = {"nearest.wish": meaning[rows], "lexical.match": lexical[rows]}
    both = Candidates(rows=rows, scores=np.zeros(len(rows), np.float32), columns=columns)
    return {**found, "fused": Asked(person=1e-6).apply(context, both).rows}


def personal(release: Release, context: Context) -> dict[str, Rows]:
    """The whole pipeline without the text and with it."""
    mute = replace(context, query=replace(context.query, text=None), wish=None, memo={})
    lists = {"the person alone": mute, "fused, for the person": replace(context, memo={})}
    return {name: pipeline.run(release, given).result.rows for name, given in lists.items()}


def table(release: Release, questions: Sequence[Question], *, people: bool) -> list[dict[str, object]]:
    """NDCG@10 and recall@10 of every way on every kind of question, with 95 % intervals over people or requests."""
    values: dict[str, list[tuple[int, dict[str, tuple[float, float]]]]] = {}
    for question in questions:
        orders = by_text(release, question.context) | (personal(release, question.context) if people else {})
        found = {way: _measured(rows, question.wanted) for way, rows in orders.items()}
        values.setdefault(question.kind, []).append((question.person, found))
    rows = []
    for kind, found in values.items():
        persons = np.array([person for person, _ in found])
        for way in found[0][1]:
            ndcg = np.array([measures[way][0] for _, measures in found])
            mean = bootstrap.means(ndcg[:, None], persons)[0]
            recall = float(np.mean([measures[way][1] for _, measures in found]))
            rows.append(
                {"asked": kind, "n": len(found), "way": way, "ndcg": mean.mean, "low": mean.low, "high": mean.high}
                | {"recall": recall}
            )
    return rows


def _measured(order: Rows, wanted: Rows) -> tuple[float, float]:
    found = measure(Outcome(ranks_in(order[:K], wanted), min(len(order), K), 10**6), K)
    return found["ndcg"], found["recall"]


def opened(name: str, encoder: str, folder: Path) -> Project:
    """A project of a bundled data set, read by an encoder."""
    settings = (dataset(name) / "penchant.toml").read_text() + f'\n[encoder]\nmodel = "{encoder}"\n'
    folder.mkdir(exist_ok=True)
    (folder / "penchant.toml").write_text(settings)
    project = penchant.open(folder)
    if not len(project.engine.follower.catch_up().catalogue):
        project.import_items(dataset(name) / "items.parquet")
        project.import_events(dataset(name) / "events.parquet")
    return project


def run(name: str, part: str, scratch: Path, trained: bool) -> dict[str, object]:
    """Every table of a data set."""
    rows: list[dict[str, object]] = []
    for encoder in ENCODERS:
        with opened(name, encoder, scratch / f"{name}-{encoder}") as project, one_thread():
            questions = list(concepts(project, name, part, encoder))
            rows += table(project.built.plan.release(), questions, people=False)
    with opened(name, ENCODERS[0], scratch / f"{name}-{ENCODERS[0]}") as project:
        release, questions = known(project, name, part, trained)
        with one_thread():
            rows += table(release, questions, people=True)
    return {"rows": rows, "date": f"{datetime.now(UTC):%Y-%m-%d}", "ranker": "trees" if trained else "blend"}


def page(results: Mapping[str, Mapping[str, object]]) -> str:
    """The tables in Markdown."""
    lines = ["# Requests in words", ""]
    for name, found in results.items():
        lines += [
            f"## {name}, {found['date']}; the person's ranker is `{found['ranker']}`",
            "",
            "| asked | questions | way | NDCG@10 | 95 % | recall@10 |",
        ]
        lines += ["| --- | ---: | --- | ---: | ---: | ---: |"]
        for row in found["rows"]:
            span = f"{row['low']:.4f} to {row['high']:.4f}"
            lines.append(
                f"| {row['asked']} | {row['n']} | {row['way']} | {row['ndcg']:.4f} | {span} | {row['recall']:.4f} |"
            )
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=list(NAMES), choices=NAMES)
    parser.add_argument("--question", choices=list(HALVES), default="report")
    parser.add_argument("--scratch", type=Path, help="a folder to keep the imported projects in")
    parser.add_argument("--untrained", action="store_true", help="the person's ranker is the blend: minutes less")
    given = parser.parse_args()
    place = HERE / "results" / "words.json"
    results = json.loads(place.read_text()) if place.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.data:
            found = run(name, given.question, given.scratch or Path(scratch), not given.untrained)
            print(page({name: found}), flush=True)
            results[name] = found
    if given.question == "report":
        place.write_text(json.dumps(results, indent=1) + "\n")
        place.with_suffix(".md").write_text(page(results))


if __name__ == "__main__":
    main()
