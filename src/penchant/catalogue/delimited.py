"""Lines of CSV and TSV to cells.

Rule: a malformed record costs its first physical line only; reading goes on at the line after it.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from penchant.catalogue.files import is_text

_LONGEST = 1000  # physical lines one quoted record may span
_OTHERS = ";\t|"

Record = tuple[int, list[str] | None, str]  # physical line, cells (None: malformed), text of that line


class Feed:
    """Lines that are counted and can be put back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.line = 0  # of the line given out last, 1-based

    def __iter__(self) -> Iterator[str]:
        while True:
            line = self._again.popleft() if self._again else next(self._lines, None)
            if line is None:
                return
            self.line += 1
            yield line

    def back(self, lines: list[str]) -> None:
        """Put lines back that were given out last."""
        self._again.extendleft(reversed(lines))
        self.line -= len(lines)


def separator(header: str, ending: str) -> str:
    """Return what separates the cells of a file: by its suffix, and for .csv without a comma by its header."""
    if ending == ".tsv":
        return "\t"
    if "," in header:
        return ","
    return next((mark for mark in _OTHERS if mark in header), ",")


def records(feed: Feed, mark: str, width: int) -> Iterator[Record]:
    """Yield the records that follow; blank lines are skipped, cells are `width` strings."""
    for line in feed:
        number = feed.line
        text = line.rstrip("\n")
        if not text:
            continue
        cells = quoted(line, feed, mark, width) if '"' in text else text.split(mark)
        yield number, cells if cells is not None and len(cells) == width else None, text


def quoted(first: str, feed: Feed, mark: str, width: int | None = None) -> list[str] | None:
    """Parse a record that has quotes, over several lines if need be; None when it is malformed."""
    taken: list[str] = []

    def pull() -> Iterator[str]:
        yield first
        for line in islice(feed, _LONGEST):
            taken.append(line)
            yield line

    try:
        cells = next(csv.reader(pull(), delimiter=mark, strict=True), None)
    except csv.Error:
        cells = None
    if cells is None or width not in (None, len(cells)) or not all(map(is_text, taken)):
        feed.back(taken)
        return None
    return cells


def first_record(feed: Feed, ending: str) -> tuple[list[str], str]:
    """Read the header: its cells (none if there is no header) and what separates cells."""
    line = next((line for line in feed if line.strip()), "")
    mark = separator(line, ending)
    if not line or not is_text(line):
        return [], mark
    cells = quoted(line, feed, mark) if '"' in line else line.rstrip("\n").split(mark)
    return [cell.strip() for cell in cells or []], mark
