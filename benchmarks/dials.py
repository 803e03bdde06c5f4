"""The dials of the list: what each costs in NDCG@10 and what it buys in coverage, variety and novelty.

Run it with `python benchmarks/dials.py [shop] [movies]`; it writes `benchmarks/results/dials/<data>.csv`, and draws
`benchmarks/results/dials/<stage>.png` from what is there. Everything is asked of the time before the test's cut, so
that a dial may be chosen by it. A pipeline is trained once per data set; the stages reorder its ranked candidates.
"""

import argparse
import csv
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import penchant
from penchant import plugins
from penchant.build import budget
from penchant.data import NAMES, dataset
from penchant.evaluation import bootstrap, metrics, splits
from penchant.evaluation.replay import Replay, one_thread, wanted_of
from penchant.events.timeline import UNITS
from penchant.protocols import Context
from penchant.reranking.calibration import divergence, tastes
from penchant.reranking.quotas import fresh
from penchant.training.jobs import train
from penchant.types import Candidates, moment

RESULTS = Path(__file__).parent / "results" / "dials"
K = 10
LIST = ("asked", "diversity")  # the stages of the default pipeline that come after the ranker
DIALS = {
    "diversity": ("strength", (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)),
    "dpp": ("strength", (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)),
    "calibration": ("strength", (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99)),
    "caps": ("most", (0, 5, 4, 3, 2, 1)),
    "fresh": ("share", (0.0, 0.1, 0.2, 0.3, 0.5)),
    "explore": ("share", (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)),
}
FIGURES = ("ndcg", "change", "low", "high", "coverage", "diversity", "novelty", "divergence", "fresh")
CATEGORIES = ("calibration", "caps")  # the stages that do nothing where items have none
PANELS = {  # measure → what its axis says, and its value as drawn against the value with the dial off
    "coverage": ("coverage of the catalogue, +%", lambda x, off: 100 * (x / off - 1)),
    "diversity": ("variety within a list, +%", lambda x, off: 100 * (x / off - 1)),
    "novelty": ("novelty, +bits", lambda x, off: x - off),
    "divergence": ("off the person's categories, nats", lambda x, off: x),
    "fresh": ("new among the first ten, %", lambda x, off: 100 * x),
}


@dataclass(frozen=True)
class Answer:
    """One question of the validation time with the candidates as the ranker left them."""

    context: Context
    ranked: Candidates
    wanted: np.ndarray


def answers(name: str, most: int) -> tuple[list[Answer], np.ndarray]:
    """Train before the validation time and rank every question of it; with them, events per item before it."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(dataset(name) / "penchant.toml", scratch)
        with penchant.open(scratch) as project:
            project.import_items(dataset(name) / "items.parquet")
            project.import_events(dataset(name) / "events.parquet")
            asked, world = project.settings.evaluation, project.engine.follower.catch_up()
            test = splits.instant_of(world.timeline, asked.cut)
            known = world.timeline.until(test - 1)
            begin = test - (int(world.timeline.time[-1]) - test)
            parts = splits.split(known, "time", moment(begin).isoformat(), asked.target, most)
            replay = Replay(timeline=known, catalogue=world.catalogue, folds=project.engine.folds)
            past, plan = replace(replay, timeline=parts.past), project.built.plan
            models = Path(scratch) / "models"
            models.mkdir()
            train(plan, past, budget(project.settings), models, lambda *_: None)
            release = plan.release(models)
            front = replace(release, stages={n: s for n, s in release.stages.items() if n not in LIST})
            found = [
                Answer(trace.context, trace.result, wanted_of(known, case))
                for case, trace in replay.traces(front, parts.cases, k=K)
            ]
        fame = np.maximum(parts.past.tally(None, parts.cut, len(world.catalogue)), 0) / UNITS
    return found, fame


def measured(kind: str, dial: str, value: float, asked: list[Answer], fame: np.ndarray) -> tuple[np.ndarray, dict]:
    """NDCG of every question with the stage's dial at a value, and the measures of all its lists."""
    stage = plugins.find("stages", kind)(**{dial: value})
    catalogue = asked[0].context.catalogue
    ndcg, tops, away, new = [], [], [], []
    for number, answer in enumerate(asked):
        context = replace(answer.context, dice=np.random.default_rng(number))
        order = stage.apply(context, answer.ranked).rows
        tops.append(order[:K])
        ndcg.append(metrics.ndcg(order, answer.wanted, K))
        new.append(fresh(context, order[:K], days=7.0, events=0.0).mean())
        taste = tastes(context, half_life=90.0)
        if taste.any():
            away.append(divergence(taste, catalogue.columns["category"][order[:K]]))
    found = metrics.lists(tops, catalogue, fame)
    return np.array(ndcg), {**found, "divergence": float(np.mean(away or [np.nan])), "fresh": float(np.mean(new))}


def curves(name: str, most: int) -> None:
    """Ask, turn every dial, and write the data set's table."""
    with one_thread():
        asked, fame = answers(name, most)
        people, rows = np.array([answer.context.query.user for answer in asked]), []
        for kind, (dial, values) in DIALS.items():
            if kind in CATEGORIES and not asked[0].context.catalogue.categories:
                continue
            usual = None
            for value in values:
                ndcg, found = measured(kind, dial, value, asked, fame)
                usual = ndcg if usual is None else usual
                gap = ndcg - usual
                (held,) = bootstrap.means(gap[:, None], people)
                figures = {"ndcg": ndcg.mean(), "change": held.mean, "low": held.low, "high": held.high, **found}
                rows.append([kind, dial, value, len(asked), *(f"{figures[f]:.4f}" for f in FIGURES)])
                print(name, *rows[-1], flush=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / f"{name}.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["stage", "dial", "value", "questions", *FIGURES], *rows])


def table(name: str, kind: str) -> dict[str, np.ndarray]:
    """The columns of a stage's rows in a data set's table; empty if it has none."""
    with (RESULTS / f"{name}.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["stage"] == kind]
    return {column: np.array([float(row[column]) for row in rows]) for column in ("value", *FIGURES)}


def apart(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Places of points that are far enough from those before them to be labelled; the first, which is off, is not."""
    kept = [0]
    if np.isfinite(x).all():
        wide, high = max(np.ptp(x), 1e-9), max(np.ptp(y), 1e-9)
        for place in range(1, len(x)):
            gaps = np.hypot((x[place] - x[kept]) / wide, (y[place] - y[kept]) / high)
            kept += [place] if gaps.min() > 0.1 else []
    return kept[1:]


def draw(kind: str) -> None:
    """Draw a stage's curves of every data set that has them: what is bought to the right, its price in NDCG upwards."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    own = "fresh" if kind in ("fresh", "explore") else "divergence"
    measures = ["coverage", "diversity", "novelty", own]
    figure, axes = pyplot.subplots(1, len(measures), figsize=(13, 3.3), sharey=True, layout="constrained")
    for name, colour in zip(NAMES, ("#2f6f9f", "#c2703d"), strict=True):
        found = table(name, kind)
        if not len(found["value"]):
            continue
        unit = 100 / found["ndcg"][0]
        cost = unit * found["change"]
        bars = unit * np.stack([found["change"] - found["low"], found["high"] - found["change"]])
        for axis, measure in zip(axes, measures, strict=True):
            x = PANELS[measure][1](found[measure], found[measure][0])
            axis.errorbar(x, cost, bars, color=colour, elinewidth=0.5, linewidth=1.4, marker="o", ms=3.5, label=name)
            for place in apart(x, cost):
                said = {"textcoords": "offset points", "fontsize": 7, "color": colour}
                axis.annotate(f"{found['value'][place]:g}", (x[place], cost[place]), (4, 4), **said)
    for axis, measure in zip(axes, measures, strict=True):
        axis.set_xlabel(PANELS[measure][0])
        axis.axhline(0, color="#999999", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.1)
    axes[0].set_ylabel("NDCG@10, +%")
    axes[0].legend(frameon=False, fontsize=8, loc="lower left")
    figure.savefig(RESULTS / f"{kind}.png", dpi=90, metadata={"Software": None})
    pyplot.close(figure)


def main() -> None:
    """Write the tables that were asked for and draw all charts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="data sets; all by default")
    parser.add_argument("--cases", type=int, default=600, help="questions asked at most")
    parser.add_argument("--draw", action="store_true", help="only draw what is there")
    arguments = parser.parse_args()
    if not arguments.draw:
        for name in arguments.names or NAMES:
            curves(name, arguments.cases)
    for kind in DIALS:
        draw(kind)


if __name__ == "__main__":
    main()
