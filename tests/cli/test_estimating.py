"""`penchant estimate` on slates that were shown and answered."""

import penchant


def test_estimate(shop, run):
    with penchant.open(shop) as project:
        for n in range(5):
            slate = project.recommend(f"u{n}", k=5)
            project.observe([penchant.Event(user=f"u{n}", item=slate.items[0], kind="purchase", slate=slate.id)])
    found = run("estimate", shop, "--cut", "2026-01-20", "--json").json
    assert (found["slates"], found["people"]) == (5, 5)
    assert found["rewards"]["shown"] == [2.0, 2.0, 2.0]
    told = run("estimate", shop, "--cut", "2026-01-20", "--clip", "2")
    assert told.code == 0
    assert "5 slates of 5 people" in told.out
    assert "as configured, SNIPS" in told.out


def test_what_cannot_be_estimated_is_said(shop, run):
    told = run("estimate", shop, "--cut", "2026-01-20")
    assert (told.code, told.out) == (2, "")
    assert "no slates of known people were logged from 2026-01-20 00:00 UTC on" in told.err
