"""The generator of load counts what comes back, and from when it was due."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

GENERATOR = Path(__file__).parents[2] / "benchmarks" / "generator.py"


class Answering(BaseHTTPRequestHandler):
    """Answers in turn with what its class lists."""

    protocol_version = "HTTP/1.1"
    statuses = (200, 200, 503)
    asked = 0
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert json.loads(body) == {"user_id": "安"}
        with self.lock:
            status = self.statuses[Answering.asked % 3]
            Answering.asked += 1
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    Answering.asked = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def run(tmp_path, port, **task):
    requests = tmp_path / "requests.jsonl"
    requests.write_text(json.dumps(["/v1/recommend", {"user_id": "安"}]) + "\n", encoding="utf-8")
    asked = {"port": port, "requests": str(requests), "out": str(tmp_path / "out.npz"), **task}
    done = subprocess.run(
        [sys.executable, str(GENERATOR)], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as found:
        return dict(found)


def test_an_open_loop_asks_at_its_rate_and_counts_every_answer(tmp_path, server):
    found = run(tmp_path, server, seconds=1.5, connections=20, rate=40.0)
    assert len(found["status"]) == Answering.asked == 60
    assert np.bincount(found["status"])[[200, 503]].tolist() == [40, 20]
    np.testing.assert_allclose(np.diff(np.sort(found["began"])), 1 / 40, atol=1e-6)
    assert (found["took"] > 0).all()


def test_a_closed_loop_ends(tmp_path, server):
    found = run(tmp_path, server, seconds=0.5, connections=2)
    assert len(found["status"]) == Answering.asked >= 2
    assert set(found["status"].tolist()) <= {200, 503}


def test_what_gets_no_answer_is_counted_as_such(tmp_path):
    found = run(tmp_path, 9, seconds=0.2, connections=5, rate=50.0)  # nobody listens there
    assert found["status"].tolist() == [0] * 10


def test_a_run_has_an_end(tmp_path):
    asked = {"port": 9, "requests": "", "out": "", "seconds": 1e9, "connections": 1}
    done = subprocess.run(
        [sys.executable, str(GENERATOR)], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "has an end" in done.stderr
