"""A small shop of garden, kitchen and reading things, served over real HTTP on an ephemeral loopback port."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import requests

from penchant import build as building
from penchant import config
from penchant.engine import Engine
from penchant.serving.server import warm
from penchant.settings import ServingSettings
from penchant.types import Event, Item
from penchant.web.app import create_app
from penchant.web.connections import Server

SETTINGS = """
[stores]
items = "memory://"
log = "memory://"
state = "memory://"
artefacts = "memory://"
[encoder]
model = "hashing"
[clock]
now = "log"
"""
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHELVES = {
    "Garden": (
        "Watering can",
        "Seed tin",
        "Hand trowel",
        "Bird feeder",
        "Plant labels",
        "Herb planter",
        "Kneeling pad",
    ),
    "Kitchen": ("Enamel jug", "Bread board", "Tea towel", "Egg timer", "Measuring spoons", "Cake stand", "Spice rack"),
    "Reading": (
        "Desk lamp",
        "Leather bookmark",
        "Book stand",
        "Wool throw",
        "Reading journal",
        "Map of stars",
        "Fountain pen",
    ),
}
COLOURS = ("sage", "cream", "slate", "copper")


def shelf() -> list[Item]:
    """84 items: every thing of every shelf in every colour."""
    items = []
    for category, things in SHELVES.items():
        for place, thing in enumerate(things):
            for tint, colour in enumerate(COLOURS):
                attributes = {"category": category, "price": 4.5 + 3 * place + tint}
                key = f"{category[0]}{place}{tint}"
                items.append(Item(id=key, title=f"{thing}, {colour}", attributes=attributes))
    return items


def past(items: Sequence[Item]) -> list[Event]:
    """Thirty people, ten a shelf, who view and buy on their own shelf."""
    dice = np.random.default_rng(7)
    events = []
    for person in range(30):
        own = [i for i in items if i.id[0] == "GKR"[person % 3]]
        for deed in range(12):
            item = own[int(dice.integers(len(own)))]
            at = NOW - timedelta(days=11 - deed, minutes=person)
            kind = ("view", "view", "cart", "purchase")[int(dice.integers(4))]
            events.append(Event(id=f"e{person}-{deed}", user=f"user-{person:02}", item=item.id, kind=kind, time=at))
    return events


def build() -> Engine:
    """An engine over memory, as a project's settings make it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "penchant.toml").write_text(SETTINGS, encoding="utf-8")
        engine = building.build(config.read(folder), folder).engine
    stock = shelf()
    engine.put_items(stock)
    engine.observe(past(stock))
    return engine


@contextmanager
def serving(engine: Engine, **options: object) -> Iterator[str]:
    """Serve an engine from a thread; the server is stopped, and must be, within ten seconds.

    Like a real one it is tried first: on a new machine the loops are compiled by the first answer.
    """
    warm(engine, engine.release)
    app = create_app(engine, title="The Potting Shed", **options)
    limits = options.get("serving", ServingSettings())
    server = Server(
        app,
        limits,
        host="127.0.0.1",
        port=0,
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="on",
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the server did not stop"
        engine.close()


class Client:
    """A client of one server."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self.session = session

    def __call__(self, method: str, path: str, body: object = None, **options: object) -> requests.Response:
        """Send a request; `body` as JSON unless it is bytes."""
        options.setdefault("timeout", 10)
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/json", **options.pop("headers", {})}
            return self.session.request(method, self.url + path, data=body, headers=headers, **options)
        return self.session.request(method, self.url + path, json=body, **options)

    def ask(self, user: str, **more: object) -> dict:
        """One answer of /v1/recommend."""
        answer = self("POST", "/v1/recommend", {"user_id": user, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tell(self, **event: object) -> dict:
        """Post one event."""
        answer = self("POST", "/v1/events", {"events": [event]})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def serve() -> Callable[..., object]:
    """How to serve an engine of one's own."""
    return serving


@pytest.fixture(scope="session")
def make_engine() -> Callable[[], Engine]:
    """How to build an engine of one's own."""
    return build


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build()


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[Client]:
    with serving(engine) as url, requests.Session() as session:
        yield Client(url, session)
