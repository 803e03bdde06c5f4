"""Which settings are worth searching, and how far. A range never leaves the bounds of the plug-in's own annotation.

What is not listed is either a matter of taste (the list), of speed, or of no weight; plug-ins of strangers are left as
they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_type_hints

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One setting and the range that is searched, both ends included."""

    name: str
    low: float
    high: float
    log: bool = False  # whether ratios count rather than differences
    whole: bool = False  # whole numbers only

    def value(self, found: float) -> int | float:
        """A value that a person would write: whole, or of three digits."""
        return round(found) if self.whole else float(f"{found:.3g}")


def _dials(log: bool = False, **ranges: tuple[float, float]) -> tuple[Dial, ...]:
    return tuple(
        Dial(name=name, low=low, high=high, log=log, whole=isinstance(low, int) and isinstance(high, int))
        for name, (low, high) in ranges.items()
    )


DIALS: Mapping[str, tuple[Dial, ...]] = {
    "Again": (*_dials(log=True, half_life=(7.0, 365.0)), *_dials(recency=(0.0, 3.0))),
    "Neighbours": (
        *_dials(log=True, half_life=(7.0, 365.0), peers=(3.0, 180.0), lately=(0.5, 30.0), people=(200, 2_000)),
        *_dials(pace=(0.0, 2.0), b=(0.0, 1.0), even=(0.0, 1.0)),
    ),
    "Linear": (
        *_dials(log=True, l2_long=(10.0, 2_000.0), l2_next=(2.0, 500.0), tau=(0.5, 10.0), half_life=(14.0, 720.0)),
        *_dials(log=True, prior=(5.0, 500.0)),
        *_dials(alpha=(0.0, 0.8), popularity=(0.0, 0.5)),
    ),
    "Nearest": (*_dials(log=True, half_life=(7.0, 365.0), relaxed=(0.05, 5.0)), *_dials(alike=(0.1, 0.9))),
    "Sessions": (*_dials(log=True, half_life=(3.0, 180.0), nearest=(50, 1_000)), *_dials(pace=(0.0, 2.0))),
    "Habits": _dials(within=(0.5, 1.0), between=(0.3, 1.0), own=(0.0, 1.0)),
    "Factors": _dials(log=True, l2=(3.0, 300.0), alpha=(1.0, 100.0), half_life=(7.0, 365.0), dims=(32, 256)),
    "Ratings": _dials(log=True, l2=(0.5, 30.0), l2_factors=(3.0, 300.0), dims=(4, 32)),
    "Trees": (
        *_dials(log=True, rounds=(50, 500), leaves=(4, 63), rate=(0.01, 0.2), smallest=(10, 500), l2=(0.1, 100.0)),
        *_dials(log=True, truncation=(5, 60)),
        *_dials(columns_per_tree=(0.2, 1.0)),
    ),
    "Gated": _dials(log=True, rate=(0.001, 0.02), epochs=(4, 30), l2=(1e-6, 1e-2), hidden=(8, 64), truncation=(5, 60)),
}


def dials(plugin: object) -> tuple[Dial, ...]:
    """The dials of a plug-in, each wide enough to hold the present value; none if it is not listed."""
    known = getattr(type(plugin), "__dataclass_fields__", {})
    return tuple(widened(d, getattr(plugin, d.name)) for d in DIALS.get(type(plugin).__name__, ()) if d.name in known)


def widened(dial: Dial, now: float) -> Dial:
    """The dial, with the present value in its range."""
    low, high = min(dial.low, now), max(dial.high, now)
    return replace(dial, low=low, high=high, log=dial.log and low > 0)


def present(plugin: object, asked: Sequence[Dial]) -> dict[str, Any]:
    """The values that a plug-in has now."""
    return {dial.name: getattr(plugin, dial.name) for dial in asked}


def allows(cls: type, name: str, value: float) -> bool:
    """Whether the annotation of a setting allows a value."""
    hint = get_type_hints(cls, include_extras=True)[name]
    given = [part for m in getattr(hint, "__metadata__", ()) for part in (m if isinstance(m, GroupedMetadata) else [m])]
    checks = {
        Ge: lambda bound: value >= bound.ge,
        Gt: lambda bound: value > bound.gt,
        Le: lambda bound: value <= bound.le,
        Lt: lambda bound: value < bound.lt,
    }
    return all(checks[type(part)](part) for part in given if type(part) in checks)
