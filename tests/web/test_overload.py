"""More than can be answered, and clients that take their time: each gets its word at once, and the others an answer."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from penchant.settings import ServingSettings

ASK = {"user_id": "user-01"}


class Held:
    """An engine whose answers wait until they are let go."""

    def __init__(self, engine):
        self.engine = engine
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self._recommend = engine.recommend
        engine.recommend = self.recommend

    def recommend(self, *args, **options):
        self.begun.release()
        assert self.open.wait(120)
        return self._recommend(*args, **options)


def post(url, **options):
    return requests.post(f"{url}/v1/recommend", json=ASK, timeout=120, **options)


def inside(url):
    """How many requests the server says it has."""
    text = requests.get(f"{url}/metrics", timeout=60).text
    return int(float(next(line.split()[1] for line in text.splitlines() if line.startswith("penchant_http_inside "))))


def until(look):
    for _ in range(20_000):
        if look():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it never came true")


def crowd(make_engine, serve, asked, **settings):
    """The statuses of so many requests that come while nothing is answered, and what `look` saw meanwhile."""
    held = Held(make_engine())
    with serve(held.engine, serving=ServingSettings(**settings)) as url, ThreadPoolExecutor(asked) as pool:
        room = min(asked, settings["threads"] + settings["waiting"], settings.get("caller") or asked)
        early = [pool.submit(post, url) for _ in range(room)]
        until(lambda: inside(url) == room)
        late = [post(url) for _ in range(asked - room)]
        probes = [requests.get(url + path, timeout=60).status_code for path in ("/healthz", "/readyz", "/metrics")]
        held.open.set()
        return [answer.result() for answer in early], late, probes, post(url)


def test_what_is_beyond_the_queue_is_turned_away_at_once_and_nobody_else(make_engine, serve):
    early, late, probes, after = crowd(make_engine, serve, asked=7, threads=2, waiting=3, queue=0)
    assert [a.status_code for a in early] == [200] * 5
    assert [a.status_code for a in late] == [503] * 2
    assert all(a.headers["Retry-After"] == "1" for a in late)
    assert all(a.json()["detail"] == "more is being asked than can be answered; try again soon" for a in late)
    assert all(a.headers["X-Content-Type-Options"] == "nosniff" for a in late)
    assert probes == [200, 200, 200]
    assert after.status_code == 200


def test_a_wait_that_would_be_long_is_refused_and_only_where_one_would_wait(make_engine, serve):
    """Turns take .2 s: with one under way the next would wait that long, which is more than is allowed."""
    engine = make_engine()
    recommend = engine.recommend
    engine.recommend = lambda *args, **options: (time.sleep(0.2), recommend(*args, **options))[1]
    for allowed, wanted in ((0.05, {200, 503}), (0.0, {200}), (20.0, {200})):
        with serve(engine, serving=ServingSettings(threads=1, queue=allowed)) as url, ThreadPoolExecutor(4) as pool:
            for _ in range(8):
                assert post(url).status_code == 200  # alone nobody waits
            answers = [pool.submit(post, url) for _ in range(4)]
            assert {a.result().status_code for a in answers} == wanted
            assert requests.get(f"{url}/v1/users/user-01", timeout=120).status_code == 200


def test_one_caller_may_not_take_it_all(make_engine, serve):
    early, late, probes, after = crowd(make_engine, serve, asked=4, threads=2, waiting=9, caller=3)
    assert [a.status_code for a in early] == [200] * 3
    (answer,) = late
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert probes == [200, 200, 200]
    assert after.status_code == 200


@pytest.mark.parametrize("threads", [1, 3])
def test_so_many_are_worked_on_at_the_same_time(make_engine, serve, threads):
    held = Held(make_engine())
    with serve(held.engine, serving=ServingSettings(threads=threads)) as url, ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(post, url) for _ in range(5)]
        for _ in range(threads):
            assert held.begun.acquire(timeout=120)
        until(lambda: inside(url) == 5)
        assert not held.begun.acquire(blocking=False)
        held.open.set()
        assert [a.result().status_code for a in answers] == [200] * 5


def test_a_text_that_waits_for_its_writer_takes_no_turn_of_an_answer(make_engine, serve):
    engine = make_engine()
    gone, go = threading.Semaphore(0), threading.Event()
    export = engine.export
    engine.export = lambda user: (gone.release(), go.wait(120), export(user))[-1]
    with serve(engine, serving=ServingSettings(threads=1)) as url, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(requests.get, f"{url}/v1/users/user-01", timeout=120)
        assert gone.acquire(timeout=120)
        assert post(url).status_code == 200
        go.set()
        assert slow.result().status_code == 200


# ── clients that take their time ────────────────────────────────────────────────────────────────────────────────

HEAD = b"POST /v1/recommend HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


def connected(url):
    place = urlsplit(url)
    connection = socket.create_connection((place.hostname, place.port), timeout=60)
    connection.settimeout(10)
    return connection


def heard(connection):
    """Everything the server says until it closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.fixture(scope="module")
def hasty(make_engine, serve):
    """A server with little patience."""
    with serve(make_engine(), serving=ServingSettings(arrival=0.2, idle=0.2)) as url:
        yield url


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", b"408"),
        (b"\r\n", b"408"),
        (b"POST /v1/recommend HT", b"408"),
        (HEAD + b"X-A: 1\r\n", b"408"),
        (HEAD + b"Content-Length: 20\r\n\r\n{", b"408"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"408"),
        (HEAD + b"X-A: " + b"a" * 100_000, b"431"),
    ],
)
def test_a_request_that_does_not_come_is_not_waited_for(hasty, sent, status):
    with connected(hasty) as connection:
        connection.sendall(sent)
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    assert b"application/problem+json" in answer
    assert b"connection: close" in answer.lower()
    assert requests.get(f"{hasty}/healthz", timeout=60).status_code == 200


def test_a_request_that_drips_is_not_waited_for_either(hasty):
    with connected(hasty) as connection:
        stopped = threading.Event()

        def drip():
            for byte in HEAD * 10:
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return
                if stopped.wait(0.02):
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        assert heard(connection).startswith(b"HTTP/1.1 408")
        stopped.set()
        thread.join(10)


def test_a_connection_without_requests_is_closed_in_time(hasty, make_engine, serve):
    with connected(hasty) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert heard(connection).endswith(b'{"status":"ok"}')  # and then the end
    with serve(make_engine(), serving=ServingSettings(idle=30)) as url, connected(url) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            heard(connection)


def test_who_does_not_read_is_left(make_engine, serve):
    engine = make_engine()
    engine.export = lambda user: {"much": "x" * 50_000_000, "events": [1]}
    with serve(engine, serving=ServingSettings(arrival=0.3)) as url, connected(url) as connection:
        connection.sendall(b"GET /v1/users/a HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: left(connection))
        assert len(heard(connection)) < 50_000_000


def left(connection):
    """Whether the other side has given up a connection."""
    try:
        connection.sendall(b"\r\n")
    except OSError:
        return True
    return False


def test_two_requests_in_one_piece_are_both_answered(hasty):
    with connected(hasty) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        assert heard(connection).count(b'{"status":"ok"}') == 2


def test_who_leaves_in_the_middle_of_a_body_has_said_nothing(make_engine, serve):
    engine = make_engine()
    before = engine.follower.catch_up().position
    event = b'{"events": [{"user_id": "half", "item_id": "G00"}]}'
    with serve(engine) as url:
        with connected(url) as connection:
            connection.sendall(
                HEAD.replace(b"recommend", b"events") + b"Content-Length: %d\r\n\r\n" % (len(event) + 1) + event
            )
            until(lambda: True)
        until(lambda: 'status="499"' in requests.get(f"{url}/metrics", timeout=60).text)
        assert engine.follower.catch_up().position == before


def test_an_idle_connection_makes_room(make_engine, serve):
    with serve(make_engine(), serving=ServingSettings(connections=3)) as url:
        idlers = [connected(url) for _ in range(5)]
        assert requests.get(f"{url}/healthz", timeout=60).status_code == 200
        until(lambda: sum(map(closed, idlers)) == 3)
        for idler in idlers:
            idler.close()


def closed(connection):
    """Whether the other side has closed a connection without a word."""
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False


def test_connections_that_are_all_busy_make_none(make_engine, serve):
    held = Held(make_engine())
    with serve(held.engine, serving=ServingSettings(connections=2)) as url, ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(post, url) for _ in range(2)]
        for _ in range(2):
            assert held.begun.acquire(timeout=120)
        with connected(url) as third:
            answer = heard(third)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in answer
        held.open.set()
        assert [a.result().status_code for a in answers] == [200, 200]


# ── leaving ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_readiness_goes_first_and_what_is_under_way_is_finished(make_engine, serve):
    held = Held(make_engine())
    flushed = []
    with ThreadPoolExecutor(2) as pool:

        def leave():
            with serve(held.engine, serving=ServingSettings(notice=1.0), on_stop=[lambda: flushed.append(1)]) as url:
                urls.append(url)
                asked.append(pool.submit(post, url))
                assert held.begun.acquire(timeout=120)
            return flushed == [1]

        urls, asked = [], []
        left = pool.submit(leave)
        until(lambda: asked)
        until(lambda: requests.get(f"{urls[0]}/readyz", timeout=60).status_code == 503)
        assert requests.get(f"{urls[0]}/healthz", timeout=60).status_code == 200  # still there, for who has not noticed
        held.open.set()
        assert asked[0].result().status_code == 200
        assert left.result()
