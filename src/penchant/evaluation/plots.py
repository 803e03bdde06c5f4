"""Small plots as inline SVG in the colours of the page: still, light, and readable without a script.

Coordinates are pixels of a fixed box that the page scales; every mark carries its figures as a title.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10

WIDTH, HEIGHT = 440, 270
_TICKS = 5  # of an axis, about
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 14, 14, 42  # margins
_GLYPH, _LINE = 6.9, 13  # width of a letter and height of a line of labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A scale from data to pixels."""

    low: float
    high: float
    name: str
    size: tuple[float, float]  # pixels of `low` and `high`
    log: bool = False
    names: Sequence[str] = ()  # of 1, 2, …, where the axis has names for ticks

    def at(self, value: float) -> float:
        """The pixel of a value."""
        low, high, value = (log10(v) if self.log else v for v in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return round(self.size[0] + share * (self.size[1] - self.size[0]), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Round values along the axis, and how they are written."""
        if self.names:
            return [(at + 1.0, name) for at, name in enumerate(self.names)]
        values = _decades(self.low, self.high) if self.log else rounded(self.low, self.high)
        return [(value, f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}") for value in values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A mark with its label; `low` and `high` are the ends of its interval."""

    x: float
    y: float
    title: str
    label: str = ""
    strong: bool = False
    low: float | None = None
    high: float | None = None


def rounded(low: float, high: float) -> list[float]:
    """At most about five round values from low to high."""
    span = high - low
    if not isfinite(span) or span <= 0:
        return [low]
    step = 10.0 ** floor(log10(span / _TICKS))
    step *= next(m for m in (1, 2, 5, 10) if span / (m * step) <= _TICKS)
    return [round(i * step, 10) for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _decades(low: float, high: float) -> list[float]:
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    values = [m * 10.0**p for p in powers for m in (1, 2, 5)]
    found = [v for v in values if low <= v <= high]
    return found if len(found) <= 8 else [v for v in found if log10(v).is_integer()]


def course(points: Sequence[Point], x: str, y: str, describe: str, names: Sequence[str] = ()) -> str:
    """Points with intervals, joined by a line, from 0 up; close up if the points have `names`."""
    ends = [end for p in points for end in (p.low, p.y, p.high) if end is not None]
    across = _across(min(p.x for p in points) - 0.4, max(p.x for p in points) + 0.4, x, names=names)
    low, high = _wide(ends) if names else (0.0, max(ends) * 1.08 or 1.0)
    up = _up(low, high, y)
    path = "M" + "L".join(f"{across.at(p.x)} {up.at(p.y)}" for p in points)
    ranges = "".join(
        f'<path class="range" d="M{across.at(p.x)} {up.at(p.low)}V{up.at(p.high)}"/>'
        for p in points
        if p.low is not None and p.high is not None
    )
    return _framed(across, up, f'{ranges}<path class="line" d="{path}"/>{_dots(points, across, up)}', describe)


def histogram(
    edges: Sequence[float], counts: Sequence[float], marks: Sequence[tuple[str, float]], x: str, describe: str
) -> str:
    """Bars between edges on a logarithmic axis, with named marks."""
    across, up = _across(edges[0], edges[-1], x, log=True), _up(0, max(counts) * 1.15 or 1, "answers")
    bars = "".join(
        f'<rect class="bar" x="{(left := across.at(a))}" y="{up.at(n)}" width="{max(across.at(b) - left - 1, 0.5):.1f}"'
        f' height="{up.at(0) - up.at(n):.1f}"><title>{a:.1f} to {b:.1f}: {n:,.0f}</title></rect>'
        for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
        if n
    )
    lines = "".join(
        f'<path class="mark" d="M{across.at(v)} {_TOP}V{HEIGHT - _BOTTOM}"/>'
        f'<text class="label" {_beside(across.at(v))} y="{_TOP + 10 + 14 * i}">{escape(name)}</text>'
        for i, (name, v) in enumerate(marks)
    )
    return _framed(across, up, bars + lines, describe)


def scatter(points: Sequence[Point], x: str, y: str, describe: str) -> str:
    """Points with labels where there is room for them."""
    across = _across(*_wide([p.x for p in points]), x)
    up = _up(*_wide([p.y for p in points]), y)
    ordered = sorted(points, key=lambda p: p.strong)
    return _framed(across, up, _dots(ordered, across, up) + _labels(ordered[::-1], across, up), describe)


def _wide(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    return low - room, high + room


def _beside(x: float) -> str:
    """Where a label beside a line stands: right of it, or left on the right side of the plot."""
    return f'x="{x + 5}"' if x < WIDTH / 2 else f'x="{x - 5}" text-anchor="end"'


def _across(low: float, high: float, name: str, *, log: bool = False, names: Sequence[str] = ()) -> Axis:
    return Axis(low=low, high=high, name=name, size=(_LEFT, WIDTH - _RIGHT), log=log, names=names)


def _up(low: float, high: float, name: str) -> Axis:
    return Axis(low=low, high=high, name=name, size=(HEIGHT - _BOTTOM, _TOP))


def _framed(across: Axis, up: Axis, inner: str, describe: str) -> str:
    grid = "".join(
        f'<path class="grid" d="M{_LEFT} {up.at(v)}H{WIDTH - _RIGHT}"/>'
        f'<text class="tick" x="{_LEFT - 7}" y="{up.at(v) + 4}" text-anchor="end">{shown}</text>'
        for v, shown in up.ticks()
    )
    feet = "".join(
        f'<text class="tick" x="{across.at(v)}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{escape(shown)}</text>'
        for v, shown in across.ticks()
    )
    names = (
        f'<text class="axis" x="{WIDTH - _RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{escape(across.name)}</text>'
        f'<text class="axis" x="{_LEFT}" y="{HEIGHT - 6}">↑ {escape(up.name)}</text>'
    )
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(describe)}"'
    return f"<svg {box}>{grid}{feet}{inner}{names}</svg>"


def _dots(points: Sequence[Point], across: Axis, up: Axis) -> str:
    return "".join(
        f'<circle class="{"dot strong" if p.strong else "dot"}" cx="{across.at(p.x)}" cy="{up.at(p.y)}" '
        f'r="{5 if p.strong else 4}"><title>{escape(p.title)}</title></circle>'
        for p in points
    )


def _labels(points: Sequence[Point], across: Axis, up: Axis) -> str:
    """Labels beside their points, first come first served; where every side is taken, the title has to do."""
    taken = [_box(across.at(p.x) - 5, up.at(p.y) + 5, 10, 10) for p in points]
    found = []
    for p in points:
        x, y, width = across.at(p.x), up.at(p.y), len(p.label) * _GLYPH
        sides = ((x + 9, y + 4), (x - 9 - width, y + 4), (x - width / 2, y - 9), (x - width / 2, y + 18))
        free = next((s for s in sides if _free(_box(*s, width, _LINE), taken)), None)
        if p.label and free:
            taken.append(_box(*free, width, _LINE))
            strong = "label strong" if p.strong else "label"
            found.append(f'<text class="{strong}" x="{free[0]:.1f}" y="{free[1]:.1f}">{escape(p.label)}</text>')
    return "".join(found)


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return x, y - height, x + width, y


def _free(box: tuple[float, float, float, float], taken: Sequence[tuple[float, float, float, float]]) -> bool:
    if box[0] < _LEFT or box[2] > WIDTH - _RIGHT or box[1] < 0 or box[3] > HEIGHT - _BOTTOM:
        return False
    return not any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken)
