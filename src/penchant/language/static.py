"""Static embeddings: a vector per token, distilled from an encoder, so that reading is a mean of rows in numpy.

Each token is read by the encoder on its own, the vectors are turned to their principal axes, and frequent tokens are
weighed down (Model2Vec: Tulkens and van Dongen 2024; weights a / (a + p) of Arora et al. 2017, with p by Zipf's law
from the order of the vocabulary).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import ArtefactError, UsageError
from penchant.language import onnx
from penchant.language.encoders import PREFIX
from penchant.language.models import Lazy, Role, Sentence, unit
from penchant.language.onnx import TOKENIZER, Card, Onnx
from penchant.text.speech import Encoder
from penchant.types import Array, Floats

TABLE = "table.npy"
DIMS = 256  # principal axes kept at most
_RARE = 1e-4  # the a of the weights
_PART = 2_048  # tokens read at a time


@dataclass(frozen=True, kw_only=True)
class Static:
    """A table of vectors and the tokenizer whose ids are its rows."""

    name: str
    dim: int
    tokenizer: Any  # tokenizers.Tokenizer
    table: Floats  # (tokens × dim); zero for tokens that say nothing

    def encode(self, texts: Sequence[str], role: Role) -> Floats:
        """(len(texts) × dim) float32, rows of unit length; both roles read alike."""
        return unit(self.name, texts, self.dim, self._means)

    def truncated(self, texts: Sequence[str]) -> int:
        """None: every token is read."""
        return 0

    def write(self, folder: Path, asked: str) -> Card:
        """Write the table into a folder, in 16 bits."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / TABLE, self.table.astype(np.float16))
        self.tokenizer.save(str(folder / TOKENIZER))
        card = Card(name=self.name, asked=asked, dim=self.dim, limit=0)
        card.write(folder)
        return card

    def _means(self, said: list[str]) -> Array:
        read = self.tokenizer.encode_batch(said, add_special_tokens=False)
        found = [self.table[one.ids].mean(axis=0) if one.ids else np.zeros(self.dim, np.float32) for one in read]
        return np.stack(found)


def encoder(folder: Path) -> Static:
    """Open static embeddings. Raises ArtefactError for a damaged folder."""
    from tokenizers import Tokenizer

    card = onnx.card(folder)
    try:
        table = np.load(folder / TABLE).astype(np.float32)
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # the library tokenizers raises Exception itself
        raise ArtefactError(f"{folder} holds no static embeddings: {error}; distil them again") from error
    return Static(name=card.name, dim=card.dim, tokenizer=_plain(tokenizer), table=table)


def distil(original: Encoder, name: str = "") -> Static:
    """Distil an encoder that has a tokenizer: a model of torch or an exported one. Raises UsageError for others."""
    tokenizer = _tokenizer(original)
    words = _words(tokenizer)
    parts = [original.encode(words[i : i + _PART], "passage") for i in range(0, len(words), _PART)]
    table = _turned(np.concatenate(parts)) * _weights(len(words))[:, None]
    table = table.astype(np.float16).astype(np.float32)  # as it is kept, so that a copy says the same
    return Static(name=name or PREFIX + original.name, dim=table.shape[1], tokenizer=tokenizer, table=table)


def _tokenizer(original: Encoder) -> Any:
    from tokenizers import Tokenizer

    loaded = original.loaded if isinstance(original, Lazy) else original
    if isinstance(loaded, Onnx):
        return _plain(Tokenizer.from_file(str(loaded.folder / TOKENIZER)))
    backend = getattr(loaded.model.tokenizer, "backend_tokenizer", None) if isinstance(loaded, Sentence) else None
    if backend is None:
        raise UsageError(f"encoder {original.name} has no tokenizer that can be taken over: no static embeddings of it")
    return _plain(Tokenizer.from_str(backend.to_str()))


def _words(tokenizer: Any) -> list[str]:
    """What each token says, in order of its id."""
    return [tokenizer.decode([row]) for row in range(tokenizer.get_vocab_size())]


def _plain(tokenizer: Any) -> Any:
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _turned(vectors: Floats) -> Array:
    """Vectors less their mean along the principal axes; those that say nothing stay zero."""
    said = vectors.any(axis=1)
    centred = vectors[said].astype(np.float64)
    centred -= centred.mean(axis=0)
    variance, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, np.argsort(variance)[::-1][:DIMS]]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # either sign would do: choose one
    found = np.zeros((len(vectors), axes.shape[1]))
    found[said] = centred @ axes
    return found


def _weights(size: int) -> Array:
    """How much each token counts, the most frequent first and least."""
    frequency = 1 / np.arange(2, size + 2)
    frequency /= frequency.sum()
    return _RARE / (_RARE + frequency)
