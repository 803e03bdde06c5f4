"""The metrics of several workers: all of them whoever is asked, each under its number, and none twice or half."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager

from prometheus_client.parser import text_string_to_metric_families

from penchant.serving.gathering import Gathering, joined
from penchant.telemetry.measures import Telemetry

DOOMED = """
import sys, time, pathlib
from penchant.serving.gathering import Gathering
from penchant.telemetry.measures import Telemetry
print(Gathering(pathlib.Path(sys.argv[1]), Telemetry()).number, flush=True)
time.sleep(600)
"""


def read(text):
    """Name and labels → value, of the text of metrics."""
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families), "a metric is described twice"
    return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


@contextmanager
def gathered(folder, answers):
    """A worker that has answered so often."""
    telemetry = Telemetry()
    for _ in range(answers):
        telemetry.answered("home", "r", ())
    telemetry.timings.one(0.25, "read", "")
    worker = Gathering(folder, telemetry)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def answered(text, worker):
    return text["penchant_answers_total", ("release", "r"), ("surface", "home"), ("worker", worker)]


def test_whoever_is_asked_tells_of_all(tmp_path):
    with gathered(tmp_path, 3) as first, gathered(tmp_path, 5) as second:
        texts = [read(worker.exposition().decode()) for worker in (first, second)]
        assert texts[0].keys() == texts[1].keys()
        for text in texts:
            assert (answered(text, "0"), answered(text, "1")) == (3, 5)
            assert text["penchant_stage_seconds_count", ("part", ""), ("step", "read"), ("worker", "1")] == 1
            assert text["penchant_workers",] == 2


def test_the_number_of_one_who_left_goes_to_the_next(tmp_path):
    with ExitStack() as stack:
        stack.enter_context(gathered(tmp_path, 1))
        with gathered(tmp_path, 2) as leaving:
            assert leaving.number == 1
        alone = stack.enter_context(gathered(tmp_path, 4))
        text = read(alone.exposition().decode())
        assert (alone.number, answered(text, "1"), text["penchant_workers",]) == (1, 4, 2)


def test_one_who_was_killed_is_left_out_until_another_has_its_number(tmp_path):
    with gathered(tmp_path, 1) as alive:
        with subprocess.Popen([sys.executable, "-c", DOOMED, tmp_path], stdout=subprocess.PIPE) as doomed:
            assert doomed.stdout.readline() == b"1\n"
            doomed.kill()
        assert (tmp_path / "1.sock").exists()
        assert read(alive.exposition().decode())["penchant_workers",] == 1
        with gathered(tmp_path, 7) as replaced:
            assert replaced.number == 1
            assert answered(read(alive.exposition().decode()), "1") == 7


def test_texts_are_joined_metric_by_metric():
    texts = [
        b'# HELP a A.\n# TYPE a gauge\na{w="0"} 1\n# HELP b B.\n# TYPE b gauge\nb 2\n',
        b'# HELP a A.\n# TYPE a gauge\na{w="1"} 3\n',
    ]
    assert joined(texts) == b'# HELP a A.\n# TYPE a gauge\na{w="0"} 1\na{w="1"} 3\n# HELP b B.\n# TYPE b gauge\nb 2\n'
    assert joined([b""]) == b""


def metrics(url):
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        return read(answer.read().decode())


@contextmanager
def crew(folder):
    """The URL of a server with two workers."""
    command = [sys.executable, "-m", "penchant", "serve", str(folder), "--port", "0", "--workers", "2"]
    ran = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield ran.stdout.readline().split()[2].rstrip("/")
        ran.send_signal(signal.SIGTERM)
        _, said = ran.communicate(timeout=60)
        assert (ran.returncode, "Traceback" in said) == (0, False), said
    finally:
        if ran.poll() is None:
            ran.kill()
            ran.communicate()


def test_a_server_with_workers_tells_of_every_request(shop):
    with crew(shop) as url:
        until = time.monotonic() + 120
        while metrics(url)["penchant_workers",] < 2:
            assert time.monotonic() < until, "not all of them came up"
            time.sleep(0.2)
        before = metrics(url)
        for _ in range(12):
            with urllib.request.urlopen(f"{url}/healthz", timeout=60) as answer:
                assert answer.status == 200
        after = metrics(url)
    keys = [key for key in after if key[0] == "penchant_http_requests_total" and ("route", "/healthz") in key]
    assert sum(after[key] - before.get(key, 0.0) for key in keys) == 12
    assert {dict(key[1:])["worker"] for key in after if key[0] == "penchant_log_position"} == {"0", "1"}


def post(url, path, body):
    """What a server answers over a connection of its own, so that any worker may."""
    asked = urllib.request.Request(
        url + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.loads(answer.read())


def test_a_click_is_counted_whichever_worker_had_shown_the_list(shop):
    with crew(shop) as url:
        for n in range(8):
            slate = post(url, "/v1/recommend", {"user_id": f"u{n}"})["slate_id"]
            deed = {"user_id": f"u{n}", "item_id": "G0", "event_type": "click", "slate_id": slate}
            assert post(url, "/v1/events", {"events": [deed]})["accepted"] == 1
        until, counted = time.monotonic() + 50, 0
        while counted < 8 and time.monotonic() < until:
            found = metrics(url)
            keys = [k for k in found if k[0] == "penchant_slate_events_total" and ("kind", "click") in k]
            counted = sum(found[key] for key in keys)
            time.sleep(0.2)
        assert counted == 8
        assert sum(value for key, value in found.items() if key[0] == "penchant_answers_total") == 8
