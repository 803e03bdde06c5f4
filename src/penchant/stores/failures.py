"""What a database's error means, in one line that names the database and says what to do."""

from penchant.errors import StoreError

_DAMAGED = "`penchant doctor` says what is damaged, `penchant rebuild` saves what can be read"
_ADVICE = {  # by the beginning of SQLite's name, or PostgreSQL's number, of what went wrong
    "SQLITE_FULL": "make room on its disk; nothing of this was written",
    "SQLITE_READONLY": "let this user write the file and its folder",
    "SQLITE_CANTOPEN": "is the folder there, and may this user write in it?",
    "SQLITE_IOERR": "its disk fails or is full; the system's own log says more",
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
    "53100": "make room on the server's disk; nothing of this was written",
    "25006": "the server takes no writes now: is it a replica?",
    "XX00": "restore the server's backup, or import into a fresh database",
}


def failure(name: str, error: Exception) -> StoreError:
    """The error of a database, in our words."""
    cause = getattr(error, "orig", None) or error
    said = str(cause).strip() or type(cause).__name__
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
    advice = next((f"; {told}" for begin, told in _ADVICE.items() if code.startswith(begin)), "")
    return StoreError(f"{name}: {said.splitlines()[0]}{advice}")  # further lines may quote a person's data


def busy(error: Exception) -> bool:
    """Whether a statement gave up waiting for a lock."""
    cause = getattr(error, "orig", None) or error
    return getattr(cause, "sqlstate", None) == "55P03" or getattr(cause, "sqlite_errorname", "")[:11] == "SQLITE_BUSY"
