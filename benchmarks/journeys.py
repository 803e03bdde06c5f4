"""Two journeys through a server: an event until an answer proves it was read, and a release until it answers."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from generator import Wire, connect, raw
from served import Answers, Request, Served

from penchant.stores.folder import FolderArtefacts

_FEW = 64  # connections that are tried to find one for every worker


def event_to_rank(served: Served, deeds: Sequence[dict[str, Any]], rounds: int) -> Iterator[tuple[str, np.ndarray]]:
    """What was measured and its times in ms: from 200 on an event to an answer that has read it, by any worker."""
    for sure in (False, True):
        took, missed = asyncio.run(_rounds(served, deeds[:rounds], sure))
        said = "with" if sure else "without"
        yield f"event to rank {said} min_position, at another worker if there are two; {missed} not seen", took


async def _rounds(served: Served, deeds: Sequence[dict[str, Any]], sure: bool) -> tuple[np.ndarray, int]:
    lines = await _lines(served)
    took, missed = [], 0
    for turn, deed in enumerate(deeds):
        here, there = lines[turn % len(lines)], lines[(turn + 1) % len(lines)]
        status, told = await here.ask(raw("/v1/events", {"events": [{**deed, "event_type": "purchase"}]}))
        began, position = time.perf_counter(), json.loads(told)["position"]
        assert status == 200, told
        asked = {"user_id": deed["user_id"], **({"min_position": position} if sure else {})}
        status, told = await there.ask(raw("/v1/recommend", asked))
        took.append((time.perf_counter() - began) * 1_000)
        missed += status != 200 or json.loads(told)["position"] < position
    return np.array(took), missed


async def _lines(served: Served) -> list[Wire]:
    """A connection to each worker."""
    found: dict[int, Wire] = {}
    for _ in range(_FEW):
        wire = await connect(served.port)
        _, told = await wire.ask(raw("/readyz", None))
        found.setdefault(json.loads(told)["worker"], wire)
        if len(found) == len(served.workers()):
            break
    return list(found.values())


def swap(
    served: Served, asks: Sequence[Request], rate: float, seconds: float
) -> tuple[np.ndarray, np.ndarray, Answers]:
    """Which answers came before another release was promoted, which in the five seconds after, and all of them."""
    with_another = _published(served)
    load = served.begin(asks, rate=rate, seconds=seconds, connections=500)
    time.sleep(seconds / 2)
    promoted = time.perf_counter()  # the clock is the same in all processes of a machine
    FolderArtefacts(served.folder / "releases").promote(with_another)
    found = load.end()
    if served.ask("/readyz")["release"] != with_another:
        raise SystemExit("the release was not swapped")
    return found.began < promoted, (found.began >= promoted) & (found.began < promoted + 5), found


def _published(served: Served) -> str:
    """The served release under another name."""
    store = FolderArtefacts(served.folder / "releases")
    folder, manifest = store.fetch(str(store.current()))
    kept = {key: value for key, value in manifest.items() if key not in ("version", "files")}
    return store.publish(folder, kept)
