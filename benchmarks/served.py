"""A server of several processes on a copy of a project, and what a generator of load learns about it."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from generator import GONE, Task

HERE = Path(__file__).parent
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
EMPTY = [("/healthz", None)]  # the empty endpoint
Request = tuple[str, Any]  # path and body


@dataclass(frozen=True)
class Answers:
    """What came back, in the order in which it came."""

    status: np.ndarray
    began: np.ndarray  # seconds; of an open loop, when it was due
    took: np.ndarray  # seconds
    seconds: float  # of the whole run

    @property
    def good(self) -> np.ndarray:
        """Which were answered."""
        return self.status == 200

    @property
    def rate(self) -> float:
        """Answers a second."""
        return float(self.good.sum()) / self.seconds

    def ms(self, quantile: float, among: np.ndarray | None = None) -> float:
        """A quantile of the times of what was answered, in milliseconds."""
        took = self.took[self.good if among is None else among & self.good]
        return float(np.quantile(took, quantile)) * 1_000 if len(took) else float("nan")

    @property
    def failed(self) -> int:
        """How many were neither answered nor turned away with a word."""
        return int((~np.isin(self.status, (200, 429, 503))).sum())

    @property
    def shed(self) -> int:
        """How many were turned away."""
        return int(np.isin(self.status, (429, 503)).sum())

    @property
    def lost(self) -> int:
        """How many got no answer at all."""
        return int((self.status == GONE).sum())


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    port: int
    process: subprocess.Popen[str]
    folder: Path  # of its project, a copy
    scratch: Path

    def ask(self, path: str, body: object = None) -> dict[str, Any]:
        """One answer."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def workers(self) -> list[int]:
        """The processes that answer: those that listen beside or under the one that was started."""
        under = [int(p) for p in _children(self.process.pid) if "spawn_main" in _command(int(p))]
        return under or [self.process.pid]

    def memory(self) -> int:
        """Bytes of the largest worker, shared pages counted fully."""
        return max(_resident(worker) for worker in self.workers())

    def begin(self, requests: Sequence[Request], **task: Any) -> "Load":
        """Start a generator of load."""
        name = self.scratch / f"load-{time.monotonic_ns()}"
        name.with_suffix(".jsonl").write_text("".join(json.dumps(request) + "\n" for request in requests))
        asked = Task(port=self.port, requests=str(name) + ".jsonl", out=str(name) + ".npz", **task)
        child = subprocess.Popen(
            [sys.executable, str(HERE / "generator.py")],
            stdin=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        assert child.stdin is not None
        child.stdin.write(json.dumps(asdict(asked)))
        child.stdin.close()
        return Load(child, asked)

    def load(self, requests: Sequence[Request], **task: Any) -> Answers:
        """What a generator of load learns."""
        return self.begin(requests, **task).end()


@dataclass(frozen=True)
class Load:
    """A generator of load that runs."""

    child: subprocess.Popen[str]
    task: Task

    def end(self) -> Answers:
        """Wait for it."""
        if self.child.wait(timeout=self.task.seconds + 120):
            raise SystemExit("the generator of load failed")
        with np.load(self.task.out) as found:
            ended = found["began"] + found["took"]
            seconds = float(ended.max() - found["began"].min())
            return Answers(found["status"], found["began"], found["took"], seconds)


@contextmanager
def serving(project: Path, scratch: Path, workers: int, settings: str = "") -> Iterator[Served]:
    """Serve a copy of a project, in which nothing happened yet."""
    folder = scratch / f"served-{time.monotonic_ns()}"
    shutil.copytree(project, folder)
    with (folder / "penchant.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[serving]\n{settings}\n")
    command = [sys.executable, "-m", "penchant", "serve", str(folder), "--port", "0", "--workers", str(workers)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_THREAD})
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "http://" not in line:
            raise SystemExit("the server did not start")
        served = Served(int(line.split()[2].rstrip("/").rpartition(":")[2]), process, folder, scratch)
        until = time.monotonic() + 120
        while len(seen := {served.ask("/readyz")["worker"] for _ in range(4 * workers)}) < workers:
            if time.monotonic() > until:
                raise SystemExit(f"only {len(seen)} of {workers} workers answer")
        yield served
    finally:
        process.terminate()
        process.wait(timeout=120)
        shutil.rmtree(folder)


def _children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def _command(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _resident(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmRSS"))
