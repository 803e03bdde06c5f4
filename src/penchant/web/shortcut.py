"""The short way of the requests that come most: what is flawless passes the framework by.

Whatever is odd about a request, down to its content type, goes the long way, which says what is wrong with it; so
there is one description of the API, one set of problems, and nothing here that decides anything.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.errors import PenchantError
from penchant.web.problems import known

Answering = Callable[..., Any]  # of a body, and of what else the shortcut is told to pass
_JSON = (b"content-type", b"application/json")


class Shortcut:
    """ASGI middleware inside of all others: POST path → the model of its body and its handler.

    Handlers get `body`, and where a way says so `spoken` (the header Accept-Language).
    """

    def __init__(self, app: ASGIApp, *, ways: Mapping[str, tuple[type[BaseModel], Answering, bool]]) -> None:
        self.app, self._ways = app, ways

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        way = self._ways.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if way is None or _JSON not in scope["headers"]:
            await self.app(scope, receive, send)
            return
        message = await receive()
        model, answer, speaks = way
        body = _read(model, message)
        if body is None:
            await self.app(scope, Again(message, receive), send)
            return
        more = {"spoken": Headers(scope=scope).get("accept-language")} if speaks else {}
        try:
            response = await answer(body=body, **more)
        except PenchantError as error:
            response = known(error)
        await response(scope, receive, send)


def _read(model: type[BaseModel], message: Message) -> BaseModel | None:
    """The body, if all of it is there and nothing is wrong with it."""
    if message["type"] != "http.request" or message.get("more_body", False):
        return None
    try:
        return model.model_validate(orjson.loads(message.get("body", b"")))
    except (ValueError, ValidationError):
        return None


class Again:
    """Gives a message that has been taken already, then whatever follows."""

    def __init__(self, message: Message, receive: Receive) -> None:
        self._message: Message | None = message
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return await self._receive() if message is None else message
