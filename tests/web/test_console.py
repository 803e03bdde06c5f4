"""The console's page and the questions it asks: read-only, from what the engine knows."""

import re

import numpy as np
import pytest

from penchant.events.kinds import Kinds
from penchant.events.timeline import Timeline
from penchant.web.console import FOLDER, deeds


def test_the_page_and_its_parts_are_served_from_here_alone(client):
    page = client("GET", "/")
    assert page.headers["content-type"].startswith("text/html")
    for name in ("/", "/docs"):
        text = client("GET", name).text
        parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        assert len(parts) >= 3
        assert all(client("GET", part).status_code == 200 for part in parts)
        assert not re.search(r"https?://", text)
    for script in FOLDER.glob("*.js"):
        assert "innerHTML" not in script.read_text(encoding="utf-8")
        assert "http://" not in script.read_text(encoding="utf-8")


def test_unchanged_parts_are_not_sent_again(client):
    first = client("GET", "/static/app.js")
    again = client("GET", "/static/app.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert first.headers["Cache-Control"] == "no-cache"


def test_settings_name_the_shop_and_its_deeds(client):
    settings = client("GET", "/console/settings").json()
    assert settings["title"] == "The Potting Shed"
    assert [deed["name"] for deed in settings["deeds"]] == ["view", "cart", "purchase", "dislike"]


def test_people_are_those_who_did_something_last(client):
    people = client("GET", "/console/people").json()["people"]
    assert [p["user_id"] for p in people][:2] == ["user-00", "user-01"]
    assert people[0]["events"] == 12
    found = client("GET", "/console/people", params={"q": "USER-1", "limit": 3}).json()["people"]
    assert [p["user_id"] for p in found] == ["user-10", "user-11", "user-12"]
    exact = client("GET", "/console/people", params={"q": "user-29"}).json()["people"]
    assert exact[0]["user_id"] == "user-29"
    assert client("GET", "/console/people", params={"q": "nobody"}).json()["people"] == []


def test_history_is_newest_first_with_titles(client):
    client.tell(user_id="historian", item_id="K00", event_type="cart", timestamp="2026-01-01T00:00:00Z")
    client.tell(user_id="historian", text="jugs", event_type="search", timestamp="2026-01-02T00:00:00Z")
    answer = client("GET", "/console/history", params={"user_id": "historian"}).json()
    assert [e["kind"] for e in answer["events"]] == ["search", "cart"]
    assert answer["events"][0]["item"] is None
    assert answer["events"][1]["item"]["title"] == "Enamel jug, sage"
    assert answer["total"] == 2
    assert client("GET", "/console/history", params={"user_id": "nobody"}).json()["events"] == []


def test_items_are_known_by_id_and_found_by_words(client):
    items = client("GET", "/console/items", params={"item_id": ["K00", "no such", "G00"]}).json()["items"]
    assert [(i["item_id"], i["category"], i["price"]) for i in items] == [
        ("K00", "Kitchen", 4.5),
        ("G00", "Garden", 4.5),
    ]
    found = client("GET", "/console/search", params={"q": "SAGE jug"}).json()["items"]
    assert [i["item_id"] for i in found] == ["K00"]
    assert client("GET", "/console/search", params={"q": "K00"}).json()["items"][0]["item_id"] == "K00"
    assert client("GET", "/console/search", params={"q": " "}).json()["items"] == []


@pytest.mark.parametrize(
    ("happened", "offered"),
    [
        ([], ["view", "cart", "purchase", "dislike"]),
        (["purchase", "return"], ["view", "cart", "purchase", "dislike"]),
        (["rating"], ["view", "rating", "dislike"]),
    ],
)
def test_deeds_follow_what_people_do(happened, offered):
    weights = {"view": 0.2, "cart": 1.0, "purchase": 2.0, "rating": 1.0, "dislike": -1.0, "return": -0.5}
    timeline = Timeline(Kinds(weights, {}))
    counted = np.arange(len(happened))
    kinds = np.array([timeline.kinds.code(kind) for kind in happened], dtype=np.int16)
    columns = dict.fromkeys(("time", "user", "item", "value", "position"), counted)
    timeline = timeline.append({**columns, "kind": kinds})
    assert [name for name, _ in deeds(timeline)] == offered
