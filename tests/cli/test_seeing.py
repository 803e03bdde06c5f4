"""A server as a process tells what it was set up to tell: lines as JSON, a share of requests, spans to a collector."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@contextmanager
def collecting():
    """A collector's URL, and the bodies that came."""
    came = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", came
        server.shutdown()


def served(shop, settings):
    """Lines on stderr of a server of these settings that was asked twice, the second time what is not there."""
    config = shop / "penchant.toml"
    config.write_text(f"{settings}\n{config.read_text()}")
    words = [sys.executable, "-m", "penchant", "serve", str(shop), "--port", "0"]
    ran = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        url = ran.stdout.readline().split()[2].rstrip("/")
        asked = urllib.request.Request(
            f"{url}/v1/recommend",
            data=b'{"user_id": "zoe", "text": "tea"}',
            headers={"Content-Type": "application/json", "X-Request-ID": "mine"},
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.headers["X-Request-ID"] == "mine"
        ran.send_signal(signal.SIGTERM)
        _, err = ran.communicate(timeout=60)
    finally:
        if ran.poll() is None:
            ran.kill()
            ran.communicate()
    assert ran.returncode == 0, err
    return err.splitlines()


def test_lines_are_json_and_every_request_has_one(shop):
    lines = [json.loads(line) for line in served(shop, '[serving]\nlog = "json"\naccess = 1.0')]
    (line,) = [line for line in lines if line.get("route") == "/v1/recommend"]
    assert (line["request_id"], line["status"], line["level"]) == ("mine", 200, "info")
    assert "zoe" not in json.dumps(lines)
    assert "tea" not in json.dumps(lines)


@pytest.mark.parametrize(("access", "count"), [("1.0", 1), ("0.0", 0)])
def test_lines_are_for_people_and_as_many_as_are_wanted(shop, access, count):
    lines = served(shop, f"[serving]\naccess = {access}")
    found = [line for line in lines if "INFO penchant.access: answered request_id=mine method=POST" in line]
    assert len(found) == count


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_spans_go_to_the_collector(shop, share):
    with collecting() as (url, came):
        served(shop, f'[serving]\ntraces = "{url}"\ntraced = {share}')
    assert (b"stage trees" in b"".join(came)) is (share == 1.0)
    assert b"zoe" not in b"".join(came)
