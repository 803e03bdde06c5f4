"""The files an import can read: their formats, their packing, and a stream of lines that knows how far it is.

Rule: a file is read once from front to back; only a packed Parquet file is ever unpacked to disk.
"""

import gzip
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Self, cast

import zstandard

from penchant.errors import UsageError, allowed

FORMATS = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
    ".json": "json",
    ".parquet": "parquet",
}
PACKINGS = (".gz", ".zst")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")  # how UTF-16 and UTF-32 files begin


def endings(path: Path) -> tuple[str, str]:
    """Return the suffix that names the format and the suffix of the packing, or "".

    Raises UsageError when the path is no readable file or its suffix is unknown.
    """
    if path.is_dir():
        raise UsageError(f"{path}: found a folder, wanted a file ending in {allowed(FORMATS)}")
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packing = suffixes.pop() if suffixes and suffixes[-1] in PACKINGS else ""
    ending = suffixes[-1] if suffixes else ""
    if ending not in FORMATS:
        found = f"suffix {ending!r}" if ending else "no suffix"
        raise UsageError(f"{path}: {found}; allowed: {allowed(FORMATS)}, each also with {' or '.join(PACKINGS)}")
    if not path.stat().st_size:
        raise UsageError(f"{path}: the file is empty")
    return ending, packing


def unpack(raw: IO[bytes], packing: str) -> IO[bytes]:
    """Wrap a stream so that it reads unpacked bytes; closing stays with the caller."""
    if packing == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb"))
    if packing == ".zst":
        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=False)
        return io.BufferedReader(cast("io.RawIOBase", reader))
    return raw


@contextmanager
def on_disk(path: Path, packing: str) -> Iterator[Path]:
    """Give the path of the unpacked file, which is temporary where the file is packed."""
    if not packing:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "unpacked.parquet"
        with path.open("rb") as raw, unpack(raw, packing) as packed, plain.open("wb") as out:
            shutil.copyfileobj(packed, out, 1 << 20)
        yield plain


class TextFile:
    """A text file as physical lines; bytes that are not UTF-8 come as lone surrogates."""

    def __init__(self, path: Path, packing: str) -> None:
        self._size = path.stat().st_size
        with ExitStack() as stack:
            self._raw = stack.enter_context(path.open("rb"))
            if self._raw.read(2) in _WIDE_MARKS:
                raise UsageError(f"{path}: the text is UTF-16 or UTF-32; wanted UTF-8")
            self._raw.seek(0)
            plain = stack.enter_context(unpack(self._raw, packing))
            self.lines = stack.enter_context(io.TextIOWrapper(plain, "utf-8-sig", "surrogateescape"))
            self._stack = stack.pop_all()

    def done(self) -> float:
        """Return the share of the file's bytes that was read, 0 to 1."""
        return min(1.0, self._raw.tell() / max(1, self._size))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def is_text(line: str) -> bool:
    """Tell whether all of a line was UTF-8."""
    if line.isascii():
        return True
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
