"""Items that nobody has met yet, ranked among all the others: 15 % of the catalogue is hidden from the training.

Run `python benchmarks/cold.py shop` or, for another imported project, `python benchmarks/cold.py office --project DIR`.
Every event with a hidden item before the cut is taken out (leave-one-out: out of everybody's past); the questions stay.
Settings are chosen by `--question validation`, which hides other items and asks about an earlier time; the rows of
`--question report` are written to `benchmarks/results/cold.json` and `.md`. A ranking to compare is one more entry of
`rivals`: a function from a context to a score per catalogue row. The whole pipeline is trained on the same past, with
the project's own settings; what new items cost is told against the same pipeline without any way to them.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from boards import imported

import penchant
from penchant import pipeline
from penchant.build import budget, folding, plan
from penchant.evaluation import bootstrap
from penchant.evaluation.metrics import Outcome, measure, ranks_in
from penchant.evaluation.replay import Case, Replay, one_thread
from penchant.evaluation.splits import instant, split
from penchant.events.timeline import Timeline
from penchant.protocols import Context, History, Release
from penchant.reranking.quotas import Fresh
from penchant.retrieval import placing
from penchant.retrieval.best import liked, steps
from penchant.retrieval.linear import Linear
from penchant.settings import Settings
from penchant.training import jobs
from penchant.training.plan import Plan
from penchant.types import Array, Catalogue, micros

RESULTS = Path(__file__).parent / "results"
K, SHARE = 20, 15  # length of the lists; per cent of the items that are hidden
SHARES = {"report": 0, "validation": SHARE}  # where the hidden items' digests begin, so that the two share none
CUTS = {"report": "2011-11-09", "validation": "2011-10-09"}  # of `shop`
PLACED = (0.0, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
FRESH = (0.0, 0.05, 0.1, 0.15, 0.2)  # shares of the list for items that nobody has met, from the eleventh place on
WITHOUT = "pipeline without new items"
Scorer = Callable[[Context], Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Questions about a catalogue of which the past knows only a part."""

    past: Timeline  # what may be learned from
    replay: Replay  # what the questions see
    truth: Timeline
    cases: list[Case]
    catalogue: Catalogue
    hidden: Array  # bool per catalogue row
    repeats: bool


def trial(timeline: Timeline, catalogue: Catalogue, name: str, question: str) -> Trial:
    """The questions of a data set: first baskets of a time for `shop`, otherwise everybody's last event."""
    bucket = np.array([int(hashlib.sha256(item.id.encode()).hexdigest()[:8], 16) % 100 for item in catalogue.items])
    hidden = (bucket >= SHARES[question]) & (bucket < SHARES[question] + SHARE)
    if name == "shop":
        if question == "validation":
            timeline = timeline.until(micros(instant(CUTS["report"])) - 1)
        parts = split(timeline, "time", CUTS[question], "first-basket", 1_000_000)
        seen = known(timeline, hidden, parts.cut)
        replay = Replay(timeline=seen, catalogue=catalogue, folds=folding())
        past = seen.until(parts.cut - 1)
    else:
        if question == "validation":
            timeline = split(timeline, "leave-one-out", 0.1, "event", 1_000_000).past
        parts = split(timeline, "leave-one-out", 0.1, "event", 1_000_000)
        past = known(parts.past, hidden, np.iinfo(np.int64).max)
        replay = Replay(timeline=past, catalogue=catalogue, folds=folding(), frozen=True)
    return Trial(
        past=past,
        replay=replay,
        truth=timeline,
        cases=list(parts.cases),
        catalogue=catalogue,
        hidden=hidden,
        repeats=name == "shop",
    )


def known(timeline: Timeline, hidden: Array, cut: int) -> Timeline:
    """The timeline without the events before the cut that name a hidden item."""
    gone = (timeline.item >= 0) & hidden[np.maximum(timeline.item, 0)] & (timeline.time < cut)
    return timeline.where(np.flatnonzero(~gone))


def rivals(asked: Trial, folder: Path) -> dict[str, Scorer]:
    """What is compared; the first one is the baseline."""
    found: dict[str, Scorer] = {
        "cosine, days": cosine(asked, lambda context, rows, weights: weights),
        "cosine, steps": cosine(asked, by_steps),
    }
    Linear().train(History(timeline=asked.past, catalogue=asked.catalogue), folder)
    for placed in PLACED:
        model = Linear(placed=placed).load(folder)
        for column in ("long", "next"):
            found[f"linear.{column}, placed = {placed:g}"] = lambda context, model=model, column=column: model.score(
                replace(context, memo={}), np.arange(len(asked.catalogue))
            )[column]
    return found


def pipelines(asked: Trial, settings: Settings, folder: Path) -> dict[str, Scorer]:
    """The whole pipeline with each share of new items, and the same one that was taught nothing of them."""
    stages = {name: stage for name, stage in plan(settings).stages.items() if not isinstance(stage, Fresh)}
    whole = replace(plan(settings), stages=stages)
    release = trained(asked, whole, settings, folder / "whole")
    found = {f"pipeline, fresh = {share:g}": answer(release, share) for share in FRESH}
    linear, limit = whole.sources["linear"]
    deaf = replace(whole, sources={**whole.sources, "linear": (replace(linear, placed=0.0, newcomers=0.0), limit)})
    training = replace(settings.training, hidden=0.0)
    plain = answer(trained(asked, deaf, replace(settings, training=training), folder / "deaf"), 0.0)
    return {**found, WITHOUT: lambda context: np.where(asked.hidden, 0.0, plain(context))}


def trained(asked: Trial, given: Plan, settings: Settings, folder: Path) -> Release:
    """The release that the product would train on the trial's past."""
    folder.mkdir()
    past = Replay(timeline=asked.past, catalogue=asked.catalogue, folds=folding())
    print(folder.name, jobs.train(given, past, budget(settings), folder, lambda *_: None), file=sys.stderr)
    return given.release(folder, version=folder.name)


def answer(release: Release, share: float) -> Scorer:
    """The order of a release's list as falling scores; it is asked once, whatever the share of new items."""
    fresh = Fresh(share=share, days=0.0, after=10)

    def score(context: Context) -> Array:
        trace = context.once((release.version, "answer"), lambda: pipeline.run(release, context))
        rows = fresh.apply(trace.context, trace.result).rows
        scores = np.zeros(len(context.catalogue))
        scores[rows] = np.arange(len(rows), 0, -1)
        return scores

    return score


def cosine(asked: Trial, weigh: Callable[[Context, Array, Array], Array]) -> Scorer:
    """Likeness of whitened texts to the weighted mean of what the person liked."""
    vectors = asked.catalogue.vectors
    texts = placing.space(vectors[~asked.hidden], 256).put(vectors)

    def score(context: Context) -> Array:
        rows, weights = liked(context, 180.0, 100)
        return texts @ (weigh(context, rows, weights).astype(np.float32) @ texts[rows])

    return score


def by_steps(context: Context, rows: Array, weights: Array) -> Array:
    """What is `next` for the linear model: every step fades by e^(1/2.5)."""
    interest = context.user["interest"]
    return np.exp(-steps(interest["last"][np.searchsorted(interest["item"], rows)]) / 2.5)


def ask(asked: Trial, found: Mapping[str, Scorer]) -> dict[str, dict[str, Array]]:
    """For each rival: Recall@20 of the cold, the warm and all wanted items, NDCG@10 of warm and all, per case.

    Beside them `slots`, the cold items in the list.
    """
    lines: dict[str, list[tuple[float, ...]]] = {name: [] for name in found}
    for case in asked.cases:
        context = asked.replay.context(case, k=K)
        wanted = np.unique(asked.truth.item[case.places])
        interest = context.user["interest"]
        seen = interest["item"][interest["weight"] > 0]
        for name, score in found.items():
            scores = np.array(score(context), dtype=np.float64)
            if not asked.repeats:
                scores[seen] = 0.0
            top = np.argsort(-scores, kind="stable")[:K]
            top = top[scores[top] > 0]
            parts = (wanted[asked.hidden[wanted]], wanted[~asked.hidden[wanted]], wanted)
            ranked = [ndcg(top, part, len(scores)) for part in parts[1:]]
            lines[name].append((*(recall(top, part) for part in parts), *ranked, float(asked.hidden[top].sum())))
    names = ("cold", "warm", "all", "warm ndcg", "all ndcg", "slots")
    return {name: dict(zip(names, np.array(values).T, strict=True)) for name, values in lines.items()}


def recall(top: Array, wanted: Array) -> float:
    """Share of the wanted items in the list, of min(k, wanted); NaN where nothing is wanted."""
    return float(np.isin(wanted, top).sum() / min(K, len(wanted))) if len(wanted) else float("nan")


def ndcg(top: Array, wanted: Array, size: int) -> float:
    """NDCG@10 of the wanted items; NaN where nothing is wanted."""
    if not len(wanted):
        return float("nan")
    return measure(Outcome(ranks_in(top.astype(np.int32), wanted.astype(np.int32)), len(top), size), 10)["ndcg"]


def ahead(values: Array, than: Array) -> list[float]:
    """The mean distance with the paired bootstrap's 95 % interval: cases are people, who have one question each."""
    gap = values - than
    gap = gap[~np.isnan(gap)]
    (found,) = bootstrap.means(gap[:, None], np.arange(len(gap)))
    return [round(float(v), 4) for v in (found.mean, found.low, found.high)]


def table(answers: Mapping[str, Mapping[str, Array]]) -> list[dict[str, object]]:
    """Means of each rival, and how far it is ahead: in cold recall of the best cosine, in the rest of `WITHOUT`."""
    baselines = [name for name in answers if name.startswith("cosine")]
    best = max(baselines, key=lambda name: float(np.nanmean(answers[name]["cold"])))
    rows: list[dict[str, object]] = []
    for name, values in answers.items():
        row: dict[str, object] = {key: round(float(np.nanmean(column)), 4) for key, column in values.items()}
        row |= {"name": name, "cold ahead": ahead(values["cold"], answers[best]["cold"]), "of": best}
        if name.startswith("pipeline"):
            row |= {f"{key} ahead": ahead(values[key], answers[WITHOUT][key]) for key in ("warm", "all", "warm ndcg")}
        rows.append(row)
    return rows


def markdown(title: str, document: Mapping[str, object], rows: list[dict[str, object]]) -> list[str]:
    """One table."""
    lines = [
        f"## {title}",
        "",
        f"{document['cases']} questions, of which {document['cold']} want a hidden item; Recall@{K} and NDCG@10."
        f" Intervals (95 %): cold against {rows[0]['of']}, the others against the {WITHOUT}.",
        "",
        "| | cold | warm | all | warm NDCG@10 | hidden items in the list | cold ahead | warm | all | warm NDCG@10 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        numbers = " | ".join(f"{row[key]:.4f}" for key in ("cold", "warm", "all", "warm ndcg"))
        gaps = " | ".join(gap(row.get(f"{key} ahead")) for key in ("cold", "warm", "all", "warm ndcg"))
        lines.append(f"| {row['name']} | {numbers} | {row['slots']:.2f} | {gaps} |")
    return lines


def gap(found: object) -> str:
    """A distance with its interval, or nothing."""
    return "{:+.4f} ({:+.4f} to {:+.4f})".format(*found) if isinstance(found, list) else ""


def measured(name: str, project: Path, question: str) -> dict[str, object]:
    """Ask one question of one data set."""
    with penchant.open(project) as opened:
        world, settings = opened.engine.follower.catch_up(), opened.settings
    asked = trial(world.timeline, world.catalogue, name, question)
    with tempfile.TemporaryDirectory() as scratch, one_thread():
        folder = Path(scratch)
        answers = ask(asked, {**rivals(asked, folder), **pipelines(asked, settings, folder)})
    cold = sum(bool(asked.hidden[asked.truth.item[case.places]].any()) for case in asked.cases)
    return {"question": question, "cases": len(asked.cases), "cold": cold, "rows": table(answers)}


def publish(name: str, found: dict[str, object]) -> None:
    """Put one data set's rows into the results."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / "cold.json"
    document = json.loads(file.read_text()) if file.exists() else {}
    document[name] = found
    file.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    lines = ["# Cold items", "", f"{SHARE} % of the items hidden from the training, ranked among all the others.", ""]
    for title, part in sorted(document.items()):
        lines += [*markdown(title, part, part["rows"]), ""]
    (RESULTS / "cold.md").write_text("\n".join(lines))


def main() -> None:
    """Measure one data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a bundled data set, or a name for the project")
    parser.add_argument("--project", type=Path, help="folder of an imported project; the bundled data by default")
    parser.add_argument("--question", choices=sorted(SHARES), default="report")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = imported(parser, arguments.name, arguments.project, Path(scratch))
        found = measured(arguments.name, folder, arguments.question)
    if arguments.question == "report":
        publish(arguments.name, found)
    print("\n".join(markdown(f"{arguments.name}, {arguments.question}", found, found["rows"])))


if __name__ == "__main__":
    main()
