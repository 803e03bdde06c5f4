"""A shop to kill processes in, the process whose children are killed, and the table of how it went.

`TORTURE` says how many moments of each step are tried (2), `TORTURE_TABLE` which file the table goes to; `make torture`
sets both.
"""

import csv
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

ROUNDS = int(os.environ.get("TORTURE", "2"))
TABLE = os.environ.get("TORTURE_TABLE")
CONFIG = """\
[encoder]
model = "hashing"
[clock]
now = "log"
[training]
cases = 40
[[sources]]
kind = "neighbours"
[[sources]]
kind = "linear"
[[sources]]
kind = "popular"
[[stages]]
kind = "standings"
[[stages]]
kind = "blend"
"""
HEAD = (
    "| step | store | killed before it wrote | killed at work | had ended | violations |",
    "|---|---|" + "---:|" * 4,
)
SAID = "{} moments of each step, drawn with a seed and spread over the time that it takes"
NAMES = {"load": "import", "keep": "snapshot"}  # of steps in the table
ROWS = pytest.StashKey[list[str]]()


class Zygote:
    """The process that runs steps in children of its own; see zygote.py."""

    def __init__(self):
        command = [sys.executable, str(Path(__file__).with_name("zygote.py"))]
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **threads}
        )

    def start(self, step, folder, acks, after=None, **options):
        """Begin a step."""
        asked = {"step": step, "folder": str(folder), "acks": str(acks), "after": after, "options": options}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def ended(self):
        """How it ended."""
        return json.loads(self._process.stdout.readline())

    def run(self, *asked, **options):
        """Begin a step and wait for its end."""
        self.start(*asked, **options)
        return self.ended()

    def close(self):
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@pytest.fixture(scope="session")
def zygote():
    made = Zygote()
    yield made
    made.close()


def write(file, rows):
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """A project with files to import and nothing imported: thirty people, thirty items, some bad rows."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "penchant.toml").write_text(CONFIG, encoding="utf-8")
    write(
        folder / "items.csv",
        [{"item_id": f"{shelf}{n}", "title": f"{shelf} {n}"} for shelf in "GKR" for n in range(10)],
    )
    dice, start = np.random.default_rng(7), datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {
            "event_id": f"e{deed * 30 + person}",
            "user_id": f"u{person}",
            "item_id": f"{'GKR'[person % 3]}{int(dice.integers(10))}",
            "timestamp": "never"
            if (deed, person) in {(2, 3), (7, 7)}
            else (start + timedelta(days=deed, minutes=person)).isoformat(),
            "event_type": ("view", "purchase")[int(dice.integers(2))],
        }
        for deed in range(10)
        for person in range(30)
    ]
    write(folder / "events.csv", rows)
    return folder


@pytest.fixture(scope="session")
def trained(bare, zygote, tmp_path_factory):
    """The project with everything imported, and three releases."""
    folder = tmp_path_factory.mktemp("trained") / "shop"
    shutil.copytree(bare, folder)
    acks = folder.with_name("acks")
    for step in ("load", "train", "train", "train"):
        assert zygote.run(step, folder, acks, name="")["code"] == 0
    return folder


@pytest.fixture(scope="session")
def elsewhere(bare, zygote, postgres_server, tmp_path_factory):
    """The project with everything imported into PostgreSQL; every round goes on where the last one ended."""
    folder = tmp_path_factory.mktemp("elsewhere") / "shop"
    shutil.copytree(bare, folder)
    stores = "".join(f'{store} = "{postgres_server}"\n' for store in ("items", "log", "state"))
    (folder / "penchant.toml").write_text(f"[stores]\n{stores}{CONFIG}", encoding="utf-8")
    assert zygote.run("load", folder, folder.with_name("acks"), name="")["code"] == 0
    return folder


@pytest.fixture(scope="session")
def rounds():
    return ROUNDS


@pytest.fixture(scope="session")
def note(request):
    """Add a row to the table."""
    rows = request.config.stash.setdefault(ROWS, [])

    def add(step, store, counts, violations):
        met = " | ".join(str(counts[when]) for when in ("before", "midway", "ended"))
        rows.append(f"| {NAMES.get(step, step)} | {store} | {met} | {violations} |")

    return add


def pytest_sessionfinish(session):
    """Write the table of a whole run."""
    rows = session.config.stash.get(ROWS, [])
    if TABLE and rows:
        where = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        said = f"{SAID.format(ROUNDS)}; {where}; {datetime.now(UTC):%Y-%m-%d}."
        Path(TABLE).write_text("\n".join(["# Killed in the middle", "", *HEAD, *rows, "", said, ""]), encoding="utf-8")
