"""Weights that change with person, item and feedback; a training told by ROC-AUC. Works in a scratch folder."""

import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import service

import penchant
from penchant.language.course import Course, run
from penchant.language.judging import Judging, Rows, cross_encoder

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
SHARES = (0.0, 0.7, 0.85, 1.0)  # of the time: what is learned from, development and test lie between


def main() -> dict[str, object]:
    """The curve of the training, the weights of pairs before and after feedback, replies and alarms."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(HERE / "penchant.toml", scratch)
        with penchant.open(scratch) as project:
            project.import_items(HERE / "items.csv")
            project.import_events(HERE / "events.csv")
            found = {"curve": trained(project, Path(scratch)), "gate": project.train()["metrics"]["gate"]}
            found |= {"u1": weights(project, "u1"), "u2": weights(project, "u2")}
            for item in ("i10", "i11", "i12"):  # u1, who runs, begins to cook
                project.observe([penchant.Event(user="u1", item=item, kind="purchase")])
            found["u1 后"] = weights(project, "u1")
    return found | service.main()


def trained(project: "penchant.project.Project", scratch: Path) -> list[dict[str, float]]:
    """ROC-AUC by epoch of a small BERT that reads what a person did last and an item: is it what came next?"""
    from small_bert import untrained

    world, dice = project.engine.follower.catch_up(), np.random.default_rng(0)
    texts = [f"{item.attributes['category']} {item.title}" for item in world.catalogue.items]
    pairs, last = [], {}
    for user, item in zip(world.timeline.user.tolist(), world.timeline.item.tolist(), strict=True):
        if user in last:
            pairs += [(last[user], texts[item], True), (last[user], texts[dice.integers(len(texts))], False)]
        last[user] = texts[item]
    cuts = [int(len(pairs) * share) for share in SHARES]
    parts = [pairs[begin:end] for begin, end in pairwise(cuts)]
    rows = [Rows(said=[p[:2] for p in part], wanted=np.array([p[2] for p in part])) for part in parts]
    bert = cross_encoder(str(untrained(scratch / "bert", texts)), 0, 48, seed=0)
    task = Judging(model=bert, learned=rows[0], development=rows[1], test=rows[2], batch=16, length=48, seed=0)
    curve = run(
        task, Course(epochs=12, rate=3e-3, patience=12, precision="fp32"), scratch / "work", lambda *_: None
    ).curve
    for epoch in curve:
        print(f"第 {epoch['epoch']:2.0f} 轮  AUC 开发集 {epoch['development']:.3f}  测试集 {epoch['test']:.3f}")
    return list(curve)


def weights(project: "penchant.project.Project", user: str) -> dict[str, dict[str, float]]:
    """How much each expert counts for each of some items: part over value, as inferred for this person and item."""
    trace, ranker = project.engine.trace(penchant.Query(user=user)), project.engine.release.stages["gated"]
    given = dict(trace.steps)["standings"]
    parts, found = ranker.parts(trace.context, given), {}
    for place, row in enumerate(given.rows.tolist()):
        item = trace.context.catalogue.items[row].title
        values = {name: float(given.columns[name][place]) for name in parts if name in given.columns and "~" in name}
        found[item] = {name: float(parts[name][place]) / value for name, value in values.items() if value > 0}
    print(f"\n{user}：", *(f"  {item} {shown(found[item])}" for item in list(found)[:3]), sep="\n")
    return found


def shown(experts: dict[str, float]) -> str:
    """The weights of one pair, in a line."""
    return "  ".join(f"{name.partition('~')[0]} {weight:.2f}" for name, weight in experts.items())


if __name__ == "__main__":
    main()
