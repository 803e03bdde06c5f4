"""A small shop on disk, trained twice, and a way to run the command line in this process."""

import csv
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.cli import main

START = datetime(2026, 1, 1, tzinfo=UTC)
SHELVES = {"G": "garden", "K": "kitchen", "R": "reading"}
CONFIG = """\
[encoder]
model = "hashing"
[clock]
now = "log"
[training]
cases = 200
[evaluation]
cases = 60
[[sources]]
kind = "again"
[[sources]]
kind = "neighbours"
[[sources]]
kind = "linear"
[[sources]]
kind = "popular"
[[sources]]
kind = "nearest"
[[stages]]
kind = "item"
[[stages]]
kind = "standings"
[[stages]]
kind = "trees"
otherwise = { kind = "blend" }
rounds = 10
smallest = 5
[[stages]]
kind = "asked"
"""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def item_rows() -> list[dict[str, object]]:
    """Ten things on each of three shelves."""
    return [
        {"item_id": f"{shelf}{n}", "title": f"{name} thing {n}", "category": name, "price": n + 1}
        for shelf, name in SHELVES.items()
        for n in range(10)
    ]


def event_rows() -> list[dict[str, object]]:
    """Thirty people, ten a shelf, who view and buy on their own shelf for twenty days."""
    dice = np.random.default_rng(7)
    rows = []
    for person in range(30):
        for deed in range(20):
            item = f"{'GKR'[person % 3]}{int(dice.integers(10))}"
            at = START + timedelta(days=deed, minutes=7 * person)
            kind = ("view", "purchase")[int(dice.integers(2))]
            rows.append({"user_id": f"u{person}", "item_id": item, "timestamp": at.isoformat(), "event_type": kind})
    return rows


def write(file: Path, rows: list[dict[str, object]]) -> Path:
    """Rows as CSV."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def kept(folder: Path) -> dict[str, object]:
    """All that a command could have changed: config, releases, and the rows of every table but slates."""
    files = [p for p in folder.rglob("*") if p.is_file() and ".db" not in p.name]
    found: dict[str, object] = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    if (folder / "penchant.db").exists():
        connection = sqlite3.connect(folder / "penchant.db")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found.update(
            {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone() for t in tables if "state" not in t}
        )
        connection.close()
    return found


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command line in this process."""

    def call(*words: object) -> Ran:
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return call


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files to import."""
    folder = tmp_path_factory.mktemp("files")
    people = [{"user_id": f"u{n}", "country": "NO"} for n in range(3)]
    rows = {"items": item_rows(), "events": event_rows(), "users": people}
    return {name: write(folder / f"{name}.csv", found) for name, found in rows.items()}


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, files: dict[str, Path]) -> Path:
    """A project with two releases; copy it before changing anything."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "penchant.toml").write_text(CONFIG, encoding="utf-8")
    for words in (["import", folder, "--items", files["items"], "--events", files["events"]], *[["train", folder]] * 2):
        assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def shop(pristine: Path, tmp_path: Path) -> Path:
    """A project of one's own."""
    return Path(shutil.copytree(pristine, tmp_path / "shop"))


@pytest.fixture(scope="session")
def state() -> Callable[[Path], dict[str, object]]:
    """How to see all that a command could have changed."""
    return kept
