"""What every request passes first: the gate, a bound on its body, a count by route, safe headers, and no naked failure.

Counts carry the template of a route and the status, never an id.
"""

from asyncio import timeout
from collections.abc import Mapping
from time import perf_counter

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.errors import StoreError
from penchant.telemetry.measures import Telemetry
from penchant.web.connections import HEAD
from penchant.web.entrance import template
from penchant.web.gate import Gate
from penchant.web.problems import failure, problem, unreadable
from penchant.web.shortcut import Again

LIMIT = 2 * 1024 * 1024  # bytes of a body
_GONE = 499  # counted where nobody waits for an answer any more
_DRAINED = 8 * LIMIT  # of a body that is too large, so that its sender is there to read the answer
_SAID = {
    408: "the body did not arrive in time",
    413: f"the body has more than {LIMIT} bytes; send it in parts",
    431: f"the head of the request has more than {HEAD} bytes",
}
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' https: data:; style-src 'self'; script-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_RAW = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())


class Front:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, gate: Gate, patience: float) -> None:
        self.app = app
        self.telemetry = telemetry
        self.gate = gate
        self.patience = patience  # seconds that a body may take to come

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer, began = _Answer(send), perf_counter()
        try:
            await self._answered(scope, receive, answer)
        except ClientDisconnect:
            answer.status = _GONE
        self.telemetry.requested(template(scope), answer.status, perf_counter() - began)

    async def _answered(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if (refusal := self._refusal(scope)) is not None:
            await refusal(scope, receive, answer)
        elif isinstance(body := await _body(scope, receive, self.patience), int):
            answer.status = body
            if body in _SAID:
                await problem(body, _SAID[body], headers={"Connection": "close"})(scope, receive, answer)
        else:
            whole: Message = {"type": "http.request", "body": body, "more_body": False}
            await self._guarded(scope, Again(whole, receive), answer)

    def _refusal(self, scope: Scope) -> Response | None:
        try:
            return self.gate.refusal(scope)
        except StoreError as error:
            return unreadable(error)

    async def _guarded(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            raise
        except Exception as error:
            response = failure(error)
            if not answer.status:  # else the answer is half-way out and cannot be changed
                await response(scope, receive, answer)


class _Answer:
    """Sends an answer with safe headers, and remembers its status."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(header for header in _RAW if header[0] not in given)]
        try:
            await self.send(message)
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            raise ClientDisconnect from error  # some event loops say so only when they are written to


async def _body(scope: Scope, receive: Receive, patience: float) -> bytes | int:
    """The body, or the status of a request that is too large, too slow or given up."""
    if len(scope["query_string"]) + sum(len(name) + len(value) for name, value in scope["headers"]) > HEAD:
        return 431
    try:
        async with timeout(patience):
            body = await _read(scope, receive)
    except TimeoutError:
        return 408
    except ClientDisconnect:
        return _GONE
    return 413 if body is None else body


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """The body, or None if it is too large, whether its length was announced or not.

    Raises ClientDisconnect if the sender leaves half-way.
    """
    headers = Headers(scope=scope)
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return b""
    parts: list[bytes] = []
    size = 0
    while size <= _DRAINED:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        size += len(message.get("body", b""))
        if size <= LIMIT:
            parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return None if size > LIMIT else b"".join(parts)
