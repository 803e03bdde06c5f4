"""Projects of any size, scaled from the bundled shop: `python benchmarks/scaled.py FOLDER --items 20000 --people 1000`.

Items are copies of the shop's, which keep its curve of popularity. A person lives a stretch of a real one's history,
mostly among the copies of one shelf, so that what is bought together stays so and histories are as uneven as they were.
The log holds the newest thousand events only: everything else is in a snapshot, as it would be after an import.
"""

import argparse
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import penchant
from penchant.data import dataset
from penchant.events.timeline import Timeline
from penchant.ports import fingerprint
from penchant.project import Project
from penchant.snapshots import FOLDER, Snapshot, Snapshots
from penchant.types import DAY, Array

_HOME = 0.8  # share of a person's events that are on the shelf of their own
_TOLD = 1_000  # newest events that are in the log
_SETTINGS = '\n[encoder]\nmodel = "hashing"\n[training]\ncases = 800\n'


def make(folder: Path, items: int, people: int, events: float = 20.0, seed: int = 0) -> None:
    """Write a project of so many items and people, with so many events a person on average."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "penchant.toml").write_text((dataset("shop") / "penchant.toml").read_text() + _SETTINGS)
    with penchant.open(folder) as project:
        project.import_items(catalogue(items))
        happen(project, people, events, seed)


def catalogue(items: int) -> pl.DataFrame:
    """The shop's items, as often as it takes; each copy says of which shelf it is."""
    shop = pl.read_parquet(dataset("shop") / "items.parquet")
    shelves = -(-items // len(shop))
    copies = [
        shop.with_columns(item_id=pl.col("item_id") + f"~{n}", title=pl.col("title") + f" of shelf {n}" * (n > 0))
        for n in range(shelves)
    ]
    return pl.concat(copies).head(items)


def happen(project: Project, people: int, events: float, seed: int) -> None:
    """Let people live in a project whose items are there: its snapshot holds all, its log the newest."""
    world = project.engine.follower.catch_up()
    line = Timeline(world.timeline.kinds)
    before = world.position
    columns = lived(len(world.catalogue), people, events, seed, before, line)
    line = line.append(columns)
    last = before + len(line)
    shutil.rmtree(project.folder / FOLDER, ignore_errors=True)
    _log(project.folder / "penchant.db", line, [item.id for item in world.catalogue.items])
    size = len(world.catalogue)
    digest = fingerprint(world.catalogue, size)
    snapshot = Snapshot(timeline=line, position=last, catalogue=digest, items=size)
    Snapshots(project.folder / FOLDER).write(snapshot)


def lived(items: int, people: int, events: float, seed: int, before: int, line: Timeline) -> dict[str, Array]:
    """The events of `people` as a timeline's columns, logged behind a position."""
    dice = np.random.default_rng(seed)
    real = _real(line)
    starts = np.concatenate([[0], np.cumsum(np.bincount(real["user"]))])
    lengths = np.diff(starts)
    who = dice.integers(0, len(lengths), people)
    share = events / lengths.mean()
    wanted = np.floor(lengths[who] * share + dice.random(people)).astype(np.int64)
    taken = np.clip(wanted, 1, lengths[who])
    begin = starts[who] + (dice.random(people) * (lengths[who] - taken + 1)).astype(np.int64)
    user = np.repeat(np.arange(people, dtype=np.int32), taken)
    within = np.arange(len(user)) - np.repeat(np.cumsum(taken) - taken, taken)
    place = np.repeat(begin, taken) + within
    shelves = -(-items // real["size"])
    home = np.repeat(dice.integers(0, shelves, people), taken)
    shelf = np.where(dice.random(len(user)) < _HOME, home, dice.integers(0, shelves, len(user)))
    row = real["item"][place] + shelf * real["size"]
    row = np.where(row < items, row, real["item"][place] % items).astype(np.int32)
    time = real["time"][place] + np.repeat(dice.integers(-7 * DAY, 7 * DAY, people), taken)
    order = np.argsort(time, kind="stable")
    codes = line.codes([f"person {n}" for n in range(people)])
    return {
        "time": time[order],
        "user": codes[user[order]],
        "item": row[order],
        "kind": real["kind"][place][order],
        "value": real["value"][place][order],
        "position": before + 1 + np.arange(len(order), dtype=np.int64),
    }


def _real(line: Timeline) -> dict[str, Any]:
    """The shop's events, person by person."""
    events = pl.read_parquet(dataset("shop") / "events.parquet").sort("user_id", "timestamp", maintain_order=True)
    items = pl.read_parquet(dataset("shop") / "items.parquet")["item_id"].to_list()
    row = {item: place for place, item in enumerate(items)}
    kinds = {kind: line.kinds.code(kind) for kind in events["event_type"].unique().to_list()}
    return {
        "size": len(items),
        "user": events["user_id"].rank("dense").to_numpy().astype(np.int64) - 1,
        "item": np.array([row[item] for item in events["item_id"].to_list()], dtype=np.int64),
        "kind": np.array([kinds[kind] for kind in events["event_type"].to_list()], dtype=np.int16),
        "time": events["timestamp"].dt.epoch("us").to_numpy(),
        "value": events["value"].to_numpy().astype(np.float32),
    }


def _log(database: Path, line: Timeline, ids: list[str]) -> None:
    """Write the newest events where the log would have them."""
    columns = (line.position, line.time, line.user, line.kind, line.item, line.value)
    rows = [
        (p, f"event {p}", "event", time, line.names[user], line.kinds.names[kind], ids[item], value, "{}")
        for p, time, user, kind, item, value in zip(*(column[-_TOLD:].tolist() for column in columns), strict=True)
    ]
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM log WHERE type = 'event'")
        told = "position, id, type, time, user, kind, item, value, context"
        connection.executemany(f"INSERT INTO log ({told}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def main() -> None:
    """Write a project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--events", type=float, default=20.0, help="of a person, on average")
    parser.add_argument("--train", action="store_true", help="train a release, too")
    given = parser.parse_args()
    make(given.folder, given.items, given.people, given.events)
    if given.train:
        with penchant.open(given.folder) as project:
            project.train()


if __name__ == "__main__":
    main()
