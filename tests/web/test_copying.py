"""Texts over HTTP: whole or as they come, for what is known only, and never in the way of recommendations."""

import json
import threading
import time

import pytest
import requests

from penchant.desk import Desk
from penchant.errors import GeneratorError
from penchant.language.copywriting import Copywriter


class Tells:
    """A generator that names the item, then invents something, slowly if it is told to."""

    name = "tells"

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def generate(self, prompts, *, deadline):
        raise GeneratorError("it streams")

    def stream(self, prompt, *, deadline):
        title = json.loads(prompt.user.rpartition("DATA: ")[2].partition("\n")[0])["item"]
        for word in f"You may like {title}. It was made by elves.".split(" "):
            time.sleep(self.seconds)
            yield word + " "


def events(answer):
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def stream(client, **body):
    return events(client("POST", "/v1/copy", body, headers={"Accept": "text/event-stream"}))


@pytest.fixture(scope="module")
def told(make_engine, serve):
    """A client of a server with a generator."""
    engine = make_engine()
    writer = Copywriter(generator=Tells(), telemetry=engine.telemetry)
    with serve(engine, desk=Desk(engine=engine, writer=writer)) as url:
        session = requests.Session()
        yield lambda method, path, body, **more: session.request(method, url + path, json=body, timeout=10, **more)
        session.close()


def test_a_slate_is_written_about_in_its_order(client):
    slate = client.ask("user-01", k=3, explain=True)
    answer = client("POST", "/v1/copy", {"slate_id": slate["slate_id"]}).json()
    assert [text["item_id"] for text in answer["texts"]] == [offer["item_id"] for offer in slate["items"]]
    assert {text["written_by"] for text in answer["texts"]} == {"template"}
    assert answer["took_ms"] > 0


def test_a_stream_has_each_sentence_before_the_whole(client):
    found = stream(client, user_id="user-01", item_ids=["G00", "K11"])
    assert [name for name, _ in found] == ["sentence", "text", "sentence", "text", "done"]
    assert found[0][1]["item_id"] == found[1][1]["item_id"] == "G00"
    assert found[0][1]["text"] == found[1][1]["text"]
    assert found[-1][1]["texts"] == 2


def test_what_is_not_true_is_never_sent(told):
    answer = told("POST", "/v1/copy", {"item_ids": ["G00", "K11"]}, headers={"Accept": "text/event-stream"})
    assert "elves" not in answer.text
    whole = [document for name, document in events(answer) if name == "text"]
    assert [(w["written_by"], w["rejected"], w["text"]) for w in whole] == [
        ("generator", "word", "You may like Watering can, sage."),
        ("generator", "word", "You may like Bread board, cream."),
    ]


@pytest.mark.parametrize(
    ("asked", "spoken", "tongue"), [("zh", "en", "zh"), (None, "zh-CN,en;q=.5", "zh"), (None, "", "en")]
)
def test_texts_are_in_the_language_of_whoever_asks(client, asked, spoken, tongue):
    body = {"item_ids": ["G00"], "language": asked}
    text = client("POST", "/v1/copy", body, headers={"Accept-Language": spoken}).json()["texts"][0]
    assert (text["language"], "。" in text["text"]) == (tongue, tongue == "zh")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"slate_id": "none"}, 404),
        ({"user_id": "nobody"}, 404),
        ({"user_id": "user-01", "item_ids": ["none"]}, 404),
        ({"item_ids": ["none"]}, 404),
        ({}, 422),
        ({"item_ids": []}, 422),
        ({"slate_id": "a", "user_id": "user-01"}, 422),
        ({"user_id": "user-01", "k": 101}, 422),
        ({"user_id": "user-01", "language": "fr"}, 422),
        ({"item_ids": ["G00"] * 101}, 422),
    ],
)
def test_what_is_not_known_is_refused_before_anything_is_written(client, body, status, stream):
    answer = client("POST", "/v1/copy", body, headers={"Accept": "text/event-stream" if stream else "*/*"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_recommendations_do_not_wait_for_texts(make_engine, serve):
    engine, go = make_engine(), threading.Event()

    class Waits:
        name = "waits"

        def generate(self, prompts, *, deadline):
            go.wait(60)
            return ["Nothing."] * len(prompts)

    writer = Copywriter(generator=Waits(), deadline=60.0, at_once=2)
    with serve(engine, desk=Desk(engine=engine, writer=writer)) as url:

        def write():
            requests.post(url + "/v1/copy", json={"user_id": "user-01", "k": 5}, timeout=60)

        writers = [threading.Thread(target=write) for _ in range(30)]
        for thread in writers:
            thread.start()
        for _ in range(5):
            assert requests.post(url + "/v1/recommend", json={"user_id": "user-02"}, timeout=30).status_code == 200
        assert any(thread.is_alive() for thread in writers)  # the texts have not been written yet
        go.set()
        for thread in writers:
            thread.join(60)


def test_rejections_are_counted(told):
    told("POST", "/v1/copy", {"item_ids": ["G01"]})
    counted = told("GET", "/metrics", None).text
    assert 'penchant_copy_total{writer="generator"}' in counted
    assert 'penchant_copy_rejected_total{why="word"}' in counted


def test_a_stream_that_breaks_says_so(make_engine, serve):
    class Broken(Copywriter):
        def told(self, *_):
            raise RuntimeError("a bug")

    engine = make_engine()
    with serve(engine, desk=Desk(engine=engine, writer=Broken())) as url:
        headers = {"Accept": "text/event-stream"}
        answer = requests.post(url + "/v1/copy", json={"item_ids": ["G00"]}, headers=headers, timeout=10)
    assert [name for name, _ in events(answer)] == ["error"]
    assert "bug" not in answer.text
