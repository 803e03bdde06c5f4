"""A reader for small worlds: hashing, without a store."""

from collections.abc import Sequence

from penchant.language.models import Hashing
from penchant.text.texts import item_text
from penchant.types import Floats, Item


class Reads:
    """Reads items and wishes by hashing."""

    name = Hashing().name

    def items(self, items: Sequence[Item]) -> Floats:
        """The vectors of the items' texts."""
        return Hashing().encode([self.text(item) for item in items], "passage")

    def wish(self, text: str) -> Floats:
        """The vector of a query."""
        vector: Floats = Hashing().encode([text], "query")[0]
        return vector

    def text(self, item: Item) -> str:
        """What is read of an item."""
        return item_text(item)
