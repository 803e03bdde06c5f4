"""How much is tried, by what chance, and the table of how it went.

`FUZZ` says how many cases each parser gets (60), `FUZZ_SEED` by which chance (always the same), `FUZZ_GUIDED` for how
many seconds atheris looks for new paths in each (0), `FUZZ_TABLE` where the table goes; `make fuzz` sets all of them.
"""

import importlib.util
import os
import platform
import time
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import hypothesis
import pytest

_WEB = importlib.util.spec_from_file_location("web", Path(__file__).parents[1] / "web" / "conftest.py")
_web = importlib.util.module_from_spec(_WEB)
_WEB.loader.exec_module(_web)
serve, make_engine = _web.serve, _web.make_engine  # fixtures
CASES = int(os.environ.get("FUZZ", "60"))
SEED = os.environ.get("FUZZ_SEED")
TABLE = os.environ.get("FUZZ_TABLE")


class Ledger:
    """What was tried, and how it went."""

    def __init__(self):
        self.rows = []
        self.cases, self.went, self.longest, self.began = 0, Counter(), 0.0, 0.0

    def begin(self):
        """Begin to count anew."""
        self.cases, self.went, self.longest, self.began = 0, Counter(), 0.0, time.perf_counter()

    def tried(self, how, seconds):
        """Count a case."""
        self.cases += 1
        self.went[str(how)] += 1
        self.longest = max(self.longest, seconds)

    def end(self, what, by):
        """Write a row down."""
        took = time.perf_counter() - self.began
        told = ", ".join(f"{n:,} {how}" for how, n in sorted(self.went.items()))
        self.rows.append(f"| {what} | {by} | {self.cases:,} | {told} | {1_000 * self.longest:,.0f} | {took:,.0f} |")

    def page(self):
        """The table."""
        names = ("hypothesis", "schemathesis", "atheris")
        tools = ", ".join(f"{name} {version(name)}" for name in names if _there(name))
        when = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}, {tools}"
        lines = [
            "# Fuzzing",
            "",
            "Written by `make fuzz`. Every case ended with an answer or a refusal in the parser's own words: no other",
            "exception, no status from 500 on but 503 with `Retry-After`, nothing that took longer than 20 seconds.",
            "",
            f"{when}; seed {SEED or 'fixed'}.",
            "",
            "| what | by | cases | how it went | longest, ms | seconds |",
            "|---|---|---:|---|---:|---:|",
        ]
        return "\n".join([*lines, *self.rows]) + "\n"


def _there(name):
    try:
        return bool(version(name))
    except ImportError:
        return False


@pytest.fixture(scope="session")
def ledger():
    """The ledger of this run, written at its end."""
    found = Ledger()
    yield found
    if TABLE and found.rows:
        Path(TABLE).write_text(found.page(), encoding="utf-8")


@pytest.fixture(scope="session")
def seed():
    """By which chance, if not always the same."""
    return seeded


@pytest.fixture(scope="session")
def budget():
    """How hypothesis tries; `share` of the cases."""

    def settings(share=1.0):
        return hypothesis.settings(
            max_examples=max(5, round(CASES * share)),
            deadline=None,
            derandomize=SEED is None,
            database=None,
            print_blob=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )

    return settings


@pytest.fixture(scope="session")
def trying(budget):
    """A decorator: so many cases, by the same chance each time unless a seed is given."""

    def decorate(function, share=1.0):
        return seeded(budget(share)(function))

    return decorate


def seeded(tried):
    """A test or a machine that is tried by the seed, if there is one."""
    return hypothesis.seed(int(SEED))(tried) if SEED else tried
