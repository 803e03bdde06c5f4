"""Encoders behind a URL, against a real little server: batches, second tries, refusals, and servers that go away."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from penchant import config
from penchant.errors import NotReadyError, UsageError
from penchant.language import remote
from penchant.language.choice import Choice
from penchant.language.encoders import load
from penchant.language.models import Hashing
from penchant.language.reader import CatalogueReader
from penchant.stores.memory import MemoryItems
from penchant.testing.plugins import EncoderContract
from penchant.types import Item


class Server(ThreadingHTTPServer):
    """Answers like OpenAI, in another order, with hashed vectors."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.failures, self.broken, self.pause = [], [], None, 0.0
        self.url = f"http://127.0.0.1:{self.server_port}/v1#tiny"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers.get("Authorization"), body))
        time.sleep(self.server.pause)
        if self.server.failures:
            status, headers = self.server.failures.pop(0)
            self.answer(status, {"error": {"message": "not\nnow"}}, headers)
            return
        rows = Hashing(dim=24).encode(body["input"], "query") * 3
        found = {"data": [{"index": n, "embedding": row.tolist()} for n, row in enumerate(rows)][::-1]}
        self.answer(200, self.server.broken or found)

    def answer(self, status, body, headers=()):
        said = json.dumps(body).encode()
        self.send_response(status)
        for name, value in [("Content-Length", str(len(said))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(remote, "_PAUSE", 0.01)


class TestRemote(EncoderContract):
    @pytest.fixture
    def encoder(self, server):
        return load(server.url)


def test_texts_go_out_in_batches_with_key_and_model_and_come_back_in_order(server):
    encoder = load(server.url, key="secret")
    texts = [f"mug {n}" for n in range(remote.BATCH + 5)]
    np.testing.assert_allclose(encoder.encode(texts, "passage"), Hashing(dim=24).encode(texts, "query"), atol=1e-6)
    path, key, body = server.asked[-1]
    assert (path, key, body["model"]) == ("/v1/embeddings", "Bearer secret", "tiny")
    assert [len(body["input"]) for _, _, body in server.asked] == [1, remote.BATCH, 5]
    assert encoder.name == f"127.0.0.1:{server.server_port}/v1#tiny"
    assert encoder.truncated(["x" * 9_000, "x"]) == 1


def test_an_e5_hears_its_prompts(server):
    load(server.url.replace("tiny", "intfloat/multilingual-e5-small")).encode(["mug"], "passage")
    assert server.asked[-1][2]["input"] == ["passage: mug"]


def test_a_busy_server_is_asked_again(server):
    encoder = load(server.url)
    assert encoder.dim == 24
    server.failures = [(503, ()), (429, [("Retry-After", "0")])]
    assert encoder.encode(["mug"], "passage").any()
    server.failures = [(503, ())] * 2
    with pytest.raises(NotReadyError, match=r"#tiny: the server answered 503: .*now.*; asked 2 times"):
        encoder.encode(["mug"], "query")


def test_a_refusal_is_told_at_once(server):
    server.failures = [(401, ())]
    with pytest.raises(UsageError, match="the server answered 401"):
        load(server.url).encode(["mug"], "query")
    assert len(server.asked) == 1


@pytest.mark.parametrize("broken", [{"data": []}, {"data": [{"index": 0}]}, {"error": "?"}, ["?"]])
def test_a_wrong_answer_is_never_a_vector(server, broken):
    encoder = load(server.url)
    assert encoder.dim == 24
    server.broken = broken
    with pytest.raises(NotReadyError, match="its answer"):
        encoder.encode(["mug"], "query")


def test_a_server_that_changes_its_numbers_is_an_error(server):
    encoder = load(server.url)
    assert encoder.dim == 24
    server.broken = {"data": [{"index": 0, "embedding": [1.0, 2.0]}]}
    with pytest.raises(NotReadyError, match="answered with 2 numbers; they were 24"):
        encoder.encode(["mug"], "query")


def test_timeout_is_how_long_one_request_may_take(server):
    encoder = load(server.url, timeout=0.1)
    server.pause = 0.4
    with pytest.raises(NotReadyError, match="cannot be reached: timed out; asked 5 times"):
        _ = encoder.dim
    assert load(server.url, timeout=5).dim == 24


@pytest.mark.parametrize("url", ["http://", "http://localhost:8000/v1", "https:///v1#model"])
def test_a_url_without_server_or_model_is_an_error(url):
    with pytest.raises(UsageError, match="with the model behind # is wanted"):
        load(url)


def test_key_and_timeout_are_settings(monkeypatch, server):
    monkeypatch.setenv("EMBEDDINGS", "s3cret")
    text = f'[encoder]\nmodel = "{server.url}"\nkey = {{ env = "EMBEDDINGS" }}\ntimeout = 3'
    asked = config.parse(text).encoder
    encoder = Choice(model=asked.model, key=asked.key, timeout=asked.timeout).load(asked.model)
    assert (encoder._key, encoder._timeout) == ("s3cret", 3)


def test_a_server_that_goes_away_stops_nobody_who_reads_already(server, caplog):
    reader = CatalogueReader(choice=Choice(model=server.url), template="{title}", store=MemoryItems(), aside=0)
    server.failures = [(503, ())] * 5
    with pytest.raises(NotReadyError):
        reader.items([Item(id="a", title="red mug")])
    assert reader.items([Item(id="a", title="red mug")]).any()
    server.failures = [(503, ())] * 7
    assert not reader.wish("a cup").any()
    assert not reader.items([Item(id="b", title="scarlet cup")]).any()
    assert reader.items([Item(id="a", title="red mug")]).any()  # is remembered
    assert reader.wish("a cup").any()  # the server is back
    assert "1 changed items say nothing until the next start" in caplog.text
