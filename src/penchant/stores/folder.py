"""Releases in a folder: written aside, named by time and content, renamed into place whole, verified when fetched."""

import hashlib
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from penchant.arrays import sync
from penchant.errors import ArtefactError, StoreError, UnknownError, allowed
from penchant.rests import rest

_MANIFEST = "manifest.json"
_POINTER = "current"
_UNREADABLE = "unreadable-pointer"  # sorts behind every version
_UNFINISHED = ".publishing-"
_ABANDONED = 86_400  # seconds after which an unfinished publication is swept away
_STAMP = "%Y%m%dT%H%M%S"
_VERSION = re.compile(r"(\d{8}T\d{6})-[0-9a-f]{6}")
_CHUNK = 1 << 20
_LARGE = 1 << 20  # bytes from which a file that the version before has already is shared with it


class FolderArtefacts:
    """ArtefactStore in a folder. A version's files are verified once per store object."""

    def __init__(self, folder: Path, *, keep: bool = True) -> None:
        self._folder = Path(folder)
        self._keep = keep  # else the folder goes when the store is closed
        self._verified: set[str] = set()
        self._lock = threading.Lock()

    def publish(self, folder: Path, manifest: Mapping[str, Any]) -> str:
        """Copy a folder in and return its version, which sorts behind all others; it is not promoted.

        The manifest gets the keys `files` (path → sha256) and `published` (time); a manifest.json at the top of
        `folder` is left out. ArtefactError if there is no such folder, StoreError if the disk refuses.
        """
        if not Path(folder).is_dir():
            raise ArtefactError(f"{folder} is no folder; nothing was published")
        with self._lock, _disk(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            aside = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
            try:
                files = _copy_all(Path(folder), aside, self._large())
                document = {**manifest, "files": files, "published": datetime.now(UTC).isoformat()}
                return self._place(aside, _json(document))
            finally:
                shutil.rmtree(aside, ignore_errors=True)

    def _place(self, aside: Path, document: bytes) -> str:
        _write(aside / _MANIFEST, document)
        sync(aside)
        aside.chmod(0o755)
        while True:
            version = f"{self._stamp()}-{hashlib.sha256(document).hexdigest()[:6]}"
            try:
                aside.rename(self._folder / version)
            except OSError:
                if not (self._folder / version).exists():
                    raise
                continue  # another process took the name: the next second is free
            sync(self._folder)
            return version

    def _large(self) -> dict[str, Path]:
        """Digest → file of the newest version, of the large ones: an encoder stays the same for many trainings."""
        newest = [self._folder / name for name in self._names()[-1:]]
        try:
            found = {d: place / name for place in newest for name, d in _manifest(place)["files"].items()}
        except ArtefactError:
            return {}
        return {d: path for d, path in found.items() if path.is_file() and path.stat().st_size >= _LARGE}

    def _stamp(self) -> str:
        """The time in UTC, moved on by as many seconds as it takes to sort behind every version."""
        now = datetime.now(UTC)
        names = self._names()
        if names:
            newest = datetime.strptime(names[-1].partition("-")[0], _STAMP).replace(tzinfo=UTC)
            now = max(now, newest + timedelta(seconds=1))
        return now.strftime(_STAMP)

    def promote(self, version: str) -> None:
        """Make a version the current one, all at once; UnknownError names those that exist."""
        self._known(version)
        with self._lock, _disk(self._folder):
            aside = self._folder / f"{_UNFINISHED}{_POINTER}-{os.getpid()}"
            _write(aside, version.encode())
            aside.replace(self._folder / _POINTER)
            sync(self._folder)

    def current(self) -> str | None:
        """The version promoted last; None before the first, a name that no version has if that cannot be told."""
        try:
            name = (self._folder / _POINTER).read_bytes().decode(errors="replace").strip()
            return name if _VERSION.fullmatch(name) else _UNREADABLE
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self._folder / _POINTER}: {error.strerror}") from error

    def fetch(self, version: str) -> tuple[Path, dict[str, Any]]:
        """Folder and manifest of a version; ArtefactError names a file that is missing, altered or added."""
        place = self._known(version)
        manifest = _manifest(place)
        if version not in self._verified:
            with _disk(place):
                _verify(place, manifest["files"])
            self._verified.add(version)
        return place, manifest

    def versions(self) -> list[dict[str, Any]]:
        """Manifests, oldest first, each with its `version`; versions without a readable manifest are left out."""
        found = []
        for name in self._names():
            try:
                found.append({**_manifest(self._folder / name), "version": name})
            except ArtefactError:
                continue  # fetch says what is wrong with it
        return found

    def close(self) -> None:
        """Remove the folder if it was not to be kept; no file is open."""
        if not self._keep:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(p.name for p in self._folder.iterdir() if _VERSION.fullmatch(p.name) and p.is_dir())

    def _known(self, version: str) -> Path:
        names = self._names()
        if version not in names:
            raise UnknownError(f"no release {version!r} in {self._folder}; there are {allowed(names)}")
        return self._folder / version

    def _sweep(self) -> None:
        for path in self._folder.glob(f"{_UNFINISHED}*"):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                shutil.rmtree(path, ignore_errors=True)


def _copy_all(source: Path, target: Path, known: Mapping[str, Path]) -> dict[str, str]:
    paths = sorted(p for p in source.rglob("*") if p.is_file())
    names = {path.relative_to(source).as_posix(): path for path in paths}
    names.pop(_MANIFEST, None)
    return {name: _shared(path, target / name, known) or _copy(path, target / name) for name, path in names.items()}


def _shared(source: Path, target: Path, known: Mapping[str, Path]) -> str:
    """Link a file that is there already, and return its digest; empty if it is another one or cannot be linked."""
    if not known or source.stat().st_size < _LARGE:
        return ""
    digest = _sha256(source)
    if digest not in known or _sha256(known[digest]) != digest:
        return ""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(known[digest], target)
    except OSError:
        return ""  # not every disk has links
    return digest


def _copy(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as reader:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            rest()
    return digest.hexdigest()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as writer:
        writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())


def _json(document: Mapping[str, Any]) -> bytes:
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        return orjson.dumps(document, option=options)
    except TypeError as error:
        raise ArtefactError(f"the manifest cannot be written as JSON: {error}") from error


def _manifest(place: Path) -> dict[str, Any]:
    try:
        manifest = orjson.loads((place / _MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{place / _MANIFEST} cannot be read: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise ArtefactError(f"{place / _MANIFEST} does not list its files")
    return manifest


def _verify(place: Path, files: Mapping[str, str]) -> None:
    present = {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()} - {_MANIFEST}
    for name in sorted(present ^ files.keys()):
        state = "was added" if name in present else "is missing"
        raise ArtefactError(f"{place / name} {state} since it was published; publish a release anew, never patch one")
    for name, digest in files.items():
        found = _sha256(place / name)
        if found != digest:
            raise ArtefactError(f"{place / name} was altered: its sha256 is {found[:12]}…, not {digest[:12]}…")


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}") from error
