"""Steering over HTTP: what is said moves the next answer, is listed, undone, and gone with the person."""

import pytest

from penchant.errors import UnknownError


def shelves(answer):
    return [offer["item_id"][0] for offer in answer["items"]]


def steer(client, user, text, **more):
    answer = client("POST", f"/v1/users/{user}/steer", {"text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_steer_moves_the_next_answer_and_undo_brings_the_old_one_back(client):
    user = "user-05"
    before = client.ask(user)
    said = steer(client, user, "more kitchen for 3 days, frobnicate? nothing over £20")
    assert said.keys() == {"steer_id", "understood", "ignored", "until"}
    assert said["understood"] == ["more kitchen", "only price up to 20"]
    assert said["ignored"] == ["frobnicate"]
    assert said["until"].endswith("Z")
    after = client.ask(user)
    assert shelves(after).count("K") >= shelves(before).count("K") + 2
    assert [line.partition(" until ")[0] for line in after["understood"]["steering"]] == said["understood"]
    listed = client("GET", f"/v1/users/{user}/steer").json()["steers"]
    assert [(s["steer_id"], s["text"]) for s in listed] == [
        (said["steer_id"], "more kitchen for 3 days, frobnicate? nothing over £20")
    ]
    undone = client("DELETE", f"/v1/users/{user}/steer/{said['steer_id']}")
    assert undone.json()["undone"] is True
    again = client.ask(user)
    assert (again["items"], again["understood"]) == (before["items"], None)
    assert client("GET", f"/v1/users/{user}/steer").json() == {"steers": []}
    assert client("DELETE", f"/v1/users/{user}/steer/{said['steer_id']}").status_code == 404


def test_a_filter_holds_for_every_place(client):
    steer(client, "user-08", "no reading")
    assert "R" not in shelves(client.ask("user-08", k=50))
    steer(client, "user-11", "only garden")
    assert set(shelves(client.ask("user-11", k=20))) == {"G"}


def test_steering_is_in_the_language_of_the_request(client):
    headers = {"Accept-Language": "zh"}
    answer = client("POST", "/v1/users/user-14/steer", {"text": "less garden"}, headers=headers)
    assert answer.json()["understood"] == ["少一些garden"]
    shown = client("POST", "/v1/recommend", {"user_id": "user-14"}, headers=headers).json()
    assert shown["understood"]["steering"] == ["少一些garden"]


def test_a_surface_is_steered_alone(client):
    steer(client, "user-17", "only garden", surface="mail")
    assert set(shelves(client.ask("user-17", surface="mail"))) == {"G"}
    assert set(shelves(client.ask("user-17"))) == {"R"}


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "   "}, {"text": "x" * 2_001}, {"text": 3}, {"text": "a", "x": 1}]
)
def test_what_is_malformed_is_refused(client, body):
    answer = client("POST", "/v1/users/user-20/steer", body)
    assert answer.status_code in (400, 422)
    assert client("GET", "/v1/users/user-20/steer").json() == {"steers": []}


def test_why_not_says_what_was_asked(client):
    steer(client, "user-23", "no reading")
    slate = client.ask("user-23")["slate_id"]
    answer = client("GET", f"/v1/slates/{slate}?item_id=R00").json()
    assert (answer["lost_at"], answer["because"]) == ("rule:steered", "the person asked for no reading")


def test_a_pick_says_that_it_was_asked_for(client):
    steer(client, "user-26", "more kitchen")
    answer = client.ask("user-26", explain=True)
    kitchen = next(offer for offer in answer["items"] if offer["item_id"].startswith("K"))
    assert "Because you asked for more kitchen." in [reason["text"] for reason in kitchen["reasons"]]


def test_export_shows_it_and_erasure_removes_it(client, engine):
    steer(client, "user-29", "no reading")
    kept = client("GET", "/v1/users/user-29").json()
    assert [e["text"] for e in kept["events"] if e["event_type"] == "steer"] == ["no reading"]
    client("DELETE", "/v1/users/user-29")
    assert client("GET", "/v1/users/user-29/steer").json() == {"steers": []}
    assert client.ask("user-29")["understood"] is None
    with pytest.raises(UnknownError):
        engine.unsteer("user-29", "anything")
