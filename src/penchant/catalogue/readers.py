"""Sources of rows — files, DataFrames, lists of dicts — as chunks of columns.

Rule: cells are what the source holds, untouched; what cannot be read as a row is set aside with line and reason.
"""

import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import zstandard

from penchant.catalogue.delimited import Feed, first_record, records
from penchant.catalogue.files import FORMATS, TextFile, endings, is_text, on_disk
from penchant.errors import UsageError
from penchant.types import Array

Column = pl.Series | list[Any]
Source = Any  # path | polars or pandas DataFrame | sequence of mappings
SAMPLE = 50_000  # rows by which a file's columns are judged, whatever the batch

_POLARS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)  # damaged Parquet makes it panic
_DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError, *_POLARS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A row that could not be read, or was read and refused."""

    line: int
    reason: str
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of a source as columns of one length, and what lay between them that is no row."""

    rows: Array  # int64: the number of each row, 1-based; broken rows count
    lines: Array  # int64: its physical line, 1-based; the row number where a source has no lines
    columns: Mapping[str, Column]
    broken: Sequence[Broken] = ()
    done: float = 1.0  # share of the source that was read

    def __len__(self) -> int:
        return len(self.rows)


Chunks = Generator[Chunk, None, None]  # closing it closes the file


def source_name(source: Source) -> str:
    """Name a source in messages and in the file of rejected rows."""
    return Path(source).name if isinstance(source, str | Path) else f"<{type(source).__name__}>"


def chunks(source: Source, size: int = SAMPLE) -> Chunks:
    """Yield a source as chunks of about `size` rows; there is at least one, perhaps without rows.

    Raises UsageError when the source cannot be read or has no columns.
    """
    if not isinstance(source, str | Path):
        yield from _frames(source, size)
        return
    path = Path(source)
    ending, packing = endings(path)
    read = {"delimited": _delimited, "json lines": _json_lines, "json": _json, "parquet": _parquet}[FORMATS[ending]]
    try:
        with closing(read(path, ending, packing, size)) as found:
            yield from found
    except _DAMAGE as error:
        raise UsageError(f"{path}: cannot be read as {ending}{packing}: {' '.join(str(error).split())}") from error


def total_rows(source: Source) -> int | None:
    """Return how many rows a source has, where that is known without reading it."""
    if not isinstance(source, str | Path):
        return len(source) if hasattr(source, "__len__") else None
    path = Path(source)
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return None
    try:
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    except _DAMAGE:
        return None


# ── text ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _delimited(path: Path, ending: str, packing: str, size: int) -> Chunks:
    with TextFile(path, packing) as text:
        feed = Feed(text.lines)
        names, mark = first_record(feed, ending)
        _check_header(path, names)
        names = [name or f"column_{at}" for at, name in enumerate(names, 1)]
        found = records(feed, mark, len(names))
        first = 1
        while True:
            part = list(islice(found, size))
            yield _cells(names, part, first, text.done())
            first += len(part)
            if len(part) < size:
                return


def _check_header(path: Path, names: list[str]) -> None:
    if not names:
        raise UsageError(f"{path}: found no header line in UTF-8, wanted the names of the columns in the first line")
    if any("\0" in name for name in names):
        raise UsageError(f"{path}: the header has NUL characters; wanted UTF-8 text")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UsageError(f"{path}: found column {twice[0]!r} twice, wanted every column once")


def _cells(names: list[str], part: list[tuple[int, list[str] | None, str]], first: int, done: float) -> Chunk:
    rows, lines, cells, broken = [], [], [], []
    for number, (line, found, raw) in enumerate(part, first):
        if found is not None and is_text(raw):
            rows.append(number)
            lines.append(line)
            cells.append(found)
        else:
            broken.append(_broken(line, raw))
    by_column = zip(*cells, strict=True) if cells else ((),) * len(names)
    columns = {n: pl.Series(n, values, dtype=pl.String) for n, values in zip(names, by_column, strict=True)}
    return Chunk(rows=_numbers(rows), lines=_numbers(lines), columns=columns, broken=broken, done=done)


def _broken(line: int, raw: str) -> Broken:
    if is_text(raw):
        return Broken(line=line, reason="malformed line", row={"raw": raw})
    shown = raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return Broken(line=line, reason="not UTF-8", row={"raw": shown})


def _json_lines(path: Path, ending: str, packing: str, size: int) -> Chunks:
    with TextFile(path, packing) as text:
        found = ((line, raw) for line, raw in enumerate(text.lines, 1) if raw.strip())
        first = 1
        while True:
            part = list(islice(found, size))
            chunk = _objects(part, first, text.done())
            if first == 1 and not len(chunk):
                raise UsageError(f"{path}: found no line that is a JSON object, wanted one per row")
            yield chunk
            first += len(part)
            if len(part) < size:
                return


def _objects(part: list[tuple[int, str]], first: int, done: float) -> Chunk:
    rows, lines, dicts, broken = [], [], [], []
    for number, (line, raw) in enumerate(part, first):
        row = _object(raw)
        if row is None:
            broken.append(_broken(line, raw.rstrip("\n")))
        else:
            rows.append(number)
            lines.append(line)
            dicts.append(row)
    return Chunk(rows=_numbers(rows), lines=_numbers(lines), columns=_by_column(dicts), broken=broken, done=done)


def _object(raw: str) -> dict[str, Any] | None:
    try:
        row = orjson.loads(raw)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _json(path: Path, ending: str, packing: str, size: int) -> Chunks:
    """Read one array, which must fit in memory, or lines."""
    with TextFile(path, packing) as text:
        begin = next((line for line in text.lines if line.strip()), "")
        whole = _array(path, begin + text.lines.read()) if begin.lstrip().startswith("[") else None
    if whole is None:
        yield from _json_lines(path, ending, packing, size)
    else:
        yield from _dicts(whole, size)


def _array(path: Path, text: str) -> list[Any]:
    try:
        found = orjson.loads(text)
    except ValueError as error:
        raise UsageError(f"{path}: not a JSON array of objects: {error}; a .jsonl file loses single lines") from error
    if not any(isinstance(row, dict) for row in found):
        raise UsageError(f"{path}: found a JSON array without objects, wanted one object per row")
    return list(found)


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _parquet(path: Path, ending: str, packing: str, size: int) -> Chunks:
    with on_disk(path, packing) as plain:
        lazy = pl.scan_parquet(plain, glob=False)
        total = int(lazy.select(pl.len()).collect().item())
        for at in range(0, max(total, 1), size):
            yield _slice(lazy.slice(at, size).collect(), at, total)


def _frames(source: Source, size: int) -> Iterator[Chunk]:
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if isinstance(source, pl.DataFrame):
        for at in range(0, max(len(source), 1), size):
            yield _slice(source.slice(at, size), at, len(source))
    elif type(source).__module__.partition(".")[0] == "pandas" and hasattr(source, "columns"):
        for at in range(0, max(len(source), 1), size):
            part = source.iloc[at : at + size]
            columns = {str(name): _from_pandas(part[name]) for name in part.columns}
            yield _chunk(columns, at, len(part), len(source))
    elif isinstance(source, Sequence) and not isinstance(source, str | bytes):
        yield from _dicts(source, size)
    else:
        kinds = "a path, a polars or pandas DataFrame, a list of dicts"
        raise UsageError(f"found {type(source).__name__}; allowed: {kinds}")


def _from_pandas(column: Any) -> Column:
    kind = column.dtype.kind
    if kind == "M":
        return pl.Series(column.to_numpy("datetime64[us]")).cast(pl.Datetime("us"))
    if kind in "iufb" and isinstance(column.dtype, np.dtype):
        return pl.Series(column.to_numpy())
    return [None if gone else value for value, gone in zip(column.tolist(), column.isna(), strict=True)]


def _dicts(source: Sequence[Any], size: int) -> Iterator[Chunk]:
    for at in range(0, max(len(source), 1), size):
        part = source[at : at + size]
        good = [(n, row) for n, row in enumerate(part, at + 1) if isinstance(row, Mapping)]
        broken = [
            Broken(line=n, reason="malformed line", row={"raw": str(row)})
            for n, row in enumerate(part, at + 1)
            if not isinstance(row, Mapping)
        ]
        rows = _numbers([n for n, _ in good])
        columns = _by_column([row for _, row in good])
        yield Chunk(rows=rows, lines=rows, columns=columns, broken=broken, done=(at + len(part)) / max(1, len(source)))


def _by_column(dicts: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    names = dict.fromkeys(chain.from_iterable(dicts))
    return {str(name): [row.get(name) for row in dicts] for name in names}


def _slice(frame: pl.DataFrame, at: int, total: int) -> Chunk:
    return _chunk({name: frame[name] for name in frame.columns}, at, len(frame), total)


def _chunk(columns: Mapping[str, Column], at: int, height: int, total: int) -> Chunk:
    rows = np.arange(at + 1, at + height + 1)
    return Chunk(rows=rows, lines=rows, columns=columns, done=(at + height) / max(1, total))


def _numbers(values: list[int]) -> Array:
    return np.array(values, dtype=np.int64)
