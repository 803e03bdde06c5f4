"""Bodies of all sizes, odd paths and broken HTTP: each gets its answer, and the server goes on."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest


def refused(answer, *allowed):
    assert answer.status_code in allowed, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["detail"]


@pytest.mark.parametrize("size", [2 * 1024 * 1024 + 1, 5_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(client, size, chunked):
    pad = b'{"user_id": "u", "text": "' + b"x" * size
    body = (pad[i : i + 65_536] for i in range(0, len(pad), 65_536)) if chunked else pad
    answer = client.session.post(
        client.url + "/v1/recommend", data=body, headers={"Content-Type": "application/json"}, timeout=10
    )
    refused(answer, 413)


def test_a_body_just_within_the_limit_is_read(client):
    body = b'{"user_id": "u"' + b" " * (2 * 1024 * 1024 - 16) + b"}"
    assert len(body) == 2 * 1024 * 1024
    assert client("POST", "/v1/recommend", body).status_code == 200


def test_a_small_chunked_body_is_read(client):
    body = (part for part in (b'{"user_', b'id": "u"}'))
    answer = client.session.post(
        client.url + "/v1/recommend", data=body, headers={"Content-Type": "application/json"}, timeout=10
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users/%00",
        "/v1/users/" + "x" * 600,
        "/v1/users/%0a",
        "/v1/users/%ed%a0%80",
        "/v1/users/%ff",
        "/v1/users/",
        "/v1/slates/%00?item_id=a",
        "/v1/slates/a?item_id=%00",
        "/v1/slates/a?item_id=",
        "/v1/slates/a",
        "/v1/slates/%2e%2e%2f?item_id=a",
        "/console/history",
        "/console/history?user_id=%00",
        "/console/people?limit=0",
        "/console/people?limit=x",
        "/console/search",
        "/console/search?q=" + "x" * 201,
        "/console/items",
    ],
)
def test_paths_and_parameters_that_are_off_are_refused(client, path):
    place = urlsplit(client.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status in (404, 422), answer.read()
        assert json.loads(answer.read())["status"] == answer.status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"POST /v1/recommend HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/recommend HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /v1/recommend HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /v1/users/\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /v1/recommend HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
    ],
)
def test_broken_http_breaks_nothing(client, raw):
    place = urlsplit(client.url)
    with socket.create_connection((place.hostname, place.port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65_536)
    assert not answer.startswith(b"HTTP/1.1 5")
