"""The short way says what the long way says: to the last header where nothing is drawn, named or timed."""

import json

import pytest

SHORT, LONG = "application/json", "application/json; charset=utf-8"
FREE = ("slate_id", "took_ms", "position", "request_id")  # differ between two requests that are alike
EVENT = {"user_id": "user-02", "item_id": "G00", "event_id": "once"}


def told(client, path, body, kind, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client("POST", path, data, timeout=120, headers={"Content-Type": kind, "X-Request-ID": "same", **headers})
    document = {key: value for key, value in answer.json().items() if key not in FREE}
    names = {
        name.lower(): value for name, value in answer.headers.items() if name.lower() not in ("date", "content-length")
    }
    return answer.status_code, names, document


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/recommend", {"user_id": "user-01", "k": 3}),
        ("/v1/recommend", {"user_id": "user-01", "k": 3, "explain": True}),
        ("/v1/recommend", {"user_id": "user-01", "k": 0}),
        ("/v1/recommend", {"user_id": "user-01", "surprise": 1}),
        ("/v1/recommend", {"user_id": "user-01", "min_position": 2**52}),
        ("/v1/recommend", {"user_id": "user-01", "candidates": ["unknown", "G00"]}),
        ("/v1/recommend", b"{"),
        ("/v1/recommend", b""),
        ("/v1/recommend", b"[1]"),
        ("/v1/rank", {"user_id": "user-01", "candidates": ["G00", "K00"]}),
        ("/v1/rank", {"user_id": "user-01"}),
        ("/v1/events", {"events": [EVENT, {"user_id": 7}]}),
        ("/v1/events", {"events": []}),
        ("/v1/events", b'{"events": [NaN]}'),
    ],
)
def test_both_ways_are_alike(client, path, body):
    client("POST", "/v1/events", {"events": [EVENT]})  # so that it is a duplicate both times
    for spoken in ("en", "zh, en;q=.5"):
        short, long = (told(client, path, body, kind, **{"Accept-Language": spoken}) for kind in (SHORT, LONG))
        assert short == long


def test_other_verbs_and_other_bodies_go_the_long_way(client):
    assert client("GET", "/v1/recommend").status_code == 405
    assert client("POST", "/v1/recommend", b"{}", headers={"Content-Type": "text/plain"}).status_code == 415


def test_what_is_flawless_does_not_touch_the_framework(engine, client, monkeypatch):
    def never(*_):
        raise AssertionError("the long way")

    monkeypatch.setattr("fastapi.routing.APIRoute.handle", never)
    assert client.ask("user-01")["items"]
    assert client.tell(user_id="user-01", item_id="G00")["accepted"] == 1
