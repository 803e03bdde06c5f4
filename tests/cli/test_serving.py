"""The server as a process: started, used, sent a new release, and stopped by signals; and the command line as one."""

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import replace

import pytest

from penchant.errors import ArtefactError, NotReadyError, UsageError
from penchant.project import Project
from penchant.serving import server as serving

COMMAND = [sys.executable, "-m", "penchant"]


@contextmanager
def process(*words, **options):
    """A running command, killed at the end if it still runs."""
    ran = subprocess.Popen(
        [*COMMAND, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )
    try:
        yield ran
    finally:
        if ran.poll() is None:
            ran.kill()
        ran.communicate()


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def eventually(look, seconds=20):
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if look():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("it never came true")


def url_of(ran):
    """The URL that a server prints."""
    line = ran.stdout.readline()
    assert "console at http://127.0.0.1:" in line
    return line.split()[2].rstrip("/")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_serve_follows_promotions_and_stops_well(run, shop, sent):
    old, new = (r["version"] for r in run("releases", shop, "--json").json["releases"])
    with process("serve", shop, "--port", 0) as ran:
        url = url_of(ran)
        assert get(f"{url}/readyz")["release"] == new
        run("promote", shop, old)
        eventually(lambda: get(f"{url}/readyz")["release"] == old)
        ran.send_signal(sent)
        out, err = ran.communicate(timeout=20)
    assert ran.returncode == 0
    assert f"now serving release {old}" in err
    assert "Traceback" not in err
    assert "GET" not in out + err


def test_a_taken_port(run, shop):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run("serve", shop, "--port", port)
    assert ran.code == 1
    assert ran.err == f"penchant: port {port} of 127.0.0.1 cannot be listened on: Address already in use\n"


def test_addresses():
    with serving.listening("localhost", 0) as sock:
        assert sock.getsockname()[1] > 0
    with pytest.raises(UsageError, match="nowhere"):
        serving.listening("nowhere.invalid", 0)
    with pytest.raises(NotReadyError):
        serving.listening("192.0.2.1", 0)


def test_the_watcher_keeps_what_it_has_if_the_new_release_is_damaged(shop, caplog):
    with Project(shop) as project:
        watcher = serving.Watcher(project)
        assert watcher.look() is False
        served = project.engine.release.version
        (damaged,) = (r["version"] for r in project.releases() if r["version"] != served)
        (shop / "releases" / damaged / "extra").write_text("")
        project.built.artefacts.promote(damaged)
        with pytest.raises(ArtefactError):
            watcher.look()
        assert watcher.look() is False
        assert project.engine.release.version == served


def test_a_release_that_answers_nobody_is_not_swapped_to(shop, monkeypatch):
    class Broken:
        def apply(self, context, candidates):
            raise RuntimeError("no answer")

    with Project(shop) as project:
        served = project.engine.release
        whole = replace(served, version="new")
        broken = replace(whole, stages={**served.stages, "broken": Broken()})
        monkeypatch.setattr(project.built.artefacts, "current", lambda: "new")
        monkeypatch.setattr(type(project.built.releases), "of", lambda *_: broken)
        settled = []
        watcher = serving.Watcher(project, settle=lambda: settled.append(project.engine.release))
        with pytest.raises(RuntimeError, match="no answer"):
            watcher.look()
        assert project.engine.release is served
        assert not settled
        monkeypatch.setattr(type(project.built.releases), "of", lambda *_: whole)
        watcher = serving.Watcher(project, settle=lambda: settled.append(project.engine.release))
        assert watcher.look() is True
        assert project.engine.release is whole
        watcher.warm()
        assert settled == [whole, whole]


def test_the_watcher_says_once_that_a_release_cannot_be_served(shop, caplog, monkeypatch):
    asked, looks = [], []
    with Project(shop) as project:
        monkeypatch.setattr(project.built.artefacts, "current", lambda: looks.append(1) or f"new {len(looks) > 5}")
        monkeypatch.setattr(type(project.built.releases), "of", lambda _, key: asked.append(key) or 1 / 0)
        watcher = serving.Watcher(project, pause=0.01)
        with caplog.at_level(logging.ERROR):
            watcher.start()
            eventually(lambda: len(looks) > 9)
            watcher.stop()
    assert asked == ["new False", "new True"]  # every version once, whatever its error
    assert len(caplog.records) == 2


def test_the_watcher_survives_a_store_that_fails(shop, caplog, monkeypatch):
    looks = []
    with Project(shop) as project:
        monkeypatch.setattr(project.built.artefacts, "current", lambda: looks.append(1) or 1 / (len(looks) // 5 % 2))
        watcher = serving.Watcher(project, pause=0.01)
        with caplog.at_level(logging.ERROR):
            watcher.start()
            eventually(lambda: len(looks) > 22)
            watcher.stop()
    divided = [record for record in caplog.records if "division by zero" in record.getMessage()]
    assert len(divided) == len(looks) // 10 + 1  # once each time it began to fail, whatever came between


def test_background(shop):
    with serving.background(Project(shop)) as url:
        assert get(f"{url}/healthz") == {"status": "ok"}
    with pytest.raises(OSError):  # noqa: PT011 - refused
        get(f"{url}/healthz")


def test_what_is_served_has_the_time_that_the_settings_give(shop):
    (shop / "penchant.toml").write_text(
        (shop / "penchant.toml").read_text().replace('kind = "popular"', 'kind = "popular"\ndeadline = 20.0')
        + "[serving]\nbudget = 0.000001\n"
    )
    project = Project(shop)
    with serving.background(project) as url:
        body = json.dumps({"user_id": "u1", "k": 3}).encode()
        asked = urllib.request.Request(f"{url}/v1/recommend", body, {"Content-Type": "application/json"})
        answer = get(asked)
        assert project.engine.budget.deadlines == {"popular": 20.0}
        assert len(answer["items"]) == 3
        assert "trees: no time" in answer["degraded"]
        why = get(f"{url}/v1/slates/{answer['slate_id']}?item_id={answer['items'][0]['item_id']}")
        assert (why["shown"], why["rank"]) == (True, 1), why
    with Project(shop) as project:
        assert "trees: no time" not in project.recommend("u1").degraded  # at home there is no hurry


def test_interrupted_work_is_one_line_and_leaves_no_release(shop):
    shutil.rmtree(shop / "releases")
    with process("train", shop, env={**os.environ, "OMP_NUM_THREADS": "1"}) as ran:
        assert "linear" in ran.stderr.readline()
        ran.send_signal(signal.SIGINT)
        out, err = ran.communicate(timeout=20)
    assert (ran.returncode, out) == (130, "")
    assert err.endswith("penchant: interrupted\n")
    assert "Traceback" not in err
    assert not list(shop.glob("releases/2*"))


def test_a_reader_that_leaves_is_no_failure_worth_words(shop):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "export", str(shop), "--user", "u1"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert done.stderr == ""


def test_text_of_any_script_on_a_narrow_terminal(shop):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [*COMMAND, "recommend", str(shop), "--user", "安娜", "--explain", "--language", "zh"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
