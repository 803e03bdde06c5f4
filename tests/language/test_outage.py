"""The language model's server is killed or stopped under load: answers go on without it, in time, and say so."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from penchant.build import build
from penchant.types import Event, Item, Query

SERVER = Path(__file__).with_name("chat_server.py")
DEADLINE = 0.25  # seconds; how long answers take is in benchmarks/outage.py
THREADS = 4


@contextmanager
def serving(seconds=0.005):
    """The server as a process of its own, and its URL."""
    process = subprocess.Popen([sys.executable, str(SERVER), str(seconds)], stdout=subprocess.PIPE, text=True)
    try:
        port = process.stdout.readline().strip()
        yield process, f"http://127.0.0.1:{port}/v1#order"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def engine(settings, url, **generator):
    told = "\n".join(f"{name} = {value}" for name, value in generator.items())
    more = f"""
        [generator]
        model = "{url}"
        {told}
        [[sources]]
        kind = "popular"
        [[stages]]
        kind = "listwise"
        deadline = {DEADLINE}
        calls = 100000
    """
    built = build(settings(more), folder=None).engine
    built.put_items([Item(id=f"i{n}", title=f"thing {n}") for n in range(30)])
    built.observe([Event(user="a", item=f"i{n}", kind="purchase") for n in range(30)])
    try:
        yield built
    finally:
        built.close()


def load(asked, seconds, happens, after):
    """Slates and times of several threads that ask without a pause, while something happens."""
    found, end = [], time.monotonic() + seconds

    def ask(thread):
        n = 0
        while time.monotonic() < end:
            began = time.monotonic()
            slate = asked.recommend(Query(user=f"new {thread} {n}", k=5, text=f"wish {thread} {n}"))
            found.append((began, time.monotonic() - began, slate))
            n += 1

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    time.sleep(after)
    happens()
    at = time.monotonic()
    for thread in threads:
        thread.join()
    return found, at


def outcomes(asked):
    lines = asked.telemetry.exposition().decode().splitlines()
    found = [line.split('"') for line in lines if line.startswith("penchant_generator_calls_total")]
    return {name: float(value.split()[-1]) for _, name, value in found}


@pytest.mark.parametrize(("sign", "outcome"), [(signal.SIGKILL, "failed"), (signal.SIGSTOP, "late")])
def test_recommendations_flow_while_the_server_is_away(settings, sign, outcome):
    with serving() as (process, url), engine(settings, url, pause=60, failures=3) as asked:
        asked.recommend(Query(user="first", text="warm"))
        found, at = load(asked, 1.6, lambda: process.send_signal(sign), after=0.6)
        counted = outcomes(asked)
    before = [slate for began, took, slate in found if began + took < at]
    after = [slate for began, _, slate in found if began >= at]
    assert len(after) > 20
    assert sum(bool(slate.cost) for slate in before) > len(before) / 2
    assert all(len(slate.picks) == 5 for _, _, slate in found)
    assert all(slate.degraded for slate in after[-20:])
    assert after[-1].degraded[0].startswith("listwise: ")
    assert counted[outcome] >= 3
    assert counted["paused"] > 10
    assert 'penchant_degraded_total{what="listwise"}' in asked.telemetry.exposition().decode()


def test_it_is_asked_again_when_it_is_back(settings):
    with serving() as (process, url), engine(settings, url, pause=0.3, failures=1) as asked:
        process.send_signal(signal.SIGSTOP)
        assert asked.recommend(Query(user="u", text="one")).degraded
        assert asked.recommend(Query(user="u", text="two")).degraded
        process.send_signal(signal.SIGCONT)
        time.sleep(0.35)
        slate = asked.recommend(Query(user="u", text="three"))
        assert slate.degraded == ()
        assert slate.items[:2] == asked.recommend(Query(user="u", text="three")).items[:2]
        assert slate.cost["tokens"] == 300
