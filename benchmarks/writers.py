"""What a language model in the loop brings: its order of the top, its likelihoods, and what it imagines, on validation.

Run `python benchmarks/writers.py DIR --before 2011-11-09 --cut 2011-10-09` on an imported project; what
happened from `before` on is not looked at. One release is trained on what came before the cut and asked every question;
the model's word is then applied to the same answers. Rows go to `benchmarks/results/writers.json` and `.md`.
"""

import argparse
import json
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import penchant
from penchant import pipeline
from penchant.build import budget
from penchant.evaluation import bootstrap
from penchant.evaluation.metrics import ndcg
from penchant.evaluation.replay import one_thread, wanted_of
from penchant.evaluation.splits import instant_of, split
from penchant.features.likelihood import Likelihood
from penchant.language.generators import load
from penchant.protocols import Context, Trace
from penchant.ranking.listwise import Listwise
from penchant.retrieval.imagined import Imagined
from penchant.text.limits import Limits
from penchant.text.speech import Language
from penchant.training.rehearsal import rehearse
from penchant.types import Candidates

RESULTS = Path(__file__).parent / "results"
PATIENT = 120.0  # seconds: what the model says is measured, not how often it would be late
EVERYBODY = 1_000_000
LISTS = {
    f"listwise, top {top}, moves {moves}": Listwise(top=top, moves=moves, events=EVERYBODY, deadline=PATIENT)
    for top, moves in ((20, 20), (20, 5), (20, 2), (10, 10))
}
WEIGHTS = (0.1, 0.3, 1.0)
LIMITS = Limits(deadline=PATIENT, calls=10**9, tokens=10**12, memory=100_000)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("project")
    arguments.add_argument("--before", default="")
    arguments.add_argument("--cut", default="0.1")
    arguments.add_argument("--target", default="first-basket")
    arguments.add_argument("--cases", type=int, default=100)
    arguments.add_argument("--model", default="smollm2")
    asked = arguments.parse_args()
    logging.disable(logging.INFO)
    with penchant.open(asked.project) as project, one_thread():
        writer = load(asked.model, limits=LIMITS, threads=1)
        rows = measured(project, writer, asked)
    name = Path(asked.project).name
    file = RESULTS / "writers.json"
    kept = json.loads(file.read_text()) if file.exists() else {}
    kept[name] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "model": writer.name, "cases": asked.cases, "rows": rows}
    file.write_text(json.dumps(kept, indent=1) + "\n")
    (RESULTS / "writers.md").write_text(page(kept))
    print(page({name: kept[name]}))


def measured(project: "penchant.project.Project", writer: object, asked: argparse.Namespace) -> list[dict[str, object]]:
    replay = project._replay()
    if asked.before:
        replay = replace(replay, timeline=replay.timeline.until(instant_of(replay.timeline, when(asked.before)) - 1))
    cut = when(asked.cut)
    parts = split(replay.timeline, "time", cut, asked.target, asked.cases)
    limits = replace(budget(project.settings), cases=1_500)
    past = replace(replay, timeline=parts.past)
    made = rehearse(project.built.plan, past, limits, version="validated", until=parts.cut, progress=lambda *_: None)
    found: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    people = []
    for done, case in enumerate(parts.cases):
        wanted = wanted_of(replay.timeline, case)
        context = replay.context(case)
        trace = pipeline.run(made.release, context)
        asking = replace(context, language=Language(reader=context.language.reader, generator=writer), memo={})
        people.append(replay.timeline.users[case.user])
        for label, value, took in judged(trace, asking, wanted):
            found.setdefault(label, []).append(value)
            seconds.setdefault(label, []).append(took)
        if done % 10 == 9:
            print(
                f"{done + 1}/{len(parts.cases)}", {n: round(float(np.mean(v)), 4) for n, v in found.items()}, flush=True
            )
    return table(found, seconds, np.array(people))


def when(text: str) -> str | float:
    """A date, or a share of the time."""
    return text if "-" in text else float(text)


def judged(trace: Trace, asking: Context, wanted: np.ndarray):
    """Each way with its NDCG@10 (or recall) on one question, and the seconds that the model took."""
    result = trace.result
    as_it_is = ndcg(result.rows, wanted, 10)
    yield "the list as it is", as_it_is, 0.0
    for label, stage in LISTS.items():
        began = time.perf_counter()
        yield label, ndcg(stage.apply(asking, result).rows, wanted, 10), time.perf_counter() - began
    began = time.perf_counter()
    weighed = Likelihood(deadline=PATIENT).apply(asking, result)
    took = time.perf_counter() - began
    yield "likelihood alone orders the top 20", ndcg(by_likelihood(weighed), wanted, 10), took
    for weight in WEIGHTS:
        stage = Likelihood(deadline=PATIENT, weight=weight)
        yield f"likelihood, weight {weight}", ndcg(stage.apply(asking, result).rows, wanted, 10), took
    began = time.perf_counter()
    imagined = Imagined(deadline=PATIENT).retrieve(asking, 100)
    took = time.perf_counter() - began
    union = np.concatenate([*trace.found.values()])
    yield "recall of the union", recall(union, wanted), 0.0
    yield "recall@100 of imagined", recall(imagined, wanted), took
    yield "recall of the union and 50 imagined", recall(np.concatenate([union, imagined[:50]]), wanted), took
    yield "recall@100 of nearest", recall(trace.found.get("nearest", union[:0])[:100], wanted), 0.0


def by_likelihood(candidates: Candidates) -> np.ndarray:
    column = np.nan_to_num(candidates.columns["likelihood"].astype(np.float64), nan=-np.inf)
    return candidates.rows[np.argsort(-column, kind="stable")]


def recall(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.isin(wanted, found).mean())


def table(
    found: dict[str, list[float]], seconds: dict[str, list[float]], people: np.ndarray
) -> list[dict[str, object]]:
    rows = []
    for label, values in found.items():
        against = found["recall of the union" if label.startswith("recall") else "the list as it is"]
        gap = bootstrap.means((np.array(values) - np.array(against))[:, None], people)[0]
        rows.append(
            {
                "way": label,
                "value": round(float(np.mean(values)), 4),
                "gap": [round(gap.mean, 4), round(gap.low, 4), round(gap.high, 4)],
                "seconds": round(float(np.mean(seconds[label])), 3),
            }
        )
    return rows


def page(kept: dict[str, dict]) -> str:
    lines = ["# What a language model in the loop brings", ""]
    for name, board in kept.items():
        lines += [
            f"## {name}: {board['cases']} questions of the validation time, {board['model']}, {board['date']}",
            "",
            "| way | NDCG@10 or recall | against as it is (95 % interval) | seconds of the model, one thread |",
            "|---|---:|---:|---:|",
        ]
        for row in board["rows"]:
            mean, low, high = row["gap"]
            told = f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"
            lines.append(f"| {row['way']} | {row['value']:.4f} | {told} | {row['seconds']:.2f} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
