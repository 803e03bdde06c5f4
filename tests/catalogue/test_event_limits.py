"""What no imported event may be, whatever its format: too late, about nothing, of an endless kind."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from penchant.catalogue.ingest import import_events, import_users
from penchant.catalogue.item_rows import _among
from penchant.errors import UsageError

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
FUTURE = "timestamp lies in the future"


@pytest.mark.parametrize("typed", [False, True])
def test_one_row_of_the_future_is_refused_and_the_others_are_not(sink, typed):
    times = [NOON - timedelta(days=1), NOON, NOON + timedelta(microseconds=1), datetime(2099, 1, 1, tzinfo=UTC)]
    frame = pl.DataFrame({"user_id": "u", "item_id": ["a", "b", "c", "d"], "timestamp": times})
    source = frame if typed else [{**row, "timestamp": row["timestamp"].isoformat()} for row in frame.to_dicts()]
    kept = sink()
    summary = import_events(source, kept, latest=NOON)
    assert summary.rejected == {FUTURE: 2}
    assert [event.item for event in kept.all] == ["a", "b"]
    assert summary.last == NOON


def test_times_of_people_have_the_same_limit(sink):
    rows = [{"user_id": "u", "age": 3, "updated_at": "2024-05-02"}, {"user_id": "v", "updated_at": "2024-05-01"}]
    kept = sink()
    assert import_users(rows, kept, latest=NOON).rejected == {FUTURE: 1}
    assert [event.user for event in kept.all] == ["v"]


def test_without_a_limit_it_is_a_day_from_now(sink):
    near, far = (datetime.now(UTC) + timedelta(hours=hours) for hours in (23, 25))
    rows = [{"user_id": "u", "item_id": "i", "timestamp": time.isoformat()} for time in (near, far)]
    kept = sink()
    assert import_events(rows, kept).rejected == {FUTURE: 1}
    assert [event.time for event in kept.all] == [near]


def test_a_limit_without_a_zone_is_refused(sink):
    with pytest.raises(UsageError, match="latest: found 2024-05-01 12:00:00, wanted a time with its zone"):
        import_events([], sink(), latest=NOON.replace(tzinfo=None))


def test_an_event_without_an_item_needs_a_text_unless_it_is_a_profile(sink):
    kinds = ["search", "wish", "view", "profile"]
    rows = [{"user_id": "u", "item_id": None, "event_type": kind, "text": text} for kind in kinds for text in ("", "x")]
    kept = sink()
    assert import_events(rows, kept).rejected == {"missing item_id": 3}
    found = [(event.kind, event.text) for event in kept.all]
    assert found == [("search", "x"), ("wish", "x"), ("view", "x"), ("profile", None), ("profile", "x")]


def test_a_kind_has_at_most_64_characters(sink):
    rows = [{"user_id": "u", "item_id": "i", "event_type": "k" * size} for size in (64, 65)]
    kept = sink()
    assert import_events(rows, kept).rejected == {"bad event_type": 1}
    assert [len(event.kind) for event in kept.all] == [64]


def test_only_the_stretch_of_a_chunk_is_looked_at():
    rows, ascending = np.array([4, 5, 8]), np.array([1, 4, 6, 8, 9])
    assert _among(rows, ascending).tolist() == [True, False, True]
    assert _among(rows[:0], ascending).tolist() == []
    assert _among(rows, ascending[:0]).tolist() == [False] * 3
