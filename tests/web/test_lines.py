"""Every request has a name and, where that is wanted, a line in the log; no line tells whose request it was."""

import io
import json
import logging
import sys
import time

import pytest
import requests

from penchant.errors import StoreError
from penchant.telemetry import logs

SECRETS = ("zoe@example.org", "zoes-wish-for-tea", "G00-of-zoe", "zoes-device")


@pytest.fixture
def written():
    """What is written to the log as JSON, from now on; a line may come after its answer, so it can wait for some."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Lines("json"))
    root.addHandler(handler)
    mine = logging.getLogger("penchant")
    level = mine.level
    mine.setLevel(logging.INFO)

    def found(wanted=0):
        until = time.monotonic() + 30
        while stream.getvalue().count("\n") < wanted and time.monotonic() < until:
            time.sleep(0.02)
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield found
    root.removeHandler(handler)
    mine.setLevel(level)


@pytest.fixture
def talking(make_engine, serve):
    """An engine and the URL of its server, which tells of every request."""
    engine = make_engine()
    with serve(engine, access=1.0) as url:
        yield engine, url


def ask(url, body, **headers):
    return requests.post(f"{url}/v1/recommend", json=body, headers=headers, timeout=30)


def test_an_answer_bears_the_name_its_caller_gave_it(talking):
    _, url = talking
    assert ask(url, {"user_id": "u"}, **{"X-Request-ID": "order-7.b_2"}).headers["X-Request-ID"] == "order-7.b_2"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, 'say "hi"', "<script>", "ä".encode().decode("latin-1")])
def test_a_name_that_could_do_harm_is_replaced(talking, name):
    _, url = talking
    first, second = (ask(url, {"user_id": "u"}, **{"X-Request-ID": name}).headers["X-Request-ID"] for _ in range(2))
    assert first != second
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")


def test_problems_bear_the_name(talking):
    _, url = talking
    for body, status in (({}, 422), ({"user_id": "u", "k": 0}, 422), (b"x" * 3_000_000, 413)):
        kind = {"Content-Type": "application/json", "X-Request-ID": "mine"}
        data = body if isinstance(body, bytes) else json.dumps(body)
        answer = requests.post(f"{url}/v1/recommend", data=data, headers=kind, timeout=30)
        assert (answer.status_code, answer.json()["request_id"]) == (status, "mine")
    answer = requests.get(f"{url}/nowhere", timeout=30)
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_a_line_tells_route_status_time_and_what_was_lacking(talking, written):
    _, url = talking
    ask(url, {"user_id": "u", "item_id": "none such"}, **{"X-Request-ID": "one"})
    requests.get(f"{url}/v1/users/somebody", headers={"X-Request-ID": "two"}, timeout=30)
    first, second = [line for line in written(2) if line["logger"] == "penchant.access"]
    assert (first["request_id"], first["method"], first["route"], first["status"]) == (
        "one",
        "POST",
        "/v1/recommend",
        200,
    )
    assert {"unknown items", "linear", "trees"} <= set(first["degraded"])
    assert 0 < first["ms"] < 60_000
    assert (second["request_id"], second["route"], second["status"]) == ("two", "/v1/users/{user_id:path}", 404)
    assert second["degraded"] == []


@pytest.mark.parametrize(("share", "lines"), [(0.0, 0), (0.25, 2), (1.0, 8)])
def test_as_many_lines_as_are_wanted(make_engine, serve, written, share, lines):
    with serve(make_engine(), access=share) as url:
        for _ in range(8):
            requests.get(f"{url}/healthz", timeout=30)
    assert len([line for line in written() if line["logger"] == "penchant.access"]) == lines


def test_a_failure_has_a_line_whatever_is_wanted_and_its_cause_under_the_same_name(make_engine, serve, written):
    engine = make_engine()

    def fail(*_, **__):
        raise RuntimeError(f"nothing is known about {SECRETS[0]}")

    engine.recommend = fail
    with serve(engine, access=0.0) as url:
        assert ask(url, {"user_id": SECRETS[0]}, **{"X-Request-ID": "broken"}).status_code == 500
    failed, line = written()
    assert failed["request_id"] == line["request_id"] == "broken"
    assert (failed["error"]["type"], "message" in failed["error"]) == ("RuntimeError", False)
    assert failed["error"]["where"][-1].endswith(" fail")
    assert (line["route"], line["status"]) == ("/v1/recommend", 500)
    assert SECRETS[0] not in json.dumps(written())


def test_what_a_store_says_is_told(make_engine, serve, written):
    engine = make_engine()

    def fail(*_, **__):
        try:
            raise KeyError(SECRETS[0])
        except KeyError as error:
            raise StoreError("sqlite:///penchant.db: disk I/O error") from error

    engine.recommend = fail
    with serve(engine) as url:
        assert ask(url, {"user_id": "u"}).status_code == 503
    lines = written(2)
    assert "a store failed: sqlite:///penchant.db: disk I/O error" in [line["message"] for line in lines]
    assert SECRETS[0] not in json.dumps(lines)


def test_no_line_names_a_person_an_item_or_a_text(talking, written, monkeypatch):
    engine, url = talking
    user, text, item, device = SECRETS
    body = {"user_id": user, "text": text, "item_id": item, "context": {"device": device}}
    slate = ask(url, body).json()["slate_id"]
    event = {"user_id": user, "item_id": item, "text": text, "event_type": device, "slate_id": slate}
    requests.post(f"{url}/v1/events", json={"events": [event, {"user_id": user, "value": text}]}, timeout=30)
    for path in (f"/v1/users/{user}", f"/v1/users/{user}/steer", f"/v1/slates/{slate}?item_id={item}", f"/{user}"):
        requests.get(url + path, timeout=30)
    monkeypatch.setattr(engine.people.__class__, "of", lambda *_: {}[user])
    assert ask(url, body).status_code == 500
    lines = written(8)
    said = json.dumps(lines)
    assert len(lines) > 7
    assert [secret for secret in SECRETS if secret in said] == []


def test_text_lines_tell_the_same(capsys):
    logs.settle("text")
    try:
        try:
            {}[SECRETS[0]]
        except KeyError:
            logging.getLogger("penchant.web").exception("it failed", extra={"told": {"route": "/v1/x", "degraded": []}})
    finally:
        for handler in logging.getLogger().handlers[:]:
            logging.getLogger().removeHandler(handler)
        logging.getLogger("penchant").setLevel(logging.NOTSET)
    first, second, third = capsys.readouterr().err.splitlines()
    assert first.split(" ", 1)[1] == "ERROR penchant.web: it failed route=/v1/x degraded=-"
    assert second == "  KeyError"
    assert third.startswith("    at web/test_lines.py:")
    assert sys.exc_info() == (None, None, None)
