"""API keys: who may ask what. A file of digests beside penchant.toml; a key itself is shown once and kept nowhere.

A key holds 32 random bytes, so nobody can guess it from its SHA-256 and a slow hash would only slow the server down.
"""

import hashlib
import hmac
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from penchant.arrays import sync
from penchant.errors import StoreError, UnknownError, UsageError, allowed

SCOPES = ("read", "write", "admin")  # admin may do everything
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"pen_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_PAUSE = 0.5  # seconds between two looks at the file
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is kept of a key."""

    id: str  # the part of the key by which it is found
    name: str
    scopes: tuple[str, ...]
    digest: str  # SHA-256 of the whole key
    created: str

    def may(self, scope: str) -> bool:
        """Whether the key is good for a scope."""
        return scope in self.scopes or "admin" in self.scopes


def read(file: Path) -> tuple[Key, ...]:
    """The keys of a file, by name; none if there is no file. Raises StoreError if it is damaged or cannot be read."""
    try:
        document = orjson.loads(file.read_bytes())
        return tuple(sorted((_key(entry) for entry in document["keys"]), key=lambda key: key.name))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{file} is no file of keys: restore it, or remove it and create the keys anew") from error


def _key(entry: dict[str, Any]) -> Key:
    key = Key(**{**entry, "scopes": tuple(entry["scopes"])})
    if not all(isinstance(part, str) for part in (key.id, key.name, key.digest, key.created, *key.scopes)):
        raise TypeError("a key is texts")
    return key


def create(file: Path, name: str, scopes: Sequence[str]) -> tuple[Key, str]:
    """Make a key; returns what is kept of it, and the key, once. Raises UsageError for a name that is taken."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"a key's name is 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', found {name[:80]!r}")
    if not scopes or set(scopes) - set(SCOPES):
        raise UsageError(f"scopes are {allowed(SCOPES)}, found {allowed(set(scopes) - set(SCOPES))}")
    with _changing(file) as known:
        if any(key.name == name for key in known):
            raise UsageError(f"there is a key {name!r} already; revoke it first, or choose another name")
        taken = {key.id for key in known}
        mark = next(m for m in iter(lambda: secrets.token_hex(4), "") if m not in taken)
        secret = f"pen_{mark}_{secrets.token_urlsafe(32)}"
        ordered = tuple(scope for scope in SCOPES if scope in scopes)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        key = Key(id=mark, name=name, scopes=ordered, digest=_digest(secret), created=now)
        known.append(key)
    return key, secret


def revoke(file: Path, name: str) -> None:
    """Make a key worthless. Raises UnknownError naming those there are."""
    with _changing(file) as known:
        rest = [key for key in known if key.name != name]
        if len(rest) == len(known):
            raise UnknownError(f"no key {name!r} in {file}; there are {allowed(key.name for key in known)}")
        known[:] = rest


@contextmanager
def _changing(file: Path) -> Iterator[list[Key]]:
    """The keys, to be changed by one process at a time and written whole or not at all."""
    import fcntl

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file.with_name(file.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = list(read(file))
            yield known
            _write(file, {"keys": [asdict(key) for key in known]})
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error


def _write(file: Path, document: dict[str, Any]) -> None:
    aside = file.with_name(f"{file.name}.new")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        out.flush()
        os.fsync(out.fileno())
    aside.replace(file)
    sync(file.parent)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Keyring:
    """The keys of a file as a running server sees them: a change counts within half a second, in every worker.

    Once there was a file keys are needed, also when the last one is revoked or the file is gone.
    """

    def __init__(
        self, file: Path, *, needed: bool = False, local: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._file, self._clock = file, clock
        self.local = local  # whether, while no key is needed, only this machine is answered
        self._needed = needed
        self._keys: dict[str, Key] = {}
        self._seen: tuple[int, ...] | None = None
        self._until = -1.0
        self._lock = threading.Lock()

    def needed(self) -> bool:
        """Whether a key is needed. Raises StoreError if the file is damaged."""
        self._look()
        return self._needed

    def find(self, secret: str) -> Key | None:
        """The key that this is, if it is one. Raises StoreError if the file is damaged."""
        self._look()
        form = _KEY.fullmatch(secret)
        key = self._keys.get(form[1]) if form else None
        same = hmac.compare_digest(_digest(secret) if form else _NOBODY, key.digest if key else _NOBODY[1:])
        return key if same else None

    def _look(self) -> None:
        with self._lock:
            if self._clock() < self._until:
                return
            seen = _stamp(self._file)
            if seen != self._seen:
                self._keys = {key.id: key for key in read(self._file)}
                self._seen = seen
            self._needed |= seen is not None
            self._until = self._clock() + _PAUSE


def _stamp(file: Path) -> tuple[int, ...] | None:
    """What changes when the file does; None if there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error
    return found.st_mtime_ns, found.st_size, found.st_ino
