"""What goes back over the wire: the shapes of the answers, for the description of the API, and JSON that is fast."""

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from penchant.stores.codec import from_time
from penchant.text.steers import Steer, words
from penchant.text.words import gist
from penchant.types import Pick, Slate


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
    """What was read from the wish, and what the person had asked of their lists that is in force."""

    text: str | None
    wanted: str | None = Field(description="The text without the words that only ask.")
    steering: list[str] = Field(description="In plain words, as of `POST /v1/users/{id}/steer`.")


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


class Steering(BaseModel):
    """What became of what a person asked of their lists."""

    steer_id: str
    understood: list[str] = Field(description="In plain words.")
    ignored: list[str] = Field(description="What was not understood, in the person's words.")
    until: str | None = Field(description="When it ends by itself; null: when it is undone.")


class Asked(Steering):
    """Something that a person asked of their lists."""

    text: str
    surface: str = Field(description="Where it counts; empty: everywhere.")
    timestamp: str


class Steers(BaseModel):
    """What a person asked of their lists and is in force."""

    steers: list[Asked]


class Undone(BaseModel):
    """Something asked that counts no more."""

    steer_id: str
    undone: bool
    position: int


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
        "understood": _understood(slate),
        "degraded": list(slate.degraded),
        "cost": dict(slate.cost),
        "took_ms": round(took * 1_000, 3),
    }


def from_steer(steer: Steer, language: str = "en") -> dict[str, Any]:
    """What became of a steer."""
    return {
        "steer_id": steer.id,
        "understood": [words(delta, language) for delta in steer.deltas],
        "ignored": list(steer.ignored),
        "until": None if steer.until is None else from_time(steer.until),
    }


def from_steers(steers: Sequence[Steer], language: str = "en") -> dict[str, Any]:
    """The list that steers are."""
    known = ({"text": s.text, "surface": s.surface, "timestamp": from_time(s.time)} for s in steers)
    return {"steers": [{**from_steer(s, language), **more} for s, more in zip(steers, known, strict=True)]}


def _understood(slate: Slate) -> dict[str, Any] | None:
    if not slate.query.text and not slate.steering:
        return None
    text = slate.query.text
    return {"text": text, "wanted": (gist(text) or text) if text else None, "steering": list(slate.steering)}


def from_picks(picks: tuple[Pick, ...] | list[Pick]) -> list[dict[str, Any]]:
    """The offers that picks are."""
    return [{"item_id": p.item, "score": p.score, "reasons": list(p.reasons)} for p in picks]
