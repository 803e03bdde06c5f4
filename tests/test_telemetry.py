"""What is counted: histograms as Prometheus' own, laps in order, labels that stay few."""

import threading

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from penchant.telemetry.laps import Laps
from penchant.telemetry.measures import RELEASES, Telemetry, lacking
from penchant.telemetry.tallies import Tally

BOUNDS = (0.5, 1, 2.5)
VALUES = (0.1, 0.5, 0.6, 1, 2.4, 2.5, 2.6, 100)  # also on the bounds


def exposed(registry):
    """What is exposed, but when each series began."""
    lines = generate_latest(registry).decode().splitlines()
    return sorted(line for line in lines if "_created" not in line)


def test_a_tally_says_what_a_histogram_says():
    mine, theirs = CollectorRegistry(), CollectorRegistry()
    tally = Tally("waits", "Waiting", ["who"], BOUNDS, mine)
    histogram = Histogram("waits", "Waiting", ["who"], buckets=BOUNDS, registry=theirs)
    for place, value in enumerate(VALUES):
        who = "ab"[place % 2]
        tally.one(value, who)
        histogram.labels(who).observe(value)
    assert exposed(mine) == exposed(theirs)
    assert tally.sums()[("a",)] == (4, pytest.approx(0.1 + 0.6 + 2.4 + 2.6))


def test_threads_lose_no_value():
    tally = Tally("waits", "Waiting", [], BOUNDS, CollectorRegistry())

    def work():
        for _ in range(2_000):
            tally.add([((), 1.0), ((), 2.0)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.sums() == {(): (16_000, 24_000.0)}


def test_laps_follow_each_other_without_a_gap():
    laps = Laps()
    laps("read")
    laps("score", "linear")
    laps("stage", "trees")
    assert [lap for lap, _, _ in laps] == [("read", ""), ("score", "linear"), ("stage", "trees")]
    begins, ends = [b for _, b, _ in laps], [e for _, _, e in laps]
    assert begins[1:] == ends[:-1]
    assert begins == sorted(begins)


def test_old_releases_leave_the_counts():
    telemetry = Telemetry()
    for number in range(RELEASES + 3):
        telemetry.answered("home", f"release-{number}", ())
        telemetry.responded("home", f"release-{number}", "click")
    text = telemetry.exposition().decode()
    assert [f'"release-{n}"' in text for n in range(RELEASES + 3)] == [False] * 3 + [True] * RELEASES


def test_notes_about_what_was_lacking_name_no_item_and_no_version():
    assert lacking("unknown items: secret, other") == "unknown items"
    assert lacking("release 20260101T000000-abc: trained with another encoder") == "release"
    assert lacking("linear: not trained yet") == "linear"
