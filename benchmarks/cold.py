"""Items that nobody has met yet, ranked among all the others: 15 % of the catalogue is hidden from the training.

Run `python benchmarks/cold.py shop` or, for another imported project, `python benchmarks/cold.py office --project DIR`.
Every event with a hidden item before the cut is taken out (leave-one-out: out of everybody's past); the questions stay.
Settings are chosen by `--question validation`, which hides other items and asks about an earlier time; the rows of
`--question report` are written to `benchmarks/results/cold.json` and `.md`. A ranking to compare is one more entry of
`rivals`: a function from a context to a score per catalogue row.
"""

import argparse
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import penchant
from penchant.build import folding
from penchant.data import NAMES, dataset
from penchant.evaluation import bootstrap
from penchant.evaluation.replay import Case, Replay, one_thread
from penchant.evaluation.splits import instant, split
from penchant.protocols import Context, History
from penchant.retrieval import placing
from penchant.retrieval.best import liked, steps
from penchant.retrieval.linear import Linear
from penchant.timeline import Timeline
from penchant.types import Array, Catalogue, micros

RESULTS = Path(__file__).parent / "results"
K, SHARE = 20, 15  # length of the lists; per cent of the items that are hidden
SHARES = {"report": 0, "validation": SHARE}  # where the hidden items' digests begin, so that the two share none
CUTS = {"report": "2011-11-09", "validation": "2011-10-09"}  # of `shop`
PLACED = (0.0, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
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
    """For each rival: Recall@20 of the cold, the warm and all wanted items, and cold items in the list, per case."""
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
            lines[name].append((*(recall(top, part) for part in parts), float(asked.hidden[top].sum())))
    names = ("cold", "warm", "all", "slots")
    return {name: dict(zip(names, np.array(values).T, strict=True)) for name, values in lines.items()}


def recall(top: Array, wanted: Array) -> float:
    """Share of the wanted items in the list, of min(k, wanted); NaN where nothing is wanted."""
    return float(np.isin(wanted, top).sum() / min(K, len(wanted))) if len(wanted) else float("nan")


def table(answers: Mapping[str, Mapping[str, Array]]) -> list[dict[str, object]]:
    """Means of each rival, and its cold recall less the best baseline's with the paired bootstrap's 95 % interval."""
    baselines = [name for name in answers if name.startswith("cosine")]
    best = max(baselines, key=lambda name: float(np.nanmean(answers[name]["cold"])))
    rows: list[dict[str, object]] = []
    for name, values in answers.items():
        gap = values["cold"] - answers[best]["cold"]
        gap = gap[~np.isnan(gap)]  # one question per person, so that cases are people
        means = {key: round(float(np.nanmean(column)), 4) for key, column in values.items()}
        (found,) = bootstrap.means(gap[:, None], np.arange(len(gap)))
        ahead = [round(float(v), 4) for v in (found.mean, found.low, found.high)]
        rows.append({"name": name, **means, "cold against " + best: ahead})
    return rows


def markdown(title: str, document: Mapping[str, object], rows: list[dict[str, object]]) -> list[str]:
    """One table."""
    lines = [
        f"## {title}",
        "",
        f"{document['cases']} questions, of which {document['cold']} want a hidden item; Recall@{K}.",
        "",
        "| | cold | warm | all | hidden items in the list | cold, against the best cosine (95 %) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        gap, low, high = next(value for value in row.values() if isinstance(value, list))
        numbers = " | ".join(f"{row[key]:.4f}" for key in ("cold", "warm", "all"))
        lines.append(f"| {row['name']} | {numbers} | {row['slots']:.2f} | {gap:+.4f} ({low:+.4f} to {high:+.4f}) |")
    return lines


def measured(name: str, project: Path, question: str) -> dict[str, object]:
    """Ask one question of one data set."""
    with penchant.open(project) as opened:
        world = opened.engine.follower.catch_up()
    asked = trial(world.timeline, world.catalogue, name, question)
    with tempfile.TemporaryDirectory() as scratch, one_thread():
        answers = ask(asked, rivals(asked, Path(scratch)))
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
        folder = arguments.project or Path(scratch)
        if arguments.project is None:
            if arguments.name not in NAMES:
                parser.error(f"{arguments.name} is not bundled; name its folder with --project")
            shutil.copy(dataset(arguments.name) / "penchant.toml", scratch)
            with penchant.open(folder) as opened:
                opened.import_items(dataset(arguments.name) / "items.parquet")
                opened.import_events(dataset(arguments.name) / "events.parquet")
        found = measured(arguments.name, folder, arguments.question)
    if arguments.question == "report":
        publish(arguments.name, found)
    print("\n".join(markdown(f"{arguments.name}, {arguments.question}", found, found["rows"])))


if __name__ == "__main__":
    main()
