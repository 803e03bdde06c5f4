"""The rankers side by side on validation, whom the gate trusts, and what a person's own head adds answer by answer.

Run it with `python benchmarks/rankers.py [shop] [movies] [people]`; it writes `benchmarks/results/rankers/*.csv` and
draws the charts from what is there. The data sets are asked before the test's cut only. `people` are simulated: they
weigh the experts each in their own way, which a log never tells.
"""

import argparse
import csv
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import penchant
from penchant.build import budget
from penchant.data import NAMES, dataset
from penchant.evaluation import bootstrap, metrics, splits
from penchant.evaluation.replay import Case, Replay, answered, cases, one_thread
from penchant.protocols import Examples, History, Release
from penchant.ranking.blend import Blend
from penchant.ranking.gated import Gated
from penchant.ranking.online import Online
from penchant.ranking.trees import Trees
from penchant.reranking.exploration import Explore
from penchant.testing import worlds
from penchant.training.examples import labelled
from penchant.training.lessons import lessons
from penchant.types import MARK, Candidates, Pick, Query, Slate, moment

RESULTS = Path(__file__).parent / "results" / "rankers"
K = 10
RECIPES: dict[str, Any] = {
    "trees": Trees(),
    "gated": Gated(),
    "gated with texts": Gated(directions=16),
    "maximum with texts": Gated(form="maximum", directions=16),
}
ONLINE = {"online": Online(), "online, patience 5": Online(patience=5.0)}
ANSWERS = (0, 1, 3, 6, 11, 1_000)  # edges of the buckets of answers given so far
KNOWN = (0, 2, 5, 10, 20, 50, 100_000)  # edges of the buckets of items a person has met
SEEN = 1_800  # moments of people who come often
SILENT = lambda *_: None  # noqa: E731


def write(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    lines = [[f"{cell:.4f}" if isinstance(cell, float) else cell for cell in row] for row in rows]
    with (RESULTS / f"{name}.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *lines])
    for line in lines:
        print(name, *line, flush=True)


def change(gaps: Sequence[float], people: Sequence[str]) -> tuple[float, float, float]:
    """Mean of paired differences with its interval, people drawn."""
    (found,) = bootstrap.means(np.array(gaps)[:, None], np.array(people))
    return found.mean, found.low, found.high


# ── on data ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Stretch:
    """What is known before a test, cut as a training cuts it, with the columns before any ranker."""

    past: Replay  # before the validation time
    known: Replay  # before the test
    begin: int  # of the ranker's time, µs
    asked: list[Case]
    examples: Examples
    early: Release  # experts fit before the ranker's time
    late: Release  # experts fit before the validation time


def stretch(project: Any, scratch: Path, most: int) -> Stretch:
    asked, world, plan = project.settings.evaluation, project.engine.follower.catch_up(), project.built.plan
    test = splits.instant_of(world.timeline, asked.cut)
    known = world.timeline.until(test - 1)
    begin = test - (int(world.timeline.time[-1]) - test)
    parts = splits.split(known, "time", moment(begin).isoformat(), asked.target, most)
    replay = Replay(timeline=known, catalogue=world.catalogue, folds=project.engine.folds)
    past, spent = replace(replay, timeline=parts.past), budget(project.settings)
    given = lessons(past, spent)
    assert given is not None
    early, late = (front(plan, timeline, past, scratch / n) for n, timeline in (("e", given.past), ("l", parts.past)))
    examples = labelled(given, early, given.questions, rows=spent.rows, seed=spent.seed, progress=SILENT)
    return Stretch(past, replay, given.questions[0].time, parts.cases, examples, early, late)


def front(plan: Any, timeline: Any, past: Replay, folder: Path) -> Release:
    """The pipeline before its ranker, its experts fit on a timeline."""
    for name, recipe in plan.recipes().items():
        (folder / name).mkdir(parents=True)
        recipe.train(History(timeline=timeline, catalogue=past.catalogue), folder / name)
    release = plan.release(folder)
    before = list(plan.stages)[: list(plan.stages).index("trees")]
    return replace(release, stages={name: release.stages[name] for name in before})


def compare(name: str, most: int) -> None:
    """Every ranker on the questions of the validation time, and what a head adds for people who come often."""
    with tempfile.TemporaryDirectory() as folder, one_thread():
        scratch = Path(folder)
        shutil.copy(dataset(name) / "penchant.toml", scratch)
        with penchant.open(scratch) as project:
            project.import_items(dataset(name) / "items.parquet")
            project.import_events(dataset(name) / "events.parquet")
            given = stretch(project, scratch, most)
            history = History(timeline=given.past.timeline, catalogue=given.past.catalogue, examples=given.examples)
            stages = {"blend": Blend()}
            for label, recipe in RECIPES.items():
                (scratch / label).mkdir()
                recipe.train(history, scratch / label)
                stages[label] = recipe.load(scratch / label)
            ranked(name, given, stages)
            visits(name, given, stages["trees"])


def ranked(name: str, given: Stretch, stages: dict[str, Any]) -> None:
    gate = stages["gated with texts"]
    found: dict[str, list[float]] = {label: [] for label in stages}
    trust: list[tuple[float, np.ndarray]] = []
    for case, trace in given.known.traces(given.late, given.asked):
        wanted = np.array(sorted(answered(given.known.timeline, case)), dtype=np.int32)
        for label, stage in stages.items():
            found[label].append(metrics.ndcg(stage.apply(trace.context, trace.result).rows, wanted, K))
        attention, *_ = gate.form.attend(gate.weights, gate._facts(trace.context, trace.result))
        trust.append((float(np.expm1(trace.result.columns["person_items"][0])), attention.mean(axis=0)))
    people = [case.user for case in given.asked]
    gaps = {label: np.subtract(values, found["trees"]).tolist() for label, values in found.items()}
    rows = [[label, len(v), float(np.mean(v)), *change(gaps[label], people)] for label, v in found.items()]
    write(f"{name}-rankers", ("ranker", "questions", "ndcg", "change", "low", "high"), rows)
    items, attention = np.array([t for t, _ in trust]), np.array([a for _, a in trust])
    voices = [e.partition(".")[0] for e in gate.scale.experts]
    voices += ["texts"] * (attention.shape[1] - len(voices) - 1) + ["nobody"]
    lines = []
    for low, high in pairwise(KNOWN):
        of = attention[(items >= low - 0.5) & (items < high - 0.5)]
        sums = {v: float(of[:, [n == v for n in voices]].sum(axis=1).mean()) for v in dict.fromkeys(voices)}
        lines += [[low, len(of), voice, share] for voice, share in sums.items()] if len(of) else []
    write(f"{name}-trust", ("items", "questions", "voice", "attention"), lines)


def visits(name: str, given: Stretch, ranker: Any) -> None:
    """Moments of people who come often, in order: each sees the first ten, and takes what they took if it is there."""
    timeline = given.known.timeline
    of: dict[str, list[Case]] = {}
    for case in cases(timeline, given.begin, int(timeline.time[-1]) + 1):
        of.setdefault(case.user, []).append(case)
    people = [person for person, moments in of.items() if 8 <= len(moments) <= 60]
    np.random.default_rng(0).shuffle(people)
    cut, seen = int(given.past.timeline.time[-1]), 0
    usual: list[float] = []
    found: dict[str, list[tuple[int, float, str]]] = {label: [] for label in ONLINE}  # answers, change, person
    for person in people:
        if (seen := seen + len(of[person])) > SEEN:
            break
        kept: dict[str, list[Slate]] = {label: [] for label in ONLINE}
        for case, trace in given.known.traces(given.early, of[person]):
            wanted = np.array(sorted(answered(timeline, case)), dtype=np.int32)
            before = ranker.apply(trace.context, trace.result)
            trees = metrics.ndcg(before.rows, wanted, K)
            usual += [trees] if case.time > cut else []
            for label, stage in ONLINE.items():
                context = replace(trace.context, slates=tuple(kept[label][-stage.recalls :]), memo={})
                after = stage.apply(context, before)
                if case.time > cut:
                    found[label].append(
                        (stage.head(context, ()).count, metrics.ndcg(after.rows, wanted, K) - trees, person)
                    )
                shown = offered(after, [given.known.catalogue.items[r].id for r in after.rows[:K]])
                if np.isin(after.rows[:K], wanted).any():
                    position = int(timeline.position[case.places].min()) - 1
                    kept[label].append(replace(shown, position=position, time=moment(trace.context.now)))
    rows = [["trees", "all", len(usual), float(np.mean(usual)), "", ""]]
    for label, seen_by in found.items():
        for low, high in [(0, 10**9), *pairwise(ANSWERS)]:
            mine = [(gap, who) for count, gap, who in seen_by if low <= count < high]
            rows += (
                [[label, "all" if high == 10**9 else low, len(mine), *change(*zip(*mine, strict=True))]] if mine else []
            )
    write(f"{name}-online", ("ranker", "answers", "moments", "change", "low", "high"), rows)


def offered(candidates: Candidates, items: Sequence[str]) -> Slate:
    """The slate of the first candidates, with what it keeps of them."""
    marks = {n: tuple(c[: len(items)].tolist()) for n, c in candidates.columns.items() if n.endswith(MARK)}
    picks = tuple(Pick(item=item, score=0.0) for item in items)
    return Slate(id="s", time=moment(0), query=Query(user="p"), picks=picks, release="r", position=0, marks=marks)


# ── simulated people ────────────────────────────────────────────────────────────────────────────────────────────

EXPERTS = tuple(f"{name}.x~share" for name in "abcdefghijkl")
SHELF, PEOPLE, VISITS = 100, 80, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploring:
    """A head whose doubt fills two places of ten."""

    head: Online
    places: Explore

    @property
    def recalls(self) -> int:
        return self.head.recalls

    def apply(self, context: Any, candidates: Candidates) -> Candidates:
        return self.places.apply(context, self.head.apply(context, candidates))


def simulate() -> None:
    """NDCG@10 by answers given: people weigh twelve experts each in their own way, the ranker as all do on average."""
    stages = {"ranker": None, "online": Online(), "online, patience 5": Online(patience=5.0)}
    stages["online, exploring"] = Exploring(head=Online(), places=Explore(share=0.2, draws=100, novelty=0.0))
    stages["online, bold"] = Online(variance=1.0, strength=2.0)
    found = {label: np.zeros((PEOPLE, VISITS)) for label in stages}
    base = worlds.context(worlds.world(worlds.items(SHELF)))
    for person in range(PEOPLE):
        dice = np.random.default_rng(person)
        common = np.linspace(0.2, 1.0, len(EXPERTS))
        own = common + dice.normal(0, 0.6, len(EXPERTS))
        days = [dice.random((SHELF, len(EXPERTS))) ** 3 for _ in range(VISITS)]
        for label, stage in stages.items():
            found[label][person] = course(stage, base, days, common, own, np.random.default_rng(1_000 + person))
    rows = [[label, visit, float(v[:, visit].mean())] for label, v in found.items() for visit in range(VISITS)]
    write("people", ("ranker", "answers", "ndcg"), rows)


def quality(order: np.ndarray, wish: np.ndarray) -> float:
    return metrics.ndcg(order.astype(np.int32), np.sort(np.argsort(-wish)[:K]).astype(np.int32), K)


def course(stage: Any, base: Any, days: Any, common: np.ndarray, own: np.ndarray, dice: Any) -> list[float]:
    """One person's visits: they look from above, more seldom the lower, and take what suits them best of it."""
    slates: list[Slate] = []
    events: dict[str, list[float]] = {"time": [], "position": [], "item": [], "weight": []}
    found = []
    for visit, day in enumerate(days):
        columns = {name: day[:, at].astype(np.float32) for at, name in enumerate(EXPERTS)}
        some = Candidates(rows=np.arange(SHELF, dtype=np.int32), scores=np.zeros(SHELF, np.float32), columns=columns)
        shown = some.with_scores(day @ common)
        if stage is not None:
            recent = {name: np.array(values) for name, values in events.items()}
            user = {**base.user, "recent": recent} if visit else base.user
            context = replace(base, user=user, slates=tuple(slates[-stage.recalls :]), dice=dice, memo={})
            shown = stage.apply(context, shown)
        found.append(quality(shown.rows, day @ own))
        seen = shown.rows[:K][dice.random(K) < 1 / np.log2(np.arange(K) + 2)]
        slates.append(replace(offered(shown, [f"i{row}" for row in shown.rows[:K]]), position=2 * visit + 1))
        if len(seen):
            liked = seen[np.argmax(day[seen] @ own + dice.gumbel(0, 0.2, len(seen)))]
            for name, value in (("time", 0), ("position", 2 * visit + 2), ("item", int(liked)), ("weight", 1.0)):
                events[name].append(value)
        elif not visit:
            events = {"time": [0], "position": [0], "item": [-1], "weight": [0.0]}
    return found


# ── charts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def table(name: str) -> list[dict[str, str]]:
    file = RESULTS / f"{name}.csv"
    if not file.exists():
        return []
    with file.open() as lines:
        return list(csv.DictReader(lines))


def draw() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
    rows = table("people")
    for label in dict.fromkeys(row["ranker"] for row in rows):
        y = np.array([float(row["ndcg"]) for row in rows if row["ranker"] == label])
        smooth = np.convolve(np.pad(y, 2, mode="edge"), np.full(5, 0.2), mode="valid")
        axes[0].plot(smooth, label=label, linewidth=1.4, linestyle="-" if label.startswith("online") else "--")
    axes[0].set(xlabel="visits", ylabel="NDCG@10", title="simulated people")
    for name, colour in zip(NAMES, ("#2f6f9f", "#c2703d"), strict=True):
        rows = [
            r
            for r in table(f"{name}-online")
            if r["ranker"] == "online" and r["answers"] not in ("0", "all") and int(r["moments"]) > 20
        ]
        if rows:
            y, low, high = (100 * np.array([float(r[c]) for r in rows]) for c in ("change", "low", "high"))
            axes[1].errorbar([r["answers"] for r in rows], y, [y - low, high - y], color=colour, marker="o", label=name)
    axes[1].axhline(0, color="#999999", linewidth=0.6)
    axes[1].set(xlabel="answers given so far, at least", ylabel="NDCG@10 over trees, points", title="replayed people")
    finish(figure, axes, "online", pyplot)

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 3.6), sharey=True, layout="constrained")
    for axis, name in zip(axes, NAMES, strict=True):
        rows = table(f"{name}-trust")
        for voice in dict.fromkeys(row["voice"] for row in rows):
            mine = [row for row in rows if row["voice"] == voice]
            axis.plot([r["items"] for r in mine], [float(r["attention"]) for r in mine], marker="o", ms=3, label=voice)
        axis.set(xlabel="items the person has met, at least", title=name)
    axes[0].set_ylabel("share of the attention")
    finish(figure, axes, "trust", pyplot)


def finish(figure: Any, axes: Any, name: str, pyplot: Any) -> None:
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    RESULTS.mkdir(parents=True, exist_ok=True)
    figure.savefig(RESULTS / f"{name}.png", dpi=90, metadata={"Software": None})
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, "people", []], help="all by default")
    parser.add_argument("--cases", type=int, default=1_200, help="questions asked at most")
    parser.add_argument("--draw", action="store_true", help="only draw what is there")
    arguments = parser.parse_args()
    if not arguments.draw:
        for name in arguments.names or [*NAMES, "people"]:
            simulate() if name == "people" else compare(name, arguments.cases)
    draw()


if __name__ == "__main__":
    main()
