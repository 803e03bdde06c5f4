"""A process that has imported everything and started nothing: each step is done by a child of it, and may be killed.

It reads one JSON object a line: which step, in which folder, where to write what is acknowledged, and after how many
seconds of the step to kill it (null: never). It answers with one: how the child ended, and how long it took.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
import traceback
import warnings

import steps

PATIENCE = 120  # seconds after which a child hangs


def main():
    """Serve until standard input ends."""
    warnings.simplefilter("ignore")  # polars warns of every fork: it must not have run before, and has not
    for line in sys.stdin:
        print(json.dumps(ended(**json.loads(line))), flush=True)


def ended(step, folder, acks, after, options):
    """Run a step in a child and kill it `after` so many seconds from its beginning."""
    ready, begin = os.pipe()
    child = os.fork()
    if child == 0:
        os._exit(work(step, folder, acks, begin, options))
    os.close(begin)
    select.select([ready], [], [], PATIENCE)
    os.close(ready)
    began = time.monotonic()
    status = waited(child, PATIENCE if after is None else after)
    took = time.monotonic() - began
    killed = os.WIFSIGNALED(status)
    return {"killed": killed, "code": None if killed else os.WEXITSTATUS(status), "took": took}


def waited(child, patience):
    """The exit status of a child that has so many seconds."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(max(0, min(0.0005, until - time.monotonic())))
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def work(step, folder, acks, begin, options):
    """What the child does; returns its exit code."""
    handle = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        getattr(steps, step)(
            folder,
            begin=lambda: os.close(begin),
            say=lambda told: os.write(handle, json.dumps(told).encode() + b"\n"),
            **options,
        )
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
