"""The page needs nothing else, shows what the report says, and escapes what people wrote."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from penchant.evaluation import page, plots, table
from penchant.evaluation.plots import Point
from penchant.evaluation.report import Question, Report

VOID = {"meta"}


class Tags(HTMLParser):
    """Every tag is closed in its order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.open += [tag] if tag not in VOID else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def model(ndcg):
    alone = {"ndcg": ndcg, "hit": 0.5, "cases": 400}
    every = {**alone, "novelty": 9 + ndcg, "diversity": 0.5, "interval": (ndcg - 0.01, ndcg + 0.01)}
    return {"all": every, "repeats": alone, "novel": {**alone, "ndcg": float("nan"), "cases": 0}, "cold": alone}


def gap(mean):
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "p": 0.01}


@pytest.fixture
def report():
    rows = {"penchant": model(0.3), "tuned blend": model(0.2), "<b>odd": model(0.1)}
    rows["penchant"]["device <i>"] = rows["tuned blend"]["device <i>"] = rows["<b>odd"]["device <i>"] = model(0.1)[
        "cold"
    ]
    return Report(
        question=Question(cut=0.1, target="event", cases=400, slices=("device",)),
        digest="abc",
        cut="2026-01-01 00:00",
        questions=400,
        rows=rows,
        against={"tuned blend": (0.1, 0.09, 0.11), "<b>odd": (0.2, 0.19, 0.21)},
        gaps={
            "repeats": {"tuned blend": gap(0.1), "<b>odd": gap(0.2)},
            "cold": {"tuned blend": gap(0), "<b>odd": gap(0)},
        },
        chosen=("tuned blend",),
        satisfaction={"penchant": {"hits": 3, "value": 7.5, "value_of_all": 6.0, "valued_ndcg": 0.31}},
        calibration=[{"margin": m, "shown": 10, "rate": m / 10, "low": m / 20, "high": m / 5} for m in range(1, 11)],
        freshness={"fresh": {"ndcg": 0.3}, "a day late": {"ndcg": 0.2, "ahead": gap(0.1)}},
        surfaces=[],
        latency={"p50": 5.0, "p90": 9.0, "p99": 20.0},
        histogram={"edges": [1.0, 10.0, 100.0], "counts": [3, 4]},
        seconds={"train": 1.0, "replay": 2.0},
        training={},
    )


def test_the_page_is_whole(report):
    text = page.html(report)
    tags = Tags()
    tags.feed(text)
    assert not tags.open
    assert tags.seen.count("svg") == 5
    assert not {"script", "link", "img", "b"} & set(tags.seen)
    assert "http" not in text
    assert "url(" not in text


def test_the_page_says_what_the_report_says(report):
    text = re.sub(r"<[^>]*>", " ", page.html(report))
    for said in (
        "0.3000",
        "+50.0%",
        "5.0 ms",
        "Were they glad of it?",
        "7.50",
        "a day late",
        "&lt;b&gt;odd",
        "digest abc",
    ):
        assert said in text, said
    assert "lost to tuned blend" in text


def test_what_people_did_with_their_lists_is_shown(report):
    rate = (0.25, 0.2, 0.3)
    shop = {"surface": "home", "release": "r1", "slates": 1_200, "answered_rate": rate}
    text = page.html(replace(report, surfaces=[{**shop, "click_rate": rate, "conversion_rate": (0.0, 0.0, 0.01)}]))
    assert "home, r1" in text
    assert "25.00% (20.00% to 30.00%)" in text
    assert "What people did" not in page.html(report)


def test_a_loss_is_said_first(report):
    assert report.behind() == []
    assert any("none of the 2 slices" in line for line in table.facts(report))
    lost = replace(report, gaps={"cold": {"tuned blend": gap(-0.2), "<b>odd": gap(0.1)}})
    assert lost.behind() == [("cold", "tuned blend")]
    assert "the slice cold is lost to tuned blend: -0.2000" in "\n".join(table.facts(lost))
    assert 'class="verdict bad"' in page.html(lost)


def test_a_report_without_rivals_has_a_page(report):
    alone = {"penchant": report.rows["penchant"]}
    bare = replace(report, rows=alone, against={}, gaps={}, chosen=(), satisfaction={}, calibration=[], freshness={})
    tags = Tags()
    tags.feed(page.html(bare))
    assert tags.seen.count("svg") == 1


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0.31, 0.39, [0.32, 0.34, 0.36, 0.38]), (7, 7, [7])],
)
def test_ticks_are_round(low, high, found):
    assert plots.rounded(low, high) == pytest.approx(found)


def test_labels_keep_clear_of_each_other():
    points = [Point(x=n / 1_000, y=0.5, title=f"t{n}", label=f"label {n}") for n in range(6)]
    drawn = plots.scatter([*points, Point(x=1, y=1, title="far", label="far")], "x", "y", "some points")
    assert 1 < drawn.count('class="label"') < 7
    assert drawn.count("<title>") == 7
