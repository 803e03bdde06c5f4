"""What /metrics says after requests whose every count is known beforehand, over real HTTP."""

from dataclasses import replace

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from penchant import responses
from penchant.types import Event, micros


@pytest.fixture
def shop(make_engine, serve):
    """An engine of this test alone and its server's URL."""
    engine = make_engine()
    with serve(engine) as url:
        yield engine, url


def read(url):
    """(name, labels as a sorted tuple) → value of everything /metrics says."""
    answer = requests.get(f"{url}/metrics", timeout=30)
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def at(found, name, **labels):
    return found.get((f"penchant_{name}", tuple(sorted(labels.items()))), 0.0)


def ask(url, user, **more):
    answer = requests.post(f"{url}/v1/recommend", json={"user_id": user, **more}, timeout=30)
    assert answer.status_code == 200
    return answer.json()


def tell(url, *events):
    answer = requests.post(f"{url}/v1/events", json={"events": events}, timeout=30)
    assert answer.status_code == 200
    return answer.json()


def test_every_step_of_an_answer_is_timed_once(shop):
    engine, url = shop
    for _ in range(3):
        ask(url, "user-01")
    ask(url, "user-01", explain=True)
    found = read(url)
    sources, stages = list(engine.release.sources), list(engine.release.stages)
    steps = [(step, "") for step in ("read", "state", "context", "rules", "union")]
    steps += [(step, name) for step in ("retrieve", "score") for name in sources]
    steps += [("stage", name) for name in stages]
    assert {s for s in steps if at(found, "stage_seconds_count", step=s[0], part=s[1]) != 4} == set()
    assert at(found, "stage_seconds_count", step="pick", part="") == 3
    assert at(found, "stage_seconds_count", step="explain", part="") == 1
    whole = sum(value for (name, _), value in found.items() if name == "penchant_stage_seconds_sum")
    assert 0 < whole < at(found, "http_seconds_sum", route="/v1/recommend")


def test_what_each_source_found_is_counted(shop):
    engine, url = shop
    trace = engine.trace(engine.slate(ask(url, "user-02")["slate_id"]).query)
    found = read(url)
    for source, rows in trace.found.items():
        assert at(found, "candidates_sum", source=source) == len(rows)
        assert at(found, "candidates_count", source=source) == 1


def test_answers_and_what_they_lacked(shop):
    engine, url = shop
    ask(url, "a", surface="cart")
    ask(url, "a", surface="cart", item_id="no-such-item")
    ask(url, "a")
    found = read(url)
    version = engine.release.version
    assert at(found, "answers_total", surface="cart", release=version) == 2
    assert at(found, "answers_total", surface="home", release=version) == 1
    assert at(found, "degraded_total", what="unknown items") == 1
    assert at(found, "degraded_total", what="linear") == 3  # an untrained pipeline
    assert not any("no-such-item" in value for _, labels in found for _, value in labels)


def test_surfaces_that_callers_make_up_are_counted_together(shop):
    _, url = shop
    for number in range(25):
        ask(url, "a", k=1, surface=f"made up {number}")
    surfaces = {dict(labels)["surface"] for name, labels in read(url) if name == "penchant_answers_total"}
    assert len(surfaces) == 21
    assert "other" in surfaces


def test_events_are_counted_by_what_became_of_them(shop):
    _, url = shop
    before = read(url)
    good = {"user_id": "u", "item_id": "G00", "event_id": "one"}
    tell(url, good, {**good, "event_id": "two"}, {**good, "event_id": "three"})
    tell(
        url, good, {"user_id": "u", "item_id": 7}, {"user_id": "u", "item_id": "G00", "timestamp": "3026-01-01"}, "what"
    )
    found = read(url)

    def new(name, **labels):
        return at(found, name, **labels) - at(before, name, **labels)

    assert new("events_total", outcome="accepted") == 3
    assert new("events_total", outcome="duplicate") == 1
    assert new("events_total", outcome="rejected") == 3
    assert [new("rejected_rows_total", field=f) for f in ("item_id", "timestamp", "other")] == [1, 1, 1]
    assert new("visible_seconds_count") == new("append_seconds_count") == 1  # one durable append of something new
    assert new("log_position") == 3


def test_event_to_rank_is_told_once_for_each_append(shop):
    _, url = shop
    ask(url, "u")
    before = at(read(url), "event_to_rank_seconds_count")
    for name in ("one", "two"):
        tell(url, {"user_id": "u", "item_id": "G00", "event_id": name})
    assert at(read(url), "event_to_rank_seconds_count") == before  # nobody has asked since
    for _ in range(2):
        ask(url, "somebody")
    found = read(url)
    assert at(found, "event_to_rank_seconds_count") == before + 2
    assert at(found, "event_to_rank_seconds_sum") > 0


def test_clicks_and_conversions_by_surface_and_release(shop, monkeypatch):
    engine, url = shop
    version = engine.release.version
    home = [ask(url, f"user-0{n}", k=3) for n in range(4)]
    cart = ask(url, "user-05", k=3, surface="cart")

    def deed(slate, kind):
        return {
            "user_id": "u",
            "item_id": slate["items"][0]["item_id"],
            "event_type": kind,
            "slate_id": slate["slate_id"],
        }

    tell(url, deed(home[0], "click"), deed(home[0], "click"), deed(home[0], "purchase"))
    tell(url, deed(home[1], "click"), deed(cart, "购买"), deed(home[2], "dislike"), deed(home[3], "nonsense"))
    tell(url, {"user_id": "u", "item_id": "G00", "event_type": "click", "slate_id": "nothing of ours"})
    found = read(url)
    assert at(found, "answers_total", surface="home", release=version) == 4

    def share(surface, kind):
        return at(found, "slate_events_total", surface=surface, release=version, kind=kind)

    assert [share("home", kind) for kind in ("click", "purchase", "dislike", "other", "any")] == [2, 1, 1, 1, 3]
    assert [share("cart", kind) for kind in ("click", "purchase", "any")] == [0, 1, 1]
    assert at(found, "slate_events_unmatched_total") == 0  # its slate may still be written
    monkeypatch.setattr(responses, "_PATIENCE", 0)
    tell(url, {"user_id": "u", "item_id": "G00", "event_type": "click", "slate_id": "nothing of ours either"})
    assert at(read(url), "slate_events_unmatched_total") == 1


def test_a_slate_of_another_process_is_looked_up_when_the_counts_are_read(shop, monkeypatch):
    engine, url = shop
    slate = ask(url, "user-01")
    engine.watch._responses._shown.clear()  # as if another worker had answered
    tell(url, {"user_id": "u", "item_id": "G00", "event_type": "click", "slate_id": slate["slate_id"]})
    labels = {"surface": "home", "release": engine.release.version, "kind": "click"}
    assert at(read(url), "slate_events_total", **labels) == 1
    assert at(read(url), "slate_events_total", **labels) == 1


def test_the_lag_is_what_lies_between_the_end_of_the_log_and_what_has_been_read(shop):
    engine, url = shop
    ask(url, "u")
    found = read(url)
    assert at(found, "log_behind_positions") == at(found, "log_behind_seconds") == 0
    end = at(found, "log_position")
    engine.log.append(
        [Event(id=f"elsewhere {n}", user="u", item="G00", time=engine.clock(engine.follower.seen)) for n in range(5)]
    )
    found = read(url)
    assert at(found, "log_behind_positions") == 5
    assert at(found, "log_behind_seconds") > 0
    assert at(found, "log_position") == end  # to measure is not to read
    ask(url, "u")
    found = read(url)
    assert (at(found, "log_position"), at(found, "log_behind_positions")) == (end + 5, 0)


def test_the_age_of_the_release_is_that_of_what_it_has_learned_from(shop):
    engine, url = shop
    assert at(read(url), "release_info", release="untrained") == 1
    assert ("penchant_release_age_seconds", ()) not in read(url)
    newest = micros(engine.clock(engine.follower.seen))
    engine.swap(replace(engine.release, version="trained", until=newest - 90_000_000))
    found = read(url)
    assert at(found, "release_info", release="trained") == 1
    assert at(found, "release_info", release="untrained") == 0
    assert at(found, "release_age_seconds") == 90


def test_http_answers_by_the_template_of_their_route(shop):
    _, url = shop
    for user in ("secret-one", "secret-two"):
        assert requests.get(f"{url}/v1/users/{user}", timeout=30).status_code == 404
    found = read(url)
    template = "/v1/users/{user_id:path}"
    assert at(found, "http_requests_total", route=template, status="404") == 2
    assert at(found, "http_seconds_count", route=template) == 2
    assert at(found, "http_seconds_bucket", route=template, le="+Inf") == 2
    assert not any("secret" in value for _, labels in found for _, value in labels)
