"""`penchant bench`: every kind of call beside its ceiling, on a copy that leaves no trace in the project."""

import pytest

from penchant.benchmark.double import doubled
from penchant.project import Project
from penchant.types import Event, Query

ASKED = (
    "recommend",
    "recommend again",
    "recommend with reasons",
    "recommend to a guest",
    "recommend for a wish in words",
    "similar",
)
TOLD = ("observe one event", "observe 100 events", "observe one event and recommend")


def quiet(*_):
    pass


def kept(folder):
    """What a project holds."""
    with Project(folder) as project:
        world = project.engine.follower.catch_up()
        return (
            world.position,
            len(world.timeline),
            len(project.engine.log.slates()),
            [r["version"] for r in project.releases()],
        )


def test_every_kind_of_call_beside_its_ceiling(run, shop):
    before = kept(shop)
    found = run("bench", shop, "--rounds", 4, "--json").json
    rows = {row["what"]: row for row in found["figures"]}
    product, append, *rest = rows
    assert (product, append) == ("one matrix product, 30 × 256", "one durable row in SQLite")
    assert tuple(rest) == ASKED + TOLD
    for what in ASKED:
        assert rows[what]["ceiling"] == "one matrix product"
        assert rows[what]["ratio"] == pytest.approx(rows[what]["p50"] / rows[product]["p50"])
    for what in TOLD:
        assert rows[what]["ceiling"] == "one durable row"
        assert rows[what]["ratio"] == pytest.approx(rows[what]["p50"] / rows[append]["p50"])
    assert all(0 < row["p50"] <= row["p99"] for row in found["figures"])
    assert {row["what"]: row["calls"] for row in found["figures"]}["observe 100 events"] == 1
    assert sum(step["share"] for step in found["steps"]) == pytest.approx(1)
    assert {("retrieve", "linear"), ("stage", "trees"), ("read", "")} <= {
        (s["step"], s["part"]) for s in found["steps"]
    }
    assert found["facts"]["opened"].startswith("opened in ")
    assert found["facts"]["release"].endswith(before[3][-1])
    assert kept(shop) == before
    assert not list(shop.glob(".double*"))


def test_tables_for_people(run, shop):
    lines = run("bench", shop, "--rounds", 2).out.splitlines()
    assert lines[0].split() == ["what", "p50", "ms", "p99", "ms", "ceiling", "times", "the", "ceiling"]
    assert "step      part        mean ms  share" in lines
    assert lines[-1].startswith("30 items, ")


def test_a_page_that_needs_nothing_else(run, shop, tmp_path):
    file = tmp_path / "bench.html"
    found = run("bench", shop, "--rounds", 2, "--html", file, "--json").json
    page = file.read_text()
    for row in found["figures"]:
        assert f"<span>{row['what']}</span>" in page
        assert f'<span class="n">{row["p99"]:.3f}</span>' in page
    assert "<span>stage trees</span>" in page
    assert page.count('style="width: 100.00%"') + page.count("left:") >= 1
    assert not set(page.split()) & {"<script", "<link", "<img"}
    assert "://" not in page


def test_a_scratch_folder_of_ones_own(run, shop, tmp_path):
    gone = tmp_path / "nowhere"
    assert run("bench", shop, "--rounds", 1, "--scratch", gone).code == 1
    assert run("bench", shop, "--rounds", 1, "--scratch", tmp_path).code == 0
    assert not list(tmp_path.glob(".double*"))


def test_nobody_to_answer(run, tmp_path):
    run("init", tmp_path)
    ran = run("bench", tmp_path)
    assert ran.code == 2
    assert "nothing to measure yet" in ran.err


def test_a_double_answers_as_the_project_would_and_keeps_what_it_is_told(shop):
    with Project(shop) as project:
        wanted = project.engine.preview(Query(user="u3"))
        position = project.engine.follower.catch_up().position
        with doubled(shop, quiet) as double:
            assert double.copied
            assert double.engine.preview(Query(user="u3")).items == wanted.items
            double.engine.observe([Event(user="u3", item="G0", kind="purchase")])
            assert double.engine.follower.catch_up().position == position + 1
        assert project.engine.follower.catch_up().position == position


def test_of_what_cannot_be_copied_nothing_is_logged(run, shop):
    config = shop / "penchant.toml"
    config.write_text('[stores]\nstate = "memory://"\n' + config.read_text())
    before = kept(shop)
    with doubled(shop, quiet) as double:
        assert not double.copied
        assert double.engine.recommend(Query(user="u3")).items
    found = run("bench", shop, "--rounds", 2, "--json").json
    assert tuple(row["what"] for row in found["figures"][2:]) == ASKED
    assert "Events are not measured" in found["notes"][0]
    assert kept(shop) == before
