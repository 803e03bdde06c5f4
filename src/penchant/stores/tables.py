"""The tables of the SQL adapters; SQLite and PostgreSQL get the same ones."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

_METADATA = MetaData()
_SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself

LOG = Table(
    "log",
    _METADATA,
    Column("position", _SERIAL, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),  # event, item, erasure
    Column("time", BigInteger, nullable=False),  # microseconds since 1970
    Column("user", Text),
    Column("kind", Text),
    Column("item", Text),
    Column("value", Float(53)),
    Column("text", Text),
    Column("context", Text),
    Column("slate", Text),
    Index("log_by_user", "user", "time"),
    sqlite_autoincrement=True,  # a position is never given out twice
    implicit_returning=False,
)
SLATES = Table(
    "slates",
    _METADATA,
    Column("seq", _SERIAL, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("user", Text, nullable=False),
    Column("time", BigInteger, nullable=False),  # of arrival, µs; the slate's own is in its payload
    Column("payload", LargeBinary, nullable=False),
    Index("slates_by_user", "user"),
    Index("slates_by_time", "time"),
    implicit_returning=False,
)
ITEMS = Table(
    "items",
    _METADATA,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("payload", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    implicit_returning=False,
)
VECTORS = Table(
    "vectors",
    _METADATA,
    Column("encoder", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("blob", LargeBinary, nullable=False),
    implicit_returning=False,
)
STATES = Table(
    "states",
    _METADATA,
    Column("user", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("version", Text, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    implicit_returning=False,
)
