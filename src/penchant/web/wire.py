"""What may come over the wire: strict models with bounds, so that whatever passes them the engine can take.

Unknown keys are errors, numbers are finite, texts hold no NUL, ids no control characters; times without an offset are
UTC.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError, ValidationError

from penchant.types import Event, Item, Query, Value

MOST = 1_000  # picks, events and items per call
MOST_ENTRIES = 50  # of a context or of an item's attributes
RESERVED = ("rank", "similar")  # surfaces that calls of their own have
_LARGE = 1e15
_SPAN = (datetime(1971, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

Id = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Text = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]
Long = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
Whole = Annotated[int, Field(ge=-_LARGE, le=_LARGE)]
Number = Annotated[float, Field(ge=-_LARGE, le=_LARGE)]
Scalar = Text | bool | Whole | Number
_KEYS: dict[str, Any] = {"minLength": 1, "maxLength": 64, "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"}
Context = Annotated[dict[Name, Scalar], Field(max_length=MOST_ENTRIES, json_schema_extra={"propertyNames": {**_KEYS}})]
Attribute = Text | bool | Whole | Number | Annotated[list[Text], Field(max_length=100)] | None
Attributes = Annotated[
    dict[Name, Attribute], Field(max_length=MOST_ENTRIES, json_schema_extra={"propertyNames": {**_KEYS}})
]


def _time(value: object) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        time = datetime.fromisoformat(str(value)) if isinstance(value, str) else None
        if time is not None:
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("time", "must be an ISO 8601 text such as 2026-11-22T16:18:00Z")


def _recent(time: datetime) -> datetime:
    if not _SPAN[0] <= time < _SPAN[1]:
        raise PydanticCustomError("time", "must lie between 1971 and 2100; this may be another unit")
    return time


Time = Annotated[datetime, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
Moment = Annotated[Time, AfterValidator(_recent)]


def _whole(value: object) -> object:
    """JSON knows one kind of number, so 3.0 is as whole as 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int, BeforeValidator(_whole)]


def _surface(name: str) -> str:
    if name in RESERVED:
        raise PydanticCustomError("surface", "is the name of a call of its own; choose another")
    return name


Surface = Annotated[
    Name, AfterValidator(_surface), Field(json_schema_extra={"not": {"enum": list(RESERVED)}}, examples=["home"])
]


class Wire(BaseModel):
    """How every body is read."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Question(Wire):
    """Who asks, and where and when; only `user_id` is required."""

    user_id: Id = Field(examples=["17850"])
    text: Text | None = Field(None, description="A wish in plain words.", examples=["something for the garden"])
    item_id: Id | None = Field(None, description="The item the person is looking at.")
    context: Context = Field(default={}, description="What is known of the moment, such as device or language.")
    exclude: list[Id] = Field(default=[], max_length=10_000, description="Items not to offer.")
    explain: bool = Field(False, description="Give reasons with every item.")
    min_position: Count = Field(0, ge=0, le=2**53, description="Answer only with at least this much of the log read.")


class Ask(Question):
    """A recommendation that is wanted."""

    k: Count = Field(10, ge=1, le=MOST, description="How many items to offer.")
    candidates: list[Id] | None = Field(None, max_length=10_000, description="Offer none but these.")
    surface: Surface = Field("home", description="Where the answer is shown.")

    def query(self) -> Query:
        """The engine's question."""
        return _query(self, candidates=self.candidates, k=self.k, surface=self.surface)


class Order(Question):
    """Candidates to be ordered: all of them come back, so `k` and `surface` change nothing."""

    k: Count = Field(10, ge=1, le=MOST, description="Accepted as in /v1/recommend; all candidates come back.")
    candidates: list[Id] = Field(min_length=1, max_length=MOST, examples=[["22423", "85123A"]])
    surface: Surface = Field("home", description="Where the answer is shown.")

    def query(self) -> Query:
        """The engine's question."""
        return _query(self, candidates=self.candidates, k=self.k, surface="rank")


class Said(Wire):
    """What a person asks of their lists, in words."""

    text: Text = Field(min_length=1, examples=["less crypto for 3 days, nothing over £30"])
    surface: Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = Field(
        "", description="Where it counts; empty: where the text says, or everywhere.", examples=[""]
    )


class Likeness(Wire):
    """An item whose like is wanted."""

    item_id: Id = Field(examples=["22423"])
    k: Count = Field(10, ge=1, le=MOST)


class Deed(Wire):
    """Something a person did, said or got; `item_id` or `text` is needed."""

    event_id: Id | None = Field(None, description="Two events with one id are one event.")
    user_id: Id
    item_id: Id | None = None
    event_type: Name | None = Field(None, description="By default view.", examples=["purchase"])
    timestamp: Moment | None = Field(None, description="By default now; without an offset it is UTC.")
    value: Annotated[float, Field(ge=-1e12, le=1e12)] | None = None
    text: Text | None = None
    slate_id: Id | None = Field(None, description="The slate this event answers.")
    context: Context | None = None

    def event(self) -> Event:
        """The engine's event."""
        return Event(
            id=self.event_id or "",
            user=self.user_id,
            item=self.item_id,
            kind=self.event_type or "view",
            time=self.timestamp,
            value=self.value,
            text=self.text,
            slate=self.slate_id,
            context=self.context or {},
        )


_LOOSE = {"anyOf": [{"$ref": "#/components/schemas/Deed"}, {}]}


class Deeds(Wire):
    """A batch of events. Each is judged alone: a bad one is rejected with a reason and the others are taken."""

    events: Annotated[list[Any], WithJsonSchema({"type": "array", "items": _LOOSE, "minItems": 1, "maxItems": MOST})]

    @model_validator(mode="after")
    def _counted(self) -> "Deeds":
        if not 1 <= len(self.events) <= MOST:
            raise PydanticCustomError("count", f"events holds {len(self.events)} events; allowed are 1 to {MOST}")
        return self


class Thing(BaseModel):
    """An item as it shall be from now on; every key that is not named here becomes an attribute."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        allow_inf_nan=False,
        frozen=True,
        json_schema_extra={"propertyNames": {**_KEYS}, "maxProperties": MOST_ENTRIES},
    )
    __pydantic_extra__: dict[Name, Attribute]

    item_id: Id
    title: Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")] | None = None
    description: Long | None = None
    category: Text | list[Text] | None = None
    tags: Annotated[list[Text], Field(max_length=100)] | None = None
    price: Number | None = None
    image_url: Long | None = None
    created_at: Time | None = None
    available: bool | None = None
    attributes: Attributes | None = None

    @model_validator(mode="after")
    def _few(self) -> "Thing":
        if len(self.model_fields_set) > MOST_ENTRIES:
            raise PydanticCustomError("keys", f"an item has at most {MOST_ENTRIES} keys")
        return self

    def item(self) -> Item:
        """The engine's item."""
        named = {"category": self.category, "tags": self.tags, "price": self.price, "image_url": self.image_url}
        return Item(
            id=self.item_id,
            title=self.title or "",
            description=self.description or "",
            attributes=_values({**named, **(self.__pydantic_extra__ or {}), **(self.attributes or {})}),
            created=self.created_at,
            available=self.available is not False,
        )


class Things(Wire):
    """Items to insert or replace by id; the last of one id wins."""

    items: list[Thing] = Field(min_length=1, max_length=MOST)


def sorted_out(documents: list[Any]) -> tuple[dict[int, Event], list[tuple[int, str]]]:
    """Tell the events that can be read, by their place, from those that cannot, with the reason."""
    good: dict[int, Event] = {}
    bad: list[tuple[int, str]] = []
    for place, document in enumerate(documents):
        try:
            good[place] = _DEED.validate_python(document).event()
        except ValidationError as error:
            bad.append((place, reason(error)))
    return good, bad


def reason(error: ValidationError) -> str:
    """The first thing wrong, as `field: message`."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part)[:64] for part in first["loc"])
    return f"{field}: {first['msg']}" if field else first["msg"]


_DEED = TypeAdapter(Deed)


def _query(asked: Question, *, candidates: list[str] | None, k: int, surface: str) -> Query:
    return Query(
        user=asked.user_id,
        k=k,
        surface=surface,
        text=asked.text if asked.text and asked.text.strip() else None,
        item=asked.item_id,
        candidates=None if candidates is None else tuple(candidates),
        context=dict(asked.context),
        exclude=tuple(asked.exclude),
    )


def _values(document: Mapping[str, Any]) -> dict[str, Value]:
    given = {key: value for key, value in document.items() if value is not None}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
