"""`penchant steer`: say, list, undo."""

import pytest


def test_say_list_and_undo(run, shop):
    said = run("steer", shop, "--user", "u1", "less garden for 3 days", "--json").json
    assert (said["understood"], said["ignored"]) == (["less garden"], [])
    assert f"{said['steer_id']}: less garden until {said['until']}" in run("steer", shop, "--user", "u1", "--list").out
    assert run("steer", shop, "--user", "u1", "--undo", said["steer_id"]).out == f"undone: {said['steer_id']}\n"
    assert run("steer", shop, "--user", "u1", "--list").out == "nothing is in force\n"
    assert run("steer", shop, "--user", "u1", "--undo", said["steer_id"]).code == 1


@pytest.mark.parametrize("words", [(), ("a", "--list"), ("--list", "--undo", "x")])
def test_one_thing_at_a_time(run, shop, words):
    assert run("steer", shop, "--user", "u1", *words).code == 2
