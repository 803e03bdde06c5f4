"""A double of a project in a scratch folder on the same disk: what is done to it, the project never sees.

SQLite files are copied while others may write them; releases and the encoder are read where they are. Of a project on
a server only the answers can be doubled: they are made and not logged, and nothing can be observed.
"""

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from penchant import config
from penchant.build import build, encoder
from penchant.engine import Engine
from penchant.errors import StoreError
from penchant.ports import Entry, Log, Record
from penchant.settings import Settings, Stores
from penchant.snapshots import FOLDER as SNAPSHOTS

_SQLITE = "sqlite:///"
_PAGES = 20_000  # copied between two looks at the progress
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """An engine that may be used at will."""

    engine: Engine
    folder: Path
    settings: Settings
    copied: bool  # else its log is the project's own, and takes nothing
    opened: float  # seconds that opening took


@contextmanager
def doubled(folder: Path, progress: Progress, scratch: Path | None = None) -> Iterator[Double]:
    """Open a double of a project, in the project's folder or in `scratch`; it is removed at the end."""
    settings = config.read(folder)
    stores = settings.stores
    copied = all(url.startswith(_SQLITE) for url in (stores.items, stores.log, stores.state))
    with tempfile.TemporaryDirectory(prefix=".double-", dir=scratch or folder) as name:
        place = Path(name)
        there = Stores(**{name: _absolute(url, folder) for name, url in asdict(stores).items()})
        moved = _copied(there, folder, place, progress) if copied else there
        reads = replace(settings.encoder, model=encoder(settings, folder))
        mine = replace(settings, encoder=reads, stores=moved)
        began = time.perf_counter()
        engine = build(mine, place, lambda done, total: progress("encode items", done, total)).engine
        with closing(engine):
            if not copied:
                engine.log = _Deaf(engine.log)
            opened = time.perf_counter() - began
            yield Double(engine=engine, folder=place, settings=mine, copied=copied, opened=opened)


def _copied(stores: Stores, folder: Path, place: Path, progress: Progress) -> Stores:
    urls = {"items": stores.items, "log": stores.log, "state": stores.state}
    files = {url: Path(url.removeprefix(_SQLITE).partition("?")[0]) for url in dict.fromkeys(urls.values())}
    new = {url: f"{number}.db" for number, url in enumerate(files)}
    for url, file in files.items():
        for source, target in ((file, place / new[url]), (_slates(file), _slates(place / new[url]))):
            if source.exists():
                _backup(source, target, progress)
    if (folder / SNAPSHOTS).is_dir():
        shutil.copytree(folder / SNAPSHOTS, place / SNAPSHOTS)
    return replace(stores, **{what: _SQLITE + new[url] for what, url in urls.items()})


def _slates(file: Path) -> Path:
    return file.with_name(f"{file.stem}.slates{file.suffix}")


def _backup(source: Path, target: Path, progress: Progress) -> None:
    def show(_: int, left: int, total: int) -> None:
        progress("copy the stores", total - left, total)

    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new, pages=_PAGES, progress=show, sleep=0)
    except sqlite3.Error as error:
        raise StoreError(f"{source}: cannot be copied: {error}") from error


def _absolute(url: str, folder: Path) -> str:
    scheme, mark, path = url.partition(":///")
    if not mark or scheme not in ("file", "sqlite"):
        return url
    place = str((folder / (unquote(path) if scheme == "file" else path)).resolve())
    return f"{scheme}:///{quote(place) if scheme == 'file' else place}"


class _Deaf:
    """A log that is read as ever and takes nothing."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def append(self, entries: Iterable[Entry]) -> list[Record]:
        """Keep nothing."""
        return []
