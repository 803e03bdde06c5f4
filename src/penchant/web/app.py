"""The whole web application around one engine: API, console, probes, and the manners they share."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from penchant.desk import Desk
from penchant.engine import Engine
from penchant.errors import NotReadyError
from penchant.keys import Keyring
from penchant.language.copywriting import Copywriter
from penchant.settings import ServingSettings
from penchant.web import api, console, problems, wire
from penchant.web.admission import Admission
from penchant.web.answers import Json
from penchant.web.entrance import Entrance, Tracer
from penchant.web.front import Front
from penchant.web.gate import GUARDED, SCHEME, Gate, needs
from penchant.web.rates import Rates
from penchant.web.shortcut import Shortcut
from penchant.web.turns import Turns

Task = Callable[[], object]
USUAL = ServingSettings()
SUMMARY = "Real-time personalised ranking. Every answer names its slate, its release and how far into the log it read."


def create_app(
    engine: Engine,
    *,
    title: str,
    desk: Desk | None = None,
    serving: ServingSettings = USUAL,
    on_start: Sequence[Task] = (),
    on_stop: Sequence[Task] = (),
    keyring: Keyring | None = None,
    rates: Rates | None = None,
    access: float = 0.0,
    tracer: Tracer | None = None,
    metrics: Callable[[], bytes] | None = None,
) -> FastAPI:
    """Build the application. `on_start` and `on_stop` run in order; closing the engine is up to the caller.

    Without a `desk` of its own, texts about picks are written from templates; without a `keyring` no key is needed,
    and without `rates` everybody may ask as often as they like.
    `access` is the share of requests that get a line in the log; `tracer` is told of every one. `metrics`
    is what /metrics says, by default what the engine tells.
    """
    desk = desk or Desk(engine=engine, writer=Copywriter(telemetry=engine.telemetry))
    answers, entry, probes = Turns(serving.threads), Turns(1), Turns(1)
    app = FastAPI(
        title=title,
        version=_version(),
        description=SUMMARY,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(on_start, (answers.close, entry.close, probes.close, *on_stop)),
        generate_unique_id_function=_name,
    )
    app.state.leaving = False
    routers = (
        api.routes(engine, desk, answers, entry, serving.behind),
        _probes(engine, probes, metrics),
        console.routes(engine, title),
    )
    for router in routers:
        app.include_router(router)
    app.mount("/static", console.Files(directory=console.FOLDER), name="static")
    problems.install(app)
    gate = Gate([route for router in routers for route in router.routes], keyring, rates)
    app.add_middleware(Shortcut, ways=_ways(routers[0]))
    app.add_middleware(Admission, serving=serving, telemetry=engine.telemetry)
    app.add_middleware(Front, telemetry=engine.telemetry, gate=gate, patience=serving.arrival)
    app.add_middleware(Entrance, share=access, tracer=tracer)  # outermost: whatever answers, it is named
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _ways(router: APIRouter) -> dict[str, tuple[Any, Callable[..., Any], bool]]:
    """The requests that come most, by path: the model of the body, the handler, and whether it asks for a language."""
    routes = {route.path: route.endpoint for route in router.routes if isinstance(route, APIRoute)}
    models = {"/v1/recommend": (wire.Ask, True), "/v1/rank": (wire.Order, True), "/v1/events": (wire.Deeds, False)}
    return {path: (model, routes[path], speaks) for path, (model, speaks) in models.items()}


@dataclass(frozen=True, slots=True)
class Probes:
    """Questions of machines that look after this one."""

    engine: Engine
    exposition: Callable[[], bytes]

    async def healthz(self) -> Response:
        """Say that the process is alive."""
        return Json({"status": "ok"})

    def readyz(self, request: Request) -> Response:
        """Say that the log can be read and answers can be given; 503 otherwise, and from when the server is to stop."""
        if request.app.state.leaving:
            raise NotReadyError("this server is about to stop")
        world, release = self.engine.follower.catch_up(), self.engine.release
        ready = {"status": "ready", "worker": os.getpid(), "release": release.version, "position": world.position}
        return Json({**ready, "items": len(world.catalogue), "degraded": list(release.degraded)})

    def metrics(self) -> Response:
        """Counts and timings in Prometheus text format."""
        return PlainTextResponse(self.exposition(), media_type="text/plain; version=0.0.4")


def _probes(engine: Engine, turns: Turns, metrics: Callable[[], bytes] | None) -> APIRouter:
    """The probes; they have a thread of their own, so that none waits behind answers."""
    probes = Probes(engine, metrics or engine.telemetry.exposition)
    router = APIRouter()
    errors = problems.documented()
    errors.pop(422)
    said: dict[str, Any] = {"response_model": dict[str, Any], "responses": errors, "openapi_extra": needs(None)}
    for path, handler in (("/healthz", probes.healthz), ("/readyz", turns(probes.readyz))):
        router.add_api_route(path, handler, methods=["GET"], **said)
    guarded = problems.documented(*GUARDED)
    guarded.pop(422)
    text: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
    said = {"response_model": None, "responses": {**text, **guarded}, "openapi_extra": needs("read")}
    router.add_api_route("/metrics", turns(probes.metrics), response_class=PlainTextResponse, **said)
    return router


def _lifespan(
    on_start: Sequence[Task], on_stop: Sequence[Task]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for task in on_start:
            await run_in_threadpool(task)
        try:
            yield
        finally:
            for task in on_stop:
                await run_in_threadpool(task)

    return lifespan


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the schemas that routes name by reference only."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = schema["components"]["schemas"]
        for model in (problems.Problem, wire.Deed):
            own = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(own.pop("$defs", {}))
            schemas[model.__name__] = own
        schema["components"]["securitySchemes"] = {"key": SCHEME}
        app.openapi_schema = schema
    return app.openapi_schema


def _name(route: APIRoute) -> str:
    return route.name


def _version() -> str:
    try:
        return version("penchant")
    except PackageNotFoundError:  # run from a checkout
        return "0"
