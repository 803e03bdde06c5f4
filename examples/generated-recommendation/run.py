"""A sentence in Chinese for each of three people, and a rating that nobody gave. Works in a scratch folder."""

import shutil
import tempfile
from pathlib import Path

import penchant

HERE = Path(__file__).parent
PEOPLE = ("小明", "小红", "小刚")
UNSEEN = (("评01", "p1"), ("评04", "p1"))  # pairs of which ratings.csv has nothing: who likes tools, who likes sweets


def main() -> tuple[dict[str, dict[str, str]], dict[tuple[str, str], float]]:
    """Texts by person with their items, and ratings by pair."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(HERE / "penchant.toml", scratch)
        with penchant.open(scratch) as project:
            project.import_items(HERE / "items.csv")
            project.import_events(HERE / "ratings.csv")
            project.import_events(HERE / "history.csv")
            print(told(project.train()["metrics"]["ratings"]))
            return {user: written(project, user) for user in PEOPLE}, {pair: rated(project, *pair) for pair in UNSEEN}


def told(metrics: dict[str, float]) -> str:
    """How far the factors are off on the newest ratings, beside a guess."""
    return f"矩阵分解：RMSE {metrics['rmse']:.2f}（总是猜平均分：{metrics['rmse of the mean']:.2f}）"


def written(project: "penchant.project.Project", user: str) -> dict[str, str]:
    """The text about the best pick for a person."""
    (piece,) = project.copy(user, k=1, language="zh")
    print(f"\n{user}：{piece.text}")
    return {"item": piece.item, "text": piece.text}


def rated(project: "penchant.project.Project", user: str, item: str) -> float:
    """The rating that a person would give an item."""
    columns = project.engine.trace(penchant.Query(user=user, surface="rank", candidates=(item,))).result.columns
    predicted = float(columns["ratings.predicted"][0])
    print(f"\n{user} 会给 {item} 打 {predicted:.1f} 分")
    return predicted


if __name__ == "__main__":
    main()
