"""What penchant.toml may say: one frozen dataclass per table, each key a field whose comment is its documentation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Interval, Predicate

from penchant.events.kinds import ALIASES, WEIGHTS
from penchant.language.contrast import UNTAUGHT, FineTuning

Share = Annotated[float, Interval(gt=0, lt=1)]
Seed = Annotated[int, Interval(ge=0, lt=2**31)]
TOLD = ("category", "tags", "year", "price", "author", "artist", "director", "actors", "brand", "maker", "publisher")


def _priced(form: str) -> bool:
    return form.count("{price}") == 1 and len(form) <= 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """[stores] Where things are kept; the scheme of the URL picks the adapter."""

    items: str = "sqlite:///penchant.db"  # the catalogue and the vectors of its texts
    log: str = "sqlite:///penchant.db"  # what happened
    state: str = "sqlite:///penchant.db"  # what is kept about each person, rebuilt from the log at will
    artefacts: str = "file:///releases"  # trained releases


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSettings:
    """[encoder] What reads the catalogue and what people say."""

    model: str = (
        "auto"  # minilm, e5, hashing, a Hugging Face name or folder, static:<one>, URL/v1#model; auto by script
    )
    template: str = "{title}. {category}. {tags}. {description}"  # an item's text; any attribute may be named
    pooling: Literal["auto", "mean", "cls", "last"] = "auto"  # tokens' vectors to one; auto: as the checkpoint says
    quantise: bool = True  # queries read by 8-bit weights where 19 in 20 texts keep a cosine of .99 to the exact ones?
    key: str = ""  # sent to a server as its bearer token; write it as { env = "NAME" }
    timeout: Annotated[float, Interval(gt=0, le=600)] = 30.0  # seconds that a server has for one request, up to 600
    aside: Annotated[float, Interval(ge=0, le=1)] = 0.5  # share of what every request says taken out of one; 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSettings:
    """[generator] The language model that writes, for the plug-ins that ask one; what they do without it they say."""

    model: str = ""  # "smollm2", a GGUF file, a Hugging Face name or folder, a server's URL/v1#model; empty: none
    key: str = ""  # sent to a server as its bearer token; write it as { env = "NAME" }
    deadline: Annotated[float, Interval(gt=0, le=600)] = 30.0  # seconds that one answer may take at most, up to 600
    calls: Annotated[int, Ge(1)] = 600  # asked per minute at most; 1 or more
    tokens: Annotated[int, Ge(1)] = 200_000  # asked and answered per minute at most; 1 or more
    workers: Annotated[int, Interval(ge=1, le=64)] = 4  # requests to a server at once, 1 to 64; a local model has one
    memory: Annotated[int, Ge(1)] = 10_000  # answers remembered, 1 or more; the same prompt has the same answer
    failures: Annotated[int, Ge(1)] = 3  # failures in a row after which it is left alone for a while; 1 or more
    pause: Annotated[float, Ge(0)] = 15.0  # seconds of that while, 0 or more
    context: Annotated[int, Interval(ge=128, le=131_072)] = 2_048  # tokens that a local model reads, 128 to 131,072
    threads: Annotated[int, Interval(ge=0, le=256)] = 0  # of a local model, up to 256; 0: as its library chooses


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """[clock] What time it is."""

    now: Literal["system", "log"] = "system"  # "log": the time of the newest event, for historical data


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """[events] What the kinds of events mean."""

    weights: Mapping[str, float] = field(default_factory=dict)  # kind → how much it says; added to the defaults
    kinds: Mapping[str, str] = field(default_factory=dict)  # other spellings → kind, e.g. "购买" = "purchase"
    default: str = ""  # the kind of imported events that name none; empty: view, or rating if they are rated
    repeats: bool = True  # may an item be offered again to a person who already had a positive event with it?
    segment: str = ""  # key of the context that says of which people one is, e.g. "country"; empty: of none


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """[training] How the log is cut, and how much of it is replayed."""

    ranker: Share = 0.2  # share, between 0 and 1, of the positive moments, the newest, replayed into the ranker's rows
    gate: Share = 0.1  # share, between 0 and 1, of those, the newest, on which the candidate release is judged
    hidden: Annotated[float, Interval(ge=0, lt=1)] = 0.1  # share of items, from 0 to below 1, the ranker meets as new
    within: Annotated[float, Interval(ge=0, le=1)] = 0.3  # share of baskets, 0 to 1, asked for once begun
    taught: Annotated[float, Ge(0)] = 0.0  # weight of what `listwise` liked best in logged slates; 0 (not used) or more
    cases: Annotated[int, Ge(1)] = 4_000  # moments replayed at most; 1 or more
    rows: Annotated[int, Ge(2)] = 100  # rows kept per moment; 2 or more
    seed: Seed = 0  # of all that is drawn by chance, 0 or more; the same seed on the same log trains the same models


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """[evaluation] What `penchant evaluate` asks."""

    cut: str | Share = 0.1  # a date, or the last share, between 0 and 1, of the time span
    target: Literal["event", "basket", "first-basket", "rest-of-basket"] = "event"  # what has to be found after the cut
    cases: Annotated[int, Ge(1)] = 2_000  # questions asked at most, spread evenly over the test time; 1 or more


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySettings:
    """[copy] What is written about picks, and by whom."""

    write: Literal["template", "generator"] = "template"  # "generator": by the language model of [generator], checked
    sentences: Annotated[int, Interval(ge=1, le=3)] = 2  # per text, 1 to 3
    length: Annotated[int, Interval(ge=40, le=1_000)] = 280  # characters per text, 40 to 1,000
    price: Annotated[str, Predicate(_priced)] = "{price}"  # how a price is written, e.g. "£{price}" or "{price}元"
    things: Mapping[str, str] = field(default_factory=dict)  # what an item is called, by language: en, zh
    names: bool = True  # titles are names, as of films and books: what their words mean is not said of the item
    attributes: tuple[str, ...] = TOLD  # what is told of an item; what is not named here never is
    details: bool = True  # may a generator use the plain sentences of a description?
    deadline: Annotated[float, Interval(gt=0, le=120)] = 5.0  # seconds a generator has per text, up to 120
    at_once: Annotated[int, Interval(ge=1, le=64)] = 2  # texts that it writes at the same time, 1 to 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingSettings:
    """[serving] Who may ask the server, how often, how it is reached, what it tells, and what each worker takes on."""

    keys: str = "keys.json"  # file of the API keys' digests, in the project's folder; without one, none are needed
    rate: Annotated[float, Interval(ge=0, le=1_000_000)] = 0.0  # requests a second per key, or address; 0: any number
    burst: Annotated[int, Interval(ge=1, le=1_000_000)] = 50  # requests at once after a pause, 1 to 1,000,000
    tls_cert: str = ""  # PEM file of the certificate and its chain, in the project's folder; empty: plain HTTP
    tls_key: str = ""  # PEM file of its key, without a password
    log: Literal["text", "json"] = "text"  # what a server writes: lines for people, or one JSON object each
    access: Annotated[float, Interval(ge=0, le=1)] = 0.0  # share of requests with a line, 0 to 1; failed ones have one
    traces: str = ""  # an OpenTelemetry collector, e.g. "http://localhost:4318"; empty: nothing is traced
    traced: Annotated[float, Interval(ge=0, le=1)] = 1.0  # share of requests traced, 0 to 1, unless the caller decides
    threads: Annotated[int, Interval(ge=1, le=64)] = 2  # requests worked on at the same time, 1 to 64
    waiting: Annotated[int, Interval(ge=0, le=10_000)] = 64  # requests that wait; more get 503 at once; 0 to 10,000
    queue: Annotated[float, Interval(ge=0, le=60)] = 0.25  # seconds a request may wait for its turn; else 503; 0: any
    caller: Annotated[int, Interval(ge=0, le=10_000)] = 0  # requests of one address at once; more get 429; 0: any
    connections: Annotated[int, Interval(ge=1, le=100_000)] = 1_000  # open at once; beyond, the idlest make room
    arrival: Annotated[float, Interval(gt=0, le=600)] = 10.0  # seconds a request may take to come, or its answer to go
    idle: Annotated[float, Interval(gt=0, le=600)] = 15.0  # seconds that a connection is kept for another request
    budget: Annotated[float, Interval(ge=0, le=600)] = 1.0  # seconds after which an answer skips what is left; 0: any
    behind: Annotated[float, Interval(ge=0, le=60)] = 0.25  # seconds a min_position is waited for before 503; 0 to 60
    notice: Annotated[float, Interval(ge=0, le=600)] = 0.0  # seconds between /readyz saying no and taking nothing more
    drain: Annotated[float, Interval(ge=0, le=600)] = 10.0  # seconds that requests under way have when a server stops


@dataclass(frozen=True, slots=True, kw_only=True)
class SlateSettings:
    """[slates] How many answers are kept and for how long, and how far what is written of them may lag.

    An event is on the disk before it is acknowledged; a slate is not, and what lags is lost with the machine.
    """

    kept: Annotated[int, Interval(ge=0, le=100_000_000)] = 200_000  # the newest of them, 0 to 100,000,000
    days: Annotated[float, Interval(ge=0, le=36_500)] = 30.0  # after which one goes, 0 to 36,500
    lag: Annotated[float, Interval(ge=0.001, le=60)] = 0.02  # seconds one waits for others to be written with it
    waiting: Annotated[int, Interval(ge=1, le=1_000_000)] = 4_000  # that wait at most while the database takes none


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A plug-in with its settings, as one entry of [[sources]], [[stages]] or [[rules]]."""

    name: str
    plugin: Any
    limit: int = 0  # quota, of sources
    deadline: float | None = None  # seconds after which an answer goes on without it, of sources and stages
    otherwise: Any = None  # stand-in while untrained, of stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole penchant.toml."""

    stores: Stores = Stores()
    encoder: EncoderSettings = EncoderSettings()
    language: FineTuning = UNTAUGHT
    generator: GeneratorSettings = GeneratorSettings()
    clock: Clock = Clock()
    events: EventSettings = EventSettings()
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    copy: CopySettings = CopySettings()
    serving: ServingSettings = ServingSettings()
    slates: SlateSettings = SlateSettings()
    moderators: tuple[Part, ...] = ()
    rules: tuple[Part, ...] = ()
    sources: tuple[Part, ...] = ()
    stages: tuple[Part, ...] = ()
    similar: tuple[str, ...] = ("nearest", "neighbours", "linear")  # sources that answer `similar`

    @property
    def weights(self) -> dict[str, float]:
        """Kind → weight, the defaults and what the file adds."""
        return {**WEIGHTS, **self.events.weights}

    @property
    def aliases(self) -> dict[str, str]:
        """Other spelling → kind, the defaults and what the file adds."""
        return {**ALIASES, **self.events.kinds}

    @property
    def deadlines(self) -> dict[str, float]:
        """Plug-in → seconds after which an answer goes on without it."""
        return {p.name: p.deadline for p in (*self.sources, *self.stages) if p.deadline is not None}
