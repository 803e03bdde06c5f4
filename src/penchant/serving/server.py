"""The server of a project: the web application, kept on the release that was promoted last.

A server never trains; it looks for a newly promoted release every second and swaps to it in one assignment.
"""

import gc
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from penchant import config, pipeline
from penchant.engine import Engine
from penchant.errors import NotReadyError, PenchantError
from penchant.project import Project
from penchant.protocols import Release
from penchant.rests import gently, rest
from penchant.serving import door
from penchant.serving.sockets import QUEUE, listening, own, shared
from penchant.serving.tracing import exporting
from penchant.serving.workers import Crew
from penchant.telemetry import logs
from penchant.tempo import Tempo
from penchant.types import Query, micros

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from penchant.serving.gathering import Gathering

_PAUSE = 1.0  # seconds between two looks at the promoted release
_CLOSING = 30.0  # seconds that stores may take to close behind the last request
_FEW = 20  # events whose people a release is tried on before it is served
_STARTING = 30.0  # seconds a server may take to start

log = logging.getLogger("penchant.serving.server")


class Watcher:
    """A thread that follows the promoted release, and keeps a snapshot of the log; after a swap it calls `settle`."""

    def __init__(self, project: Project, pause: float = _PAUSE, settle: Callable[[], object] = lambda: None) -> None:
        self._project, self._pause, self._settle = project, pause, settle
        self._stopped = threading.Event()
        self._said: dict[str, str] = {}  # what failed at the last try, so that this is said once
        self._refused: str | None = None  # the version that could not be loaded, so that this is said once
        self._thread = threading.Thread(target=self._run, name="penchant-releases", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching and wait for the thread."""
        self._stopped.set()
        self._thread.join()

    def warm(self) -> None:
        """Try the release that is served first; what is wrong with it is said, and answers will say it again."""
        self._try("the release does not answer", lambda: warm(self._project.engine, self._project.engine.release))
        self._settle()

    def look(self) -> bool:
        """Swap to the promoted release if it is another one; returns whether it was."""
        engine, built = self._project.engine, self._project.built
        version = built.artefacts.current()
        if version is None or version in (engine.release.version, self._refused):
            return False
        try:
            with gently():
                release = built.releases.of(version)
                warm(engine, release)
            engine.swap(release)
            self._settle()
        except Exception:  # whatever it is, it would be the same a second later
            self._refused = version
            raise
        log.info("now serving release %s", version)
        return True

    def _run(self) -> None:
        while not self._stopped.wait(self._pause):
            self._try("no snapshot was kept", self._project.engine.follower.keep)
            self._try("the promoted release cannot be served; the one before it stays", self.look)

    def _try(self, failed: str, task: Callable[[], object]) -> None:
        """Do a task; a server goes on without, and says so once as long as it is the same."""
        try:
            task()
        except Exception as error:
            if self._said.get(failed) != str(error):
                log.error("%s: %s", failed, error, exc_info=not isinstance(error, PenchantError))
            self._said[failed] = str(error)
        else:
            self._said.pop(failed, None)


def warm(engine: Engine, release: Release) -> None:
    """Answer with a release for those who came last, so that nobody has to wait for what is made once.

    Nothing is logged. Raises whatever keeps the release from answering.
    """
    world = engine.follower.catch_up()
    now, line, names = micros(engine.clock(world)), world.timeline, list(world.timeline.users)
    for user in {names[code] for code in line.user[-_FEW:].tolist()} or {"-"}:
        context = pipeline.context(
            Query(user=user),
            now=now,
            timeline=line.until(now),
            catalogue=world.catalogue,
            user=pipeline.person(line, user, engine.folds),
            folds=engine.folds,
            language=engine.language,
        )
        pipeline.run(release, context)
        rest()


def serve(
    folder: Path,
    *,
    host: str,
    port: int,
    workers: int,
    started: Callable[[str], None],
    tls: tuple[Path | None, Path | None] = (None, None),
    anyone: bool = False,
) -> None:
    """Serve a project until interrupted or terminated; `started` is told the URL.

    `tls` is a certificate and its key instead of those of `[serving]`; `anyone` opens a project without keys to other
    machines. Raises UsageError for an address that is none or may not be, NotReadyError for a port that is taken.
    """
    settings = config.read(folder).serving
    logs.settle(settings.log)
    certificate = door.certificate(settings, folder, *tls)
    options = certificate.options() if certificate else {}
    with closing(listening(host, port) if workers == 1 else shared(host, port)) as sock:
        address, port = sock.getsockname()[:2]
        needed = door.guarded(settings, folder, address, anyone=anyone, tls=bool(options))
        url = f"{'https' if options else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        post = Post(folder=str(folder.resolve()), needed=needed, anyone=anyone, options=options)
        if workers == 1:
            work(post, sock, lambda: started(url))
            return
        drain = settings.notice + settings.drain + _CLOSING
        with TemporaryDirectory(prefix="penchant-") as meeting:
            post = replace(post, workers=meeting)
            Crew(post=post, work=work, sock=sock, count=workers, drain=drain, started=lambda: started(url)).run()


def application(
    project: Project,
    started: Callable[[], None] = lambda: None,
    *,
    needed: bool = False,
    anyone: bool = False,
    workers: str = "",
    settle: Callable[[], object] = lambda: None,
) -> "FastAPI":
    """The web application of a project, which it closes when it stops; with `needed`, keys are needed in any case.

    Without keys it answers whoever names this machine as its host, or `anyone`.
    `workers` is the folder in which those of one server meet; `settle` is called when a release is warm.
    """
    from penchant.web.app import create_app

    watcher, settings = Watcher(project, settle=settle), project.settings.serving
    project.engine.budget = Tempo(budget=settings.budget, deadlines=project.settings.deadlines)
    title = project.folder.resolve().name
    tracing = exporting(settings.traces, settings.traced, title) if settings.traces else None
    project.engine.telemetry.traced = tracing.laps if tracing else None
    gathering = _gathering(project, workers) if workers else None
    return create_app(
        project.engine,
        title=title,
        desk=project.built.desk,
        serving=settings,
        on_start=(watcher.warm, watcher.start, *([gathering.start] if gathering else ()), started),
        on_stop=(
            watcher.stop,
            *([gathering.stop] if gathering else ()),
            *([tracing.close] if tracing else ()),
            project.close,
        ),
        access=settings.access,
        tracer=tracing,
        metrics=gathering.exposition if gathering else None,
        keyring=door.keyring(settings, project.folder, needed=needed, anyone=anyone),
        rates=door.rates(settings),
    )


def _gathering(project: Project, workers: str) -> "Gathering":
    from penchant.serving.gathering import Gathering  # not on every system, as several workers are not

    return Gathering(Path(workers), project.engine.telemetry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a worker has to know."""

    folder: str  # of its project
    needed: bool = False  # whether nobody gets an answer without a key
    anyone: bool = False  # whether, without keys, other machines get answers too
    options: Mapping[str, Any] = field(default_factory=dict)  # of uvicorn
    workers: str = ""  # the folder in which it meets the others, if there are any


def work(post: Post, sock: socket.socket, started: Callable[[], None]) -> None:
    """Serve a project from this process until it is interrupted or terminated; the whole of what a worker does.

    The server passes on the signal that stopped it, which must not end us half-way.
    """
    ear = own(sock) if post.workers else sock

    def up() -> None:
        ear.listen(QUEUE)
        started()

    with Project(post.folder) as project:
        logs.settle(project.settings.serving.log)
        how: dict[str, Any] = {"needed": post.needed, "anyone": post.anyone, "workers": post.workers}
        how["settle"] = gc.freeze  # a look of the collector at all that is there would stop every answer for .1 s
        server = _server(project, application(project, up, **how), post.options)
        before = signal.signal(signal.SIGTERM, lambda *_: None)
        try:
            server.run(sockets=[ear])
        except KeyboardInterrupt:
            pass  # the usual way to stop a server
        finally:
            signal.signal(signal.SIGTERM, before)
    if not server.started:
        raise NotReadyError("the server did not start; the log above says why")


@contextmanager
def background(project: Project) -> Iterator[str]:
    """Serve a project from a thread on a free loopback port; yields the URL and closes the project at the end."""
    with closing(listening("127.0.0.1", 0)) as sock:
        server = _server(project, application(project), {})
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        try:
            _await(server, thread)
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(project.settings.serving.drain + _CLOSING)


def _await(server: "uvicorn.Server", thread: threading.Thread) -> None:
    until = time.monotonic() + _STARTING
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise NotReadyError(f"the server did not start within {_STARTING:.0f} s")
        time.sleep(0.02)


def _server(project: Project, app: "FastAPI", options: Mapping[str, Any]) -> "uvicorn.Server":
    """A server of a project; there is no access log, since paths hold user ids."""
    from penchant.web.connections import Server

    manners: dict[str, Any] = {"access_log": False, "server_header": False, "log_level": "warning", "lifespan": "on"}
    manners["log_config"] = None  # its lines go where ours go
    return Server(app, project.settings.serving, **manners, **options)
