"""Whatever is sent, the answer is a problem document of the 4xx kind, and the server goes on."""

import json

import pytest

LONG = "x" * 513
DEEP = b"[" * 100_000 + b"]" * 100_000
RAW = {  # bodies that are no JSON at all
    "empty braces missing": b"{",
    "trailing comma": b'{"user_id": "u",}',
    "single quotes": b"{'user_id': 'u'}",
    "two documents": b'{"user_id": "u"} {"user_id": "u"}',
    "nan": b'{"user_id": "u", "context": {"a": NaN}}',
    "infinity": b'{"user_id": "u", "context": {"a": Infinity}}',
    "not utf-8": b'{"user_id": "\xff\xfe"}',
    "utf-16": '{"user_id": "u"}'.encode("utf-16"),
    "latin-1": '{"user_id": "é"}'.encode("latin-1"),
    "lone surrogate": b'{"user_id": "\\ud800"}',
    "reversed surrogates": b'{"user_id": "\\udc00\\ud800"}',
    "raw surrogate": b'{"user_id": "\xed\xa0\x80"}',
    "deep list": DEEP,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "raw newline in text": b'{"user_id": "a\nb"}',
    "raw null byte": b'{"user_id": "a\x00b"}',
    "comment": b'{"user_id": "u"} // who',
    "hex number": b'{"user_id": "u", "k": 0x10}',
    "leading zero": b'{"user_id": "u", "k": 010}',
    "plus": b'{"user_id": "u", "k": +1}',
    "bare word": b"user",
    "form": b"user_id=u&k=3",
    "xml": b"<user_id>u</user_id>",
    "binary": bytes(range(256)),
    "half a text": b'{"user_id": "u',
}
VALUES = {  # JSON, but not what any route wants
    "null": None,
    "true": True,
    "number": 7,
    "text": "user_id",
    "list": [{"user_id": "u"}],
    "empty": {},
    "nested": {"body": {"user_id": "u"}},
}
ASKED = {  # what is wrong with one field of a question
    "no user": {},
    "user null": {"user_id": None},
    "user number": {"user_id": 17850},
    "user empty": {"user_id": ""},
    "user long": {"user_id": LONG},
    "user list": {"user_id": ["u"]},
    "user control": {"user_id": "a\u0007"},
    "user nul": {"user_id": "a\u0000"},
    "user newline": {"user_id": "a\n"},
    "user delete": {"user_id": "a\u007f"},
    "user c1": {"user_id": "a\u0085"},
    "k zero": {"user_id": "u", "k": 0},
    "k negative": {"user_id": "u", "k": -1},
    "k large": {"user_id": "u", "k": 1001},
    "k huge": {"user_id": "u", "k": 10**30},
    "k text": {"user_id": "u", "k": "3"},
    "k half": {"user_id": "u", "k": 1.5},
    "k true": {"user_id": "u", "k": True},
    "k null": {"user_id": "u", "k": None},
    "text long": {"user_id": "u", "text": "x" * 2001},
    "text list": {"user_id": "u", "text": ["x"]},
    "text nul": {"user_id": "u", "text": "a\u0000b"},
    "item empty": {"user_id": "u", "item_id": ""},
    "item number": {"user_id": "u", "item_id": 3},
    "candidates text": {"user_id": "u", "candidates": "G00"},
    "candidates numbers": {"user_id": "u", "candidates": [1, 2]},
    "candidates null inside": {"user_id": "u", "candidates": [None]},
    "candidates many": {"user_id": "u", "candidates": ["a"] * 10_001},
    "exclude text": {"user_id": "u", "exclude": "G00"},
    "exclude null": {"user_id": "u", "exclude": None},
    "exclude object": {"user_id": "u", "exclude": {"G00": 1}},
    "context list": {"user_id": "u", "context": []},
    "context nested": {"user_id": "u", "context": {"a": {"b": 1}}},
    "context list inside": {"user_id": "u", "context": {"a": [1]}},
    "context null inside": {"user_id": "u", "context": {"a": None}},
    "context many": {"user_id": "u", "context": {str(n): n for n in range(51)}},
    "context empty key": {"user_id": "u", "context": {"": 1}},
    "context long key": {"user_id": "u", "context": {"x" * 65: 1}},
    "context huge": {"user_id": "u", "context": {"a": 10**40}},
    "context large float": {"user_id": "u", "context": {"a": 1e300}},
    "surface empty": {"user_id": "u", "surface": ""},
    "surface number": {"user_id": "u", "surface": 1},
    "surface long": {"user_id": "u", "surface": "x" * 65},
    "surface reserved": {"user_id": "u", "surface": "rank"},
    "explain text": {"user_id": "u", "explain": "yes"},
    "explain number": {"user_id": "u", "explain": 1},
    "position negative": {"user_id": "u", "min_position": -1},
    "position text": {"user_id": "u", "min_position": "3"},
    "position huge": {"user_id": "u", "min_position": 10**25},
    "unknown key": {"user_id": "u", "limit": 3},
    "at": {"user_id": "u", "at": "2026-01-01T00:00:00Z"},
}
ITEMS = {  # what is wrong with one item
    "no id": {"title": "x"},
    "id empty": {"item_id": ""},
    "id number": {"item_id": 5},
    "id control": {"item_id": "a\tb"},
    "title long": {"item_id": "bad", "title": "x" * 1001},
    "title number": {"item_id": "bad", "title": 3},
    "price text": {"item_id": "bad", "price": "3.50"},
    "price huge": {"item_id": "bad", "price": 1e300},
    "price true": {"item_id": "bad", "price": True},
    "tags text": {"item_id": "bad", "tags": "a,b"},
    "tags numbers": {"item_id": "bad", "tags": [1]},
    "created words": {"item_id": "bad", "created_at": "yesterday"},
    "created number": {"item_id": "bad", "created_at": 1_700_000_000},
    "created overflow": {"item_id": "bad", "created_at": "0001-01-01T00:00:00+14:00"},
    "available text": {"item_id": "bad", "available": "yes"},
    "attribute object": {"item_id": "bad", "size": {"w": 1}},
    "attribute nested list": {"item_id": "bad", "size": [[1]]},
    "attribute huge": {"item_id": "bad", "size": 10**50},
    "attribute nul": {"item_id": "bad", "note": "\u0000"},
    "attributes many": {"item_id": "bad", **{f"a{n}": n for n in range(51)}},
    "attributes list": {"item_id": "bad", "attributes": [1]},
    "attribute key long": {"item_id": "bad", "x" * 65: 1},
}
EVENTS = {  # what is wrong with one event
    "null": None,
    "list": [],
    "no user": {"item_id": "G00"},
    "no item": {"user_id": "u"},
    "user control": {"user_id": "\u0000", "item_id": "G00"},
    "kind long": {"user_id": "u", "item_id": "G00", "event_type": "x" * 65},
    "kind empty": {"user_id": "u", "item_id": "G00", "event_type": ""},
    "time number": {"user_id": "u", "item_id": "G00", "timestamp": 1_700_000_000},
    "time far": {"user_id": "u", "item_id": "G00", "timestamp": "2100-01-01T00:00:00Z"},
    "time early": {"user_id": "u", "item_id": "G00", "timestamp": "1970-12-31T23:59:59Z"},
    "time overflow": {"user_id": "u", "item_id": "G00", "timestamp": "0001-01-01T00:00:00+23:00"},
    "time empty": {"user_id": "u", "item_id": "G00", "timestamp": ""},
    "time month": {"user_id": "u", "item_id": "G00", "timestamp": "2026-13-01T00:00:00Z"},
    "value true": {"user_id": "u", "item_id": "G00", "value": True},
    "value huge": {"user_id": "u", "item_id": "G00", "value": 1e30},
    "context list": {"user_id": "u", "item_id": "G00", "context": [1]},
    "slate long": {"user_id": "u", "item_id": "G00", "slate_id": LONG},
    "event id empty": {"user_id": "u", "item_id": "G00", "event_id": ""},
    "text long": {"user_id": "u", "text": "x" * 2001},
    "unknown key": {"user_id": "u", "item_id": "G00", "rating": 5},
}
WRITERS = (
    ("POST", "/v1/recommend"),
    ("POST", "/v1/rank"),
    ("POST", "/v1/similar"),
    ("POST", "/v1/copy"),
    ("POST", "/v1/events"),
    ("PUT", "/v1/items"),
)


def refused(answer, *allowed):
    assert answer.status_code in allowed, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["detail"]


@pytest.fixture(autouse=True)
def unchanged(client):
    """Nothing that is refused leaves a trace, and the server still answers."""
    before = client("GET", "/readyz").json()
    yield
    assert client("GET", "/readyz").json() == before


@pytest.mark.parametrize("body", RAW.values(), ids=RAW)
@pytest.mark.parametrize(("method", "path"), WRITERS)
def test_what_is_no_json_is_refused(client, method, path, body):
    refused(client(method, path, body), 400)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize(("method", "path"), WRITERS)
def test_json_of_another_shape_is_refused(client, method, path, value):
    refused(client(method, path, json.dumps(value).encode()), 422)


@pytest.mark.parametrize("body", ASKED.values(), ids=ASKED)
def test_a_question_that_is_off_is_refused(client, body):
    answer = client("POST", "/v1/recommend", body)
    refused(answer, 422)
    assert answer.json()["errors"]


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_an_item_that_is_off_is_refused(client, item):
    refused(client("PUT", "/v1/items", {"items": [{"item_id": "good"}, item]}), 422)


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_that_is_off_is_rejected_with_a_reason(client, event):
    receipt = client("POST", "/v1/events", {"events": [event]}).json()
    assert receipt["accepted"] == 0
    assert receipt["rejected"][0]["index"] == 0
    assert receipt["rejected"][0]["reason"]


@pytest.mark.parametrize(
    "body", [{"item_id": "K00", "k": 0}, {"item_id": ""}, {"item_id": 1}, {"item_id": "K00", "user_id": "u"}, {"k": 1}]
)
def test_a_likeness_that_is_off_is_refused(client, body):
    refused(client("POST", "/v1/similar", body), 422)


def test_the_last_of_equal_keys_counts(client):
    answer = client("POST", "/v1/recommend", b'{"user_id": "a", "k": "x", "user_id": "dup", "k": 2}')
    assert len(answer.json()["items"]) == 2


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"]
)
def test_a_body_of_another_kind_is_refused(client, kind):
    answer = client("POST", "/v1/recommend", b'{"user_id": "u"}', headers={"Content-Type": kind})
    refused(answer, 415)


def test_an_empty_body_is_refused(client):
    refused(client("POST", "/v1/recommend", b""), 422)
