"""No person's text and no key in logs, problem documents or metrics, whatever goes wrong."""

import asyncio
import logging

import pytest
import requests

from penchant import keys
from penchant.errors import StoreError
from penchant.telemetry.logs import Lines
from penchant.web.app import create_app

MARK = "MARKzebra7"  # part of whatever a person might say
WRONG = [
    ("POST", "/v1/recommend", {"user_id": MARK + "\u0007"}),
    ("POST", "/v1/recommend", {"user_id": MARK, "k": MARK}),
    ("POST", "/v1/recommend", {"user_id": [MARK]}),
    ("POST", "/v1/recommend", {"user_id": MARK, "text": MARK * 1_000}),
    ("POST", "/v1/recommend", {"user_id": MARK, "text": f"{MARK}\u0000"}),
    ("POST", "/v1/recommend", {"user_id": MARK, "context": {"mood": [MARK]}}),
    ("POST", "/v1/recommend", {"user_id": MARK, "surface": "rank", "text": MARK}),
    ("POST", "/v1/recommend", {"user_id": MARK, "candidates": MARK}),
    ("POST", "/v1/recommend", {"user_id": MARK, "min_position": 10**9}),
    ("POST", "/v1/recommend", f'{{"user_id": "{MARK}"'.encode()),
    ("POST", "/v1/recommend", f'{{"user_id": {MARK}}}'.encode()),
    ("POST", "/v1/recommend", MARK.encode()),
    ("POST", "/v1/rank", {"user_id": MARK, "candidates": []}),
    ("POST", "/v1/copy", {"user_id": MARK}),
    ("POST", "/v1/copy", {"user_id": MARK, "slate_id": "x"}),
    ("POST", "/v1/events", {"events": [{"user_id": MARK, "text": MARK * 1_000, "item_id": 7}], "more": MARK}),
    ("POST", f"/v1/users/{MARK}/steer", {"text": [MARK]}),
    ("POST", f"/v1/users/{MARK}/steer", {"text": MARK * 1_000}),
    ("POST", f"/v1/users/{MARK}%00/steer", {"text": MARK}),
    ("DELETE", f"/v1/users/{MARK}/steer/none", None),
    ("GET", f"/v1/users/{MARK}", None),
    ("GET", f"/v1/users/{MARK}%00", None),
    ("GET", f"/v1/users/{MARK * 60}", None),
    ("GET", f"/console/history?user_id={MARK}%00&limit={MARK}", None),
    ("GET", f"/console/people?q={MARK * 30}", None),
    ("GET", f"/nowhere/{MARK}?{MARK}={MARK}", None),
    ("PATCH", f"/v1/users/{MARK}", None),
]


class Watched(logging.Handler):
    """Everything that is logged by anybody but the client, as the server writes it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.setFormatter(Lines("json"))
        self.text = ""

    def emit(self, record):
        if record.name.partition(".")[0] not in ("urllib3", "charset_normalizer", "numba"):
            self.text += self.format(record) + "\n"


@pytest.fixture
def watched(caplog):
    caplog.set_level(logging.INFO)
    for name in ("penchant", "uvicorn.error", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    handler = Watched()
    logging.getLogger().addHandler(handler)
    logging.getLogger("uvicorn.error").addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    logging.getLogger("uvicorn.error").removeHandler(handler)


def send(client, method, path, body):
    headers = {"X-API-Key": f"pen_{MARK}", "Referer": f"http://{MARK}/", "Accept-Language": MARK}
    return client(method, path, body, headers=headers)


def test_what_is_refused_is_not_repeated(client, watched):
    for wrong in WRONG:
        answer = send(client, *wrong)
        assert answer.status_code >= 400, wrong
        assert answer.headers["content-type"] == "application/problem+json"
        assert MARK not in answer.text, wrong
        assert MARK not in str(answer.headers), wrong
    assert MARK not in watched.text
    assert MARK not in client("GET", "/metrics").text


def test_what_is_rejected_is_not_repeated(client, watched):
    good = {"user_id": MARK, "item_id": "G00", "event_type": MARK, "text": MARK, "context": {MARK: MARK}}
    bad = [
        {**good, "event_type": MARK * 10},
        {**good, "timestamp": MARK},
        {**good, "value": MARK},
        {**good, "context": {"mood": {MARK: MARK}}},
        {"user_id": MARK},
    ]
    answer = client("POST", "/v1/events", {"events": [good, *bad]})
    assert (answer.json()["accepted"], len(answer.json()["rejected"])) == (1, len(bad))
    assert MARK not in answer.text
    client.ask(MARK, text=MARK, context={MARK: MARK})
    client("POST", f"/v1/users/{MARK}/steer", {"text": f"nothing like {MARK}"})
    client("DELETE", f"/v1/users/{MARK}")
    assert MARK not in watched.text
    assert MARK not in client("GET", "/metrics").text


@pytest.mark.parametrize("error", [RuntimeError, KeyError, ValueError, StoreError])
def test_what_fails_inside_is_told_by_its_place_alone(make_engine, serve, watched, error):
    engine = make_engine()
    said = "down" if error is StoreError else f"no {MARK} here"

    def fail(*_, **__):
        try:
            raise ValueError(MARK)
        except ValueError as cause:
            raise error(said) from cause

    with serve(engine) as url:
        engine.recommend = fail
        answer = requests.post(f"{url}/v1/recommend", json={"user_id": MARK, "text": MARK}, timeout=60)
        metrics = requests.get(f"{url}/metrics", timeout=60).text
    assert answer.status_code == (503 if error is StoreError else 500)
    assert MARK not in answer.text + metrics + watched.text
    if error is StoreError:
        assert "a store failed: down" in watched.text
        return
    assert error.__name__ in watched.text
    assert "test_silence.py" in watched.text
    assert '"cause":{"type":"ValueError"' in watched.text


def test_a_key_is_never_repeated(make_engine, serve, watched, tmp_path):
    secret = keys.create(tmp_path / "keys.json", "web", ["read"])[1]
    with serve(make_engine(), keyring=keys.Keyring(tmp_path / "keys.json")) as url:
        for key, path in ((secret, "/v1/users/u"), (f"pen_{MARK}", "/metrics"), (secret + MARK, "/metrics")):
            answer = requests.get(url + path, headers={"Authorization": f"Bearer {key}"}, timeout=60)
            assert answer.status_code in (401, 403)
            assert not [word for word in (secret[13:], MARK) if word in answer.text + str(answer.headers)]
        metrics = requests.get(f"{url}/metrics", headers={"X-API-Key": secret}, timeout=60)
    assert metrics.status_code == 200
    assert not [word for word in (secret[13:], MARK) if word in metrics.text + watched.text]


@pytest.mark.parametrize(
    ("said", "counted"), [("<TCPTransport closed=True>; the handler is closed", 499), ("twice", 200)]
)
def test_whoever_hangs_up_is_no_failure_of_ours(make_engine, watched, said, counted):
    engine = make_engine()
    app = create_app(engine, title="x")

    async def send(message):
        if message["type"] == "http.response.body":
            raise RuntimeError(said)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/healthz", "root_path": "", "headers": [], "query_string": b""}
    asyncio.run(app({**scope, "client": ("127.0.0.1", 1), "http_version": "1.1", "scheme": "http"}, receive, send))
    told = engine.telemetry.exposition().decode()
    assert f'route="/healthz",status="{counted}"' in told
    assert ("request failed" in watched.text) is (counted == 200)
    engine.close()
