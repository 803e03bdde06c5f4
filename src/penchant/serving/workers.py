"""Several processes at one address: started one by one, replaced when they die, stopped together.

The first has to come up before the others start, so that a mistake is
found once and what a first start prepares is prepared once.
"""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from penchant.errors import NotReadyError, PenchantError

Work = Callable[[Any, socket.socket, Callable[[], None]], None]  # serves on a socket as told; tells when it is up
_LOOK = 0.2  # seconds between two looks at signals
_LONGEST = 30.0  # seconds between two tries to start a worker that does not come up
_SPAWN = multiprocessing.get_context("spawn")

log = logging.getLogger("penchant.serving.workers")


@dataclass(kw_only=True)
class Crew:
    """The workers of one server."""

    work: Work
    post: Any  # what the work is told
    sock: socket.socket  # of their address, see `sockets`
    count: int
    drain: float  # seconds that a worker may take to stop
    started: Callable[[], None]
    _stopping: bool = field(default=False, init=False)

    def run(self) -> None:
        """Keep the workers going until interrupted or terminated. Raises NotReadyError if the first does not start."""
        with self._signals():
            posts = [_Place(self)]
            if posts[0].up():
                self.started()
                posts += [_Place(self) for _ in range(self.count - 1)]
            elif not self._stopping:
                raise NotReadyError(posts[0].failure())
            while not self._stopping:
                wait([post.process.sentinel for post in posts], timeout=_LOOK)
                for post in posts:
                    post.look()
            _stop(posts, self.drain)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        kept = {sent: signal.signal(sent, self._stop) for sent in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sent, handler in kept.items():
                signal.signal(sent, handler)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    @property
    def stopping(self) -> bool:
        """Whether a signal has come."""
        return self._stopping


class _Place:
    """A place at which one worker after the other stands."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._deaths = 0  # in a row, before it came up
        self._next = 0.0  # when the next may be started
        self._begin()

    def _begin(self) -> None:
        self._ear, mouth = _SPAWN.Pipe(duplex=False)
        self.ready = False
        crew = self._crew
        self.process = _SPAWN.Process(
            target=_serve, args=(crew.work, crew.post, crew.sock, mouth), name="penchant-worker"
        )
        self.process.start()
        mouth.close()

    def up(self) -> bool:
        """Wait until the worker answers; False if it died first or everything stops."""
        while not self._crew.stopping and not self.ready and self.process.is_alive():
            self.ready = self._ear.poll(_LOOK) and self._said() == ""
        return self.ready

    def failure(self) -> str:
        """Why the worker did not come up."""
        self.process.join()
        return self._said() or "a worker did not start; the log above says why"

    def look(self) -> None:
        """Put another worker in the place of a dead one; the longer it does not come up, the later."""
        if self.process.is_alive():
            if not self.ready and self._ear.poll() and self._said() == "":
                self.ready, self._deaths = True, 0
        elif not self._next:
            log.warning("worker %s died with exit code %s", self.process.pid, self.process.exitcode)
            self._deaths += 1
            self._next = time.monotonic() + (0 if self.ready else min(_LONGEST, 2.0**self._deaths))
        elif time.monotonic() >= self._next:
            self._next = 0.0
            self._begin()

    def _said(self) -> str | None:
        try:
            said: str = self._ear.recv()
        except (EOFError, OSError):
            return None
        return said


def _stop(posts: list[_Place], drain: float) -> None:
    """End every worker: as they are asked to, or after their time is over."""
    for post in posts:
        if post.process.is_alive():
            post.process.terminate()
    until = time.monotonic() + drain
    for post in posts:
        post.process.join(max(0.0, until - time.monotonic()))
        if post.process.is_alive():
            log.error("worker %s did not stop in time", post.process.pid)
            post.process.kill()
            post.process.join()


def _serve(work: Work, post: Any, sock: socket.socket, mouth: Connection) -> None:
    """What a worker does; an error on the way up is told in a line."""
    threading.Thread(target=_follow, name="penchant-parent", daemon=True).start()
    try:
        work(post, sock, lambda: mouth.send(""))
    except KeyboardInterrupt:
        pass  # on the way up
    except Exception as error:
        mouth.send(str(error) or type(error).__name__)
        if not isinstance(error, PenchantError):
            log.exception("a worker failed")
        raise SystemExit(1) from None


def _follow() -> None:
    """Stop when whoever started this worker is gone."""
    parent: Any = multiprocessing.parent_process()
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
