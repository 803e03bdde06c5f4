"""A real server against whatever may be sent: broken HTTP, odd ids, and any order of what it offers."""

import http.client
import socket
import time
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from penchant import keys

PATIENCE = 20
QUIET = 0.1  # seconds without a byte, after which no answer is expected any more
ITEMS = ("G00", "K11", "R23")
IDS = ("u", "user-01", "a/b", "é", "数🙂", "a b", "a%2Fb", "a?b#c", "'; --", "<b>", "\u202eabc", "x" * 512, "null")
WISHES = ("less garden", "nothing over 10", "only books for 3 days", "不要花园", "?", "more of it please", "no no no")
letters = st.characters(exclude_categories=["Cc", "Cs"])
odd = ("/steer", "/steer/")  # ends like a path of its own
names = st.sampled_from(IDS) | st.text(letters, min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..") and not any(end in name for end in odd)
)  # dots alone mean folders to every client


@pytest.fixture(scope="module")
def server(make_engine, serve, tmp_path_factory):
    """The URL of a server with keys, and what to send it."""
    file = tmp_path_factory.mktemp("shop") / "keys.json"
    secret = keys.create(file, "all", ["admin"])[1]
    with serve(make_engine(), keyring=keys.Keyring(file)) as url:
        warm = requests.post(
            f"{url}/v1/recommend", json={"user_id": "u"}, headers={"X-API-Key": secret}, timeout=120
        )  # loops may be compiled first
        assert warm.status_code == 200
        yield url, {"Authorization": f"Bearer {secret}"}


def fine(answer):
    """An answer that is no defect."""
    late = answer.status_code == 503 and "retry-after" in answer.headers
    assert answer.status_code < 500 or late, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer


class People(RuleBasedStateMachine):
    """People come and go, ask, do, steer and are forgotten, in any order; what was promised holds at every step."""

    people, slates = Bundle("people"), Bundle("slates")
    server, ledger = None, None

    def __init__(self):
        super().__init__()
        self.session = requests.Session()
        self.session.headers.update(self.server[1])
        self.steers, self.gone = {}, set()

    def teardown(self):
        """Leave nobody behind."""
        for item in self.gone:
            self.send("PUT", "/v1/items", {"items": [{"item_id": item, "title": "Back again"}]})
        for user in {user for user, _ in self.steers}:
            self.send("DELETE", f"/v1/users/{quote(user, safe='')}")
        self.session.close()

    def send(self, method, path, body=None):
        """A request whose answer is no defect."""
        began = time.perf_counter()
        answer = fine(self.session.request(method, self.server[0] + path, json=body, timeout=PATIENCE))
        self.ledger.tried(answer.status_code, time.perf_counter() - began)
        return answer

    @rule(target=people, name=names)
    def somebody(self, name):
        """Somebody comes."""
        return name

    @rule(user=people, item=st.sampled_from(ITEMS), kind=st.sampled_from(["view", "purchase", "dislike", "odd kind"]))
    def do(self, user, item, kind):
        """They do something, and the next answer has read it."""
        told = self.send(
            "POST", "/v1/events", {"events": [{"user_id": user, "item_id": item, "event_type": kind}]}
        ).json()
        assert (told["accepted"], told["rejected"]) == (1, [])
        found = self.send("POST", "/v1/recommend", {"user_id": user, "min_position": told["position"], "k": 3})
        assert found.json()["position"] >= told["position"]

    @rule(target=slates, user=people, text=st.none() | st.sampled_from(WISHES), k=st.integers(1, 50))
    def ask(self, user, text, k):
        """They are offered something, nothing of it twice, nothing that was withdrawn."""
        found = self.send("POST", "/v1/recommend", {"user_id": user, "text": text, "k": k, "explain": True}).json()
        offered = [pick["item_id"] for pick in found["items"]]
        assert len(set(offered)) == len(offered) <= k
        assert not self.gone & set(offered)
        return user, found["slate_id"], offered

    @rule(slate=slates, item=st.sampled_from([*ITEMS, "nowhere"]))
    def why(self, slate, item):
        """Why something was offered or not can be asked while the person is known."""
        _, name, offered = slate
        answer = self.send("GET", f"/v1/slates/{name}?item_id={item}")
        if answer.status_code == 200:
            assert answer.json()["shown"] is (item in offered)

    @rule(slate=slates)
    def copy(self, slate):
        """Words about a slate."""
        answer = self.send("POST", "/v1/copy", {"slate_id": slate[1]})
        assert answer.status_code in (200, 404)

    @rule(user=people, text=st.sampled_from(WISHES) | st.text(max_size=60).filter(lambda t: "\x00" not in t and t))
    def steer(self, user, text):
        """They ask something of their lists; it is listed."""
        answer = self.send("POST", f"/v1/users/{quote(user, safe='')}/steer", {"text": text})
        if answer.status_code == 200 and answer.json()["understood"]:
            steer = answer.json()["steer_id"]
            self.steers[(user, steer)] = True
            assert steer in self.listed(user)

    @rule(user=people)
    def unsteer(self, user):
        """They undo what they asked, and it is listed no more."""
        for steer in self.listed(user)[:1]:
            assert self.send("DELETE", f"/v1/users/{quote(user, safe='')}/steer/{steer}").status_code == 200
            assert steer not in self.listed(user)

    def listed(self, user):
        """What is in force."""
        return [s["steer_id"] for s in self.send("GET", f"/v1/users/{quote(user, safe='')}/steer").json()["steers"]]

    @rule(user=people)
    def forget(self, user):
        """They are forgotten: nothing of them is left."""
        assert self.send("DELETE", f"/v1/users/{quote(user, safe='')}").status_code in (200, 404)
        assert self.send("GET", f"/v1/users/{quote(user, safe='')}").status_code == 404
        assert self.listed(user) == []

    @rule(item=st.sampled_from(ITEMS))
    def withdraw(self, item):
        """An item goes."""
        assert self.send("DELETE", f"/v1/items/{item}").status_code == 200
        self.gone.add(item)

    @rule(item=st.sampled_from(ITEMS) | names, title=st.text(max_size=20).filter(lambda t: "\x00" not in t))
    def put(self, item, title):
        """An item comes."""
        answer = self.send("PUT", "/v1/items", {"items": [{"item_id": item, "title": title, "price": 5}]})
        assert answer.status_code == 200
        self.gone.discard(item)


def test_whatever_people_do_in_any_order_what_was_promised_holds(server, ledger, budget, seed):
    machine = seed(type("Machine", (People,), {"server": server, "ledger": ledger}))
    ledger.begin()
    run_state_machine_as_test(machine, settings=hypothesis.settings(budget(0.1), stateful_step_count=12))
    assert ledger.went["200"]
    ledger.end("people in any order", "hypothesis, stateful")


HEADS = [
    b"POST /v1/recommend HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n",
    b'POST /v1/events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n0\r\n\r\n',
    b"GET /v1/users/%00%ff HTTP/1.0\r\nAccept-Language: en;q=x\r\nCookie: a\r\n\r\n",
    b"DELETE /v1/users/../steer/x?a=b&&&= HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /docs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: AAA\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@st.composite
def wires(draw):
    """A request with some of its bytes altered, and a body that may be one."""
    data = bytearray(draw(st.sampled_from(HEADS)) + draw(st.sampled_from([b"", b'{"user_id": "u"}', b"\xff" * 30])))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 1))] = draw(
            st.sampled_from([b"\r\n", b"0", b"a", b":", b"\x00", b" ", b"\xff"])
        )
    return bytes(data)


@contextmanager
def connected(url):
    """A connection of our own."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as connection:
        yield connection


def test_whatever_is_on_the_wire_is_answered_or_hung_up_on(server, ledger, trying):
    url, headers = server

    @hypothesis.given(wires())
    def sent(data):
        began = time.perf_counter()
        answer = b""
        with connected(url) as connection:
            try:
                key = f"Authorization: {headers['Authorization']}\r\n".encode()
                connection.sendall(data.replace(b"\r\n", b"\r\n" + key, 1))
                connection.settimeout(QUIET)
                while more := connection.recv(65_536):
                    answer += more
                status = answer[9:12].decode("latin-1") or "hung up"
            except TimeoutError:
                status = answer[9:12].decode("latin-1") or "waits for more"
            except (ConnectionResetError, BrokenPipeError):
                status = "hung up"  # while we were still talking
        assert not status.startswith("5"), (data, answer[:500])
        ledger.tried(status, time.perf_counter() - began)

    ledger.begin()
    trying(sent, share=2)()
    ledger.end("bytes on the wire", "hypothesis")
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_every_operation_of_the_description_does_as_it_says(server, ledger, trying):
    url, headers = server
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    schema.config.generation.update(with_security_parameters=False)  # made-up keys would win over ours
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 16
    for operation in operations:

        @hypothesis.given(operation.as_strategy())
        def conform(case):
            began = time.perf_counter()
            answer = case.call(headers=headers, timeout=PATIENCE)
            ledger.tried(answer.status_code, time.perf_counter() - began)
            if not (answer.status_code == 503 and "retry-after" in answer.headers):
                case.validate_response(answer, headers=headers)

        ledger.begin()
        trying(conform, share=0.1)()
        assert "401" not in ledger.went
        ledger.end(f"{operation.method.upper()} {operation.path}", "schemathesis")
