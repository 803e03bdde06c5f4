"""The demo: the whole product on bundled data, step by step. Every step proves what it claims or fails.

The stranger of the demo is forgotten again, so that a second run shows the same figures as the first.
"""

import json
import resource
import shutil
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli import asking, learning, operating, terminal
from penchant.cli.options import Data, Port, opened
from penchant.errors import PenchantError

if TYPE_CHECKING:
    from penchant.project import Project

STRANGER = "a stranger"
DEEDS = {"shop": "purchase", "movies": "rating"}  # what people do in each data set
MOMENTS, QUESTIONS = 1_500, 600  # learned from and asked at most
BOARD = "evaluation.md"
_PATIENCE = 60  # seconds one HTTP answer may take
_LIVELY = 30  # events of a person whose list is worth showing


def demo(
    data: Annotated[Data, typer.Option("--data", help="Orders of a gift shop, or ratings of films.")] = Data.SHOP,
    check: Annotated[
        bool, typer.Option("--check", help="Do everything without a console, and fail if a step does.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where to work.", show_default="demo/NAME")
    ] = None,
    port: Port = 8000,
) -> None:
    """Show the whole product on bundled real data: import, train, evaluate, recommend, serve."""
    began = time.monotonic()
    place = prepare(data.value, folder or Path("demo") / data.value)
    if check:
        run(place, data.value)
        serve_briefly(place, data.value)
        terminal.say(f"ok    everything worked in {time.monotonic() - began:.0f} s, peak memory {peak():,} MiB")
        return
    run(place, data.value, again=False)
    operating.serve(place, port=port)


def prepare(name: str, place: Path) -> Path:
    """A project folder with the config of a data set; one that is there already is used as it is."""
    from penchant.config import FILE
    from penchant.data import dataset

    place.mkdir(parents=True, exist_ok=True)
    if not (place / FILE).exists():
        shutil.copyfile(dataset(name) / FILE, place / FILE)
    return place


def step(name: str, work: Callable[[], str]) -> None:
    """Do one step and say what came of it; a failure is said and ends the demo."""
    began = time.monotonic()
    try:
        said = work()
    except Exception:
        terminal.say(f"FAILED {name}")
        raise
    terminal.say(f"ok    {name}: {said} ({time.monotonic() - began:.1f} s)")


def run(place: Path, name: str, *, again: bool = True) -> None:
    """Import, train, evaluate and recommend; what was done before is reused unless `again`."""
    from penchant.data import dataset

    with opened(place) as project:
        if again or project.built.artefacts.current() is None:
            step("import", lambda: imported(project, dataset(name)))
            step("train", lambda: trained(project))
        else:
            terminal.say(f"ok    reusing the release and the data in {place}")
    if again or not (place / BOARD).exists():
        step("evaluate", lambda: evaluated(place))
    else:
        terminal.say((place / BOARD).read_text(encoding="utf-8"))
    with opened(place) as project:
        step("recommend", lambda: person(project))
        step("react", lambda: reaction(project, DEEDS[name]))


def briefly(project: "Project") -> "Project":
    """The project, learning from fewer moments and asking fewer questions: a demo should not make anybody wait."""
    settings = project.settings
    training = replace(settings.training, cases=min(settings.training.cases, MOMENTS))
    evaluation = replace(settings.evaluation, cases=min(settings.evaluation.cases, QUESTIONS))
    project.settings = replace(settings, training=training, evaluation=evaluation)
    return project


def imported(project: "Project", source: Path) -> str:
    """Import the data set; a second time nothing is new."""
    items = project.import_items(source / "items.parquet")
    events = project.import_events(source / "events.parquet")
    return f"{items.rows:,} items ({items.written:,} new), {events.rows:,} events ({events.written:,} new)"


def trained(project: "Project") -> str:
    """Train, and see that everything that can be trained was."""
    manifest = briefly(project).train()
    if project.engine.release.degraded:
        raise PenchantError(f"release {manifest['version']}: {', '.join(project.engine.release.degraded)}")
    return f"release {manifest['version']}"


def evaluated(place: Path) -> str:
    """Evaluate, print the board and keep it beside the data."""
    from penchant.evaluation import table

    with opened(place) as project:
        report = briefly(project).evaluate()
    (place / BOARD).write_text(table.markdown(report), encoding="utf-8")
    learning.board(report)
    return f"{report.questions:,} questions"


def person(project: "Project") -> str:
    """Show somebody's list with its reasons."""
    user = lively(project)
    slate = project.recommend(user, k=5, explain=True)
    if not slate.picks or not all(pick.reasons for pick in slate.picks):
        raise PenchantError(f"no list with reasons for {user!r}")
    terminal.say(f"for {user}:")
    asking.show(slate, project.engine.follower.catch_up().catalogue)
    return f"{len(slate.picks)} items with reasons for {user}, slate {slate.id[:8]}"


def lively(project: "Project") -> str:
    """The person of the newest event who has done enough to be known."""
    timeline = project.engine.follower.catch_up().timeline
    names = timeline.names
    recent = dict.fromkeys(timeline.user[-1_000:][::-1].tolist())
    known = (names[code] for code in recent if len(timeline.places("user", code)) >= _LIVELY)
    return next(known, names[0])


def reaction(project: "Project", kind: str) -> str:
    """Let a stranger do one thing, and see the very next list change."""
    from penchant.types import Event

    before = project.recommend(STRANGER).items
    chosen = before[-1]
    project.observe([Event(user=STRANGER, item=chosen, kind=kind)])
    after = project.recommend(STRANGER).items
    project.forget(STRANGER)
    return changed(before, after, f"{kind} of {chosen}")


def changed(before: list[str], after: list[str], what: str) -> str:
    """Say how a list changed; it must have."""
    if before == after:
        raise PenchantError(f"after the {what} the list is what it was before")
    return f"after one {what}, {len(set(after) - set(before))} of {len(after)} items are new in the stranger's list"


def serve_briefly(place: Path, name: str) -> None:
    """Start the server, use it over HTTP as a program would, and stop it."""
    from penchant.project import Project
    from penchant.serving import server

    with server.background(Project(place)) as url:
        step("server", lambda: f"{call(url, '/healthz')['status']} at {url}")
        step("page", lambda: page(url))
        step("react over HTTP", lambda: reacted(url, DEEDS[name]))
    step("stop", lambda: stopped(url))


def reacted(url: str, kind: str) -> str:
    """Recommend, post an event, and recommend again at the position that proves it was read."""
    ask = {"user_id": STRANGER}
    before = call(url, "/v1/recommend", ask)
    chosen = before["items"][-1]["item_id"]
    told = call(url, "/v1/events", {"events": [{"user_id": STRANGER, "item_id": chosen, "event_type": kind}]})
    after = call(url, "/v1/recommend", {**ask, "min_position": told["position"]})
    call(url, f"/v1/users/{STRANGER.replace(' ', '%20')}", method="DELETE")
    if told["accepted"] != 1 or not before["position"] < told["position"] <= after["position"]:
        raise PenchantError(f"positions {before['position']}, {told['position']}, {after['position']} do not grow")
    first, second = ([item["item_id"] for item in answer["items"]] for answer in (before, after))
    return changed(first, second, f"{kind} of {chosen}") + f", at position {after['position']:,}"


def call(url: str, path: str, body: Any = None, method: str | None = None) -> Any:
    """One HTTP call; the answer's JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    request = urllib.request.Request(url + path, data, headers, method=method)  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
        return json.loads(answer.read())


def page(url: str) -> str:
    """Fetch the console."""
    with urllib.request.urlopen(url + "/", timeout=_PATIENCE) as answer:  # noqa: S310
        text = answer.read()
    if b"<html" not in text:
        raise PenchantError("the console is no page")
    return f"{len(text):,} bytes"


def stopped(url: str) -> str:
    """See that nobody answers any more."""
    try:
        call(url, "/healthz")
    except OSError:
        return "the server is gone"
    raise PenchantError("the server still answers after it was stopped")


def peak() -> int:
    """The most memory this process has had, MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used >> (20 if sys.platform == "darwin" else 10)
