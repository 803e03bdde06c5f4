"""HTTP connections with little patience: for heads that do not end, answers nobody reads, and too many of them.

Bodies are timed where they are read, in `front`.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from penchant.settings import ServingSettings

HEAD = 64 * 1024  # bytes of a request's line and headers


class Connection(HttpToolsProtocol):
    """A connection that is closed when it is late, and makes room for others when it is idle."""

    def __init__(self, *args: Any, patience: float, most: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._patience, self._most = patience, most
        self._waiting = True  # for a head to be whole
        self._head = 0  # bytes that have come of it
        self._late: asyncio.TimerHandle | None = None
        self.since = 0.0  # when it last had an answer to give, or was opened

    @property
    def busy(self) -> bool:
        """Whether a request that is whole waits for its answer."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, if there is room for one more to wait."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.since = self.loop.time()
        if len(self.connections) > self._most and not self._room():
            self._refuse(503, "too many connections are open; try again soon", "retry-after: 1\r\n")
        else:
            self._hurry()

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is a head without an end."""
        super().data_received(data)
        if not self._waiting or self.transport.is_closing():
            return
        self._head += len(data)
        if self._head > HEAD:
            self._refuse(431, f"the head of a request has at most {HEAD} bytes")
        else:
            self._hurry()

    def on_message_begin(self) -> None:
        """Begin a head, maybe before the last request is answered."""
        super().on_message_begin()
        self._waiting, self._head = True, 0

    def on_headers_complete(self) -> None:
        """End a head."""
        self._waiting = False
        self._relax()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Begin to wait for another request."""
        self._waiting, self.since = True, self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The other side does not read as fast as we write."""
        super().pause_writing()
        self._relax()
        self._late = self.loop.call_later(self._patience, self.transport.abort)

    def resume_writing(self) -> None:
        """The other side reads again."""
        self._relax()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing will come any more."""
        self._relax()
        super().connection_lost(exc)

    def _hurry(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self._patience, self._tired)

    def _tired(self) -> None:
        self._late = None
        if self.busy:
            self._hurry()  # what comes behind a request that is being answered has time until then
        elif self._waiting and not self.transport.is_closing():
            self._refuse(408, f"the head of a request must arrive within {self._patience:g} seconds")

    def _relax(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _room(self) -> bool:
        """Close the connection that has waited longest for a request to be whole; False if all are busy."""
        others = [c for c in self.connections if isinstance(c, Connection) and c is not self and not c.busy]
        if not others:
            return False
        longest = min(others, key=lambda connection: connection.since)
        self.connections.discard(longest)
        longest.transport.close()
        return True

    def _refuse(self, status: int, detail: str, more: str = "") -> None:
        phrase = HTTPStatus(status).phrase
        body = f'{{"type":"about:blank","title":"{phrase}","status":{status},"detail":"{detail}"}}'
        head = f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{more}"
        self.transport.write(f"HTTP/1.1 {status} {phrase}\r\n{head}\r\n{body}".encode())
        self.transport.close()


class Server(uvicorn.Server):
    """A server that says it is leaving before it takes nothing more."""

    def __init__(self, app: Any, serving: ServingSettings, **options: Any) -> None:
        connection: Any = partial(Connection, patience=serving.arrival, most=serving.connections)
        config = uvicorn.Config(
            app,
            http=connection,
            ws="none",
            timeout_keep_alive=serving.idle,  # type: ignore[arg-type]  # it is handed to call_later
            timeout_graceful_shutdown=serving.drain,  # type: ignore[arg-type]  # and this to wait_for
            **options,
        )
        super().__init__(config)
        self._app, self._notice = app, serving.notice

    async def shutdown(self, sockets: Any = None) -> None:
        """Be unready, let those who look at that go elsewhere, then finish what is under way."""
        self._app.state.leaving = True
        await asyncio.sleep(self._notice)
        await super().shutdown(sockets)
