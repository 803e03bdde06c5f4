"""Texts about picks over HTTP: whole as JSON, or as a stream of events, each sentence once it is known to be true.

A text is written while the stream is read: who hangs up stops it. Recommendations never wait for any of it.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response, StreamingResponse

from penchant.desk import Desk
from penchant.language.copywriting import Piece, Sentence
from penchant.web import wire
from penchant.web.answers import Json

STREAM = "text/event-stream"
_HEADERS = {"X-Accel-Buffering": "no"}  # a proxy that collects the events first would defeat them

log = logging.getLogger(__name__)


_NULL: JsonValue = {"type": "null"}
_COPIES: list[JsonValue] = [
    {
        "required": ["slate_id"],
        "properties": {"slate_id": {"type": "string"}, "user_id": _NULL, "item_ids": {"maxItems": 0}},
    },
    {"required": ["user_id"], "properties": {"slate_id": _NULL, "user_id": {"type": "string"}}},
    {"required": ["item_ids"], "properties": {"slate_id": _NULL, "item_ids": {"minItems": 1}}},
]


class Copy(wire.Wire):
    """What to write about: a slate, a person's picks or items, or items alone."""

    slate_id: wire.Id | None = Field(None, description="A slate, for the person who got it; its picks in their order.")
    user_id: wire.Id | None = Field(None, description="A person; without items it is what they would be offered now.")
    item_ids: list[wire.Id] = Field(default=[], max_length=100, description="Items to write about.")
    k: wire.Count = Field(10, ge=1, le=100, description="How many picks, where no items are named.")
    language: Literal["en", "zh"] | None = Field(None, description="By default the best of Accept-Language.")

    model_config = ConfigDict(json_schema_extra={"anyOf": _COPIES})

    @model_validator(mode="after")
    def _about_something(self) -> "Copy":
        if self.slate_id is not None and (self.user_id is not None or self.item_ids):
            raise PydanticCustomError("copy", "slate_id stands alone: its person and items are known")
        if self.slate_id is None and self.user_id is None and not self.item_ids:
            raise PydanticCustomError("copy", "slate_id, user_id or item_ids is needed")
        return self


class Text(BaseModel):
    """What is told of one pick."""

    item_id: str
    text: str = Field(description="Empty where nothing may be said of it.")
    language: str
    written_by: str = Field(description="template, generator or nobody.")
    rejected: str = Field(description="Why words of the generator were not taken; empty if all were.")
    cost: dict[str, float] = Field(description="What a language model took for it: calls, tokens, seconds.")
    took_ms: float


class Texts(BaseModel):
    """Texts about picks, in their order."""

    texts: list[Text]
    took_ms: float


@dataclass(frozen=True, slots=True)
class Copying:
    """The handler, around one desk."""

    desk: Desk

    def write(self, body: Copy, request: Request, tongue: str) -> Response:
        """Have texts written, as JSON or, where the request accepts it, as a stream of events."""
        began = time.perf_counter()
        told = self.desk.told(user=body.user_id, items=body.item_ids, slate=body.slate_id, k=body.k, language=tongue)
        if STREAM in request.headers.get("accept", ""):
            return StreamingResponse(_events(told, began), media_type=STREAM, headers=_HEADERS)
        texts = [piece.document() for piece in told if isinstance(piece, Piece)]
        return Json({"texts": texts, "took_ms": _since(began)})


def _events(told: Iterator[Sentence | Piece], began: float) -> Iterator[bytes]:
    """`sentence` once it may be shown, `text` when a pick is done, `done` at the end; `error` if it cannot go on."""
    count = 0
    try:
        for part in told:
            count += isinstance(part, Piece)
            yield _event("text" if isinstance(part, Piece) else "sentence", part.document())
        yield _event("done", {"texts": count, "took_ms": _since(began)})
    except Exception:  # the answer has begun, so its status cannot tell of it
        log.exception("a stream of texts broke off")
        yield _event("error", {"detail": "something failed on this side; the log of the server says what"})


def _event(name: str, document: dict[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(document) + b"\n\n"


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1_000, 3)
