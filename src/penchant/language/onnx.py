"""Models as graphs: onnxruntime and tokenizers read them, and nothing else has to be installed — no torch.

A folder holds `card.json`, `tokenizer.json`, `model.onnx` with the exact weights and, where it says nearly the same,
`model.int8.onnx`. `penchant.language.export` writes such folders: `export` for encoders, `export_pairs` for
cross-encoders. The rule: what is kept is read by the exact weights, so a graph answers under its original's name.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from penchant.errors import ArtefactError, UsageError
from penchant.language.models import BATCH, Role, unit
from penchant.text.texts import clean
from penchant.types import Array, Floats

CARD, TOKENIZER, EXACT, QUICK = "card.json", "tokenizer.json", "model.onnx", "model.int8.onnx"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")  # of a graph, of which it has the first two at least
_CORES = 4  # at most: one short text gains nothing from more

Said = str | tuple[str, str]  # a text, or a pair of which a cross-encoder reads both at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a folder's graph is."""

    name: str  # the encoder's own name, which its vectors carry
    asked: str  # what the settings called it
    dim: int  # numbers per text
    limit: int  # tokens read of a text
    pad: int = 0  # token id that fills up a batch
    pooling: str = "auto"  # as the settings wanted it
    prompts: Mapping[str, str] = field(default_factory=dict)  # role → words said before the text
    cosine: float = 1.0  # least cosine of a vector to the original's, when it was exported
    quick: float | None = None  # cosine of 19 in 20 texts in 8 bits; None if that was not tried

    def write(self, folder: Path) -> None:
        """Write the card into its folder."""
        (folder / CARD).write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))


def card(folder: Path) -> Card:
    """The card of an exported model. Raises ArtefactError if the folder has none that can be read."""
    try:
        found = orjson.loads((folder / CARD).read_bytes())
        return Card(**{f.name: found[f.name] for f in fields(Card)})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(f"{folder / CARD} is no card of an exported model: {error}; train again") from error


class Graph:
    """Texts to rows of numbers; the session starts with the first text, and threads may share it."""

    def __init__(self, folder: Path, file: str, *, limit: int, pad: int = 0, threads: int | None = None) -> None:
        self.folder, self._file, self._limit, self._pad = folder, file, limit, pad
        self._threads = threads or min(_CORES, os.cpu_count() or 1)
        self._lock = threading.Lock()

    def rows(self, said: Sequence[Said], batch: int = BATCH) -> Floats:
        """(texts × dim) float32 of a text or pair each, `batch` of them at a time."""
        with self._lock:
            session, tokenizer = self._session, self._tokenizer
        found = [self._run(session, tokenizer, part) for part in _parts(said, batch)]
        return np.concatenate(found).astype(np.float32, copy=False)

    def feed(self, said: Sequence[Said]) -> dict[str, Array]:
        """Token ids, mask and types of texts or pairs, each (texts × tokens), as the graph takes them."""
        return self._feed(self._tokenizer, said)

    def long(self, texts: Sequence[str]) -> int:
        """How many texts have more tokens than are read."""
        suspects = [text for text in texts if len(text.encode()) + 2 > self._limit]  # a token has at least one byte
        return sum(len(one.ids) > self._limit for one in self._counter.encode_batch(suspects)) if suspects else 0

    def _run(self, session: Any, tokenizer: Any, part: Sequence[Said]) -> Array:
        feed = self._feed(tokenizer, part)
        found: Array = session.run(None, {i.name: feed[i.name] for i in session.get_inputs()})[0]
        return found

    def _feed(self, tokenizer: Any, said: Sequence[Said]) -> dict[str, Array]:
        read = tokenizer.encode_batch(list(said))
        shape = len(read), max(len(one.ids) for one in read)
        ids, mask, types = np.full(shape, self._pad, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, one in enumerate(read):
            ids[row, : len(one.ids)], types[row, : len(one.ids)], mask[row, : len(one.ids)] = one.ids, one.type_ids, 1
        return dict(zip(INPUTS, (ids, mask, types), strict=True))

    @cached_property
    def _session(self) -> Any:
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores alone
        options.log_severity_level = 3
        file = self.folder / self._file
        try:
            return runtime.InferenceSession(str(file), options, providers=_providers(runtime))
        except Exception as error:  # the runtime has an error class per cause
            raise ArtefactError(f"{file} cannot be run: {str(error).splitlines()[0]}; train again") from error

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = self._counter_of()
        tokenizer.enable_truncation(self._limit)
        return tokenizer

    @cached_property
    def _counter(self) -> Any:
        """A tokenizer of its own: counting is without truncation, which must not reach a text being encoded."""
        return self._counter_of()

    def _counter_of(self) -> Any:
        from tokenizers import Tokenizer

        file = self.folder / TOKENIZER
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises Exception itself
            raise ArtefactError(f"{file} is no tokenizer: {error}; train again") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


@dataclass(frozen=True, kw_only=True)
class Onnx:
    """An exported encoder. Items are read by the exact weights, queries by those of 8 bits where there are any."""

    name: str
    dim: int
    exact: Graph
    quick: Graph | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)  # role → words said before the text

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.exact.folder

    def encode(self, texts: Sequence[str], role: Role) -> Floats:
        """(len(texts) × dim) float32, rows of unit length."""
        before = self.prompts.get(role, "")
        graph, batch = (self.quick, 1) if self.quick and role == "query" else (self.exact, BATCH)
        # 8 bits are shared out anew over every batch, so a query is read alone and says the same beside any other
        return unit(self.name, texts, self.dim, lambda said: graph.rows([before + text for text in said], batch))

    def truncated(self, texts: Sequence[str]) -> int:
        """Count the texts that are longer, as passages, than the model reads."""
        return self.exact.long([self.prompts.get("passage", "") + clean(text) for text in texts])


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """An exported cross-encoder: how well a text suits another one."""

    name: str
    graph: Graph

    def score(self, query: str, texts: Sequence[str]) -> Floats:
        """(len(texts),) float32 logits, higher is better."""
        if not texts:
            return np.zeros(0, np.float32)
        return self.graph.rows([(clean(query), clean(text)) for text in texts], len(texts))[:, 0]


def encoder(folder: Path, *, threads: int | None = None, quantise: bool = True) -> Onnx:
    """Open an exported encoder. Raises ArtefactError for a damaged folder, UsageError without onnxruntime."""
    what = card(folder)
    _runtime()
    exact = Graph(folder, EXACT, limit=what.limit, pad=what.pad, threads=threads)
    quick = Graph(folder, QUICK, limit=what.limit, pad=what.pad, threads=threads)
    wanted = quantise and (folder / QUICK).exists()
    return Onnx(name=what.name, dim=what.dim, exact=exact, quick=quick if wanted else None, prompts=what.prompts)


def pairs(folder: Path, *, threads: int | None = None) -> Pairs:
    """Open an exported cross-encoder, the 8-bit graph where there is one. Errors as for `encoder`."""
    what = card(folder)
    _runtime()
    file = QUICK if (folder / QUICK).exists() else EXACT
    return Pairs(name=what.name, graph=Graph(folder, file, limit=what.limit, pad=what.pad, threads=threads))


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise UsageError('an exported encoder needs onnxruntime: pip install "penchant[onnx]"') from None
    return onnxruntime


def _parts(said: Sequence[Said], size: int) -> Iterator[Sequence[Said]]:
    for start in range(0, len(said), size):
        yield said[start : start + size]


def _providers(runtime: Any) -> list[str]:
    here = runtime.get_available_providers()
    return [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in here]
