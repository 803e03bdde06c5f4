"""What the stage `cross` adds behind the trees, per millisecond that it takes: on the gate's questions.

Run `python benchmarks/crossed.py shop` or, for another imported project, `python benchmarks/crossed.py office --project
DIR`; `--set depth=6` changes the stage. What is trained has seen nothing from the evaluation's cut on (leave-one-out:
nobody's last event). The outcome is written to `benchmarks/results/crossed.json` and `.md`.
"""

import argparse
import json
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from boards import changed, imported, said

import penchant
from penchant.build import budget, folding, plan
from penchant.data import NAMES
from penchant.evaluation.replay import Replay, one_thread
from penchant.evaluation.splits import split
from penchant.language.cross import Cross
from penchant.training import jobs
from penchant.training.lessons import lessons
from penchant.types import Candidates

RESULTS = Path(__file__).parent / "results"
ASKED = 60  # heads of lists whose reading is timed


def measured(name, project, settings, cases, without):
    """Train the pipeline with the stage on the past of one data set, and time what it does."""
    with penchant.open(project) as opened:
        world, given = opened.engine.follower.catch_up(), opened.settings
    protocol = "time" if given.clock.now == "log" and name in NAMES else "leave-one-out"
    parts = split(world.timeline, protocol, given.evaluation.cut, given.evaluation.target, 1_000_000)
    past = Replay(timeline=parts.past, catalogue=world.catalogue, folds=folding())
    whole = plan(given)
    stages = {}
    for label, stage in whole.stages.items():
        stages[label] = stage
        if label == "trees":
            stages["cross"] = settings
    whole = replace(whole, stages={label: stage for label, stage in stages.items() if label != "fusion"})
    whole = replace(whole, sources={label: source for label, source in whole.sources.items() if label not in without})
    limits = replace(budget(given), cases=cases)
    with tempfile.TemporaryDirectory() as scratch, one_thread():
        began = time.perf_counter()
        metrics = jobs.train(whole, past, limits, Path(scratch), said())
        took = time.perf_counter() - began
        kept = Path(scratch) / "cross"
        speed = timed(settings, kept, past, lessons(past, limits)) if kept.is_dir() else {}
    found = {**{f"cross {k}": v for k, v in metrics["cross"].items()}, "gate": metrics.get("gate"), **speed}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        **found,
        "trained in": round(took),
        "mebibytes": memory,
        "settings": repr(settings),
        "without": list(without),
    }


def timed(recipe, folder, past, given):
    """Milliseconds that the head of a list takes, read anew and remembered."""
    model, fresh, again = replace(recipe, deadline=60_000.0).load(folder), [], []
    model = replace(model, weight=1.0)  # one without a say would not be asked
    for case in given.gate[:ASKED]:
        context = given.asked.context(case)
        rows = np.arange(recipe.top, dtype=np.int32) + case.time % (len(past.catalogue) - recipe.top)
        head = Candidates(rows=rows.astype(np.int32), scores=np.linspace(1, 0, recipe.top, dtype=np.float32))
        for times in (fresh, again):
            began = time.perf_counter()
            model.apply(context, head)
            times.append(1e3 * (time.perf_counter() - began))
    return {
        "ms p50": float(np.median(fresh)),
        "ms p95": float(np.quantile(fresh, 0.95)),
        "ms remembered": float(np.median(again)),
    }


def markdown(title, found):
    """One data set as a table."""
    lines = [f"## {title}", "", "| | |", "|---|---:|"]
    for key, value in found.items():
        if isinstance(value, dict):
            lines += [f"| {key}: {name} | {number:.4f} |" for name, number in value.items()]
        else:
            lines.append(f"| {key} | {f'{value:.4f}' if isinstance(value, float) else value} |")
    return lines


def main():
    """Measure one data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a bundled data set, or a name for the project")
    parser.add_argument("--project", type=Path, help="folder of an imported project; the bundled data by default")
    parser.add_argument("--cases", type=int, default=2_000, help="moments replayed")
    parser.add_argument("--without", nargs="*", default=[], metavar="SOURCE", help="sources that are left out")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings of the stage")
    arguments = parser.parse_args()
    changes = changed(arguments.set)
    with tempfile.TemporaryDirectory() as scratch:
        folder = imported(parser, arguments.name, arguments.project, Path(scratch))
        found = measured(
            arguments.name, folder, Cross(**{"deadline": 10_000.0, **changes}), arguments.cases, arguments.without
        )
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / "crossed.json"
    document = json.loads(file.read_text()) if file.exists() else {}
    document[arguments.name] = found
    file.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    lines = ["# A cross-encoder behind the trees", ""]
    for title, part in sorted(document.items()):
        lines += [*markdown(title, part), ""]
    (RESULTS / "crossed.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
