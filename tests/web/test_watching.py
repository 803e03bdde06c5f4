"""The dashboard and the alert rules ask only for what a running server tells, in words that Prometheus understands."""

import itertools
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import promql_parser as promql
import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from penchant.data import watching
from penchant.language.guard import Guard
from penchant.serving.gathering import Gathering
from penchant.text.limits import Limits
from penchant.types import micros

SCRAPED = {"job", "instance"}  # labels that Prometheus adds
RULES = [r for g in yaml.safe_load((watching() / "alerts.yaml").read_text())["groups"] for r in g["rules"]]
BOARD = json.loads((watching() / "dashboard.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [(target["expr"], target["legendFormat"]) for panel in PANELS for target in panel["targets"]]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "watch-it.md"


@pytest.fixture(scope="module")
def told(make_engine, serve, tmp_path_factory):
    """Sample → labels → values, of a worker that has seen a little of everything."""
    engine = make_engine()
    newest = micros(engine.clock(engine.follower.seen))
    engine.swap(replace(engine.release, version="trained", until=newest - 1))
    guard = Guard("model", lambda: None, Limits(), engine.telemetry)
    with guard.admitted(1, 10, guard.until(1)):
        assert guard.result(guard.submit(lambda _: "text", guard.until(5)), guard.until(5)) == "text"
    for outcome in ("late", "unusable"):
        guard.failed(outcome, "")
    engine.telemetry.written("template", "number: 7")
    worker = Gathering(tmp_path_factory.mktemp("workers"), engine.telemetry)
    with serve(engine, metrics=worker.exposition) as url:
        answer = requests.post(f"{url}/v1/recommend", json={"user_id": "user-01", "item_id": "none"}, timeout=30).json()
        deed = {"user_id": "user-01", "item_id": "G00", "slate_id": answer["slate_id"]}
        deeds = [{**deed, "event_type": kind} for kind in ("click", "purchase")]
        requests.post(f"{url}/v1/events", json={"events": [*deeds, {"user_id": 7}]}, timeout=30)
        requests.post(f"{url}/v1/recommend", json={"user_id": "user-01"}, timeout=30)
        requests.get(f"{url}/nowhere", timeout=30)
        text = requests.get(f"{url}/metrics", timeout=30).text
    guard.close()
    worker.stop()
    found = {}
    for sample in (s for family in text_string_to_metric_families(text) for s in family.samples):
        labels = found.setdefault(sample.name, {})
        for label, value in sample.labels.items():
            labels.setdefault(label, set()).add(value)
    return found


def parsed(expression):
    return promql.parse(expression.replace("$__rate_interval", "5m"))


def nodes(expression):
    """Every node of an expression."""
    kinds = ("lhs", "rhs", "expr", "args", "vector_selector")
    for name in kinds:
        below = getattr(expression, name, None)
        for node in below if isinstance(below, list) else [below] if below is not None else ():
            yield from nodes(node)
    yield expression


def selectors(expression):
    return [node for node in nodes(expression) if isinstance(node, promql.VectorSelector)]


def grouped(expression):
    """Labels by which anything is grouped or matched."""
    modifiers = [node.modifier for node in nodes(expression) if getattr(node, "modifier", None) is not None]
    plain = [m.matching if isinstance(m, promql.BinModifier) else m for m in modifiers]
    return {label for modifier in plain if modifier is not None for label in modifier.labels}


def check(expression, told):
    """Every metric of an expression is there, with the labels and the values that are asked for."""
    tree = parsed(expression)
    assert selectors(tree)
    known = set(SCRAPED)
    for selector in selectors(tree):
        assert selector.name in told, selector.name
        labels = told[selector.name]
        known |= labels.keys()
        for matcher in selector.matchers.matchers:
            assert matcher.name in labels, (selector.name, matcher.name)
            if str(matcher.op) == "MatchOp.Equal":
                assert matcher.value in labels[matcher.name], (selector.name, matcher.name, matcher.value)
    assert grouped(tree) <= known


@pytest.mark.parametrize(("expression", "legend"), QUERIES, ids=itertools.count())
def test_the_dashboard_asks_for_what_there_is(told, expression, legend):
    check(expression, told)
    assert set(re.findall(r"{{(\w+)}}", legend)) <= grouped(parsed(expression))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_the_alerts_ask_for_what_there_is(told, rule):
    check(rule["expr"], told)
    said = rule["annotations"]
    assert {"summary", "description"} == said.keys()
    assert set(re.findall(r"\$labels\.(\w+)", said["summary"])) <= grouped(parsed(rule["expr"]))
    assert rule["labels"]["severity"] in ("page", "warn")
    assert rule["for"]


def test_what_is_asked_for_in_vain_is_found(told):
    for expression in (
        "penchant_nothing",
        'penchant_events_total{surface="x"}',
        'penchant_events_total{outcome="lost"}',
    ):
        with pytest.raises(AssertionError):
            check(f"rate({expression}[5m])", told)
    with pytest.raises(AssertionError):
        check("sum by (surface) (rate(penchant_events_total[5m]))", told)


def test_the_panels_have_a_place_and_a_description_each():
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    assert all(panel["description"] for panel in PANELS)
    assert [row["title"] for row in BOARD["panels"] if row["type"] == "row"] == ["Fast", "Fresh", "Good", "Safe"]
    covered = [cell for panel in BOARD["panels"] for cell in cells(**panel["gridPos"])]
    assert len(set(covered)) == len(covered)
    assert all(0 <= column < 24 for column, _ in covered)


def cells(x, y, w, h):
    return itertools.product(range(x, x + w), range(y, y + h))


def test_the_page_tells_of_every_metric_and_of_no_other(told):
    told_of = set(re.findall(r"`(penchant_\w+)`", PAGE.read_text()))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in told if not name.endswith("_created")}
    assert told_of == families


def test_nothing_that_is_told_names_anybody(told):
    values = {value for labels in told.values() for found in labels.values() for value in found}
    assert not {value for value in values if "user-" in value or value in ("G00", "none of it")}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_itself_takes_the_rules():
    subprocess.run(["promtool", "check", "rules", str(watching() / "alerts.yaml")], check=True, capture_output=True)
