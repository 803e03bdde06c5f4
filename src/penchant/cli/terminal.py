"""What is printed: results on stdout, progress and errors on stderr; drawn on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display
from rich.table import Table

Progress = Callable[[str, int, int], None]  # what, done, total
_PAUSE = 10.0  # seconds between two plain lines about one step
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE


def settle() -> None:
    """Let any text be printed, whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def say(*lines: str) -> None:
    """Print lines of text."""
    for line in lines:
        typer.echo(line)


def fail(message: str) -> None:
    """Print an error as one line."""
    line = " ".join(message.split("\n"))
    typer.echo("penchant: " + "".join(c if c.isprintable() else "�" for c in line), err=True)


def document(value: object) -> bytes:
    """A value as indented JSON; numbers that are not finite are null."""
    return orjson.dumps(value, default=str, option=_OPTIONS)


def as_json(value: object) -> None:
    """Print a value as JSON."""
    typer.echo(document(value).decode(), nl=False)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> None:
    """Print a table; the columns in `right` are flushed right."""
    cells = [[_cell(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        _drawn(headers, cells, right)
    else:
        say(*plain(headers, cells, right))


def plain(headers: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    """A table as aligned lines."""
    grid = [list(headers), *map(list, cells)]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    ready = [
        [c.rjust(w) if place in right else c.ljust(w) for place, (c, w) in enumerate(zip(row, widths, strict=True))]
        for row in grid
    ]
    return ["  ".join(row).rstrip() for row in ready]


def _drawn(headers: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[int]) -> None:
    drawn = Table(header_style="bold", box=None, pad_edge=False)
    for place, header in enumerate(headers):
        drawn.add_column(header, justify="right" if place in right else "left", no_wrap=place in right)
    for row in cells:
        drawn.add_row(*map(escape, row))
    Console().print(drawn)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else " ".join(str(value).split())


@contextmanager
def progress() -> Iterator[Progress]:
    """Show how long work gets on: bars on a terminal, elsewhere a line when a step begins and ends."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    shown = Display(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    try:
        yield Bars(shown)
    finally:
        shown.stop()


class Bars:
    """Progress as bars, drawn from the first step on."""

    def __init__(self, shown: Any) -> None:
        self._shown = shown
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._tasks:
            self._shown.start()
        if what not in self._tasks:
            self._tasks[what] = self._shown.add_task(escape(what), total=None)
        size = total if total > 1 or done else None  # one step of unknown length: a bar that only moves
        self._shown.update(self._tasks[what], completed=done, total=size)


class Lines:
    """Progress as lines on stderr."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._said: dict[str, float] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        began = self._began.setdefault(what, now)
        if done >= total:
            typer.echo(f"{what}: done in {now - began:.1f} s", err=True)
            self._began.pop(what)
            self._said.pop(what, None)
        elif what not in self._said or now - self._said[what] >= _PAUSE:
            typer.echo(f"{what}: {done:,} of {total:,}" if done else f"{what} …", err=True)
            self._said[what] = now
