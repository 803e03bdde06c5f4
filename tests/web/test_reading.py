"""An answer that must have read so far waits a moment for the log, and for nothing else; then it says no."""

from concurrent.futures import ThreadPoolExecutor

import requests

from penchant.settings import ServingSettings
from penchant.types import Event


def ask(url, position):
    return requests.post(f"{url}/v1/recommend", json={"user_id": "late", "k": 3, "min_position": position}, timeout=120)


def test_a_position_that_is_about_to_come_is_waited_for_in_nobodys_way(make_engine, serve):
    engine = make_engine()
    with serve(engine, serving=ServingSettings(threads=1, behind=20)) as url, ThreadPoolExecutor(2) as pool:
        now = ask(url, 0).json()["position"]
        waiting = pool.submit(ask, url, now + 1)
        assert ask(url, now).status_code == 200  # the only thread is free
        assert not waiting.done()
        engine.observe([Event(user="late", item="G00", kind="purchase")])
        answer = waiting.result()
        assert (answer.status_code, answer.json()["position"] > now) == (200, True)


def test_a_position_that_does_not_come_is_a_503_that_says_how_far_the_log_is(make_engine, serve):
    with serve(make_engine(), serving=ServingSettings(behind=0)) as url:
        now = ask(url, 0).json()["position"]
        answer = ask(url, now + 1)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert f"read up to {now}, not yet up to {now + 1}" in answer.json()["detail"]


def test_rank_waits_too(make_engine, serve):
    engine = make_engine()
    with serve(engine, serving=ServingSettings(behind=20)) as url, ThreadPoolExecutor(1) as pool:
        now = ask(url, 0).json()["position"]
        body = {"user_id": "late", "candidates": ["G00", "K00"], "min_position": now + 1}
        waiting = pool.submit(requests.post, f"{url}/v1/rank", json=body, timeout=120)
        engine.observe([Event(user="late", item="K00", kind="purchase")])
        assert waiting.result().status_code == 200
