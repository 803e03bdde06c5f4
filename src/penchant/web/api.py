"""The API of version 1: each route checks what it is given, calls the engine once and writes down what it says."""

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from penchant import privacy
from penchant.checks import Observed
from penchant.desk import Desk
from penchant.engine import Engine
from penchant.errors import UnknownError
from penchant.telemetry.measures import lacking
from penchant.types import Slate
from penchant.web import answers, copying, wire
from penchant.web.answers import Json
from penchant.web.copying import Copying
from penchant.web.entrance import lacked
from penchant.web.gate import GUARDED, needs
from penchant.web.groups import Groups
from penchant.web.problems import documented
from penchant.web.reading import Reading
from penchant.web.turns import Turns

Spoken = Annotated[str | None, Header(alias="Accept-Language", description="Language of the reasons: en or zh.")]
Named = Annotated[wire.Id, Path()]
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Api:
    """The handlers, around one engine; they run in threads."""

    engine: Engine
    desk: Desk

    def recommend(self, body: wire.Ask, spoken: Spoken = None) -> Response:
        """Offer a person what they are likely to want now, best first."""
        return self._answer(body, spoken, self.engine.recommend)

    def rank(self, body: wire.Order, spoken: Spoken = None) -> Response:
        """Order the caller's candidates for a person; all of them come back."""
        return self._answer(body, spoken, self.engine.rank)

    def similar(self, body: wire.Likeness) -> Response:
        """Find what is like an item."""
        return Json({"items": answers.from_picks(self.engine.similar(body.item_id, body.k))})

    def copy(self, body: copying.Copy, request: Request, spoken: Spoken = None) -> Response:
        """Write a sentence or two about each pick, in the answer or, with `Accept: text/event-stream`, as they come.

        Events are `sentence` (item_id, text), `text` (a whole Text), and at the end `done`, or `error` if it broke off.
        """
        return Copying(self.desk).write(body, request, language({"language": body.language}, spoken))

    def observe(self, bodies: Sequence[wire.Deeds]) -> list[Response | Exception]:
        """Log the events of requests that came at the same time."""
        sorted_out = [wire.sorted_out(body.events) for body in bodies]
        seen = self.engine.intake.take([list(good.values()) for good, _ in sorted_out])
        return [
            one if isinstance(one, Exception) else self._receipt(one, list(good), bad)
            for one, (good, bad) in zip(seen, sorted_out, strict=True)
        ]

    def _receipt(self, seen: Observed, places: list[int], bad: list[tuple[int, str]]) -> Response:
        self.engine.telemetry.observed(0, 0, [why for _, why in bad])
        rejected = sorted(bad + [(places[index], reason) for index, reason in seen.rejected])
        return Json(
            {
                "accepted": seen.accepted,
                "duplicates": seen.duplicates,
                "rejected": [{"index": index, "reason": reason} for index, reason in rejected],
                "position": seen.position,
            }
        )

    def put_items(self, body: wire.Things) -> Response:
        """Insert or replace items; they can be recommended at once."""
        changed = self.engine.put_items([thing.item() for thing in body.items])
        return Json({"accepted": len(body.items), "changed": changed, "position": self._position()})

    def withdraw(self, item_id: Named) -> Response:
        """Offer an item no more."""
        self.engine.withdraw(item_id)
        return Json({"item_id": item_id, "available": False, "position": self._position()})

    def export(self, user_id: Named) -> Response:
        """Show everything that is kept about a person."""
        kept = self.engine.export(user_id)
        if not privacy.holds(kept):
            raise UnknownError("nothing is kept about this person")
        return Json(kept)

    def forget(self, user_id: Named) -> Response:
        """Forget a person; asking again does no harm."""
        return Json(self.engine.forget(user_id))

    def steer(self, user_id: Named, body: wire.Said, spoken: Spoken = None) -> Response:
        """Take in what a person asks of their lists: the next answer follows what was understood."""
        steer = self.engine.steer(user_id, body.text, body.surface)
        return Json(answers.from_steer(steer, language({}, spoken)))

    def steers(self, user_id: Named, spoken: Spoken = None) -> Response:
        """List what a person asked of their lists and is in force."""
        return Json(answers.from_steers(self.engine.steers(user_id), language({}, spoken)))

    def unsteer(self, user_id: Named, steer_id: Named) -> Response:
        """Undo what a person asked of their lists."""
        self.engine.unsteer(user_id, steer_id)
        return Json({"steer_id": steer_id, "undone": True, "position": self._position()})

    def why(self, slate_id: Named, item_id: Annotated[wire.Id, Query()], spoken: Spoken = None) -> Response:
        """Say why an item was in a slate, or where in the pipeline it was lost."""
        return Json(self.engine.why(slate_id, item_id, language({}, spoken)))

    def _answer(self, body: wire.Ask | wire.Order, spoken: str | None, ask: Callable[..., Slate]) -> Response:
        began = time.perf_counter()
        tongue = language(body.context, spoken)
        slate = ask(body.query(), explain=body.explain, language=tongue, min_position=body.min_position)
        lacked([lacking(note) for note in slate.degraded])
        return Json(answers.from_slate(slate, time.perf_counter() - began))

    def _position(self) -> int:
        return self.engine.follower.catch_up().position


class _Strict(Request):
    """A request whose JSON has no NaN, no lone surrogates and no depth that could hurt."""

    async def json(self) -> Any:
        return orjson.loads(await self.body())


class _Route(APIRoute):
    """A route that reads its body strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a strict request."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(_Strict(request.scope, request.receive))

        return strict


def routes(engine: Engine, desk: Desk, turn: Turns, entry: Turns, behind: float = 0.0) -> APIRouter:
    """The routes of version 1 around an engine and its desk.

    What an engine answers by itself takes its turn, events take those of the `entry`; what may wait for a language
    model or read much has other threads.
    A log that is `behind` is waited for so many seconds.
    """
    api = Api(engine, desk)
    reading = Reading(engine.follower, turn(engine.follower.catch_up), behind)
    router = APIRouter(prefix="/v1", route_class=_Route)
    body = (400, 413, 415)
    table: tuple[tuple[str, str, str, Callable[..., Any], type, tuple[int, ...]], ...] = (
        ("read", "POST", "/recommend", reading(turn(api.recommend)), answers.Answer, body),
        ("read", "POST", "/rank", reading(turn(api.rank)), answers.Answer, body),
        ("read", "POST", "/similar", turn(api.similar), answers.Likes, (*body, 404)),
        ("read", "POST", "/copy", api.copy, copying.Texts, (*body, 404)),
        ("write", "POST", "/events", _entered(api, entry), answers.Receipt, body),
        ("write", "PUT", "/items", turn(api.put_items), answers.Stocked, body),
        ("write", "DELETE", "/items/{item_id:path}", turn(api.withdraw), answers.Withdrawn, (404,)),
        # before the paths that take all
        ("write", "POST", "/users/{user_id:path}/steer", api.steer, answers.Steering, body),
        ("read", "GET", "/users/{user_id:path}/steer", api.steers, answers.Steers, ()),
        ("write", "DELETE", "/users/{user_id:path}/steer/{steer_id}", api.unsteer, answers.Undone, (404,)),
        ("admin", "GET", "/users/{user_id:path}", api.export, answers.Person, (404,)),
        ("admin", "DELETE", "/users/{user_id:path}", api.forget, answers.Forgotten, (404,)),
        ("read", "GET", "/slates/{slate_id}", api.why, answers.Why, (404,)),
    )
    for scope, method, path, handler, model, errors in table:
        said: dict[str, Any] = {"responses": documented(*GUARDED, *errors), "openapi_extra": needs(scope)}
        router.add_api_route(path, handler, methods=[method], response_model=model, **said)
    return router


def _entered(api: Api, turns: Turns) -> Callable[[wire.Deeds], Coroutine[Any, Any, Response]]:
    """The handler of events, of which those that come together are logged together."""
    groups: Groups[wire.Deeds, Response] = Groups(api.observe, turns, lambda body: len(body.events), wire.MOST)

    async def observe(body: wire.Deeds) -> Response:
        """Log events; once this answers with 200 they are durable, and the next answer has seen them."""
        return await groups(body)

    observe.__dict__["turns"] = groups
    return observe


def language(context: object, spoken: str | None) -> str:
    """The language of the reasons: the context's, else the best of Accept-Language that there is, else English."""
    asked = context.get("language") if isinstance(context, dict) else None
    for tag in [asked] if isinstance(asked, str) else _preferred(spoken or ""):
        if (short := tag.strip().lower()[:2]) in LANGUAGES:
            return short
    return LANGUAGES[0]


def _preferred(header: str) -> list[str]:
    """The tags of an Accept-Language header, most wanted first."""
    tags = [part.partition(";") for part in header.split(",")[:20]]
    return [tag for tag, _, weight in sorted(tags, key=lambda t: -_weight(t[2])) if _weight(weight) > 0]


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
