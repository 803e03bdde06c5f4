"""How a column says when: judged once per source by a sample, then read the same way to the end.

Rule: a time that does not fit the judgement is rejected, never reinterpreted; what could be read two ways is refused.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import numpy as np
import polars as pl

from penchant.catalogue.cells import texts
from penchant.catalogue.readers import Column
from penchant.errors import UsageError, allowed
from penchant.types import Array, micros, moment

UNITS = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}  # microseconds in one
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_LIKELY = (micros(datetime(1990, 1, 1, tzinfo=UTC)), micros(datetime(2100, 1, 1, tzinfo=UTC)))
EARLIEST = micros(datetime(1971, 1, 1, tzinfo=UTC))
LATEST = micros(datetime(2100, 1, 1, tzinfo=UTC))
_MIXED = 0.1  # a second unit that this share of the likely values fits makes the column ambiguous

_ISO = (
    r"^(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|(\d{2})(\d{2}))"
    r"(?:[T ] *(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r" *(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?$"
)
_SLASHED = r"^(\d{1,2})/(\d{1,2})/(\d{4})(?:[T ].*)?$"
_ORDERS = {"mdy": "month/day/year", "dmy": "day/month/year"}
_CALENDAR = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the times of a column are: "iso", "mdy", "dmy", "typed" or a unit since 1970."""

    form: str
    zoneless: bool = False  # some times of the sample have no zone and are read as UTC
    first: str = ""  # an example from the sample
    earliest: int = EARLIEST  # microseconds since 1970

    def micros(self, column: Column) -> pl.Series:
        """Return microseconds since 1970, Int64; null where a time cannot be read."""
        if isinstance(column, pl.Series) and _is_typed(column):
            return _typed_micros(column)
        strings = texts(column)
        if self.form in UNITS:
            return _since_1970(strings, UNITS[self.form])
        return _iso_micros(_year_first(strings, self.form) if self.form in _ORDERS else strings)

    def note(self, field: str) -> str:
        """Say in plain words how the column is read."""
        how = f"{_NAMES[self.form]} since 1970" if self.form in UNITS else _ORDERS.get(self.form, "dates and times")
        example = ""
        if self.first:
            (us,) = self.micros([self.first]).to_list()
            example = f" ({self.first} is {_shown(us)})" if us is not None else f" ({self.first!r} is not one)"
        return f"{field} read as {how}{example}" + (", UTC where no zone is given" if self.zoneless else "")


def detect(column: Column, *, unit: str | None, where: str, earliest: int = EARLIEST) -> Reading:
    """Judge by a sample how to read a column of times.

    `unit` ("s", "ms", "us", "ns") settles what numbers are. Raises UsageError for another unit, and when numbers could
    be more than one or days could be months; the message shows both readings.
    """
    if unit is not None and unit not in UNITS:
        raise UsageError(f"{where}: found time unit {unit!r}; allowed: {allowed(UNITS)}")
    if isinstance(column, pl.Series) and _is_typed(column):
        zone = column.dtype.time_zone if isinstance(column.dtype, pl.Datetime) else None
        return Reading(form="typed", zoneless=zone is None, earliest=earliest)
    there = texts(column).drop_nulls()
    first = there[0] if len(there) else ""
    if unit is not None:
        return Reading(form=unit, first=first, earliest=0)
    counts = there.cast(pl.Float64, strict=False).drop_nulls()
    if len(counts) * 2 < len(there) or not len(there) or there.str.contains(_CALENDAR).all():
        zone_given = there.str.contains(r"(?:Z|z|UTC|[+-]\d{2}:?\d{2}|:\d{2}.*[+-]\d{2})$")
        return Reading(form=_order(there, where), zoneless=bool((~zone_given).any()), first=first, earliest=earliest)
    numeric = there.filter(there.cast(pl.Float64, strict=False).is_not_null())
    return Reading(form=_unit(counts, numeric[0], where), first=numeric[0], earliest=earliest)


def _order(there: pl.Series, where: str) -> str:
    """Tell dates that begin with the year from `1/31/2024` and `31/1/2024`: only numbers over 12 say which it is."""
    slashed = there.filter(there.str.contains(_SLASHED))
    if len(slashed) * 2 <= len(there):
        return "iso"
    first, second = (slashed.str.extract(_SLASHED, at).cast(pl.Int64, strict=False) for at in (1, 2))
    days = {"dmy": int((first > 12).sum()), "mdy": int((second > 12).sum())}
    best = max(days, key=lambda order: days[order])
    if min(days.values()) <= _MIXED * days[best] and days[best]:
        return best
    readings = " or ".join(f"{_shown_as(slashed[0], order)} ({name})" for order, name in _ORDERS.items())
    raise UsageError(f"{where}: the dates are ambiguous: {slashed[0]} is {readings}; write them like 2024-01-31")


def _shown_as(text: str, order: str) -> str:
    (us,) = _iso_micros(_year_first(pl.Series([text]), order)).to_list()
    return "no date" if us is None else _shown(us)


def _year_first(strings: pl.Series, order: str) -> pl.Series:
    """Rewrite dates with slashes; null where one is written otherwise."""
    dates = strings.set(~strings.str.contains(_SLASHED), None)
    month, day = (1, 2) if order == "mdy" else (2, 1)
    return dates.str.replace(r"^(\d+)/(\d+)/(\d{4})", f"${{3}}-${{{month}}}-${{{day}}}")


def _unit(counts: pl.Series, first: str, where: str) -> str:
    """Find the one unit in which these numbers are likely times."""
    likely = {unit: int((counts * size).is_between(*_LIKELY).sum()) for unit, size in UNITS.items()}
    best = max(likely, key=lambda unit: likely[unit])
    rivals = [unit for unit in UNITS if unit != best and likely[unit] > _MIXED * likely[best]]
    if likely[best] * 2 >= len(counts) and not rivals:
        return best
    both = (best, rivals[0]) if likely[best] and rivals else ("s", "ms")
    readings = " or ".join(
        f"{_shown(float(first) * UNITS[unit])} in {_NAMES[unit]}" for unit in sorted(both, reverse=True)
    )
    settle = " or ".join(f'time_unit="{unit}" (--time-unit {unit})' for unit in sorted(both, reverse=True))
    raise UsageError(f"{where}: the times are ambiguous: {first} is {readings} since 1970; settle it with {settle}")


def _shown(us: float) -> str:
    if not abs(us) < float(LATEST) * 70:  # the year 9999 is the last one a datetime has
        return "after the year 9999"
    try:
        return moment(int(us)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return "before the year 1"


def _is_typed(column: pl.Series) -> bool:
    return isinstance(column.dtype, pl.Datetime | pl.Date)


def _typed_micros(column: pl.Series) -> pl.Series:
    times = column if isinstance(column.dtype, pl.Datetime) else column.cast(pl.Datetime("us"))
    return times.dt.epoch("us")


def _since_1970(strings: pl.Series, size: float) -> pl.Series:
    counts = strings.cast(pl.Float64, strict=False)
    with np.errstate(over="ignore"):  # what no double holds is no time either
        return _whole(cast("Array", counts.to_numpy()) * size)


def _whole(us: Array) -> pl.Series:
    fits = np.abs(us) < 9e18  # also leaves out NaN
    found = pl.Series(np.where(fits, us, 0).round().astype(np.int64))
    return found.set(pl.Series(~fits), None)


def _iso_micros(strings: pl.Series) -> pl.Series:
    """Read ISO 8601, with dashes or without, and its relatives such as `2024/1/31 9:05`."""
    groups = strings.str.extract_groups(_ISO).struct.unnest()
    text = [groups[name] for name in groups.columns]
    month, day = (_either(text[at], text[at + 2], text[at + 4]) for at in (1, 2))
    days, real = _days(_number(text[0]), _number(month), _number(day))
    hour, minute, second = (_number(text[at]) for at in (7, 8, 9))
    fraction = _number(text[10].str.pad_end(9, "0")) // 1000
    real &= (hour < 24) & (minute < 60) & (second <= 60) & text[0].is_not_null().to_numpy()
    us = ((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + fraction - _offset(text[11])
    return pl.Series(us).set(pl.Series(~real), None)


def _either(first: pl.Series, *others: pl.Series) -> pl.Series:
    for other in others:
        first = first.fill_null(other)
    return first


def _number(strings: pl.Series) -> Array:
    return strings.cast(pl.Int64, strict=False).fill_null(0).to_numpy()


def _days(year: Array, month: Array, day: Array) -> tuple[Array, Array]:
    """Return days since 1970, and whether the calendar has such a day."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    real = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return days.astype(np.int64), real


def _offset(zone: pl.Series) -> Array:
    """Return microseconds east of Greenwich; 0 where no zone is given."""
    digits = zone.str.replace_all(r"\D", "").str.pad_end(4, "0")
    seconds = _number(digits.str.slice(0, 2)) * 3600 + _number(digits.str.slice(2, 2)) * 60
    sign = np.where(zone.str.starts_with("-").fill_null(False).to_numpy(), -1, 1)
    east: Array = sign * seconds * 1_000_000
    return east
