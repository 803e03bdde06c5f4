"""The boards: which data, which questions, and which exams of the peers ask the same.

The two bundled data sets are always there; the others lie in a folder of one's own, since their licences do not let
them travel with the project.
"""

import json
import shutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import penchant
from penchant.data import NAMES as BUNDLED
from penchant.data import dataset
from penchant.project import Project

RESULTS = Path(__file__).parent / "results"
SCRATCH = Path(__file__).parent.parent / ".make" / "peers"  # environments, exams and answers
REVIEWS = '[clock]\nnow = "log"\n[events]\nrepeats = false\nweights = { view = 1.0 }\n'  # no times, no kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What is asked of one data set; `exams` has slice → exam of the peers."""

    data: str  # a bundled data set or a folder within the data folder
    title: str
    exams: Mapping[str, str]
    protocol: str = "time"
    target: str = ""  # that of the data set if empty
    config: str = ""  # penchant.toml; that of the data set if empty
    files: tuple[str, str] = ("items.parquet", "events.parquet")


_REVIEWS = {"protocol": "leave-one-out", "config": REVIEWS, "files": ("items.parquet", "interactions.parquet")}
BOARDS = {
    "shop": Board(
        data="shop",
        title="the first basket of each known customer, repeats kept",
        exams={"all": "shop", "novel": "shop-novel"},
    ),
    "basket": Board(
        data="shop",
        title="the rest of a basket of the shop once its first three items are known",
        exams={"all": "basket"},
        target="rest-of-basket",
    ),
    "movies": Board(
        data="movies",
        title="every rating of a returning person in the last tenth of the time",
        exams={"all": "movies"},
    ),
    "beauty": Board(
        data="amazon14_beauty",
        title="each person's last review (leave-one-out)",
        exams={"all": "beauty"},
        **_REVIEWS,
    ),
    "office": Board(
        data="amazon14_office",
        title="each person's last review (leave-one-out)",
        exams={"all": "office"},
        **_REVIEWS,
    ),
}


def available(data: Path | None) -> list[str]:
    """Names of the boards whose data is here."""
    return [name for name, board in BOARDS.items() if _place(board, data) is not None]


@contextmanager
def opened(name: str, data: Path | None, scratch: Path, *, quick: bool = False) -> Iterator[Project]:
    """A project in the folder `scratch` with the data of a board imported; `quick` does not read the items' texts."""
    board = BOARDS[name]
    place = _place(board, data)
    if place is None:
        raise FileNotFoundError(
            f"board {name}: no folder {board.data} in {data or 'the data folder, which is not given'}"
        )
    text = board.config or (place / "penchant.toml").read_text()
    (scratch / "penchant.toml").write_text(text + ('[encoder]\nmodel = "hashing"\n' if quick else ""))
    with penchant.open(scratch) as project:
        project.import_items(place / board.files[0])
        project.import_events(place / board.files[1])
        asked = project.settings.evaluation
        project.settings = replace(
            project.settings, evaluation=replace(asked, target=board.target or asked.target, cases=1_000_000)
        )
        yield project


def imported(parser: ArgumentParser, name: str, project: Path | None, scratch: Path) -> Path:
    """The folder of a project: the one that was named, else `scratch` with the bundled data of that name imported."""
    if project is not None:
        return project
    if name not in BUNDLED:
        parser.error(f"{name} is not bundled; name its folder with --project")
    shutil.copy(dataset(name) / "penchant.toml", scratch)
    with penchant.open(scratch) as made:
        made.import_items(dataset(name) / "items.parquet")
        made.import_events(dataset(name) / "events.parquet")
    return scratch


def changed(pairs: Sequence[str]) -> dict[str, Any]:
    """Settings given as key=value: what begins with a digit is a number."""
    given = dict(pair.split("=", 1) for pair in pairs)
    return {key: json.loads(value) if value[0] in "0123456789" else value for key, value in given.items()}


def said() -> Callable[[str, int, int], None]:
    """Progress as a line every half minute."""
    last = [0.0]

    def show(what: str, done: int, total: int) -> None:
        if time.monotonic() - last[0] > 30:
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)
            last[0] = time.monotonic()

    return show


def _place(board: Board, data: Path | None) -> Path | None:
    if board.data in BUNDLED:
        return dataset(board.data)
    place = data / board.data if data else None
    return place if place and place.is_dir() else None
