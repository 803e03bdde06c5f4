"""Who was forgotten since when: what a log's table says to slates that are not written yet."""

from sqlalchemy import bindparam, func, select

from penchant.stores.database import Database
from penchant.stores.tables import LOG


class Erasures:
    """The erasures in a log, whichever process made them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = database.sql(select(func.max(LOG.c.position)))
        self._since = database.sql(
            select(LOG.c.text, LOG.c.position)
            .where(LOG.c.position > bindparam("after"), LOG.c.type == bindparam("type"))
            .order_by(LOG.c.position)
        )

    def position(self) -> int:
        """Where the log ends now."""
        return self._database.read(self._last)[0][0] or 0

    def since(self, position: int) -> dict[str, int]:
        """Position of the last erasure behind `position` by digest of the person."""
        return dict(self._database.read(self._since, (position, "erasure")))
