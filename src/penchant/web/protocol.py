"""HTTP/1.1 with a bound on the head of a request: how long it is, and how long it takes to arrive.

Whoever dribbles a head, or connects and says nothing, holds a connection for some seconds and no more.
"""

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD = 64 * 1024  # bytes of a request line and its headers
PATIENCE = 10.0  # seconds for a head to arrive


class Bounded(HttpToolsProtocol):
    """The server's protocol for one connection."""

    patience = PATIENCE

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._waiting = True  # for a head to be complete
        self._size = 0  # of what has come of it
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.patience, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is a head without an end."""
        super().data_received(data)
        if not self._waiting or self.transport.is_closing():
            return
        self._size += len(data)
        if self._size > HEAD:
            self._refuse(431, f"the head of a request has at most {HEAD} bytes")
        elif self._timer is None:
            self._timer = self.loop.call_later(self.patience, self._late)

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._waiting, self._size = True, 0

    def on_headers_complete(self) -> None:
        """End a head."""
        self._waiting = False
        self._rest()
        super().on_headers_complete()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self._waiting and not self.transport.is_closing():
            self._refuse(408, f"the head of a request must arrive within {self.patience:g} seconds")

    def _refuse(self, status: int, detail: str) -> None:
        text = detail.encode()
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(text)
        self.transport.write(STATUS_LINE[status] + head + text)
        self.transport.close()
