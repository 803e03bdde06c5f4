"""Times: what is read as what, and what is refused because it could be two things."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.catalogue.times import detect
from penchant.errors import UsageError
from penchant.types import micros


def read(cells, unit=None):
    return detect(cells, unit=unit, where="f.csv: column t")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2010-12-01", datetime(2010, 12, 1)),
        ("2010-12-01 08:26", datetime(2010, 12, 1, 8, 26)),
        ("2010-12-01 8:26:30", datetime(2010, 12, 1, 8, 26, 30)),
        ("2010-12-01T08:26:30Z", datetime(2010, 12, 1, 8, 26, 30)),
        ("2010-12-01T08:26:30.25+02:00", datetime(2010, 12, 1, 6, 26, 30, 250_000)),
        ("2010-12-01T08:26:30.123456789-0530", datetime(2010, 12, 1, 13, 56, 30, 123_456)),
        ("2010-12-01 08:26:00 UTC", datetime(2010, 12, 1, 8, 26)),
        ("20101201T082600Z", datetime(2010, 12, 1, 8, 26)),
        ("20101201", datetime(2010, 12, 1)),
        ("2010/1/2 3:04", datetime(2010, 1, 2, 3, 4)),
        ("2024-02-29", datetime(2024, 2, 29)),
    ],
)
def test_dates_and_times(text, time):
    assert read([text]).micros([text]).to_list() == [micros(time.replace(tzinfo=UTC))]


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2010-13-01", "2010-12-01 24:00", "2010-12-01 08:60", "2010-12", "x", "08:26"]
)
def test_what_is_no_time(text):
    assert read(["2010-12-01"]).micros([text]).to_list() == [None]


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_iso_round_trip(time, minutes):
    from datetime import timezone

    aware = time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = aware.isoformat()
    assert read(["2010-12-01"]).micros([text]).to_list() == [micros(aware)]


@pytest.mark.parametrize(
    ("cells", "form", "us"),
    [
        (["1362062307"], "s", 1_362_062_307_000_000),
        ([978300760.5], "s", 978_300_760_500_000),
        ([1_362_062_307_250], "ms", 1_362_062_307_250_000),
        (["1362062307000001"], "us", 1_362_062_307_000_001),
        (["1362062307000001000"], "ns", 1_362_062_307_000_001),
    ],
)
def test_the_unit_is_found_by_the_values(cells, form, us):
    reading = read(cells)
    assert reading.form == form
    assert reading.micros(cells)[0] == pytest.approx(us, abs=1)
    assert "2013-02-28T14:38:27" in reading.note("t") or "2000-12-31" in reading.note("t")


@pytest.mark.parametrize("cells", [[0, 86_400], ["500000000"], [10_000_000_000], ["1362062307", "1362062307000"]])
def test_numbers_that_could_be_two_things_are_refused_with_both_readings(cells):
    with pytest.raises(
        UsageError, match=r'f\.csv: column t: .* in seconds or .* in milliseconds .*time_unit="s" \(--time-unit s\) or'
    ) as error:
        read(cells)
    assert f"{cells[0]} is " in str(error.value)
    assert read(cells, unit="s").micros(cells)[0] == int(cells[0]) * 1_000_000
    assert read(cells, unit="ms").micros(cells)[0] == int(cells[0]) * 1_000


def test_one_stray_value_does_not_change_the_reading_and_is_not_reinterpreted():
    cells = ["1362062307"] * 99 + ["1362062307000"]
    reading = read(cells)
    assert reading.form == "s"
    assert reading.micros(["2013-02-28", "1362062307"]).to_list() == [None, 1_362_062_307_000_000]
    assert reading.micros(["1362062307000"])[0] > micros(datetime(2100, 1, 1, tzinfo=UTC))


SLASHED = ["12/1/2010 8:26", "12/13/2010 17:05:09", "1/2/2011"]


def test_a_number_over_12_tells_days_from_months():
    reading = read(SLASHED)
    times = [datetime(2010, 12, 1, 8, 26), datetime(2010, 12, 13, 17, 5, 9), datetime(2011, 1, 2)]
    assert reading.micros(SLASHED).to_list() == [micros(time.replace(tzinfo=UTC)) for time in times]
    assert reading.note("t") == (
        "t read as month/day/year (12/1/2010 8:26 is 2010-12-01T08:26:00Z), UTC where no zone is given"
    )
    assert reading.micros(["13/12/2010", "2/30/2011", "2010-12-01", None]).to_list() == [None] * 4
    other = read(["1/12/2010 8:26", "13/12/2010 8:26"])
    assert other.micros(["1/12/2010 8:26"]).to_list() == [micros(times[0].replace(tzinfo=UTC))]
    assert "day/month/year" in other.note("t")


@pytest.mark.parametrize("more", [[], ["13/12/2010", "12/13/2010"]])
def test_dates_that_could_be_two_days_are_refused_with_both_readings(more):
    with pytest.raises(UsageError) as error:
        read(["2/1/2010 8:26", *more])
    assert str(error.value) == (
        "f.csv: column t: the dates are ambiguous: 2/1/2010 8:26 is 2010-02-01T08:26:00Z (month/day/year) or "
        "2010-01-02T08:26:00Z (day/month/year); write them like 2024-01-31"
    )


def test_a_few_dates_with_slashes_among_others_change_nothing():
    assert read(["2010-12-01"] * 9 + ["12/13/2010"]).form == "iso"
    assert read(["12/13/2010"] * 20 + ["13/12/2010"]).form == "mdy"


def test_typed_columns():
    times = pl.Series([datetime(2024, 1, 31, 9, 5)], dtype=pl.Datetime("ns"))
    assert read(times).micros(times).to_list() == [micros(datetime(2024, 1, 31, 9, 5, tzinfo=UTC))]
    assert "UTC where no zone" in read(times).note("t")
    zoned = times.dt.replace_time_zone("Europe/Paris")
    assert read(zoned).micros(zoned).to_list() == [micros(datetime(2024, 1, 31, 8, 5, tzinfo=UTC))]
    assert "UTC" not in read(zoned).note("t")
    dates = pl.Series([date(2024, 1, 31)])
    assert read(dates).micros(dates).to_list() == [micros(datetime(2024, 1, 31, tzinfo=UTC))]


def test_a_missing_zone_is_said():
    assert "UTC where no zone is given" in read(["2024-01-31 09:05"]).note("t")
    assert "UTC" not in read(["2024-01-31T09:05:00+01:00", "2024-01-31T09:05:00Z"]).note("t")


def test_an_unknown_unit_is_refused():
    with pytest.raises(UsageError, match="found time unit 'h'; allowed: ms, ns, s, us"):
        read(["1"], unit="h")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_number_that_no_time_reaches_is_none(unit):
    assert (
        read(["1700000000", "1e308", "-1e308", "inf", "nan"], unit).micros(["1e308", "inf", "nan"]).to_list()
        == [None] * 3
    )
