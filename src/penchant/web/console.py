"""The console: a page for people, and the few read-only questions it needs beside the API.

They read the engine's world and nothing else, and are no part of the API's promises.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from penchant.engine import Engine
from penchant.events.timeline import Timeline
from penchant.types import Item, moment
from penchant.web.answers import Json
from penchant.web.gate import needs
from penchant.web.wire import Id

FOLDER = Path(__file__).parent / "static"
USUAL = ("view", "cart", "purchase")  # deeds of a shop in which nothing has happened yet
_RECENT = 20_000  # newest events that are looked through for people
_FRESH = {"Cache-Control": "no-cache"}
Words = Annotated[str, Query(max_length=200)]


class Files(StaticFiles):
    """The page's files, asked for anew each time and sent only when they changed."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """A file, or 304."""
        response = super().file_response(*args, **options)
        response.headers.update(_FRESH)
        return response


@dataclass(frozen=True, slots=True)
class Console:
    """The handlers, around one engine."""

    engine: Engine
    title: str

    def page(self) -> Response:
        """The console."""
        return FileResponse(FOLDER / "index.html", headers=_FRESH)

    def reference(self) -> Response:
        """The description of the API, for people."""
        return FileResponse(FOLDER / "docs.html", headers=_FRESH)

    def settings(self) -> Response:
        """What the page is called and which deeds it offers."""
        world = self.engine.follower.catch_up()
        offered = [{"name": name, "weight": weight} for name, weight in deeds(world.timeline)]
        return Json(
            {"title": self.title, "deeds": offered, "items": len(world.catalogue), "events": len(world.timeline)}
        )

    def people(self, q: Words = "", limit: Annotated[int, Query(ge=1, le=50)] = 8) -> Response:
        """Those who did something most recently, whose id holds `q`."""
        timeline = self.engine.follower.catch_up().timeline
        return Json({"people": _people(timeline, q.strip().casefold(), limit)})

    def history(self, user_id: Id, limit: Annotated[int, Query(ge=1, le=200)] = 40) -> Response:
        """What a person did, newest first."""
        world = self.engine.follower.catch_up()
        timeline = world.timeline
        places = timeline.places("user", timeline.users.get(user_id, -1))
        events = timeline.events(places[::-1][:limit])
        shown = [
            {
                "item": _card(world.catalogue.items[row]) if row >= 0 else None,
                "kind": timeline.kinds.names[kind],
                "time": moment(time).isoformat(),
            }
            for row, kind, time in zip(events.item.tolist(), events.kind.tolist(), events.time.tolist(), strict=True)
        ]
        return Json({"events": shown, "total": len(places), "position": world.position})

    def items(self, item_id: Annotated[list[Id], Query(max_length=100)]) -> Response:
        """What is known of some items; unknown ones are left out."""
        catalogue = self.engine.follower.catch_up().catalogue
        return Json({"items": [_card(catalogue.items[row]) for row in catalogue.rows(item_id).tolist()]})

    def search(self, q: Words, limit: Annotated[int, Query(ge=1, le=50)] = 8) -> Response:
        """Items whose title or id holds all the words of `q`."""
        words = q.casefold().split()
        found = _matches(self.engine.follower.catch_up().catalogue.items, words) if words else iter(())
        return Json({"items": [_card(item) for item, _ in zip(found, range(limit), strict=False)]})


def routes(engine: Engine, title: str) -> APIRouter:
    """The console's routes around an engine."""
    console = Console(engine, title)
    router = APIRouter(include_in_schema=False)
    for scope, path, handler in (
        (None, "/", console.page),
        (None, "/docs", console.reference),
        ("read", "/console/settings", console.settings),
        ("admin", "/console/people", console.people),
        ("admin", "/console/history", console.history),
        ("read", "/console/items", console.items),
        ("read", "/console/search", console.search),
    ):
        router.add_api_route(path, handler, methods=["GET"], response_model=None, openapi_extra=needs(scope))
    return router


def deeds(timeline: Timeline) -> list[tuple[str, float]]:
    """The kinds of events to offer: what people mostly do here, weakest first, and one that speaks against an item."""
    kinds = timeline.kinds
    weights = {name: float(weight) for name, weight in zip(kinds.names, kinds.weights, strict=True) if name != "other"}
    counts = np.bincount(timeline.kind, minlength=len(kinds.names))
    common = [kinds.names[code] for code in np.argsort(-counts, kind="stable").tolist() if counts[code]]
    usual = USUAL if "purchase" in common or not common else USUAL[:1]
    chosen = [name for name in dict.fromkeys([*common, *usual]) if weights.get(name, 0) > 0][:3]
    against = [name for name in ("dislike", *common) if weights.get(name, 0) < 0][:1]
    return [(name, weights[name]) for name in [*sorted(chosen, key=lambda n: weights[n]), *against]]


def _people(timeline: Timeline, words: str, limit: int) -> list[dict[str, Any]]:
    names = timeline.names
    recent = timeline.user[-_RECENT:][::-1]
    found = [names[code] for code in dict.fromkeys(recent.tolist()) if words in names[code].casefold()]
    if words and len(found) < limit:
        seen = set(found)
        found += [name for name in names if name not in seen and words in name.casefold()][: 10 * limit]
    people = [p for name in found[: 10 * limit] if (p := _person(timeline, name))]
    exact = [p for p in people if p["user_id"].casefold() == words]
    return [*exact, *(p for p in people if p not in exact)][:limit]


def _person(timeline: Timeline, name: str) -> dict[str, Any] | None:
    """Who this is; None for someone who was forgotten."""
    places = timeline.places("user", timeline.users.get(name, -1))
    if not len(places):
        return None
    return {"user_id": name, "events": len(places), "last": moment(timeline.time[places[-1]]).isoformat()}


def _matches(items: Any, words: list[str]) -> Iterator[Item]:
    """Items that hold the words, those whose title begins with the first word first."""
    found = [item for item in items if all(w in f"{item.title} {item.id}".casefold() for w in words)]
    return iter(sorted(found, key=lambda item: not item.title.casefold().startswith(words[0])))


def _card(item: Item) -> dict[str, Any]:
    keys = ("category", "price", "image_url")
    known = {key: item.attributes.get(key) for key in keys}
    return {"item_id": item.id, "title": item.title or item.id, "available": item.available, **known}
