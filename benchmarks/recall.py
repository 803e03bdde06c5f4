"""How many of the hundred nearest texts of a large catalogue are found, against products with all: `clusters.py`.

`python benchmarks/recall.py` makes catalogues of any size from the texts of the bundled shop and films, read by the
encoder that needs no model, or from vectors of one's own (`--vectors FILE.npy …`). A scaled item is a real one in other
words: its vector is as far from the real one's as `--apart` says. Writes `benchmarks/results/recall.csv`.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.data import dataset
from penchant.language.models import Hashing
from penchant.retrieval.clusters import SHARE, WHOLE, Clusters, clusters, kinship
from penchant.retrieval.nearest import Nearest
from penchant.retrieval.whitening import whitened
from penchant.types import Catalogue, Floats

RESULTS = Path(__file__).parent / "results"
MANY = 100  # nearest that are looked for


def told() -> Floats:
    """Vectors of the texts of the bundled catalogues."""
    titles = [t for name in ("shop", "movies") for t in pl.read_parquet(dataset(name) / "items.parquet")["title"]]
    return Hashing().encode(titles, "passage")


def scaled(real: Floats, size: int, apart: float, dice: np.random.Generator) -> Floats:
    """So many directions: those of real texts, and others near them."""
    found = real[dice.integers(0, len(real), size)]
    noise = dice.standard_normal(found.shape, dtype=np.float32)
    found += noise * np.float32(apart / np.sqrt(found.shape[1]))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def tastes(texts: Floats, dice: np.random.Generator, people: int) -> Iterator[Floats]:
    """The tastes of people who liked a few items, the newest most."""
    for _ in range(people):
        some = dice.integers(0, len(texts), dice.integers(1, 21))
        faded = (1 / np.arange(1, len(some) + 1)).astype(np.float32)
        yield Nearest()._tastes(texts[some], faded / faded.sum())


def wishes(texts: Floats, dice: np.random.Generator, people: int, apart: float) -> Iterator[Floats]:
    """What people ask for: a text in other words."""
    for wish in scaled(texts, people, apart, dice):
        yield wish[None]


def measured(near: Clusters, texts: Floats, wanted: Iterator[Floats]) -> dict[str, Any]:
    """Share of the nearest that were found, and the time of the thread for the thirty nearest."""
    allowed, found, took = np.ones(len(texts), dtype=bool), [], []
    for one in wanted:
        exact = np.argsort(-kinship(texts, one), kind="stable")[:MANY]
        found.append(len(np.intersect1d(near.nearest(texts, one, MANY, allowed), exact)) / MANY)
        began = time.thread_time()
        near.nearest(texts, one, 30, allowed)
        took.append(1_000 * (time.thread_time() - began))
    return {
        "recall": round(float(np.mean(found)), 4),
        "worst": min(found),
        "p50_ms": round(float(np.median(took)), 2),
        "p99_ms": round(float(np.quantile(took, 0.99)), 2),
    }


def _catalogue(vectors: Floats) -> Catalogue:
    """A catalogue of which nothing is looked at but the vectors."""
    some = {"available": np.ones(len(vectors), dtype=bool)}
    return Catalogue(items=(), row_of={}, vectors=vectors, centre=vectors.mean(axis=0), columns=some)


def rows(real: Floats, name: str, asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row per size and kind of question."""
    for size in asked.items:
        dice = np.random.default_rng(0)
        vectors = scaled(real, size, asked.apart, dice)
        texts = whitened(_catalogue(vectors), 256, 0.5)
        for kind, space in (("tastes", texts), ("wish", vectors)):
            near = clusters(space, np.arange(size))
            wanted = tastes(space, dice, asked.people) if kind == "tastes" else wishes(space, dice, asked.people, 0.7)
            read = 1.0 if size <= WHOLE else 1 / SHARE
            row = {"vectors": name, "items": size, "for": kind, "read": read, **measured(near, space, wanted)}
            print(row, flush=True)
            yield row


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--apart", type=float, default=0.5, help="length of the difference of a scaled item's vector")
    parser.add_argument("--vectors", type=Path, nargs="*", default=[], help="(items × dim) of real catalogues")
    asked = parser.parse_args()
    given = [(path.stem, np.load(path)) for path in asked.vectors] or [("bundled, hashing", told())]
    table = [row for name, real in given for row in rows(real, name, asked)]
    with (RESULTS / "recall.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
