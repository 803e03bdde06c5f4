"""Smaller encoders on the shop: quality against size and speed, as a table (CSV) and a chart (PNG).

Run `python benchmarks/shrunk.py --encoders DIR`. Each is cut out of MiniLM and taught by it on half of the texts of the
catalogue; quality is Recall@20 by the whitened cosine, on the validation questions of `benchmarks/cold.py`, and mean
cosine to the original on texts that were not learned from.
"""

import argparse
import csv
import tempfile
import time
from pathlib import Path

import cold
import finetuned
import numpy as np
from boards import imported

import penchant
from penchant.evaluation.replay import one_thread
from penchant.language.course import Course
from penchant.language.encoders import load
from penchant.language.shrinking import shrink

RESULTS = Path(__file__).parent / "results"
VARIANTS = (
    ("6 layers", 0, False, False),
    ("6 layers, fewer words", 0, True, False),
    ("3 layers, cut only", 3, True, False),
    ("3 layers", 3, True, True),
    ("1 layer", 1, True, True),
)


def measured(asked, text, variant, folder):
    """One smaller encoder and what it is worth."""
    name, layers, words, taught = variant
    texts = [text(item) for item in asked.catalogue.items]
    began = time.process_time()
    course = Course(epochs=3, patience=3, rate=2e-4) if taught else None
    made = shrink("minilm", folder, texts=texts[::2], layers=layers, words=words, course=course)
    took = time.process_time() - began
    encoder = load(str(made.folder), threads=1)
    encoder.encode(texts[:64], "passage")
    speeds = []
    for _ in range(3):
        began = time.process_time()  # of one thread: other work beside it counts little
        encoder.encode(texts[:256], "passage")
        speeds.append(256 / (time.process_time() - began))
    again = finetuned.reread(asked, text, encoder)
    found = cold.ask(again, {"cosine": cold.cosine(again, cold.by_steps)})["cosine"]
    size = sum(file.stat().st_size for file in made.folder.rglob("*") if file.is_file()) / 2**20
    return {
        "encoder": name,
        "layers": made.layers,
        "words": made.words,
        "MiB": round(size, 1),
        "texts per CPU second": round(max(speeds)),
        "cosine to the original": round(made.cosine, 4),
        "cold Recall@20": round(float(np.nanmean(found["cold"])), 4),
        "all Recall@20": round(float(np.nanmean(found["all"])), 4),
        "CPU seconds to make": round(took),
    }


def chart(rows, file):
    """Recall against speed, each point as large as its encoder."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), dpi=110)
    speed, recall = [row["texts per CPU second"] for row in rows], [row["all Recall@20"] for row in rows]
    axes.scatter(speed, recall, s=[4 * row["MiB"] for row in rows], alpha=0.5)
    for place, (row, x, y) in enumerate(zip(rows, speed, recall, strict=True)):
        where = (8, 4) if place else (8, -22)  # the first two lie close together
        label = f"{row['encoder']}\n{row['MiB']:.0f} MiB"
        axes.annotate(label, (x, y), textcoords="offset points", xytext=where, size=8)
    axes.set(
        xlabel="texts per second of one core", ylabel="Recall@20, whitened cosine", title="MiniLM made smaller (shop)"
    )
    axes.margins(0.15)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(file)


def main():
    """Measure every variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoders", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--project", type=Path, help="folder where the shop is imported already")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = imported(parser, "shop", arguments.project, Path(scratch))
        with penchant.open(folder) as opened:
            world, text = opened.engine.follower.catch_up(), opened.engine.reader.text
    asked = cold.trial(world.timeline, world.catalogue, "shop", "validation")
    rows = []
    with one_thread():
        for variant in VARIANTS:
            rows.append(measured(asked, text, variant, arguments.encoders))
            print(rows[-1], flush=True)
    with (RESULTS / "shrunk.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    chart(rows, RESULTS / "shrunk.png")


if __name__ == "__main__":
    main()
