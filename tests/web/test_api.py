"""Every route of the API over real HTTP: what it answers, and what it answers when it cannot."""

from datetime import UTC, datetime, timedelta

import pytest

ANSWER = {"slate_id", "release", "position", "items", "understood", "degraded", "cost", "took_ms"}


def problem(answer, status):
    """The problem document that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert {"type", "title", "status", "detail"} <= document.keys()
    assert document["status"] == status
    return document


def test_recommend_offers_k_items_of_the_persons_shelf(client):
    answer = client.ask("user-03", k=5)
    assert answer.keys() == ANSWER
    assert len(answer["items"]) == 5
    assert [set(offer) for offer in answer["items"]] == [{"item_id", "score", "reasons"}] * 5
    assert all(offer["item_id"].startswith("G") for offer in answer["items"])
    assert answer["release"] == "untrained"
    assert "trees: not trained yet" in answer["degraded"]
    assert answer["understood"] is None
    assert answer["took_ms"] > 0
    assert all(offer["reasons"] == [] for offer in answer["items"])


def test_only_user_id_is_required_and_someone_new_is_offered_what_is_popular(client):
    assert len(client.ask("nobody yet")["items"]) == 10


def test_an_event_changes_the_next_answer_and_position_proves_it(client):
    before = client.ask("fresh face", k=5)
    shown = before["items"][0]["item_id"]
    receipt = client.tell(user_id="fresh face", item_id="R52", event_type="purchase", slate_id=before["slate_id"])
    assert receipt["accepted"] == 1
    assert receipt["position"] > before["position"]
    after = client.ask("fresh face", k=5, min_position=receipt["position"])
    assert after["position"] >= receipt["position"]
    assert [o["item_id"] for o in after["items"]] != [o["item_id"] for o in before["items"]]
    assert after["items"][0]["item_id"][0] == "R"
    client.tell(user_id="fresh face", item_id=shown, event_type="dislike")
    assert shown not in [o["item_id"] for o in client.ask("fresh face", k=50)["items"]]


def test_a_wish_is_understood_and_answered(client):
    answer = client.ask("user-03", text="a leather bookmark", k=4)
    assert answer["understood"] == {
        "text": "a leather bookmark",
        "wanted": "leather bookmark",
        "steering": [],
    }
    assert [offer["item_id"][:2] for offer in answer["items"][:3]] == ["R1"] * 3
    assert client.ask("user-03", text="  ")["understood"] is None


def test_a_new_item_is_found_by_its_words_at_once_in_any_script(client):
    things = [{"item_id": "zh-1", "title": "夏季沙滩巾", "category": "Garden"}, {"item_id": "zh-2", "title": "羊毛毯"}]
    client("PUT", "/v1/items", {"items": things})
    answer = client.ask("user-03", text="我想买一些夏季用品", k=3, explain=True, context={"language": "zh"})
    assert answer["understood"]["wanted"] == "夏季用品"
    assert answer["items"][0]["item_id"] == "zh-1"
    assert [r for r in answer["items"][0]["reasons"] if r["kind"] == "asked" and "夏季用品" in r["text"]]
    client("PUT", "/v1/items", {"items": [{**things[0], "title": "冬季围巾"}]})
    assert client.ask("user-03", text="冬季", k=1)["items"][0]["item_id"] == "zh-1"
    client("DELETE", "/v1/items/zh-1")
    assert "zh-1" not in [o["item_id"] for o in client.ask("user-03", text="冬季")["items"]]


def test_candidates_exclude_and_item_bound_what_is_offered(client):
    assert {o["item_id"] for o in client.ask("user-03", candidates=["K00", "R00"])["items"]} == {"K00", "R00"}
    best = client.ask("user-03", k=1)["items"][0]["item_id"]
    assert best not in [o["item_id"] for o in client.ask("user-03", exclude=[best])["items"]]
    assert "K00" not in [o["item_id"] for o in client.ask("user-03", item_id="K00", k=80)["items"]]


def test_an_unknown_candidate_is_named_not_hidden(client):
    assert "unknown items: zzz" in client.ask("user-03", candidates=["K00", "zzz"])["degraded"]


@pytest.mark.parametrize(
    ("spoken", "context", "chinese"),
    [
        ("", {}, False),
        ("zh-CN,zh;q=0.9", {}, True),
        ("en;q=0.5,zh;q=0.9", {}, True),
        ("fr, en;q=0.9, zh;q=0.8", {}, False),
        ("zh;q=nonsense, *", {}, False),
        ("en", {"language": "zh-Hans"}, True),
        ("zh", {"language": "en"}, False),
        ("zh", {"language": 7}, True),
    ],
)
def test_reasons_come_when_asked_for_and_in_the_language_asked(client, spoken, context, chinese):
    body = {"user_id": "user-03", "explain": True, "context": context}
    answer = client("POST", "/v1/recommend", body, headers={"Accept-Language": spoken}).json()
    for offer in answer["items"]:
        assert offer["score"] == pytest.approx(sum(r["part"] for r in offer["reasons"]), abs=1e-4)
    said = [reason["text"] for reason in answer["items"][0]["reasons"] if reason["text"]]
    assert said
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said[0]) == chinese


def test_rank_gives_all_candidates_back_in_order(client):
    body = {"user_id": "user-03", "candidates": ["R00", "G31", "unheard of", "K00", "G31"], "k": 2}
    answer = client("POST", "/v1/rank", body).json()
    ids = [offer["item_id"] for offer in answer["items"]]
    assert ids[0] == "G31"
    assert ids[-1] == "unheard of"
    assert sorted(ids) == ["G31", "K00", "R00", "unheard of"]
    assert problem(client("POST", "/v1/rank", {"user_id": "u"}), 422)["errors"][0]["pointer"] == "/candidates"


def test_similar_finds_the_same_thing_in_other_colours(client):
    offers = client("POST", "/v1/similar", {"item_id": "K00", "k": 12}).json()["items"]
    assert {"K01", "K02", "K03"} <= {offer["item_id"] for offer in offers}
    assert "K00" not in {offer["item_id"] for offer in offers}
    assert "nothing such" in problem(client("POST", "/v1/similar", {"item_id": "nothing such"}), 404)["detail"]


def test_a_bad_event_is_rejected_alone(client):
    events = [
        {"user_id": "batch", "item_id": "G00", "event_id": "b1"},
        {"item_id": "G00"},
        "not an event",
        {"user_id": "batch", "item_id": "G01", "timestamp": "yesterday"},
        {"user_id": "batch", "item_id": "G01", "timestamp": "1970-01-15T00:00:00Z"},
        {"user_id": "batch", "item_id": "G01", "value": "much"},
        {"user_id": "batch"},
        {"user_id": "batch", "item_id": "G02", "colour": "red"},
        {"user_id": "batch", "item_id": "G02", "event_id": "b2", "timestamp": "2026-02-28T10:00:00"},
        {"user_id": "batch", "item_id": "G00", "event_id": "b1"},
        {"user_id": "batch", "text": "something blue", "event_type": "search", "event_id": "b3"},
    ]
    answer = client("POST", "/v1/events", {"events": events})
    assert answer.status_code == 200
    receipt = answer.json()
    assert (receipt["accepted"], receipt["duplicates"]) == (3, 1)
    assert [r["index"] for r in receipt["rejected"]] == [1, 2, 3, 4, 5, 6, 7]
    reasons = " | ".join(r["reason"] for r in receipt["rejected"])
    for word in ("user_id", "ISO 8601", "1971", "value", "item_id or text", "colour"):
        assert word in reasons
    kept = client("GET", "/v1/users/batch").json()["events"]
    assert [e["event_id"] for e in kept] == ["b2", "b1", "b3"]
    assert kept[0]["timestamp"] == "2026-02-28T10:00:00Z"


def test_events_that_are_all_bad_change_nothing(client):
    before = client("GET", "/readyz").json()["position"]
    receipt = client("POST", "/v1/events", {"events": [1, None, {}]}).json()
    assert receipt["accepted"] == 0
    assert len(receipt["rejected"]) == 3
    assert receipt["position"] == before


@pytest.mark.parametrize("events", [[], [{"user_id": "u", "item_id": "G00"}] * 1001, {}, None, "x", 1])
def test_an_envelope_that_is_off_is_refused_whole(client, events):
    problem(client("POST", "/v1/events", {"events": events}), 422)


def test_a_new_item_can_be_offered_at_once_and_withdrawn(client):
    item = {
        "item_id": "https://shop.example/a b/ü",
        "title": "Copper kettle",
        "category": "Kitchen",
        "tags": ["metal", "tea"],
        "price": 30,
        "created_at": "2025-12-24T18:00:00+01:00",
        "material": "copper",
        "note": None,
    }
    answer = client("PUT", "/v1/items", {"items": [item]}).json()
    assert (answer["accepted"], answer["changed"]) == (1, 1)
    assert client("PUT", "/v1/items", {"items": [item]}).json()["changed"] == 0
    offers = client.ask("user-03", text="copper kettle", k=5)["items"]
    assert item["item_id"] in [offer["item_id"] for offer in offers]
    gone = client("DELETE", "/v1/items/https%3A%2F%2Fshop.example%2Fa%20b%2F%C3%BC").json()
    assert gone["available"] is False
    assert gone["position"] > answer["position"]
    offers = client.ask("user-03", text="copper kettle", k=50)["items"]
    assert item["item_id"] not in [offer["item_id"] for offer in offers]
    problem(client("DELETE", "/v1/items/never%20heard"), 404)


def test_an_event_with_an_unheard_item_adds_it(client):
    client.tell(user_id="pioneer", item_id="brand new", event_type="purchase")
    assert client("POST", "/v1/similar", {"item_id": "brand new"}).status_code == 200


def test_a_person_sees_what_is_kept_and_is_forgotten_whole(client, engine):
    client.tell(user_id="private", item_id="G00", event_type="purchase", event_id="p1", text="psst")
    client.ask("private", k=3)
    kept = client("GET", "/v1/users/private").json()
    assert [e["event_id"] for e in kept["events"]] == ["p1"]
    assert len(kept["slates"]) == 1
    assert kept["state"]["folds"]["recent"] == 1
    receipt = client("DELETE", "/v1/users/private").json()
    assert receipt["removed"] == {"events": 1, "slates": 1, "states": 1}
    problem(client("GET", "/v1/users/private"), 404)
    assert "private" not in engine.follower.catch_up().timeline.users
    assert client("DELETE", "/v1/users/private").json()["removed"] == {"events": 0, "slates": 0, "states": 0}
    assert client.ask("private", k=3)["items"] == client.ask("another stranger", k=3)["items"]
    people = client("GET", "/console/people", params={"q": "private"}).json()["people"]
    assert people == []


def test_a_slate_tells_why_and_why_not(client):
    slate = client.ask("user-03", k=3)
    path = f"/v1/slates/{slate['slate_id']}"
    shown = client("GET", path, params={"item_id": slate["items"][1]["item_id"]}).json()
    assert shown["shown"] is True
    assert shown["rank"] == 2
    assert shown["reasons"]
    absent = client("GET", path, params={"item_id": "K00"}).json()
    assert absent["shown"] is False
    assert absent["because"]
    assert client("GET", path, params={"item_id": "no such"}).json()["lost_at"] == "catalogue"
    problem(client("GET", path), 422)
    problem(client("GET", "/v1/slates/unheard", params={"item_id": "K00"}), 404)


def test_a_position_not_reached_yet_asks_to_retry(client):
    answer = client("POST", "/v1/recommend", {"user_id": "u", "min_position": 10**9})
    problem(answer, 503)
    assert answer.headers["Retry-After"] == "1"


def test_times_are_kept_to_the_microsecond_in_utc(client):
    at = datetime(2026, 2, 1, 3, 4, 5, 678901, tzinfo=UTC) - timedelta(days=1)
    client.tell(user_id="punctual", item_id="G00", timestamp=at.astimezone().isoformat())
    assert client("GET", "/v1/users/punctual").json()["events"][0]["timestamp"] == "2026-01-31T03:04:05.678901Z"
