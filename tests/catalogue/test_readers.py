"""Files: formats, packing, malformed lines, and one clear line for what cannot be read."""

import gzip

import polars as pl
import pytest
import zstandard

from penchant.catalogue.readers import chunks
from penchant.errors import UsageError


def rows(path, size=50_000):
    found, broken = [], []
    for chunk in chunks(path, size):
        cells = zip(*[list(column) for column in chunk.columns.values()], strict=True)
        found += list(zip(chunk.lines.tolist(), cells, strict=True))
        broken += [(row.line, row.reason) for row in chunk.broken]
    return found, broken


def test_every_format_and_packing_gives_the_same_rows(tmp_path):
    frame = pl.DataFrame({"a": ["1", "2"], "b": ["x", "é"]})
    frame.write_csv(tmp_path / "f.csv")
    frame.write_csv(tmp_path / "f.tsv", separator="\t")
    frame.write_ndjson(tmp_path / "f.jsonl")
    frame.write_ndjson(tmp_path / "f.ndjson")
    frame.write_json(tmp_path / "f.json")
    frame.write_parquet(tmp_path / "f.parquet")
    (tmp_path / "lines.json").write_bytes((tmp_path / "f.jsonl").read_bytes())
    plain = sorted(tmp_path.iterdir())
    assert len(plain) == 7
    for path in plain:
        content = path.read_bytes()
        half = len(content) // 2
        (tmp_path / f"{path.name}.gz").write_bytes(
            gzip.compress(content[:half], mtime=0) + gzip.compress(content[half:], mtime=0)
        )
        pack = zstandard.ZstdCompressor().compress
        (tmp_path / f"{path.name}.ZST").write_bytes(pack(content[:half]) + pack(content[half:]))
    for path in tmp_path.iterdir():
        for size in (1, 2, 3):
            found, broken = rows(path, size)
            assert [cells for _, cells in found] == [("1", "x"), ("2", "é")], path.name
            assert not broken


def test_a_malformed_record_costs_one_line(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(
        b"\xef\xbb\xbfa,b\r\n"
        b"1,x\r\n"
        b"2\r\n"
        b"\r\n"
        b'3,"two\r\nlines, quoted ""so"""\r\n'
        b'4,"never closed\r\n'
        b"5,y\r\n"
        b"6,caf\xe9\r\n"
        b'7,5" pipe\r\n'
        b"8,x,y\r\n"
        b"9,z"
    )
    found, broken = rows(path)
    assert found == [
        (2, ("1", "x")),
        (5, ("3", 'two\nlines, quoted "so"')),
        (8, ("5", "y")),
        (10, ("7", '5" pipe')),
        (12, ("9", "z")),
    ]
    assert broken == [(3, "malformed line"), (7, "malformed line"), (9, "not UTF-8"), (11, "malformed line")]


def test_a_quote_that_closes_by_chance_swallows_nothing(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text('a,b\n1,"x\n2,y\n3,"z"\n')
    assert rows(path) == ([(3, ("2", "y")), (4, ("3", "z"))], [(2, "malformed line")])


def test_json_lines_set_bad_lines_aside(tmp_path):
    path = tmp_path / "f.jsonl"
    path.write_bytes(b'{"a": 1}\n\n{"a": \n[1]\n{"a": "\xff"}\n{"b": 2}')
    found, broken = rows(path)
    assert found == [(1, (1, None)), (6, (None, 2))]
    assert broken == [(3, "malformed line"), (4, "malformed line"), (5, "not UTF-8")]


def test_semicolons_separate_where_there_is_no_comma(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("a;b\n1;x\n")
    assert rows(path)[0] == [(2, ("1", "x"))]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.csv", b"", "f.csv: the file is empty"),
        ("f.csv", b"\n\n", "found no header line"),
        ("f.xlsx", b"x", "suffix '.xlsx'; allowed: .csv, .json, .jsonl"),
        ("f", b"x", "no suffix; allowed"),
        ("f.csv", "a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        ("f.csv", b"a\0b\n", "NUL"),
        ("f.csv", b"caf\xe9\n1\n", "no header line in UTF-8"),
        ("f.csv", b"a,b,a\n1,2,3\n", "found column 'a' twice"),
        ("f.jsonl", b"[1]\n", "no line that is a JSON object"),
        ("f.json", b'[{"a": 1}', "not a JSON array"),
        ("f.json", b"[1]", "without objects"),
        ("f.parquet", b"PAR1", "cannot be read as .parquet"),
        ("f.csv.gz", b"no gzip", "cannot be read as .csv.gz"),
        ("f.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "cannot be read as .csv.gz"),
        ("f.csv.zst", b"no zstd", "cannot be read as .csv.zst"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match="f") as error:
        rows(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_files_folders_and_other_things(tmp_path):
    for source, message in (
        (tmp_path / "none.csv", "no such file"),
        (tmp_path, "found a folder"),
        (42, "found int; allowed"),
    ):
        with pytest.raises(UsageError, match=message):
            rows(source)
