"""What a fine-tuned encoder brings to items that nobody has met, beside the texts as they were and the closed form.

Run `python benchmarks/finetuned.py shop --encoders DIR` or, for another imported project,
`python benchmarks/finetuned.py office --project PROJECT --encoders DIR`; `--set rate=2e-4` changes [language]. The
questions are those of `benchmarks/cold.py`: 15 % of the items hidden from all that is learned. `--question validation`
chooses; the rows of `--question report` are written to `benchmarks/results/finetuned.json` and `.md`.
"""

import argparse
import json
import resource
import tempfile
from dataclasses import replace
from pathlib import Path

import cold
import numpy as np
from boards import changed, imported, said

import penchant
from penchant.evaluation.replay import Replay, one_thread
from penchant.language.contrast import FineTuning
from penchant.language.encoders import load
from penchant.protocols import History
from penchant.retrieval.linear import Linear
from penchant.training.finetune import finetune

RESULTS = Path(__file__).parent / "results"
PLACED = (1.25, 2.0, 3.0)
MEASURES = ("cold", "warm", "all", "warm ndcg")


def taught(asked, text, settings, folder):
    """The encoder that has learned from the trial's past, and what that took."""
    past = Replay(timeline=asked.past, catalogue=asked.catalogue, folds=())
    return finetune(settings, "minilm", past, text, folder, said())


def reread(asked, text, encoder):
    """The trial with its catalogue read by another encoder."""
    vectors = encoder.encode([text(item) for item in asked.catalogue.items], "passage")
    catalogue = replace(asked.catalogue, vectors=vectors, encoder=encoder.name, memo={})
    return replace(asked, catalogue=catalogue, replay=replace(asked.replay, catalogue=catalogue))


def centred(asked):
    """Likeness of texts as the encoder places them, less their mean, to the faded past."""
    vectors = asked.catalogue.vectors
    texts = vectors - vectors[~asked.hidden].mean(axis=0)
    texts /= np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-9)

    def score(context):
        rows, weights = cold.liked(context, 180.0, 100)
        scores = texts @ (cold.by_steps(context, rows, weights).astype(np.float32) @ texts[rows])
        return scores + 1000.0 * (len(rows) > 0)

    return score


def rows(asked, name, folder):
    """Each way to rank new items, by one encoder's texts."""
    found = {"whitened cosine": cold.cosine(asked, cold.by_steps), "cosine": centred(asked)}
    folder.mkdir()
    Linear().train(History(timeline=asked.past, catalogue=asked.catalogue), folder)
    for placed in PLACED:
        model = Linear(placed=placed).load(folder)
        found[f"linear.next, placed = {placed:g}"] = lambda context, model=model: model.score(
            replace(context, memo={}), np.arange(len(asked.catalogue))
        )["next"]
    answers = cold.ask(asked, found)
    return {f"{name}: {label}": values for label, values in answers.items()}


def table(answers):
    """Means, and how far the tuned rows are ahead of the same row of the encoder as it was."""
    lines = []
    for name, values in answers.items():
        line = {"name": name, **{key: round(float(np.nanmean(values[key])), 4) for key in (*MEASURES, "slots")}}
        if name.startswith("tuned"):
            before = answers[name.replace("tuned", "as it was")]
            line |= {f"{key} ahead": cold.ahead(values[key], before[key]) for key in MEASURES}
        lines.append(line)
    return lines


def measured(name, project, question, settings, encoders):
    """One data set: fine-tune on its past, and ask with both encoders."""
    with penchant.open(project) as opened:
        world, text = opened.engine.follower.catch_up(), opened.engine.reader.text
    asked = cold.trial(world.timeline, world.catalogue, name, question)
    made = taught(asked, text, settings, encoders)
    with tempfile.TemporaryDirectory() as scratch, one_thread():
        answers = rows(asked, "as it was", Path(scratch) / "before")
        if made.folder is not None:
            tuned = reread(asked, text, load(str(made.folder)))
            answers |= rows(tuned, "tuned", Path(scratch) / "after")
    return {
        "question": question,
        "settings": {k: v for k, v in vars_of(settings).items() if v != vars_of(FineTuning())[k]},
        "curve": list(made.outcome.curve),
        "best": made.outcome.best,
        "seconds": round(made.outcome.seconds),
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "cases": len(asked.cases),
        "rows": table(answers),
    }


def vars_of(settings):
    """Settings by name."""
    return {key: getattr(settings, key) for key in settings.__slots__}


def markdown(title, found):
    """One data set as tables."""
    lines = [
        f"## {title}",
        "",
        f"{found['cases']} questions. Fine-tuned in {found['seconds']:,} s with {found['mebibytes']:,} MiB; epoch "
        f"{found['best']} is kept. Recall@20 and NDCG@10, with 95 % intervals against the same row as it was.",
        "",
        "| | cold | warm | all | warm NDCG@10 | hidden items in the list | cold ahead | warm ahead | all ahead |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in found["rows"]:
        numbers = " | ".join(f"{row[key]:.4f}" for key in MEASURES)
        gaps = " | ".join(cold.gap(row.get(f"{key} ahead")) for key in ("cold", "warm", "all"))
        lines.append(f"| {row['name']} | {numbers} | {row['slots']:.2f} | {gaps} |")
    names = list(found["curve"][-1])
    lines += ["", "| " + " | ".join(names) + " |", "|" + "---:|" * len(names)]
    for epoch in found["curve"]:
        lines.append("| " + " | ".join(f"{epoch.get(name, float('nan')):.4g}" for name in names) + " |")
    return lines


def publish(name, found):
    """Put one data set's rows into the results."""
    file = RESULTS / "finetuned.json"
    document = json.loads(file.read_text()) if file.exists() else {}
    document[name] = found
    file.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    lines = ["# Fine-tuned encoders and items that nobody has met", ""]
    for title, part in sorted(document.items()):
        lines += [*markdown(title, part), ""]
    (RESULTS / "finetuned.md").write_text("\n".join(lines))


def main():
    """Measure one data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a bundled data set, or a name for the project")
    parser.add_argument("--project", type=Path, help="folder of an imported project; the bundled data by default")
    parser.add_argument("--encoders", type=Path, required=True, help="folder for what is trained; it goes on there")
    parser.add_argument("--question", choices=sorted(cold.SHARES), default="report")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings of [language]")
    arguments = parser.parse_args()
    changes = changed(arguments.set)
    settings = FineTuning(finetune="contrastive", **changes)
    with tempfile.TemporaryDirectory() as scratch:
        folder = imported(parser, arguments.name, arguments.project, Path(scratch))
        found = measured(arguments.name, folder, arguments.question, settings, arguments.encoders)
    if arguments.question == "report":
        publish(arguments.name, found)
    print("\n".join(markdown(f"{arguments.name}, {arguments.question}", found)))


if __name__ == "__main__":
    main()
