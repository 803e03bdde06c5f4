"""The demo, on data small enough to be quick: every step must work, and work again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from penchant.cli import demo, main
from penchant.errors import PenchantError

CONFIG = """\
[encoder]
model = "hashing"
[clock]
now = "log"
[training]
ranker = 0.5
cases = 300
[evaluation]
cases = 50
[[sources]]
kind = "neighbours"
[[sources]]
kind = "linear"
[[sources]]
kind = "popular"
[[stages]]
kind = "item"
[[stages]]
kind = "standings"
[[stages]]
kind = "trees"
otherwise = { kind = "blend" }
rounds = 10
smallest = 5
"""


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny data set in place of the bundled ones."""
    folder = tmp_path / "bundled"
    folder.mkdir()
    (folder / "penchant.toml").write_text(CONFIG, encoding="utf-8")
    items = [{"item_id": f"{s}{n}", "title": f"{s} thing {n}", "category": s} for s in "abc" for n in range(12)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        {
            "user_id": f"u{person}",
            "item_id": f"{'abc'[person % 3]}{(person * 5 + deed * deed) % 12}",
            "timestamp": start + timedelta(days=deed, minutes=person),
            "event_type": "purchase",
        }
        for person in range(24)
        for deed in range(30)
    ]
    pl.DataFrame(items).write_parquet(folder / "items.parquet")
    pl.DataFrame(events).write_parquet(folder / "events.parquet")
    monkeypatch.setattr("penchant.data.dataset", lambda _: folder)
    return folder


def board(text: str) -> list[str]:
    """The figures of a printed board."""
    return [line for line in text.splitlines() if line.startswith(("penchant  ", "tuned blend  "))]


@pytest.mark.usefixtures("bundled")
def test_every_step_works_twice_with_the_same_figures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    printed = []
    for _ in range(2):
        code = main(["demo", "--check"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        printed.append(captured.out)
    assert "36 items (36 new), 720 events (720 new)" in printed[0]
    assert "36 items (0 new), 720 events (0 new)" in printed[1]
    steps = [line.split(":")[0].split()[-1] for line in printed[0].splitlines() if line.startswith("ok ")]
    assert steps[:5] == ["import", "train", "evaluate", "recommend", "react"]
    assert "ok    everything worked in" in printed[0]
    assert "FAILED" not in printed[0]
    assert board(printed[0]) == board(printed[1]) != []
    assert (tmp_path / "demo/shop/penchant.toml").exists()


@pytest.mark.usefixtures("bundled")
def test_without_check_it_serves_and_reuses_what_is_there(tmp_path, monkeypatch, capsys):
    served = []
    monkeypatch.setattr(
        "penchant.serving.server.serve", lambda folder, **options: served.append((folder, options["port"]))
    )
    place = tmp_path / "here"
    for _ in range(2):
        assert main(["demo", "--data", "movies", "--dir", str(place), "--port", "8123"]) == 0
    out = capsys.readouterr().out
    assert out.count("ok    import") == out.count("ok    evaluate") == out.count("reusing") == 1
    assert served == [(place, 8123)] * 2


@pytest.mark.usefixtures("bundled")
def test_a_step_that_fails_fails_the_demo(tmp_path, monkeypatch, capsys):
    def broken(*_: object) -> str:
        raise PenchantError("the list is what it was before")

    monkeypatch.setattr(demo, "reaction", broken)
    assert main(["demo", "--check", "--dir", str(tmp_path / "here")]) == 1
    captured = capsys.readouterr()
    assert "FAILED react" in captured.out
    assert captured.err.endswith("penchant: the list is what it was before\n")


def test_a_list_that_stays_is_a_failure():
    with pytest.raises(PenchantError, match="purchase of x"):
        demo.changed(["a"], ["a"], "purchase of x")
