"""The one object that reads: an encoder with the catalogue's template, the vectors' store and a memory for wishes."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import NotReadyError, UsageError
from penchant.language.asking import asking, wanted
from penchant.language.choice import Choice
from penchant.language.vectors import Progress, QueryCache, encode_query, item_vectors
from penchant.ports import ItemStore
from penchant.telemetry.measures import log
from penchant.text.speech import Encoder
from penchant.text.texts import item_text, item_texts
from penchant.types import Floats, Item


class CatalogueReader:
    """Reads items and wishes. The encoder is chosen at the first text, from the catalogue that is there by then."""

    def __init__(
        self,
        *,
        choice: Choice,
        template: str,
        store: ItemStore,
        aside: float = 0.5,
        progress: Progress | None = None,
    ) -> None:
        self._choice, self._template, self._store = choice, template, store
        self._aside, self._asking = aside, np.zeros(0, np.float32)
        self._asked = ""  # the encoder's name as the settings know it
        self._encoder: Encoder | None = None
        self._began = False  # whether items were read; from then on an encoder that fails stops nobody
        self._lock = threading.Lock()
        self._queries = QueryCache()
        self.progress = progress  # shown while items are encoded
        self.truncated = 0  # item texts so far that were longer than the encoder reads

    @property
    def name(self) -> str:
        return self._encoder.name if self._encoder else ""

    def items(self, items: Sequence[Item]) -> Floats:
        """(len(items) × dim) vectors of the items' texts; of no items, (0 × 0)."""
        if not items:
            return np.zeros((0, 0), np.float32)
        texts = item_texts(items, self._template)
        if self._encoder is None and not any(texts):
            return np.zeros((len(items), 0), np.float32)  # nothing to read yet, nor to choose an encoder by
        encoder = self._ready(texts)
        try:
            encoded = item_vectors(texts, encoder, self._store, self.progress)
        except (NotReadyError, UsageError) as error:
            if not self._began:
                raise
            log.error("%d changed items say nothing until the next start: %s", len(items), error)
            return np.zeros((len(items), encoder.dim), np.float32)
        self._began = True
        self.truncated += encoded.truncated
        return encoded.vectors

    def wish(self, text: str) -> Floats:
        """(dim,) vector of a query in plain words, less a share of what every query says."""
        encoder = self._ready([text])
        try:
            request = encode_query(encoder, text, self._queries)
        except (NotReadyError, UsageError) as error:
            if not self._began:
                raise
            log.error("a request is read by its words alone: %s", error)
            return np.zeros(encoder.dim, np.float32)
        if not self._aside:
            return request
        if not len(self._asking):
            self._asking = asking(encoder)
        return wanted(request, self._asking, self._aside)

    def text(self, item: Item) -> str:
        """What is read of an item."""
        return item_text(item, self._template)

    def export(self, items: Sequence[Item], release: Path) -> dict[str, Any]:
        """Write the encoder of these items into a release that is being made; returns what there is to tell of it."""
        texts = [self.text(item) for item in items]
        return self._choice.export(self._ready(texts), self._asked, texts, release) if any(texts) else {}

    def _ready(self, texts: Sequence[str]) -> Encoder:
        with self._lock:
            if self._encoder is None:
                self._asked = self._choice.name(texts)
                self._encoder = self._choice.load(self._asked)
            return self._encoder
