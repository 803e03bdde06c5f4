"""Every parser against what nobody would write: it reads or refuses in its own words, and soon."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest

HERE = Path(__file__).parent
GUIDED = float(os.environ.get("FUZZ_GUIDED", "0"))


def _loaded(name):
    found = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


parsers = _loaded("parsers")


@contextmanager
def soon(seconds):
    """Raise where the block is after so many seconds."""

    def late(*_):
        raise AssertionError(f"still at it after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", parsers.PARSERS)
def test_a_parser_reads_or_refuses(name, ledger, trying):
    parse, strategy = parsers.PARSERS[name]

    @hypothesis.given(strategy)
    def parsed(case):
        began = time.perf_counter()
        with soon(parsers.PATIENCE):
            how = parse(case)
        ledger.tried(how, time.perf_counter() - began)

    ledger.begin()
    trying(parsed)()
    assert ledger.cases
    assert set(ledger.went) <= {parsers.READ, parsers.REFUSED}
    ledger.end(name, "hypothesis")


@pytest.mark.skipif(not GUIDED, reason="FUZZ_GUIDED says for how many seconds; make fuzz sets it")
@pytest.mark.parametrize("name", parsers.PARSERS)
def test_a_parser_is_led_down_new_paths(name, ledger):
    pytest.importorskip("atheris")
    seed = os.environ.get("FUZZ_SEED", "1")
    words = [sys.executable, HERE / "guided.py", name, f"-max_total_time={GUIDED:.0f}", f"-seed={seed}"]
    limits = [
        f"-timeout={parsers.PATIENCE}",
        "-rss_limit_mb=3000",
        "-len_control=0",
        "-max_len=2000",
        "-print_final_stats=1",
    ]
    ledger.begin()
    ran = subprocess.run([*words, *limits], capture_output=True, text=True, timeout=GUIDED + 300, check=False)
    assert ran.returncode == 0, ran.stdout[-3_000:] + ran.stderr[-3_000:]
    tried = int(re.search(r"number_of_executed_units:\s+(\d+)", ran.stderr)[1])
    paths = re.findall(r"cov: (\d+)", ran.stderr)
    ledger.cases, ledger.went = tried, {"branches reached": int(paths[-1])} if paths else {}
    ledger.longest = int(re.search(r"slowest_unit_time_sec:\s+(\d+)", ran.stderr)[1])
    ledger.end(name, "atheris")
