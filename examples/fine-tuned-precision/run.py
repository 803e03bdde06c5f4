"""A BERT classifier learns (behaviour, item) → clicked, and answers "我想买一些夏季用品". Works in a scratch folder."""

import csv
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.special import expit

from penchant.language.course import Course, run
from penchant.language.judging import Judging, Rows, cross_encoder

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
REQUEST = "我想买一些夏季用品"
SHARES = (0.7, 0.85)  # of the slates, in order: where development and test begin
SHOWN = 2  # places of a slate that people get to see


def main(model: str = "") -> dict[str, object]:
    """Measures on the test slates, the curve, and the answer to the request; `model` is a checkpoint to start from."""
    products = {row["item_id"]: f"{row['title']} {row['season']}" for row in table("products.csv")}
    slates = table("interactions.csv")
    said = [(row["behaviour"], products[row["item_id"]]) for row in slates]
    number, clicked = (np.array([int(row[name]) for row in slates]) for name in ("slate", "clicked"))
    parts = [number <= number.max() * SHARES[0], number > number.max() * SHARES[1]]
    parts.insert(1, ~parts[0] & ~parts[1])
    rows = [Rows(said=[said[at] for at in np.flatnonzero(part)], wanted=clicked[part] == 1) for part in parts]
    from small_bert import untrained
    from torch import set_num_threads

    set_num_threads(1)  # so that every machine learns the same
    with tempfile.TemporaryDirectory() as scratch:
        start = model or str(untrained(Path(scratch) / "bert", [f"{one} {other}" for one, other in said]))
        bert = cross_encoder(start, 0, 48, seed=0)
        names = dict(zip(("learned", "development", "test"), rows, strict=True))
        task = Judging(model=bert, batch=16, length=48, seed=0, **names)
        course = Course(epochs=12, rate=3e-3, patience=12, precision="fp32")
        curve = run(task, course, Path(scratch) / "unfinished", lambda *_: None).curve
    for epoch in curve:
        print(f"第 {epoch['epoch']:2.0f} 轮  AUC 开发集 {epoch['development']:.3f}  测试集 {epoch['test']:.3f}")
    bert.eval().requires_grad_(False)
    found = measured(expit(task.scores(bert, rows[2].said)), rows[2].wanted, number[parts[2]])
    print("\n" + "，".join(f"{name} {value:.2f}" for name, value in found.items()))
    answer = answered(task, bert, products)
    print(f"\n{REQUEST}：", *(f"  {chance:.2f}  {text}" for text, chance in list(answer.items())[:10]), sep="\n")
    return {"curve": curve, "measures": found, "answer": answer}


def measured(chance: np.ndarray, clicked: np.ndarray, slate: np.ndarray) -> dict[str, float]:
    """Accuracy and recall at one half; click-through of the places shown, beside that of the order as it was."""
    seen = {"重排后": [], "原顺序": []}
    for one in np.unique(slate):
        here, best = clicked[slate == one], np.argsort(-chance[slate == one], kind="stable")
        seen["重排后"].extend(here[best[:SHOWN]])
        seen["原顺序"].extend(here[:SHOWN])
    told = {"准确率": np.mean((chance >= 0.5) == clicked), "召回率": np.mean(chance[clicked] >= 0.5)}
    return {n: float(v) for n, v in told.items()} | {f"点击率（{n}）": float(np.mean(v)) for n, v in seen.items()}


def answered(task: Judging, bert: object, products: dict[str, str]) -> dict[str, float]:
    """The products with the probability that who asks wants each, best first."""
    texts = list(products.values())
    chances = expit(task.scores(bert, [(REQUEST, text) for text in texts]))
    return {texts[at]: float(chances[at]) for at in np.argsort(-chances, kind="stable")}


def table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of this folder."""
    with (HERE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
