"""A Bench as one page that needs nothing else: no script, no request. Nothing is computed here but lengths of bars."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from penchant.benchmark.measures import Bench

_CALLS = """Median (bar) and 99th percentile (line) of each kind of call, one at a time, in milliseconds. Times the
ceiling: the median over that of what the machine needs for what cannot be avoided, measured in the same run."""
_STEPS = "Mean milliseconds of each source and stage in a list without reasons, and its share of the whole."
Row = tuple[str, float, float, Sequence[str]]  # name, bar, end of the line, figures


def html(found: Bench) -> str:
    """The bench as a page."""
    style = files("penchant.evaluation").joinpath("page.css").read_text(encoding="utf-8")
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head = f'<meta charset="utf-8">{viewport}<title>Benchmark</title><style>\n{style}</style>'
    calls: list[Row] = [
        (f.what, f.p50, f.p99, (f"{f.p50:.3f}", f"{f.p99:.3f}", "" if f.ratio is None else f"{f.ratio:.1f}"))
        for f in found.figures
    ]
    steps: list[Row] = [
        (f"{s.step} {s.part}".rstrip(), s.mean, s.mean, (f"{s.mean:.3f}", f"{s.share:.1%}")) for s in found.steps
    ]
    parts = [
        f"<header><h1>Benchmark</h1><p>{escape(', '.join(found.told()))}.</p></header>",
        _section("Calls", _CALLS, _rows(("", "p50 ms", "p99 ms", "times the ceiling"), calls)),
        _section("Where the time of a list goes", _STEPS, _rows(("", "ms", "share"), steps)),
        *(f"<p>{escape(note)}</p>" for note in found.notes),
    ]
    inner = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n<main>\n{inner}\n</main>\n</body></html>\n'


def _section(title: str, about: str, inner: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(about)}</p>{inner}</section>"


def _rows(headers: Sequence[str], rows: Sequence[Row]) -> str:
    longest = max(end for _, _, end, _ in rows)
    lines = [_line(_cell(name), _track(bar / longest, end / longest), figures) for name, bar, end, figures in rows]
    head = f'<div class="head">{_cell(headers[0])}<span></span>{"".join(map(_number, headers[1:]))}</div>'
    return f'<div class="rows" style="--figures: {len(headers) - 1}">{head}{"".join(lines)}</div>'


def _line(name: str, track: str, figures: Iterable[str]) -> str:
    return f'<div class="us">{name}{track}{"".join(map(_number, figures))}</div>'


def _track(bar: float, end: float) -> str:
    reach = f'<i class="reach" style="left: {bar:.2%}; width: {end - bar:.2%}"></i>' if end > bar else ""
    return f'<span class="track"><i class="bar" style="width: {bar:.2%}"></i>{reach}</span>'


def _cell(text: str) -> str:
    return f"<span>{escape(text)}</span>"


def _number(text: str) -> str:
    return f'<span class="n">{escape(text)}</span>'
