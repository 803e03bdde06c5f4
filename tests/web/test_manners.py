"""How the server behaves whatever is asked: probes, metrics, headers, wrong turns, failures, crowds."""

import threading

import pytest

from penchant.errors import StoreError


def problem(answer, status):
    """The problem document that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert {"type", "title", "status", "detail"} <= document.keys()
    assert document["status"] == status
    return document


def test_probes_and_metrics_say_how_it_is_without_naming_anybody(client):
    assert client("GET", "/healthz").json() == {"status": "ok"}
    ready = client("GET", "/readyz").json()
    assert ready["status"] == "ready"
    assert ready["items"] >= 84
    client.ask("user-03")
    client("GET", "/v1/users/secret-person")
    client("GET", "/nowhere/secret-person")
    text = client("GET", "/metrics").text
    assert 'penchant_http_requests_total{route="/v1/recommend",status="200"}' in text
    assert 'route="/v1/users/{user_id:path}",status="404"' in text
    assert 'route="none",status="404"' in text
    assert "secret" not in text
    assert "user-0" not in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/recommend", 405),
        ("PATCH", "/v1/events", 405),
        ("POST", "/", 405),
        ("GET", "/static/nothing.js", 404),
        ("GET", "/static/../wire.py", 404),
        ("GET", "/static/%2e%2e/wire.py", 404),
    ],
)
def test_wrong_turns_are_problems(client, method, path, status):
    answer = client(method, path)
    problem(answer, status)
    assert (status != 405) or answer.headers["Allow"]


def test_safe_headers_are_on_everything(client):
    for answer in (client("GET", "/"), client("GET", "/nowhere"), client("GET", "/v1/users/none")):
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_failures_say_nothing_of_the_inside(make_engine, serve, client):
    engine = make_engine()
    with serve(engine) as url:

        def fail(error):
            def raising(*_, **__):
                raise error

            return raising

        post = client.session.post
        body = {"user_id": "u"}
        engine.recommend = fail(RuntimeError("the secret at /etc/passwd"))
        answer = post(f"{url}/v1/recommend", json=body, timeout=10)
        assert "secret" not in problem(answer, 500)["detail"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        engine.recommend = fail(StoreError("sqlite:////var/secret.db is locked"))
        answer = post(f"{url}/v1/recommend", json=body, timeout=10)
        assert "secret" not in problem(answer, 503)["detail"]
        assert answer.headers["Retry-After"] == "1"
        engine.follower.catch_up = fail(StoreError("down"))
        problem(client.session.get(f"{url}/readyz", timeout=10), 503)
        assert client.session.get(f"{url}/healthz", timeout=10).status_code == 200


def test_tasks_run_at_start_and_stop(make_engine, serve, client):
    done = []
    with serve(make_engine(), on_start=[lambda: done.append("up")], on_stop=[lambda: done.append("down")]) as url:
        assert done == ["up"]
        assert client.session.get(f"{url}/healthz", timeout=10).status_code == 200
    assert done == ["up", "down"]


def test_many_clients_at_once_are_all_answered(client):
    seen = []

    def work(name):
        for turn in range(5):
            told = client.tell(user_id=name, item_id="G00", event_type="view", event_id=f"{name}-{turn}")
            seen.append(client.ask(name, min_position=told["position"])["position"] >= told["position"])

    threads = [threading.Thread(target=work, args=(f"crowd-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert seen == [True] * 30
