"""Sizes, depths and patience: what is beyond them is refused with a word, and the server goes on."""

import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from penchant.settings import ServingSettings
from penchant.web.connections import HEAD

DEEP = 100_000


def talk(url, *parts, patience=20):
    """Everything that a server answers to some bytes before it closes the connection."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=patience) as connection:
        answer = b""
        try:
            for part in parts:
                connection.sendall(part)
            while more := connection.recv(65_536):
                answer += more
        except (ConnectionResetError, BrokenPipeError):
            pass  # it closed while we were still talking
    return answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 2 * HEAD,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 2 * HEAD,
        b"GET /healthz HTTP/1.1\r\n" + b"X-Many: x\r\n" * HEAD,
        b"GET /healthz?" + b"q=1&" * HEAD,
    ],
    ids=["path", "header", "headers", "query"],
)
def test_a_head_without_an_end_is_cut_off(client, head):
    pieces = [head[at : at + 16_384] for at in range(0, len(head), 16_384)] * 20
    answer = talk(client.url, *pieces)
    assert answer[:12] in (b"HTTP/1.1 431", b"")  # nothing: the answer was lost with what was still being sent
    assert client("GET", "/healthz").status_code == 200


def test_a_long_head_is_told_what_is_allowed(client):
    place = urlsplit(client.url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ")
        sent = 0
        while sent <= HEAD:
            connection.sendall(b"x" * 8_192)
            sent += 8_192
            time.sleep(0.01)  # so that nothing is under way when it answers
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 431")
    assert str(HEAD).encode() in answer


@pytest.mark.parametrize("where", ["header", "query"])
def test_a_head_that_is_whole_and_too_long_is_a_problem(client, where):
    size = HEAD - 200 if where == "query" else HEAD
    options = {"headers": {"X-Long": "x" * size}} if where == "header" else {"params": {"q": "x" * size}}
    answer = client("GET", "/console/search?q=a", **options)
    assert answer.status_code == 431 or answer.status_code == 422
    if where == "header":
        assert answer.status_code == 431


def test_many_parameters_are_read_or_refused_quickly(client):
    answer = client("GET", "/console/items?" + "&".join(["item_id=G00"] * 3_000))
    assert answer.status_code == 422
    assert client("GET", "/v1/slates/x?item_id=a&" + "a=b&" * 10_000).status_code == 404


@pytest.fixture(scope="module")
def hurried(make_engine, serve):
    with serve(make_engine(), serving=ServingSettings(arrival=0.3)) as url:
        yield url


@pytest.mark.parametrize("said", [b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: a\r\n", b"POST /v1/events HTTP/1.1\r\nA"])
def test_whoever_dribbles_a_head_is_hung_up_on(hurried, said):
    answer = talk(hurried, said) if said else talk(hurried)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer


def test_whoever_dribbles_a_second_head_is_hung_up_on_too(hurried):
    whole = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = talk(hurried, whole + b"GET /he")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


@pytest.mark.parametrize("length", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_whoever_dribbles_a_body_is_hung_up_on(hurried, length):
    head = b"POST /v1/recommend HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + length + b"\r\n\r\n"
    answer = talk(hurried, head)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in answer


def test_a_connection_that_is_in_use_is_not_hung_up_on(hurried):
    place = urlsplit(hurried)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = connection.recv(65_536)
            while b"\r\n\r\n{" not in answer:  # the body may come by itself
                answer += connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.4)  # longer than a head may take, shorter than a connection may rest


def test_an_upgrade_is_answered_as_what_it_is(client):
    head = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    assert not talk(client.url, head, patience=20).startswith(b"HTTP/1.1 5")
    assert client("GET", "/healthz").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP + b"]" * DEEP,
        b'{"events": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"events": [{"user_id": "u", "item_id": "G00", "context": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}]}",
        b'{"events": [' + b"[" * 900 + b"]" * 900 + b"]}",  # deep, and yet JSON that can be read
        b'{"events": [{"user_id": "u", "item_id": "G00", "value": ' + b"9" * 100_000 + b"}]}",
        b'{"events": [{"user_id": "u", "item_id": "G00", "value": 1e400}]}',
        b'{"events": [{"user_id": "u", "item_id": "G00", "value": -1e-400, "text": ' + b'"\\u0041' * 9 + b"}]}",
        b'{"events": [{"user_id": "u", "item_id": "G00", "value": 0.' + b"1" * 100_000 + b"}]}",
        b'{"events": [' + b"{}," * 100_000 + b"{}]}",
        b'{"' + b"a" * 100_000 + b'": 1}',
        b"{" + b",".join(b'"k%d": 1' % n for n in range(50_000)) + b"}",
        b'{"events": [{"user_id": "u", "item_id": "G00", "user_id": "v"}], "events": [7]}',
    ],
    ids=[
        "list",
        "events",
        "context",
        "readable",
        "digits",
        "huge",
        "text",
        "fraction",
        "many",
        "name",
        "keys",
        "twice",
    ],
)
def test_depth_numbers_and_crowds_are_refused_or_rejected_with_a_reason(client, body):
    answer = client("POST", "/v1/events", body, timeout=60)
    if answer.status_code == 200:
        found = answer.json()
        assert found["accepted"] + len(found["rejected"]) == 1
    else:
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    "number", ["9" * 1_000, "1e309", "-1e309", "1" + "0" * 400 + ".5", "123456789012345678901234567890"]
)
def test_numbers_that_no_double_holds_are_refused(client, number):
    for field in ("k", "min_position"):
        body = f'{{"user_id": "u", "{field}": {number}}}'.encode()
        assert client("POST", "/v1/recommend", body).status_code in (400, 422)
    body = f'{{"user_id": "u", "context": {{"a": {number}}}}}'.encode()
    assert client("POST", "/v1/recommend", body).status_code in (400, 422)
    body = f'{{"items": [{{"item_id": "new", "price": {number}}}]}}'.encode()
    assert client("PUT", "/v1/items", body).status_code in (400, 422)


def test_what_is_just_within_the_limits_is_taken(client):
    event = {"user_id": "u" * 512, "item_id": "i" * 512, "event_type": "k" * 64, "text": "t" * 2_000, "value": 1e12}
    event["context"] = {f"{n:02}" + "x" * 62: "v" * 100 for n in range(50)}
    receipt = client("POST", "/v1/events", {"events": [event]}).json()
    assert (receipt["accepted"], receipt["rejected"]) == (1, [])
    asked = {"user_id": "u" * 512, "k": 1_000, "text": "wish " * 400, "exclude": ["x" * 50] * 10_000}
    assert client("POST", "/v1/recommend", asked, timeout=60).status_code == 200
    assert client("POST", "/v1/events", {"events": [{"user_id": "u", "item_id": "G00"}] * 1_000}).json()["accepted"]
    assert json.loads(client("GET", "/readyz").text)["status"] == "ready"
