"""Several workers on one machine: any of them answers for anybody, a dead one is replaced, all of them leave well."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from penchant import pipeline
from penchant.project import Project


@contextmanager
def crew(folder, *words):
    """The URL and the process of a server with two workers, patient with those who ask."""
    with (folder / "penchant.toml").open("a") as settings:
        settings.write("[serving]\nidle = 600\n")
    command = [sys.executable, "-m", "penchant", "serve", str(folder), "--port", "0", "--workers", "2", *words]
    ran = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = ran.stdout.readline()
        assert "console at http://127.0.0.1:" in line, ran.stderr.read()
        yield line.split()[2].rstrip("/"), ran
    finally:
        if ran.poll() is None:
            ran.kill()
        ran.communicate()


class Line:
    """A connection that is kept, so that one worker answers all that is sent over it."""

    def __init__(self, url):
        place = urlsplit(url)
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)

    def __call__(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def worker(self):
        """The process at the other end."""
        return self("GET", "/readyz")[1]["worker"]


def lines(url, stack, wanted=2, other_than=()):
    """A connection to each worker, by its process."""
    found = {}
    until = time.monotonic() + 120
    while len(found) < wanted:
        assert time.monotonic() < until, f"only {found} answered"
        line = Line(url)
        stack.callback(line.connection.close)
        try:
            worker = line.worker()
        except OSError:
            continue
        if worker not in other_than:
            found.setdefault(worker, line)
        time.sleep(0.01)
    return found


def bought(line, user, item, **more):
    status, told = line("POST", "/v1/events", {"events": [{"user_id": user, "item_id": item, **more}]})
    assert (status, told["rejected"]) == (200, [])
    return told["position"]


def known(line, user):
    """How many events a worker knows of a person."""
    return len(line("GET", f"/v1/users/{user}")[1]["events"])


def test_any_worker_answers_for_anybody_with_all_that_was_acknowledged(shop):
    with crew(shop) as (url, ran), ExitStack() as stack:
        one, other = lines(url, stack).values()
        for turn in range(20):
            here, there = (one, other) if turn % 2 else (other, one)
            user, item = f"new-{turn % 4}", f"{'GKR'[turn % 3]}{turn % 10}"
            position = bought(here, user, item, event_type="purchase")
            body = {"user_id": user, "k": 30, "explain": True}
            status, plain = there("POST", "/v1/recommend", body)
            assert (status, plain["position"] >= position) == (200, True)
            status, sure = there("POST", "/v1/recommend", {**body, "min_position": position})
            assert (status, sure["position"] >= position) == (200, True)
            assert known(there, user) == turn // 4 + 1
        status, told = one("POST", "/v1/users/u1/steer", {"text": "no garden"})
        assert status == 200, told
        picks = other("POST", "/v1/recommend", {"user_id": "u1", "k": 10})[1]["items"]
        assert not [pick for pick in picks if pick["item_id"].startswith("G")]
        ran.send_signal(signal.SIGTERM)
        _, err = ran.communicate(timeout=120)
    assert ran.returncode == 0
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers share a socket")
def test_connections_opened_at_once_are_dealt_out_among_the_workers(shop):
    with crew(shop) as (url, _), ExitStack() as stack:
        lines(url, stack)  # until both are there
        many = [Line(url) for _ in range(32)]
        for line in many:
            stack.callback(line.connection.close)
            line.connection.connect()
        each = Counter(line.worker() for line in many)
        assert min(each.values()) >= 4, each  # one in a hundred thousand by chance
        assert len(each) == 2


def test_a_second_server_of_several_workers_is_told_that_the_port_is_taken(shop):
    with crew(shop) as (url, _):
        port = url.rpartition(":")[2]
        command = [sys.executable, "-m", "penchant", "serve", str(shop), "--port", port, "--workers", "2"]
        second = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode != 0
    assert f"port {port} of 127.0.0.1 cannot be listened on" in second.stderr


def test_a_worker_that_dies_is_replaced_and_nothing_acknowledged_is_lost(shop):
    with crew(shop) as (url, ran), ExitStack() as stack:
        found = lines(url, stack)
        (first, line), (second, other) = found.items()
        for turn in range(10):
            bought(line, "kept", f"G{turn}", event_id=f"kept-{turn}")
        os.kill(first, signal.SIGKILL)
        assert known(other, "kept") == 10
        (line,) = lines(url, stack, wanted=1, other_than=(first, second)).values()
        assert known(line, "kept") == 10
        bought(line, "kept", "G3", event_id="kept-3")  # sent again by somebody who got no answer
        assert known(other, "kept") == 10
        status, answer = line("POST", "/v1/recommend", {"user_id": "kept"})
        assert status == 200, answer
        ran.send_signal(signal.SIGTERM)
        _, err = ran.communicate(timeout=120)
    assert ran.returncode == 0
    assert f"worker {first} died with exit code -9" in err
    with Project(shop) as project:
        assert project.engine.slate(answer["slate_id"]).query.user == "kept"  # slates are flushed on the way out
        world = project.engine.follower.catch_up()
        engine = project.engine
        kept = engine.people.of(world, "kept", int(world.timeline.time[-1]), engine.release).folds
        np.testing.assert_equal(dict(kept), pipeline.person(world.timeline, "kept", engine.folds))


def test_workers_leave_when_whoever_started_them_is_gone(shop):
    with crew(shop) as (url, ran), ExitStack() as stack:
        workers = list(lines(url, stack))
        ran.kill()
        ran.wait(60)
        until = time.monotonic() + 60
        while any(alive(worker) for worker in workers):
            assert time.monotonic() < until, "a worker stayed"
            time.sleep(0.05)


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_mistake_is_told_once_and_nothing_is_served(shop, run):
    (shop / "penchant.toml").write_text('[stores]\nlog = "sqlite:////dev/null/nowhere/penchant.db"\n')
    command = [sys.executable, "-m", "penchant", "serve", str(shop), "--port", "0", "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("nowhere") <= 2, done.stderr
    (shop / "penchant.toml").write_text("[serving]\nthreads = 0\n")
    wrong = run("serve", shop, "--port", "0", "--workers", "2")
    assert wrong.code == 2
    assert "threads is 0" in wrong.err


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Two workers on a small machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
