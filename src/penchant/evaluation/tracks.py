"""Rows of a page with a track each: bars of a board, points of slices. HTML, so that text stays text on any screen."""

from collections.abc import Sequence
from html import escape
from math import isfinite

from penchant.evaluation import table
from penchant.evaluation.report import SYSTEM, Report, ordered

SHOWN = 14  # models with a bar; the tables have all
_GROUPS = {"age": "Age of the item", "history": "Items chosen before"}
_FEW = 30  # questions below which a slice is shown faintly
_SHAPES = ("a", "b", "c")


def board(report: Report) -> str:
    """NDCG of every model as a bar with its interval."""
    names = ordered(report.rows)[:SHOWN]
    scale = 100 / (max(report.rows[n]["all"]["interval"][1] for n in names) or 1)
    lines = []
    for name in names:
        found, ahead = report.rows[name]["all"], report.against.get(name)
        gap = table.gap(dict(zip(("mean", "low", "high"), ahead, strict=True))) if ahead else ""
        low, high = (end * scale for end in found["interval"])
        bar = f'<i class="bar" style="width:{found["ndcg"] * scale:.2f}%"></i>'
        bar += f'<i class="reach" style="left:{low:.2f}%;width:{high - low:.2f}%"></i>'
        cells = [name, bar, table.figure(found["ndcg"]), gap]
        lines.append(_line(cells, us=name == SYSTEM, low=bool(ahead and ahead[2] < 0)))
    head = _head("", "", f"NDCG@{report.question.k}", f"{SYSTEM} ahead by (95 %)")
    return f'<div class="rows">{head}{"".join(lines)}</div>'


def slices(report: Report) -> str:
    """NDCG on every slice as points: the system and its strongest rivals."""
    names = [SYSTEM, *table.rivals(report)]
    values = [report.rows[n][where].get("ndcg") for n in names for where in report.rows[SYSTEM]]
    scale = 97 / (max((v for v in values if v is not None and isfinite(v)), default=1) or 1)
    lines, last = [], ""
    for where, first in report.rows[SYSTEM].items():
        if not first["cases"]:
            continue
        group, label = _grouped(where, report.question.slices)
        if group != last:
            lines.append(f'<div class="group"><span>{escape(group)}</span></div>')
            last = group
        held = report.gaps.get(where, {}).get(names[1]) if len(names) > 1 else None
        cells = [label, _points(report, names, where, scale), f"{first['cases']:,}", table.gap(held) if held else ""]
        lines.append(_line(cells, few=first["cases"] < _FEW, low=bool(held and held["high"] < 0)))
    head = _head("", "", "questions", f"ahead of {names[1]}" if len(names) > 1 else "")
    return f'{_legend(names)}<div class="rows">{head}{"".join(lines)}</div>'


def _grouped(where: str, segments: Sequence[str]) -> tuple[str, str]:
    first, _, rest = where.partition(" ")
    for name in segments:
        if where.startswith((f"{name} ", f"{name},")):
            return name, where[len(name) :].strip(" ,")
    return (_GROUPS[first], rest) if first in _GROUPS else ("Kind of question", where)


def _points(report: Report, names: Sequence[str], where: str, scale: float) -> str:
    found = [(n, report.rows[n][where].get("ndcg")) for n in names]
    known = [(n, value) for n, value in found if value is not None and isfinite(value)]
    ends = [value * scale for _, value in known]
    marks = [
        f'<i class="{_shape(names, n)}" style="left:{value * scale:.2f}%" title="{escape(n)} {value:.4f}"></i>'
        for n, value in known
    ]
    span = f'<i class="span" style="left:{min(ends):.2f}%;width:{max(ends) - min(ends):.2f}%"></i>' if ends else ""
    return f'<i class="rail"></i>{span}{"".join(marks)}'


def _shape(names: Sequence[str], name: str) -> str:
    place = names.index(name)
    return "point us" if not place else f"point {_SHAPES[(place - 1) % len(_SHAPES)]}"


def _legend(names: Sequence[str]) -> str:
    marks = (f'<span><span class="track"><i class="{_shape(names, n)}"></i></span>{escape(n)}</span>' for n in names)
    return f'<div class="legend">{"".join(marks)}</div>'


def _head(*cells: str) -> str:
    first, track, *rest = cells
    figures = "".join(f'<span class="n{" wideonly" if at else ""}">{escape(c)}</span>' for at, c in enumerate(rest))
    return f'<div class="head"><span>{escape(first)}</span><span>{escape(track)}</span>{figures}</div>'


def _line(cells: Sequence[str], *, us: bool = False, low: bool = False, few: bool = False) -> str:
    name, track, figure, gap = cells
    kind = ' class="us"' if us else ' class="few"' if few else ""
    weak = "n weak low" if low else "n weak"
    figures = f'<span class="n">{escape(figure)}</span><span class="{weak} wideonly">{escape(gap)}</span>'
    return f'<div{kind}><span>{escape(name)}</span><span class="track">{track}</span>{figures}</div>'
