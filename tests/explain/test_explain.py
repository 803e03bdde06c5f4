"""Reasons add up to the score, evidence to its column, and what was not shown was lost somewhere."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from penchant import config, pipeline
from penchant.build import plan
from penchant.explain import reasons, why
from penchant.explain.sentences import render
from penchant.protocols import Release
from penchant.ranking.blend import Blend
from penchant.reranking.allowed import Available, NotExcluded
from penchant.testing import worlds
from penchant.testing.worlds import Told
from penchant.types import NEVER


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The default pipeline with its experts fit on the shop."""
    folder, made = tmp_path_factory.mktemp("release"), plan(config.parse(""))
    for name, recipe in made.recipes().items():
        (folder / name).mkdir()
        recipe.train(worlds.history(worlds.shop()), folder / name)
    return made.release(folder, version="r")


def explained(release, context, language="en"):
    trace = pipeline.run(release, context)
    top = trace.result.take(slice(0, context.query.k))
    ids = {position: f"event {position}" for position in range(1, 999)}
    return trace, top, reasons(trace, release, top, lambda *_: ids, language)


QUERIES = {"home": {}, "wish": {"text": "a blue kettle"}, "looking": {"item": "i9"}, "guest": {"user": "nobody"}}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_the_parts_of_all_reasons_add_up_to_the_score(trained, shop, query):
    _, top, said = explained(trained, worlds.context(shop, **query))
    assert len(said) == len(top) == 10
    for score, found in zip(top.scores.tolist(), said, strict=True):
        assert sum(r["part"] for r in found) == pytest.approx(score, rel=1e-5, abs=1e-6)
        for reason in found:
            assert sum(reason["columns"].values()) == pytest.approx(reason["part"])
        strengths = [r["part"] for r in found if r["kind"] not in ("base", "moved")]
        assert strengths == sorted(strengths, reverse=True)


@pytest.mark.parametrize("query", [{}, {"item": "i9"}], ids=["home", "looking"])
def test_linear_evidence_splits_the_column_into_events(trained, shop, query):
    trace, top, said = explained(trained, worlds.context(shop, **query))
    union, seen = trace.steps[0][1], 0
    line, mine = shop.timeline, shop.timeline.users["u0"]
    own = {f"event {p}" for p in line.position[line.user == mine].tolist()}
    for row, found in zip(top.rows.tolist(), said, strict=True):
        at = union.rows.tolist().index(row)
        for reason in (r for r in found if r["kind"] == "because"):
            for name, column in reason["evidence"]["columns"].items():
                total = sum(e["part"] for e in column["events"]) + column["rest"]
                assert total == pytest.approx(column["value"], rel=1e-5, abs=1e-6)
                assert column["value"] == pytest.approx(float(union.columns[name][at]), rel=1e-5, abs=1e-6)
                logged = {e["event_id"] for e in column["events"]} - {None}  # the item looked at is in no log
                assert logged <= own
                seen += len(logged)
    assert seen > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """Puts the last first."""

    def apply(self, context, candidates):
        return candidates.take(np.roll(np.arange(len(candidates)), 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """Drops a row."""

    row: int

    def apply(self, context, candidates):
        return candidates.take(candidates.rows != self.row)


def release(**stages):
    return Release(
        version="r",
        until=NEVER,
        rules={"available": Available(), "excluded": NotExcluded()},
        sources={"a": (Told(3, 1, 5, 2, 4, 6), 9), "b": (Told(2, 1), 9)},
        stages={"blend": Blend(weights={"a.place": 1.0, "b.place": 3.0}), **stages},
        similar={},
    )


def test_who_moved_a_pick_is_named(shop):
    _, top, said = explained(release(swapped=Swapped()), worlds.context(shop, k=5))
    assert top.rows.tolist() == [6, 2, 1, 3, 4]  # scores 9, 8, 6, 2, 1 for 2, 1, 3, 4, 6
    moved = [next(r for r in found if r["kind"] == "moved") for found in said]
    assert [(r["evidence"]["from"], r["evidence"]["to"]) for r in moved] == [(5, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert {tuple(r["evidence"]["by"]) for r in moved} == {("swapped",)}
    assert moved[0]["text"] == "Moved up from place 5 to 1 by swapped."
    assert not [
        r for found in explained(release(), worlds.context(shop, k=5))[2] for r in found if r["kind"] == "moved"
    ]


def test_columns_speak_for_the_pick_that_has_them(shop):
    _, top, said = explained(release(), worlds.context(shop, k=5))
    shares = [{name: part for r in found for name, part in r["columns"].items()} for found in said]
    assert dict(zip(top.rows.tolist(), shares, strict=True))[2] == {"a.place": 3.0, "b.place": 6.0, "base": 0.0}


LOST = {
    "unheard of": "catalogue",
    "i5": "rule:available",
    "i3": "rule:excluded",
    "i9": "retrieval",
    "i6": "tidy",
    "i4": "ranking",
    "i1": None,
}


@pytest.mark.parametrize(("item", "place"), LOST.items())
def test_why_not_names_where_it_was_lost(shop, item, place):
    made = release(tidy=Without(row=6))
    trace = pipeline.run(made, worlds.context(shop, k=2, exclude=["i3"]))
    said = why(trace, made, item, "en")
    assert (said["lost_at"], said["shown"]) == (place, place is None)
    assert said["because"]
    assert (said["rank"], bool(said["reasons"])) == {"i1": (2, True), "i4": (3, False)}.get(item, (said["rank"], False))


def test_why_not_tells_the_way_up_to_there(shop):
    made = release(tidy=Without(row=6))
    trace = pipeline.run(made, worlds.context(shop, k=2))
    said = why(trace, made, "i6", "en")
    assert said["found_by"] == {"a": 5, "b": None}
    assert said["steps"] == [{"step": "union", "rank": 5, "of": 5}, {"step": "blend", "rank": 5, "of": 5}]
    below = why(trace, made, "i3", "en")
    assert below["because"] == "place 3; the last pick shown had more from b.place (+3.00)"  # 1: 5 + 3, 3: 6 + 0


@pytest.mark.parametrize(
    ("kind", "evidence", "english"),
    [
        ("again", {"count": 1, "days": 0}, "In your history once, most recently today."),
        ("again", {"count": 3, "days": 1}, "In your history 3 times, most recently yesterday."),
        ("again", {"count": None, "days": None}, ""),
        ("popular", {"events": {"1h": 2, "1d": 2, "7d": 9}}, "9 times taken up in the last week"),
        ("popular", {"events": {"1h": 0, "30d": 2}}, ""),
        ("together", {"shared": 0.0}, ""),
        ("visit", {"shared": 0.5}, "Taken by others in visits like this one."),
        ("visit", {"shared": 0.0}, ""),
        ("rated", {"value": 7.84}, "Your ratings point to 7.8 for it."),
        ("rated", {"value": None}, ""),
        ("crowd", {"rank": 3}, "Much in demand, by the figures in the catalogue."),
        ("crowd", {"rank": None}, ""),
        ("crowd", {"rank": 40}, ""),
        ("follows", {"above": 1.5}, "Often chosen next after a path like yours."),
        ("follows", {"above": -0.5}, ""),
        ("asked", {"text": "red tea", "words": ["tea"]}, "“red tea” (tea)"),
        ("because", {"columns": {}}, ""),
        ("base", {}, ""),
    ],
)
def test_sentences_say_only_what_the_evidence_holds(kind, evidence, english):
    said = render(kind, evidence, "en")
    assert english in said if english else not said
    assert bool(render(kind, evidence, "zh-CN")) == bool(said)


def test_the_strongest_events_are_named_in_the_persons_language(trained, shop):
    context = worlds.context(shop)
    english, chinese = (explained(trained, replace(context, memo={}), language)[2] for language in ("en", "zh"))
    texts = [r["text"] for found in english for r in found if r["kind"] == "because" and r["text"]]
    titles = {shop.catalogue.items[row].title for row in context.user["interest"]["item"].tolist()}
    assert texts
    assert all(any(title in text for title in titles) for text in texts)
    pairs = [(a["text"], b["text"]) for x, y in zip(english, chinese, strict=True) for a, b in zip(x, y, strict=True)]
    assert all(bool(a) == bool(b) for a, b in pairs)
