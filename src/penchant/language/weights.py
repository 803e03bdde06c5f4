"""Files that make a model: where a package keeps them, and the digests by which models are told apart."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from penchant.errors import ArtefactError, UsageError

_SAYING = {".safetensors", ".bin", ".json", ".txt", ".model", ".vocab"}  # files that change what a model says


def package(name: str) -> Path:
    """The folder of an installed package."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise UsageError(f"package {name} has no files that can be found")
    return Path(spec.origin).parent


def of_file(path: Path) -> str:
    """The sha256 of a file. Raises ArtefactError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtefactError(f"{path.name} of the model cannot be read: {error.strerror}; reinstall it") from error


def of_folder(folder: Path) -> str:
    """Digest of all that makes a folder's model: weights, tokenizer and settings."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _SAYING and path.is_file())
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(folder).as_posix()} {of_file(path)}\n".encode())
    return total.hexdigest()[:12]
