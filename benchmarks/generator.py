"""Asks a server on this machine, from a process of its own: at a constant rate, or again as soon as it answers.

Reads one JSON document from standard input (see `Task`), writes the answers' statuses and times to a file. In an open
loop a time counts from when the request was due, so that a server that is late cannot hide it.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

MOST = 2_000_000  # requests of one run
LONGEST = 3_600.0  # seconds of one run
WIDEST = 1_000  # connections
GONE = 0  # the status of a request that got no answer


@dataclass(frozen=True)
class Task:
    """What to ask."""

    port: int
    requests: str  # file: one JSON list [path, body] a line, asked in turn; a body of null is a GET
    out: str  # file of the answers: npz of status, began and took (seconds)
    seconds: float
    connections: int  # at once; of an open loop, at most
    rate: float = 0.0  # requests a second; 0: a closed loop


def raw(path: str, body: object) -> bytes:
    """A request as it goes over the wire."""
    if body is None:
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    text = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(text)}"
    return head.encode() + b"\r\n\r\n" + text


class Wire(asyncio.Protocol):
    """A connection on which one request at a time waits for its answer."""

    def __init__(self) -> None:
        self.open = False
        self._got = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport, self.open = transport, True

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._done(GONE, b"")

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._got[:end]).lower()
        size = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._got) >= end + 4 + size:
            body = bytes(self._got[end + 4 : end + 4 + size])
            self._got.clear()
            if b"connection: close" in head:
                self.open = False
            self._done(int(head[9:12]), body)

    def _done(self, status: int, body: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((status, body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body; status 0 if the connection broke."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


async def connect(port: int) -> Wire:
    """A connection to this machine."""
    _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    return wire


class Run:
    """One run of a task."""

    def __init__(self, task: Task, requests: Iterator[bytes]) -> None:
        self.task, self.requests = task, requests
        self.free: list[Wire] = []
        self.busy = 0
        self.rows: list[tuple[int, float, float]] = []

    async def one(self, due: float) -> None:
        """Ask once; what finds no connection free and none to open counts as unanswered."""
        status = GONE
        if self.busy < self.task.connections:
            self.busy += 1
            try:
                status = await self._asked()
            finally:
                self.busy -= 1
        self.rows.append((status, due, time.perf_counter() - due))

    async def _asked(self) -> int:
        wire = None
        try:
            while self.free and (wire is None or not wire.open):
                wire = self.free.pop()
            wire = wire if wire is not None and wire.open else await connect(self.task.port)
            async with asyncio.timeout(30):
                status, _ = await wire.ask(next(self.requests))
        except (OSError, TimeoutError):
            return GONE
        if wire.open:
            self.free.append(wire)
        return status

    async def open(self) -> None:
        """Ask at a constant rate."""
        count = min(MOST, int(self.task.rate * self.task.seconds))
        began, under_way = time.perf_counter() + 0.1, set()
        for number in range(count):
            due = began + number / self.task.rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            elif number % 16 == 0:
                await asyncio.sleep(0)  # late: let answers come in
            task = asyncio.create_task(self.one(due))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def closed(self) -> None:
        """Ask again as soon as there is an answer."""
        until = time.perf_counter() + self.task.seconds

        async def loop() -> None:
            while time.perf_counter() < until and len(self.rows) < MOST:
                await self.one(time.perf_counter())

        await asyncio.gather(*(loop() for _ in range(self.task.connections)))


def main() -> None:
    """Run a task."""
    task = Task(**json.load(sys.stdin))
    if not (0 < task.seconds <= LONGEST and 1 <= task.connections <= WIDEST and 0 <= task.rate <= 100_000):
        raise SystemExit("a run has an end: see MOST, LONGEST and WIDEST")
    with Path(task.requests).open(encoding="utf-8") as lines:
        requests = [raw(*json.loads(line)) for line in lines]
    run = Run(task, cycle(requests))
    asyncio.run(run.open() if task.rate else run.closed())
    status, began, took = (np.array(column) for column in zip(*run.rows, strict=True))
    np.savez(task.out, status=status.astype(np.int16), began=began, took=took)


if __name__ == "__main__":
    main()
