"""The outermost step of every request: it gets a name, a line in the log if one is wanted, and a span if one traces.

Lines and spans tell the template of the route, the status and the time; never a path, which may hold ids.
"""

import logging
from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.telemetry.visits import CURRENT, Visit, named

HEADER = "X-Request-ID"
_RAW = HEADER.lower().encode()
_FAILED = 500  # from this status on a line is written in any case

log = logging.getLogger("penchant.access")


class Span(Protocol):
    """A request as a tracer sees it."""

    def end(self, route: str, status: int) -> None:
        """Say how the request ended."""
        ...


class Tracer(Protocol):
    """Who traces requests, on from the `traceparent` of a caller."""

    def begin(self, method: str, headers: Headers) -> Span:
        """Open the span in which everything is done until it ends."""
        ...


class Entrance:
    """ASGI middleware around the whole app; `share` of the requests, evenly spread, get a line in the log."""

    def __init__(self, app: ASGIApp, *, share: float = 0.0, tracer: Tracer | None = None) -> None:
        self.app = app
        self.share, self.tracer = share, tracer
        self._credit = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and tell of it when it has been answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visit, began = Visit(named(headers.get(HEADER, ""))), perf_counter()
        answer, token = _Named(send, visit.id), CURRENT.set(visit)
        span = self.tracer.begin(scope["method"], headers) if self.tracer else None
        try:
            await self.app(scope, receive, answer)
        finally:
            if span is not None:
                span.end(template(scope), answer.status)
            self._tell(scope, visit, answer.status, perf_counter() - began)
            CURRENT.reset(token)

    def _tell(self, scope: Scope, visit: Visit, status: int, seconds: float) -> None:
        self._credit += self.share
        if self._credit < 1 and (status < _FAILED or scope.get("shed", False)):
            return
        self._credit = max(0.0, self._credit - 1)
        told = {
            "method": scope["method"],
            "route": template(scope),
            "status": status,
            "ms": round(seconds * 1_000, 3),
            "degraded": list(visit.degraded),
        }
        log.info("answered", extra={"told": told})


class _Named:
    """Sends an answer with the request's name, and remembers its status."""

    def __init__(self, send: Send, name: str) -> None:
        self.send, self.name = send, name
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (_RAW, self.name.encode())]
        await self.send(message)


def template(scope: Scope) -> str:
    """The template of the route that answered; none where no route did."""
    return getattr(scope.get("route"), "path", "") or "none"


def lacked(notes: Sequence[str]) -> None:
    """Remember what the answer to this request had to do without."""
    visit = CURRENT.get()
    if visit is not None:
        visit.degraded = tuple(notes)
