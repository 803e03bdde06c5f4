"""Events: fields, ids, kinds, rejected rows, and that importing twice changes nothing."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.catalogue.ingest import import_events, import_users
from penchant.errors import UsageError

ARTICLE = """user_id,item_id,action
1,1001,browse
1,1002,click
1,1003,购买
2,1004,browse
2,1005,click
3,1006,browse
3,1007,click
3,1008,购买
"""


def written(folder, text, name="events.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_article_s_csv(tmp_path, sink):
    kept = sink()
    kinds = {"browse": "view", "购买": "purchase"}
    summary = import_events(written(tmp_path, ARTICLE), kept, kinds=lambda raw: kinds.get(raw, raw))
    assert (summary.rows, summary.written, summary.rejected) == (8, 8, {})
    assert [(e.user, e.item, e.kind) for e in kept.all][2] == ("1", "1003", "purchase")
    assert kept.all[0].time == datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert summary.kinds == {"view": 3, "click": 3, "purchase": 2}
    assert "kind 购买 read as purchase ×2" in summary.notes
    assert "column action read as event_type" in summary.notes
    assert any("8 rows, 8 events written" in line for line in summary.lines())


def test_every_field_and_the_rest_is_context(tmp_path, sink):
    text = (
        "user_id,item_id,timestamp,event_type,value,event_id,text,slate_id,device,age,zip,empty\n"
        "u,i,2024-01-31T09:05:00+01:00,cart,2.5,e1,so good,s1,phone,31,01234,\n"
    )
    kept = sink()
    import_events(written(tmp_path, text), kept)
    (event,) = kept.all
    assert (event.id, event.kind, event.value, event.text, event.slate) == ("e1", "cart", 2.5, "so good", "s1")
    assert event.time == datetime(2024, 1, 31, 8, 5, tzinfo=UTC)
    assert event.context == {"device": "phone", "age": 31, "zip": "01234"}


def test_equal_rows_stay_apart_and_a_second_import_changes_nothing(tmp_path, sink):
    path = written(tmp_path, "user_id,item_id,timestamp\n" + "u,i,2024-01-01\n" * 5 + "u,j,2024-01-01\n")
    kept = sink()
    assert import_events(path, kept, batch=2).written == 6
    again = import_events(path, kept)
    assert (again.written, again.unchanged, len(kept.kept)) == (0, 6, 6)


def test_a_killed_import_leaves_whole_batches_and_is_completed_by_another(tmp_path, sink):
    path = written(tmp_path, "user_id,item_id\n" + "".join(f"u{n % 3},i{n % 5}\n" for n in range(100)))
    whole, kept = sink(), sink()
    import_events(path, whole)

    def dies(batch):
        if len(kept.batches) == 3:
            raise KeyboardInterrupt
        return kept(batch)

    with pytest.raises(KeyboardInterrupt):
        import_events(path, dies, batch=10, rejected=tmp_path / "rejected.jsonl")
    assert kept.batches == [10, 10, 10]
    assert list(tmp_path.iterdir()) == [path]
    assert import_events(path, kept, batch=10).written == 70
    assert kept.kept == whole.kept


def test_ids_do_not_hang_on_the_format_or_the_order_of_columns(tmp_path, sink):
    frame = pl.DataFrame({"user_id": [1.0, 2.0], "item_id": [7, 8], "timestamp": [1.7e9, 1.7e9 + 1], "n": [3, 4]})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.select("n", "timestamp", "item_id", "user_id").write_csv(tmp_path / "a.csv")
    frame.write_ndjson(tmp_path / "a.jsonl")
    sources = [frame, frame.to_dicts(), *(tmp_path / f"a.{s}" for s in ("parquet", "csv", "jsonl"))]
    seen = []
    for source in sources:
        kept = sink()
        import_events(source, kept)
        seen.append(kept.kept)
    assert all(found == seen[0] for found in seen)
    assert [event.user for event in seen[0].values()] == ["1", "2"]


def test_without_times_a_row_put_in_above_leaves_ids_alone(tmp_path, sink):
    a, b = sink(), sink()
    import_events(written(tmp_path, "user_id,item_id\nu,1\nu,2\n"), a)
    import_events(written(tmp_path, "user_id,item_id\nu,0\nu,1\nu,2\n"), b)
    assert a.kept.keys() < b.kept.keys()


BAD = """user_id,item_id,timestamp,value,event_type,text
,1,2024-01-01,,,
u,,2024-01-01,,,
u,,2024-01-01,,search,
u,,2024-01-01,,,more of this
u,1,yesterday,,,
u,1,,,,
u,1,2024-02-30,,,
u,1,1912-01-01,,,
u,1,2024-01-01,many,,
u,1,2024-01-01,inf,,
u,1,2024-01-01
u,a\x01b,2024-01-01,,,
{long},1,2024-01-01,,,
u,1,2024-01-01,1,like,fine
""".replace("{long}", "x" * 513)


def test_bad_rows_are_kept_with_line_and_reason(tmp_path, sink):
    path, rejected = written(tmp_path, BAD), tmp_path / "out" / "rejected.jsonl"
    kept = sink()
    summary = import_events(path, kept, rejected=rejected)
    assert summary.rejected == {
        "missing user_id": 1,
        "missing item_id": 2,
        "bad timestamp": 3,
        "timestamp out of range": 1,
        "bad value": 2,
        "malformed line": 1,
        "control characters in id": 1,
        "id too long": 1,
    }
    assert (summary.written, summary.rows) == (2, 14)
    entries = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [entry["line"] for entry in entries] == [2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert entries[3] == {
        "file": "events.csv",
        "line": 6,
        "reason": "bad timestamp",
        "row": {"user_id": "u", "item_id": "1", "timestamp": "yesterday", "value": "", "event_type": "", "text": ""},
    }
    before = rejected.read_bytes()
    import_events(written(tmp_path, "user_id,item_id\n,1\n", "other.csv"), kept, rejected=rejected)
    import_events(path, kept, rejected=rejected)
    assert sorted(rejected.read_bytes().splitlines()) == sorted(
        [*before.splitlines(), *[line for line in rejected.read_bytes().splitlines() if b"other.csv" in line]]
    )
    assert sum(b"other.csv" in line for line in rejected.read_bytes().splitlines()) == 1
    import_events(written(tmp_path, "user_id,item_id\nu,1\n"), kept, rejected=rejected)
    assert rejected.read_text().count("\n") == 1


def test_a_rating_is_the_kind_where_nothing_says_otherwise(sink):
    row = {"userId": 1, "movieId": 2, "rating": 4.5, "timestamp": 978300760}
    for options, kind in (({}, "rating"), ({"default_kind": "view"}, "view")):
        kept = sink()
        import_events([row], kept, **options)
        assert [(e.kind, e.value) for e in kept.all] == [(kind, 4.5)]
    kept = sink()
    import_events([{**row, "event": "click"}], kept)
    assert kept.all[0].kind == "click"


def test_json_cells_keep_their_types_and_late_fields_are_found(sink):
    rows = [
        {"user_id": "u", "item_id": "i", "n": 1, "x": 0.5, "b": True, "l": ["a", 2], "o": {"k": 1}, "z": None},
        {"user_id": "u", "item_id": None, "text": "quiet music"},
        "no row",
        {"user_id": "u", "item_id": {"k": 2**70}, "huge": 2**70, "odd": "\ud800", ("t",): 1},
    ]
    kept = sink()
    summary = import_events(rows, kept)
    assert kept.all[0].context == {"n": 1, "x": 0.5, "b": True, "l": ("a", "2"), "o": '{"k":1}'}
    assert kept.all[1].text == "quiet music"
    assert summary.rejected == {"malformed line": 1}


def test_pandas_frames(sink):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "user_id": [17850.0, None],
            "item_id": ["a", "b"],
            "datetime": pandas.to_datetime(["2024-01-31 09:05", None]).tz_localize("Europe/Paris"),
            "n": pandas.array([1, None], dtype="Int64"),
        }
    )
    kept = sink()
    assert import_events(frame, kept).rejected == {"missing user_id": 1}
    assert kept.all[0].user == "17850"
    assert kept.all[0].time == datetime(2024, 1, 31, 8, 5, tzinfo=UTC)
    assert kept.all[0].context == {"n": 1}


def test_whole_floats_in_a_csv_column_of_ids_are_ids(tmp_path, sink):
    kept = sink()
    summary = import_events(written(tmp_path, "CustomerID,StockCode\n17850.0,85123A\n,1\n"), kept)
    assert kept.all[0].user == "17850"
    assert "user_id written as 17850.0 read as 17850" in summary.notes


def test_users_become_profile_events(tmp_path, sink):
    path = written(tmp_path, "userId,age,country\n1,30,FR\n2,,DE\n2,,DE\n,1,\n", "users.csv")
    kept, now = sink(), datetime(2024, 5, 1, tzinfo=UTC)
    summary = import_users(path, kept, now=now)
    assert (summary.written, summary.unchanged, summary.rejected) == (2, 1, {"missing user_id": 1})
    assert [(e.user, e.kind, e.item, e.time, e.context) for e in kept.all] == [
        ("1", "profile", None, now, {"age": 30, "country": "FR"}),
        ("2", "profile", None, now, {"country": "DE"}),
    ]
    assert import_users(path, kept).written == 0
    import_users([{"user_id": 3, "updated_at": "2024-01-01"}], kept)
    assert kept.all[-1].time == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_dry_run_writes_nothing(tmp_path, sink):
    kept, rejected = sink(), tmp_path / "rejected.jsonl"
    summary = import_events(written(tmp_path, BAD), kept, dry_run=True, rejected=rejected)
    assert (summary.written, kept.batches, rejected.exists()) == (2, [], False)
    assert "would be written" in summary.lines()[0]


def test_progress_counts_every_row(tmp_path, sink):
    seen = []
    import_events(written(tmp_path, BAD), sink(), progress=lambda *at: seen.append(at))
    assert seen == [(14, None, 1.0)]


def test_a_batch_of_none_is_refused(sink):
    with pytest.raises(UsageError, match="batch: found 0"):
        import_events([], sink(), batch=0)


LINE = st.text(st.sampled_from('u1,;"\t\r\n\0é\ud800 2024-0T:.\x1f'), max_size=30)
HEADER = st.sampled_from(
    ["user_id,item_id", "user_id,item_id,timestamp", "user_id,item_id,value,x", '"user_id",item_id,text']
)


@settings(max_examples=150, deadline=None)
@given(header=HEADER, lines=st.lists(LINE, max_size=8), batch=st.integers(1, 3))
def test_any_csv_is_imported_twice_or_refused(tmp_path_factory, sink, header, lines, batch):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes("\n".join([header, *lines]).encode("utf-8", "surrogatepass"))
    kept, rejected = sink(), path.with_name("rejected.jsonl")
    try:
        summary = import_events(path, kept, batch=batch, rejected=rejected)
    except UsageError:
        return
    refused = sum(summary.rejected.values())
    assert summary.rows == summary.written + summary.unchanged + refused
    assert refused == (rejected.read_bytes().count(b"\n") if rejected.exists() else 0)
    again = import_events(path, kept, rejected=rejected)
    assert again.written == 0
    assert again.rejected == summary.rejected


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80), st.sampled_from(["csv", "tsv", "jsonl", "json", "parquet", "csv.gz", "jsonl.zst"]))
def test_any_bytes_raise_nothing_but_usage_errors(tmp_path_factory, sink, content, ending):
    path = tmp_path_factory.mktemp("any") / f"any.{ending}"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        import_events(path, sink())
