"""Eight actions and a catalogue in Chinese: a list for everybody comes out. Works on a copy of this folder."""

import shutil
import tempfile
from pathlib import Path

import penchant

HERE = Path(__file__).parent


def main() -> dict[str, list[str]]:
    """Import and recommend; returns what each person is offered."""
    offered = {}
    with tempfile.TemporaryDirectory() as scratch, penchant.open(copied(Path(scratch))) as project:
        project.import_items(HERE / "items.csv")
        project.import_events(HERE / "interactions.csv")
        for user in ("1", "2", "3"):
            slate = project.recommend(user, k=5, explain=True, language="zh")
            offered[user] = slate.items
            print(f"\n为用户 {user} 推荐：")
            for place, pick in enumerate(slate.picks, 1):
                why = next((reason["text"] for reason in pick.reasons if reason["text"]), "")
                print(f"  {place}. {pick.item} {title(project, pick.item)}  {why}")
    return offered


def copied(scratch: Path) -> Path:
    """A copy of the settings, so that nothing is left in this folder."""
    shutil.copy(HERE / "penchant.toml", scratch)
    return scratch


def title(project: "penchant.project.Project", item: str) -> str:
    """What an item is called."""
    catalogue = project.engine.follower.catch_up().catalogue
    return catalogue.items[catalogue.row_of[item]].title


if __name__ == "__main__":
    main()
