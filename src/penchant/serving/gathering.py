"""The metrics of all workers of one server, whichever of them is asked: each tells the others its own when they ask.

Every sample carries the number of its worker, from 0 on. A number belongs to one living process: whoever takes the
place of a dead worker takes its number, so that there are never more series than workers, and to Prometheus that worker
has restarted.
"""

import fcntl
import itertools
import re
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from prometheus_client.metrics_core import GaugeMetricFamily

from penchant.telemetry.measures import Telemetry, exposed

_PATIENCE = 2.0  # seconds that another worker has to tell
_HEAD = re.compile(rb"^(?=# HELP )", re.MULTILINE)


class Gathering:
    """One worker among those that share a folder."""

    def __init__(self, folder: Path, telemetry: Telemetry) -> None:
        self._folder, self._telemetry = folder, telemetry
        self._lock, self.number = _claimed(folder)
        self._place = folder / f"{self.number}.sock"
        self._place.unlink(missing_ok=True)  # of the dead worker that had this number
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._ear.bind(str(self._place))
        self._ear.listen()
        self._thread = threading.Thread(target=self._tell, name="penchant-metrics", daemon=True)

    def start(self) -> None:
        """Tell whoever asks."""
        self._thread.start()

    def stop(self) -> None:
        """Tell nobody any more, and leave the number to others."""
        self._place.unlink(missing_ok=True)
        with suppress(OSError):
            self._ear.shutdown(socket.SHUT_RDWR)  # wakes who waits for a caller
        self._ear.close()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
        self._lock.close()

    def exposition(self) -> bytes:
        """The metrics of every worker in Prometheus text format; one that does not tell in time is left out."""
        others = (place for place in sorted(self._folder.glob("*.sock")) if place != self._place)
        told = [self._own(), *filter(None, map(_asked, others))]
        return joined([*told, exposed([_workers(len(told))])])

    def _own(self) -> bytes:
        return self._telemetry.exposition(worker=str(self.number))

    def _tell(self) -> None:
        while True:
            try:
                caller, _ = self._ear.accept()
            except OSError:  # stopped
                return
            with caller, suppress(OSError):
                caller.settimeout(_PATIENCE)
                caller.sendall(self._own())


def _claimed(folder: Path) -> tuple[IO[bytes], int]:
    """The lock of the lowest number that no living process has, and that number."""
    for number in itertools.count():
        lock = (folder / f"{number}.lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
        else:
            return lock, number
    raise AssertionError


def _asked(place: Path) -> bytes:
    """What another worker tells; nothing if it is gone or busy."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(_PATIENCE)
        try:
            caller.connect(str(place))
            return b"".join(iter(lambda: caller.recv(65_536), b""))
        except OSError:
            return b""


def joined(texts: Iterable[bytes]) -> bytes:
    """Several texts of metrics as one: the samples of a metric stand together below its description."""
    families: dict[bytes, list[bytes]] = {}
    for block in itertools.chain.from_iterable(_HEAD.split(text) for text in texts):
        lines = block.splitlines(keepends=True)
        head = b"".join(line for line in lines if line.startswith(b"#"))
        families.setdefault(head, []).extend(line for line in lines if not line.startswith(b"#"))
    return b"".join(head + b"".join(samples) for head, samples in families.items())


def _workers(count: int) -> GaugeMetricFamily:
    return GaugeMetricFamily("penchant_workers", "Processes of this server that told of themselves", value=count)
