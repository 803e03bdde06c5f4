"""What goes back over the wire: the shapes of the answers, for the description of the API, and JSON that is fast."""

from typing import Any

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from penchant.types import Pick, Slate
from penchant.words import gist


class Json(Response):
    """A JSON answer; numbers that are not finite become null."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the document."""
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


class Reason(BaseModel):
    """One reason why an item is where it is."""

    kind: str
    part: float | None = Field(description="Its part of the score, in the ranker's unit.")
    columns: dict[str, float | None]
    text: str
    evidence: dict[str, Any]


class Offer(BaseModel):
    """One place of an answer."""

    item_id: str
    score: float | None
    reasons: list[Reason] = Field(description="Filled when `explain` is true.")


class Understood(BaseModel):
    """What was read from the wish."""

    text: str
    wanted: str = Field(description="The text without the words that only ask.")


class Answer(BaseModel):
    """A slate: what is offered, best first."""

    slate_id: str
    release: str
    position: int = Field(description="How far into the event log the answer had read.")
    items: list[Offer]
    understood: Understood | None
    degraded: list[str] = Field(description="What could not be done, and what was done instead.")
    cost: dict[str, float] = Field(description="What language models took for it: calls, tokens, seconds.")
    took_ms: float


class Likes(BaseModel):
    """Items like another."""

    items: list[Offer]


class Rejected(BaseModel):
    """An event that was not taken."""

    index: int
    reason: str


class Receipt(BaseModel):
    """What became of a batch of events."""

    accepted: int
    duplicates: int
    rejected: list[Rejected]
    position: int = Field(description="Ask with this as `min_position` to be sure that these events are seen.")


class Stocked(BaseModel):
    """What became of a batch of items."""

    accepted: int
    changed: int = Field(description="How many were new or different.")
    position: int


class Withdrawn(BaseModel):
    """An item that is not offered any more."""

    item_id: str
    available: bool
    position: int


class Person(BaseModel):
    """Everything kept about a person."""

    user_id: str
    events: list[dict[str, Any]]
    slates: list[dict[str, Any]]
    state: dict[str, Any] | None


class Forgotten(BaseModel):
    """What was removed about a person, and what is not removed yet."""

    removed: dict[str, int]
    forgotten_at: str | None
    digest: str
    remaining: list[str]


class Why(BaseModel):
    """Where an item stood at every step of an answer, and where it was lost."""

    item_id: str
    shown: bool
    rank: int | None
    lost_at: str | None
    because: str
    reasons: list[Reason]
    found_by: dict[str, int | None] | None = None
    steps: list[dict[str, Any]] | None = None


def from_slate(slate: Slate, took: float) -> dict[str, Any]:
    """The answer that a slate is; `took` in seconds."""
    return {
        "slate_id": slate.id,
        "release": slate.release,
        "position": slate.position,
        "items": from_picks(slate.picks),
        "understood": _understood(slate.query.text) if slate.query.text else None,
        "degraded": list(slate.degraded),
        "cost": dict(slate.cost),
        "took_ms": round(took * 1_000, 3),
    }


def _understood(text: str) -> dict[str, Any]:
    return {"text": text, "wanted": gist(text) or text}


def from_picks(picks: tuple[Pick, ...] | list[Pick]) -> list[dict[str, Any]]:
    """The offers that picks are."""
    return [{"item_id": p.item, "score": p.score, "reasons": list(p.reasons)} for p in picks]
