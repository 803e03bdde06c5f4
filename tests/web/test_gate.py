"""Who is let in: each route asks for its scope, nothing is done before; asking too much is told when to come back."""

import http.client
import logging
from urllib.parse import urlsplit

import pytest
import requests

from penchant import keys
from penchant.web.rates import Rates

ROUTES = {  # method, path, body → the scope it needs
    ("POST", "/v1/recommend", '{"user_id": "u"}'): "read",
    ("POST", "/v1/rank", '{"user_id": "u", "candidates": ["G00"]}'): "read",
    ("POST", "/v1/similar", '{"item_id": "G00"}'): "read",
    ("POST", "/v1/copy", '{"item_ids": ["G00"]}'): "read",
    ("POST", "/v1/events", '{"events": [{"user_id": "u", "item_id": "G00"}]}'): "write",
    ("PUT", "/v1/items", '{"items": [{"item_id": "G00", "title": "Can"}]}'): "write",
    ("DELETE", "/v1/items/R00", None): "write",
    ("POST", "/v1/users/u/steer", '{"text": "nothing over 20"}'): "write",
    ("GET", "/v1/users/u/steer", None): "read",
    ("DELETE", "/v1/users/u/steer/none", None): "write",
    ("GET", "/v1/users/user-01", None): "admin",
    ("DELETE", "/v1/users/user-29", None): "admin",
    ("GET", "/v1/slates/none?item_id=G00", None): "read",
    ("GET", "/metrics", None): "read",
    ("GET", "/console/settings", None): "read",
    ("GET", "/console/items?item_id=G00", None): "read",
    ("GET", "/console/search?q=can", None): "read",
    ("GET", "/console/people", None): "admin",
    ("GET", "/console/history?user_id=user-01", None): "admin",
}
OPEN = ("/healthz", "/readyz", "/", "/docs", "/openapi.json", "/static/app.js")


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def clock():
    return Time()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("shop") / "keys.json"


@pytest.fixture(scope="module")
def secrets(file):
    return {scope: keys.create(file, scope, [scope])[1] for scope in keys.SCOPES}


@pytest.fixture(scope="module")
def guarded(make_engine, serve, file, secrets, clock):
    with serve(make_engine(), keyring=keys.Keyring(file, clock=clock)) as url:
        yield url


def ask(url, method, path, body=None, **headers):
    headers = {"Content-Type": "application/json", **headers} if body else headers
    return requests.request(method, url + path, data=body, headers=headers, timeout=60)  # loops may be compiled first


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def refused(answer, status, *said):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert [part for part in said if part not in answer.headers["WWW-Authenticate"]] == []
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_every_route_has_a_scope(guarded):
    described = requests.get(f"{guarded}/openapi.json", timeout=10).json()
    declared = {
        (method.upper(), path): route["security"][0]["key"][0] if route["security"] else None
        for path, methods in described["paths"].items()
        for method, route in methods.items()
    }
    assert sorted(path for (_, path), scope in declared.items() if scope is None) == ["/healthz", "/readyz"]
    tested = sorted(scope for (_, path, _), scope in ROUTES.items() if not path.startswith("/console"))
    assert sorted(filter(None, declared.values())) == tested
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


@pytest.mark.parametrize(("route", "scope"), ROUTES.items(), ids=[" ".join(route[:2]) for route in ROUTES])
def test_a_route_is_for_its_scope_alone(guarded, secrets, route, scope):
    refused(ask(guarded, *route), 401, "Bearer")
    for name, secret in secrets.items():
        answer = ask(guarded, *route, **bearer(secret))
        if name in (scope, "admin"):
            assert answer.status_code in (200, 404), answer.text
        else:
            refused(answer, 403, "insufficient_scope", f'scope="{scope}"')


@pytest.mark.parametrize("path", OPEN)
def test_probes_and_pages_need_no_key(guarded, path):
    assert ask(guarded, "GET", path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1", "/v1/recommend", "/staticx", "/openapi.jsonx", "//static/app.js", "/console/", "/docs/"]
)
def test_what_is_not_there_is_not_told_to_strangers(guarded, secrets, path):
    refused(ask(guarded, "GET", path), 401)
    assert ask(guarded, "GET", path, **bearer(secrets["read"])).status_code in (404, 405)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer pen_00000000_" + "A" * 43},
        {"Authorization": "Bearer " + "x" * 7_000},
        {"Authorization": "Bearer \xe9\xff".encode("latin-1")},
        {"X-API-Key": "nonsense"},
        {"X-API-Key": ""},
        {"Cookie": "key=1"},
    ],
)
def test_what_is_no_key_opens_nothing(guarded, headers):
    answer = requests.get(f"{guarded}/metrics", headers=headers, timeout=10)
    refused(answer, 401)


def test_a_key_may_come_in_either_header_and_any_spelling_of_bearer(guarded, secrets):
    for headers in ({"X-API-Key": secrets["read"]}, {"authorization": f"bearer  {secrets['read']}"}):
        assert requests.get(f"{guarded}/metrics", headers=headers, timeout=10).status_code == 200


def test_a_body_is_not_read_before_its_sender_is_known(guarded, secrets):
    place = urlsplit(guarded)
    for headers, status in (({}, 401), (bearer(secrets["read"]), 403)):
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
        connection.putrequest("POST", "/v1/events")
        for name, value in {"Content-Length": "1000000", "Content-Type": "application/json", **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()  # and no body: whoever reads it waits for ever
        assert connection.getresponse().status == status
        connection.close()


def test_a_key_of_an_event_opens_the_next_request_of_the_same_connection_for_nobody(guarded, secrets):
    with requests.Session() as session:
        assert session.get(f"{guarded}/metrics", headers=bearer(secrets["read"]), timeout=10).status_code == 200
        assert session.get(f"{guarded}/metrics", timeout=10).status_code == 401


def test_what_is_revoked_counts_no_more_and_what_is_damaged_lets_nobody_in(guarded, file, secrets, clock, caplog):
    _, secret = keys.create(file, "brief", ["read"])
    clock.now += 1
    assert ask(guarded, "GET", "/metrics", **bearer(secret)).status_code == 200
    keys.revoke(file, "brief")
    clock.now += 1
    refused(ask(guarded, "GET", "/metrics", **bearer(secret)), 401, "invalid_token")
    before = file.read_bytes()
    file.write_text("{")
    clock.now += 1
    with caplog.at_level(logging.ERROR):
        answer = ask(guarded, "GET", "/metrics", **bearer(secrets["read"]))
        assert ask(guarded, "GET", "/healthz").status_code == 200
    assert answer.status_code == 503
    assert "keys.json" not in answer.text
    assert "keys.json" in caplog.text
    file.write_bytes(before)
    clock.now += 1
    assert ask(guarded, "GET", "/metrics", **bearer(secrets["read"])).status_code == 200


def test_refusals_are_counted_by_route_and_name_no_key(guarded, secrets):
    ask(guarded, "POST", "/v1/recommend", "{}", **bearer("pen_marker"))
    text = ask(guarded, "GET", "/metrics", **bearer(secrets["read"])).text
    assert 'penchant_http_requests_total{route="/v1/recommend",status="401"}' in text
    assert "pen_" not in text


def test_without_keys_everybody_may_do_everything(client):
    assert client("GET", "/v1/users/user-01").status_code == 200
    assert client("GET", "/metrics", headers=bearer("nonsense")).status_code == 200


def test_the_first_key_closes_a_server_that_runs(make_engine, serve, tmp_path):
    clock, file = Time(), tmp_path / "keys.json"
    with serve(make_engine(), keyring=keys.Keyring(file, clock=clock)) as url:
        assert ask(url, "GET", "/metrics").status_code == 200
        _, secret = keys.create(file, "web", ["read"])
        clock.now += 1
        refused(ask(url, "GET", "/metrics"), 401)
        assert ask(url, "GET", "/metrics", **bearer(secret)).status_code == 200


def test_a_bucket_holds_a_burst_and_fills_by_the_clock():
    clock = Time()
    rates = Rates(2.0, 3, clock=clock)
    assert [rates.wait("ann") for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.wait("bob") == 0
    clock.now = 0.25
    assert rates.wait("ann") == 0.25
    clock.now = 0.5
    assert [rates.wait("ann"), rates.wait("ann")] == [0, 0.5]
    clock.now = 100.0
    assert [rates.wait("ann") for _ in range(4)] == [0, 0, 0, 0.5]  # never more than the burst
    clock.now = 50.0  # a clock that jumps back gives nothing and takes nothing
    assert rates.wait("ann") == 0.5


def test_rates_forget_who_asked_longest_ago_and_no_limit_remembers_nobody():
    rates = Rates(1.0, 1)
    for caller in range(10_050):
        rates.wait(str(caller))
    assert len(rates) == 10_000
    free = Rates(0, 1)
    assert not any(free.wait("ann") for _ in range(100))
    assert len(free) == 0


def test_too_much_asking_is_told_when_to_come_back_each_key_for_itself(make_engine, serve, tmp_path):
    clock, file = Time(), tmp_path / "keys.json"
    (_, one), (_, other) = (keys.create(file, name, ["read"]) for name in ("one", "other"))
    rates = Rates(0.5, 2, clock=clock)
    with serve(make_engine(), keyring=keys.Keyring(file), rates=rates) as url:
        assert [ask(url, "GET", "/metrics", **bearer(one)).status_code for _ in range(3)] == [200, 200, 429]
        late = ask(url, "GET", "/metrics", **bearer(one))
        assert late.headers["Retry-After"] == "2"
        assert late.headers["content-type"] == "application/problem+json"
        assert ask(url, "GET", "/metrics", **bearer(other)).status_code == 200
        assert [ask(url, "GET", "/metrics").status_code for _ in range(3)] == [401, 401, 429]  # guessing is asking
        assert [ask(url, "GET", "/healthz").status_code for _ in range(3)] == [200] * 3
        clock.now += 2
        assert ask(url, "GET", "/metrics", **bearer(one)).status_code == 200


def test_without_keys_an_address_is_a_caller(make_engine, serve):
    with serve(make_engine(), rates=Rates(0.001, 2)) as url:
        assert [ask(url, "GET", "/metrics").status_code for _ in range(3)] == [200, 200, 429]


HERE = (
    "127.0.0.1:8000",
    "127.0.0.1",
    "localhost",
    "LOCALHOST:80",
    "a.localhost:1",
    "[::1]:8000",
    "[::1]",
    "127.9.9.9:5",
    "",
)
FAR = (
    "evil.example",
    "evil.example:8000",
    "192.168.0.7:8000",
    "localhost.evil.example",
    "[2001:db8::1]:80",
    "127.0.0.1.x",
)


def test_without_keys_a_name_of_another_site_that_points_here_is_refused(make_engine, serve, tmp_path):
    clock, file = Time(), tmp_path / "keys.json"
    with serve(make_engine(), keyring=keys.Keyring(file, local=True, clock=clock)) as url:
        assert [host for host in HERE if ask(url, "GET", "/metrics", Host=host).status_code != 200] == []
        assert [host for host in FAR if ask(url, "GET", "/metrics", Host=host).status_code != 403] == []
        assert ask(url, "GET", "/healthz", Host="evil.example").status_code == 200
        _, secret = keys.create(file, "web", ["read"])
        clock.now += 1
        assert ask(url, "GET", "/metrics", Host="evil.example", **bearer(secret)).status_code == 200
    with serve(make_engine(), keyring=keys.Keyring(tmp_path / "none.json", local=False)) as url:
        assert ask(url, "GET", "/metrics", Host="evil.example").status_code == 200


def test_a_form_or_a_plain_text_of_another_site_changes_nothing(client):
    body = '{"events": [{"user_id": "u", "item_id": "G00"}]}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
        answer = requests.post(f"{client.url}/v1/events", data=body, headers={"Content-Type": kind}, timeout=60)
        assert answer.status_code == 415, kind
