"""A small board of real data, held to what it was: a change that costs quality, or brings some, does not pass unseen.

One in so many people of the bundled data, everything they did, the texts by hashing; the figures in `golden.json` are
NDCG@10. `python tests/scenarios/test_golden.py` writes them anew: do so where a change is meant, and say so.
"""

import json
import tempfile
from pathlib import Path

import polars as pl
import pytest

import penchant
from penchant.config import DEFAULTS
from penchant.data import dataset
from penchant.evaluation.report import SYSTEM

GOLDEN = Path(__file__).with_name("golden.json")
PEOPLE = {"shop": 7, "movies": 12}  # one in so many
HELD = (SYSTEM, "tuned blend", "again.frequency", "neighbours.bm25", "linear.long", "popular.7d", "nearest.interest")
NOISE = {SYSTEM: 0.02, "tuned blend": 0.01}  # what is learned from few people may move by another library's rounding
LEAST = 0.004
SLOW = "sequence"  # a network takes a minute even of this little
SMALL = """
[encoder]
model = "hashing"
[training]
cases = 200
"""


def board(name: str, folder: Path) -> dict[str, object]:
    """Digest, count and NDCG@10 of a slice of a bundled data set."""
    config = (dataset(name) / "penchant.toml").read_text().replace("[evaluation]", "[evaluation]\ncases = 200")
    (folder / "penchant.toml").write_text(config + SMALL + ("" if "[[sources]]" in config else sources()))
    events = pl.read_parquet(dataset(name) / "events.parquet")
    events = events.filter(pl.col("user_id").cast(pl.Int64) % PEOPLE[name] == 0)
    items = pl.read_parquet(dataset(name) / "items.parquet")
    with penchant.open(folder) as project:
        project.import_items(items.filter(pl.col("item_id").is_in(events["item_id"].implode())))
        project.import_events(events)
        report = project.evaluate()
    figures = {row: round(report.rows[row]["all"]["ndcg"], 4) for row in HELD if row in report.rows}
    return {"digest": report.digest, "questions": report.questions, "ndcg": figures}


def sources() -> str:
    """The default sources in the words of penchant.toml, but the slow one."""
    kept = [source for source in DEFAULTS["sources"] if source["kind"] != SLOW]
    return "".join(f'[[sources]]\nkind = "{source["kind"]}"\nlimit = {source["limit"]}\n' for source in kept)


@pytest.mark.parametrize("name", PEOPLE)
def test_the_board_is_what_it_was(name, tmp_path):
    found, golden = board(name, tmp_path), json.loads(GOLDEN.read_text())[name]
    assert (found["digest"], found["questions"]) == (golden["digest"], golden["questions"])
    for row, figure in golden["ndcg"].items():
        assert found["ndcg"].get(row) == pytest.approx(figure, abs=NOISE.get(row, LEAST)), row


if __name__ == "__main__":
    written = {}
    for each in PEOPLE:
        with tempfile.TemporaryDirectory() as scratch:
            written[each] = board(each, Path(scratch))
    GOLDEN.write_text(json.dumps(written, indent=1) + "\n")
