"""Everything that reads what strangers wrote, each with what to feed it.

A parser may refuse in its own words: errors of Penchant, or pydantic's on the wire. Any other exception, and any case
that takes longer than `PATIENCE`, is a defect. A function takes what its strategy makes and says how it went.
"""

import json
import tempfile
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import zstandard
from hypothesis import strategies as st
from pydantic import ValidationError

from penchant import config, keys
from penchant.catalogue import columns, ingest, spellings, times
from penchant.cli.template import template, value
from penchant.errors import ArtefactError, PenchantError, StoreError, UsageError
from penchant.language import durations, schemas, steering
from penchant.ports import State
from penchant.ranking import listwise
from penchant.settings import Settings
from penchant.stores import codec
from penchant.stores import open as stores
from penchant.stores.folder import FolderArtefacts
from penchant.text import words
from penchant.types import Item
from penchant.web import api, copying, gate, wire

PATIENCE = 20  # seconds for one case
NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
READ, REFUSED = "read", "refused"

# ── what to feed ────────────────────────────────────────────────────────────────────────────────────────────────────

ODD = [
    "",
    " ",
    "\x00",
    "\ud800",
    "\ufeff",
    "\u202e",
    "é",
    "数",
    "🙂",
    "'",
    '"',
    "\\",
    "%",
    "null",
    "nan",
    "-inf",
    "1e999",
    "-0",
]
ODD += [
    "9" * 40,
    "0x10",
    "1_000",
    "٣",
    "²",
    "½",
    "2024-02-30",
    "9999-12-31T23:59:59+14:00",
    "0001-01-01",
    "1e18",
    "=1+1",
]
odd = st.sampled_from(ODD)
texts = odd | st.text(max_size=40)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | texts | st.sampled_from([0, 1, -1, 2**63])
)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(texts, v, max_size=4), max_leaves=8)


def documents(names):
    """JSON objects whose keys are mostly those that are known."""
    return st.dictionaries(st.sampled_from(names) | texts, values, max_size=8)


@st.composite
def damaged(draw, whole):
    """Bytes with some of them altered, cut off or put in."""
    data = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data[: draw(st.none() | st.integers(0, len(data)))])


# ── imports ─────────────────────────────────────────────────────────────────────────────────────────────────────────

EVENTS = {"user_id": ["u", "v", "u"], "item_id": ["a", "b", ""], "timestamp": ["2024-01-01", "1700000000", "12/1/2010"]}
ITEMS = {
    "item_id": ["a", "b", "a"],
    "title": ["Mug", "数", ""],
    "price": ["1", "1e400", "x"],
    "tags": ["a|b", "[]", ""],
}


def _csv(table, mark=","):
    return "\n".join(map(mark.join, [list(table), *zip(*table.values(), strict=True)])).encode()


def _lines(table):
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    return b"\n".join(map(orjson.dumps, rows))


def _parquet(table):
    out = BytesIO()
    pl.DataFrame({**table, "list": [[1], [], None], "time": [NOW, None, NOW]}).write_parquet(out)
    return out.getvalue()


FILES = {
    "csv": [_csv(EVENTS), _csv(ITEMS), b'"user_id","item_id"\n"u","a\n"', b"user_id;item_id\nu;1,5\n"],
    "tsv": [_csv(EVENTS, "\t"), _csv(ITEMS, "\t")],
    "jsonl": [_lines(EVENTS), _lines(ITEMS), b'{"user_id": "u", "item_id": {"a": [1]}}\n[]\n7'],
    "json": [b"[" + _lines(EVENTS).replace(b"\n", b",") + b"]", b'{"items": []}', b"[[1]]"],
    "parquet": [_parquet(EVENTS), _parquet(ITEMS)],
    "csv.zst": [zstandard.compress(_csv(EVENTS))],
}
importable = st.sampled_from(sorted(FILES)).flatmap(
    lambda ending: st.tuples(st.just(ending), damaged(FILES[ending]) | st.binary(max_size=80))
)


class Sink:
    """Takes whatever is imported and keeps nothing."""

    def __call__(self, chunk):
        return len(list(chunk))


@cache
def scratch():
    """A folder for all cases."""
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def imported(case):
    """A file is imported as events, people and items."""
    ending, data = case
    path = scratch() / f"any.{ending}"
    path.write_bytes(data)
    went = set()
    for read in (ingest.import_events, ingest.import_users, ingest.import_items):
        try:
            summary = read(path, Sink(), batch=2)
        except UsageError:
            went.add(REFUSED)
        else:
            assert summary.rows >= 0
            went.add(READ)
    return READ if READ in went else REFUSED


def timed(case):
    """A column of times."""
    column, unit = case
    try:
        reading = times.detect(column, unit=unit, where="t")
        assert len(reading.micros(column)) == len(column)
        assert reading.note("t")
    except UsageError:
        return REFUSED
    return READ


def spelled(names):
    """The columns of a file are given their fields."""
    try:
        found = spellings.resolve(names, spellings.EVENTS, ("user_id", "item_id"), {}, "f.csv")
    except UsageError:
        return REFUSED
    assert all(column in (field, *names) for field, column in found.columns.items())
    return READ


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────

TABLES = {f.name: [key.name for key in fields(f.default)] for f in fields(Settings) if hasattr(f.default, "__slots__")}
tomlish = scalars.filter(lambda v: v is not None) | st.lists(st.integers() | texts, max_size=3)


@cache
def whole():
    """A penchant.toml in which every setting is written out."""
    return template().replace("\n#", "\n").encode()


@st.composite
def tomls(draw):
    """Files like penchant.toml: tables and keys that there are, with values that there should not be."""
    if draw(st.booleans()):
        return draw(damaged([whole()])).decode(errors="replace")
    lines = []
    for name in draw(st.lists(st.sampled_from(sorted(TABLES)), max_size=3, unique=True)):
        lines.append(f"[{name}]")
        for key in draw(st.lists(st.sampled_from(TABLES[name]), max_size=4, unique=True)):
            lines.append(f"{key} = {_toml(draw(tomlish))}")
    for family in draw(st.lists(st.sampled_from(["sources", "stages", "rules", "moderators"]), max_size=3)):
        kind = draw(st.sampled_from(["popular", "trees", "asked", "steered", "linear"]) | texts)
        lines += [f"[[{family}]]", f"kind = {_toml(kind)}"]
        key = draw(st.sampled_from(["limit", "name", "otherwise", "half_life", "weights", "windows", "rounds"]))
        lines.append(f"{key} = {_toml(draw(tomlish))}")
    return "\n".join(lines)


def _toml(found):
    return repr(found) if isinstance(found, float) else value(found)


def configured(text):
    """A penchant.toml is read."""
    try:
        config.parse(text)
    except UsageError as error:
        return REFUSED if "\n" not in str(error) else "told in several lines"
    return READ


def opened(url):
    """The URL of a store is understood; what names a place that could be, is not opened."""
    if url.partition("://")[0] in ("memory", "sqlite", "postgresql"):
        return READ
    for read in (stores.items, stores.log, stores.states):
        try:
            read(url, scratch())
        except UsageError:
            continue
        raise AssertionError(url)
    return REFUSED


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────────

PIECES = (
    "no less more only not but and horror mugs red under 20 over £5 between 5 for 3 days until Friday 99 Feb",
    "next week for 999999999999 years ago than don't without anything but instead of , ; . ( ' 2026-13-45",
    "不要 恐怖片 多 少 便宜 三天内 20元以下 一百二十亿 以上 下周三 到2026年13月 百万 万亿亿 零 半 个月 别 只 和",
    "80s 1e400 -5 0 ½ ٣ ² $ ¥ % 或 的 个 年 前 之后 newer cheaper on home until 31 June next Monday last month",
    "this weekend twice half hour minutes",
)
WORDS = " ".join(PIECES).split()
steers = st.lists(st.sampled_from(WORDS) | odd, max_size=25).flatmap(
    lambda parts: st.sampled_from([" ", "", "，"]).map(lambda mark: mark.join(parts))
) | st.text(max_size=300)


@cache
def catalogue():
    """A few things with categories, prices and years."""
    rows = [("Red mug", "Kitchen", 4.0, 1975), ("Scary tales", "Horror", 9.0, 2005), ("恐怖片", "数", 7.5, 1999)]
    items = [
        Item(id=f"i{n}", title=t, attributes={"category": c, "price": p, "year": y})
        for n, (t, c, p, y) in enumerate(rows)
    ]
    return columns.build(items, np.zeros((len(items), 4), np.float32), "")


def steered(text):
    """What a person asks of their lists is read, and read again the same."""
    found = steering.interpret(text, catalogue(), NOW)
    assert found == steering.interpret(text, catalogue(), NOW)
    durations.lasting(text, NOW)
    words.gist(text)
    words.words(text)
    return READ if found.deltas else REFUSED


def preferred(text):
    """Tags of Accept-Language, and a key in a header."""
    assert api.language({}, text) in api.LANGUAGES
    assert isinstance(gate.shown({"authorization": text, "x-api-key": text}), str)
    return READ


SCHEMA = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}, "required": ["a"]}
TOKENS = ("{", "}", "[", "]", '"a"', ":", ",", "A", "B > C", "```json", "\\u12", "1e5", "-", "null", '"', "<think>")
answers = st.lists(st.sampled_from((*TOKENS, '{"a": ["x"]}', '{"a": []}'))).map(" ".join) | st.text(max_size=100)


def answered(text):
    """What a language model said is read."""
    listwise.ordered(text, 5)
    try:
        schemas.read(text, SCHEMA)
    except PenchantError:
        return REFUSED
    return READ


# ── the wire ────────────────────────────────────────────────────────────────────────────────────────────────────────

MODELS = {m.__name__: m for m in (wire.Ask, wire.Order, wire.Likeness, wire.Said, wire.Deed, wire.Thing, copying.Copy)}
GOOD = {
    "Ask": {"user_id": "u"},
    "Order": {"user_id": "u", "candidates": ["a"]},
    "Likeness": {"item_id": "a"},
    "Said": {"text": "less"},
    "Deed": {"user_id": "u", "item_id": "a"},
    "Thing": {"item_id": "a"},
    "Copy": {"item_ids": ["a"]},
}
bodies = st.sampled_from(sorted(MODELS)).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.dictionaries(st.sampled_from(sorted(MODELS[name].model_fields)) | texts, values, max_size=2).map(
            lambda found: {**GOOD[name], **found}
        ),
    )
)


def asked(case):
    """A body is read and becomes what the engine takes."""
    name, document = case
    wire.sorted_out([document, [document]])
    try:
        body = MODELS[name].model_validate(document)
    except ValidationError:
        return REFUSED
    for make in ("query", "event", "item"):
        if hasattr(body, make):
            getattr(body, make)()
    return READ


# ── stores ──────────────────────────────────────────────────────────────────────────────────────────────────────────

DOCUMENTS = {
    "item": (codec.to_item, ["item_id", "title", "created_at", "attributes", "available"]),
    "event": (codec.to_event, ["user_id", "timestamp", "context", "value", "event_type"]),
    "query": (codec.to_query, ["user_id", "at", "candidates", "context", "exclude", "k"]),
    "slate": (
        codec.to_slate,
        ["slate_id", "timestamp", "query", "items", "release", "position", "marks", "degraded", "steering", "cost"],
    ),
}
SLATE = {
    "slate_id": "s",
    "timestamp": "2026-01-01T00:00:00Z",
    "query": {"user_id": "u"},
    "items": [{"item_id": "a", "score": 1.0}],
    "release": "r",
    "position": 3,
}
STATE = codec.from_state(
    State(
        position=3,
        version="v",
        folds={"counts": {"a": np.arange(3), "t": np.array(["x", "yy"]), "n": np.zeros((2, 2))}},
    )
)
kept = st.sampled_from(sorted(DOCUMENTS)).flatmap(
    lambda name: st.tuples(
        st.just(name), documents(DOCUMENTS[name][1]).map(lambda d: {**(SLATE if name == "slate" else {}), **d})
    )
)


def decoded(case):
    """A document of a store becomes its value."""
    name, document = case
    try:
        DOCUMENTS[name][0](document)
    except (UsageError, StoreError):
        return REFUSED
    return READ


def stated(data):
    """The bytes of a person's state become columns."""
    try:
        codec.to_state(data)
    except StoreError:
        return REFUSED
    return READ


def fetched(data):
    """A release with a manifest is verified."""
    folder = scratch() / "releases"
    place = folder / "20260101T000000-abcdef"
    place.mkdir(parents=True, exist_ok=True)
    (place / "a.json").write_text("{}")
    (place / "manifest.json").write_bytes(data)
    store = FolderArtefacts(folder)
    store.versions()
    try:
        store.fetch(place.name)
    except (ArtefactError, StoreError):
        return REFUSED
    return READ


MANIFEST = json.dumps(
    {"files": {"a.json": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}}
).encode()
manifests = damaged([MANIFEST]) | st.dictionaries(
    st.sampled_from(["files", "published"]) | texts, values | st.dictionaries(texts, values, max_size=3), max_size=4
).map(lambda d: json.dumps(d).encode())


def unlocked(data):
    """A file of keys is read."""
    file = scratch() / "keys.json"
    file.write_bytes(data)
    try:
        keys.read(file)
    except StoreError:
        return REFUSED
    return READ


KEYS = b'{"keys": [{"id": "0a1b2c3d", "name": "web", "scopes": ["read"], "digest": "00", "created": "2026"}]}'
rings = damaged([KEYS]) | st.lists(documents(["id", "name", "scopes", "digest", "created"]), max_size=3).map(
    lambda entries: json.dumps({"keys": entries}).encode()
)

PARSERS = {
    "import of files": (imported, importable),
    "times": (
        timed,
        st.tuples(st.lists(scalars | odd, max_size=5), st.sampled_from([None, "s", "ms", "us", "ns", "x"])),
    ),
    "column names": (
        spelled,
        st.lists(st.sampled_from(["user_id", "UserID", "item", "uid", "商品", ""]) | texts, max_size=6),
    ),
    "penchant.toml": (configured, tomls()),
    "URLs of stores": (opened, texts | st.tuples(st.sampled_from(["file", "http", "sql", ""]), texts).map("://".join)),
    "steering": (steered, steers),
    "headers": (
        preferred,
        st.text(max_size=100) | st.lists(st.sampled_from(["en", "zh", ";q=", "1e9", ",", "*", "-"])).map("".join),
    ),
    "answers of a language model": (answered, answers),
    "bodies": (asked, bodies),
    "documents of the stores": (decoded, kept),
    "states of people": (stated, damaged([STATE])),
    "manifests of releases": (fetched, manifests),
    "files of keys": (unlocked, rings),
}
