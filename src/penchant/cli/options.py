"""The arguments and options that commands share, and how their texts are read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli import terminal
from penchant.errors import UsageError

if TYPE_CHECKING:
    from penchant.project import Project

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The project: a folder with a penchant.toml.")]
User = Annotated[str, typer.Option("--user", metavar="U", help="The person's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Places = Annotated[int, typer.Option("-k", "--k", help="How many items, 1 to 1,000.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 is every one of this machine.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port to listen on; 0 takes a free one.")]


class Language(StrEnum):
    """Languages of reasons."""

    ENGLISH = "en"
    CHINESE = "zh"


class Protocol(StrEnum):
    """How a log is cut for an evaluation."""

    TIME = "time"
    LEAVE_ONE_OUT = "leave-one-out"


class Target(StrEnum):
    """What has to be found after the cut."""

    EVENT = "event"
    BASKET = "basket"
    FIRST_BASKET = "first-basket"
    REST_OF_BASKET = "rest-of-basket"


class TimeUnit(StrEnum):
    """What numbers of a column of times count."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"


class Data(StrEnum):
    """The bundled data sets."""

    SHOP = "shop"
    MOVIES = "movies"


@contextmanager
def opened(folder: Path) -> "Iterator[Project]":
    """An open project whose progress is shown."""
    from penchant.project import Project

    with terminal.progress() as progress, Project(folder, progress=progress) as project:
        yield project


def pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """Read `key=value` texts. Raises UsageError for a text without a key, or a key given twice."""
    found: dict[str, str] = {}
    for text in texts or ():
        key, mark, value = text.partition("=")
        if not mark or not key:
            raise UsageError(f"{option} {text!r}: write key=value")
        if key in found:
            raise UsageError(f"{option} {key}: given twice, as {found[key]!r} and {value!r}")
        found[key] = value
    return found


def cut(text: str) -> str | float:
    """A cut as a share or a date."""
    try:
        return float(text)
    except ValueError:
        return text
