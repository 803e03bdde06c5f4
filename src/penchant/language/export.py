"""Models of torch written as graphs that serve without it: `export` an encoder, `export_pairs` a cross-encoder.

    export(model, folder, texts=catalogue)          # a folder, a Hugging Face name or a loaded encoder
    export_pairs(model, folder, pairs=examples)     # a folder, a name or a sentence_transformers.CrossEncoder

The folder is read by `penchant.language.onnx`. The rule: the graph is the same model. It is compared with the original
on the texts before it is called exported; 8-bit weights come along only where they say nearly the same.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import ArtefactError, UsageError
from penchant.language import onnx
from penchant.language.encoders import load
from penchant.language.models import ROLES, Lazy, Sentence, quiet
from penchant.language.onnx import EXACT, INPUTS, QUICK, TOKENIZER, Card, Graph, Said
from penchant.language.quantisation import quantise as in_eight_bits
from penchant.language.quantisation import silent
from penchant.types import Array, Floats

SAME = 0.9999  # least cosine of a vector to the original's
NEAR = 0.99  # least cosine of 19 in 20 texts, read by the 8-bit weights and by the exact ones
_SAMPLE = 128  # texts that 8 bits are fitted on, and as many that they are judged on
_ENDLESS = 1_000_000  # tokenizers say so where they know no limit
_FEW = 16  # texts below which nothing can be judged
_LONG = 600  # characters of a text that are enough to see activations
_PROBES = ("a", "red mug", "two red mugs for the kitchen table, dishwasher safe", "夏季连衣裙", "word " * 40)

logger = logging.getLogger(__name__)


def export(
    model: Any,
    folder: Path,
    *,
    texts: Sequence[str] = (),
    pooling: str = "auto",
    quantise: bool = True,
    asked: str = "",
) -> Card:
    """Write an encoder into a folder as a graph; `model` is a name, a folder or an encoder that is loaded.

    `texts` of the catalogue decide whether 8-bit weights are near enough; without them there are none. `asked` is
    what the settings call the model. Raises ArtefactError if the graph is not the same model, UsageError if the
    encoder is not one of torch.
    """
    sentence = _sentence(model, pooling)
    limit, pad = _tokens(sentence.model, folder)
    what = Card(
        name=sentence.name,
        asked=asked or (str(model) if isinstance(model, str | Path) else sentence.name),
        dim=sentence.dim,
        pooling=pooling,
        prompts=dict(sentence.prompts),
        limit=limit,
        pad=pad,
    )
    sample = _spread(texts)
    probes = [*_PROBES, *sample[:_SAMPLE]]

    def cosine() -> float:
        what.write(folder)
        graph = onnx.encoder(folder, quantise=False)
        return min(float(_cosines(sentence.encode(probes, r), graph.encode(probes, r)).min()) for r in ROLES)

    what = replace(what, cosine=_traced(sentence.model, "sentence_embedding", list(_PROBES[:3]), folder, cosine))
    return judged(what, folder, sample) if quantise else exact(what, folder)


def judged(what: Card, folder: Path, texts: Sequence[str]) -> Card:
    """Add 8-bit weights to an exported encoder if they say nearly the same of texts they were not fitted on."""
    return _quickened(what, folder, _spread(texts), lambda rows: rows)


def exact(what: Card, folder: Path) -> Card:
    """Leave an exported model its exact weights alone."""
    (folder / QUICK).unlink(missing_ok=True)
    what = replace(what, quick=None)
    what.write(folder)
    return what


def export_pairs(
    model: Any, folder: Path, *, pairs: Sequence[tuple[str, str]] = (), quantise: bool = True, name: str = ""
) -> Card:
    """Write a cross-encoder into a folder as a graph of logits; errors as for `export`.

    `model` is a folder, a name or a sentence_transformers.CrossEncoder. Eight bits are taken where their logits of
    the pairs correlate with the exact ones by .99.
    """
    inner = _cross_encoder(str(model)) if isinstance(model, str | Path) else model
    label = name or (Path(model).name if isinstance(model, str | Path) else "cross-encoder")
    limit, pad = _tokens(inner, folder)
    what = Card(name=label, asked=str(model) if label != name else name, dim=1, limit=limit, pad=pad)
    sample = _spread(pairs)
    probes = [(a, b) for a in _PROBES[:3] for b in _PROBES] + sample[:_SAMPLE]

    def cosine() -> float:
        what.write(folder)
        found = onnx.pairs(folder).graph.rows(probes)
        return float(_cosines(_centred(_logits(inner, probes)), _centred(found)).min())

    what = replace(what, cosine=_traced(inner, "scores", probes[:3], folder, cosine))
    return _quickened(what, folder, sample, _centred) if quantise else exact(what, folder)


def _sentence(model: Any, pooling: str) -> Sentence:
    found = load(str(model), pooling=pooling) if isinstance(model, str | Path) else model
    found = found.loaded if isinstance(found, Lazy) else found
    if not isinstance(found, Sentence):
        raise UsageError(f"encoder {found.name} runs without torch as it is; only models of torch are exported")
    return found


def _cross_encoder(name: str) -> Any:
    with quiet():
        from sentence_transformers import CrossEncoder

        return CrossEncoder(name, local_files_only=Path(name).is_dir())


def _tokens(inner: Any, folder: Path) -> tuple[int, int]:
    """Write the tokenizer; returns how many tokens are read and which one fills up."""
    backend = getattr(inner.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ArtefactError(f"{type(inner.tokenizer).__name__} has no form for the library tokenizers: not exported")
    folder.mkdir(parents=True, exist_ok=True)
    backend.save(str(folder / TOKENIZER))
    known = (inner.max_seq_length, getattr(inner[0].auto_model.config, "max_position_embeddings", None))
    limits = [int(limit) for limit in known if limit and limit < _ENDLESS]
    return min(limits, default=512), int(inner.tokenizer.pad_token_id or 0)


def _traced(inner: Any, key: str, said: Sequence[Said], folder: Path, cosine: Callable[[], float]) -> float:
    """Write the exact graph, by tracing or else by torch.export, and return its least cosine to the original."""
    flaws = []
    for dynamo in (False, True) if find_spec("onnxscript") else (False,):
        try:
            _trace(inner, key, said, folder / EXACT, dynamo)
            if (found := cosine()) >= SAME:
                return found
            flaws.append(f"its cosine to the original is {found:.4f}, wanted is {SAME}")
        except Exception as error:  # exporter and runtime have error classes of their own
            flaws.append(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
    raise ArtefactError(f"the model cannot be exported: {'; '.join(flaws)}")


def _trace(inner: Any, key: str, said: Sequence[Said], file: Path, dynamo: bool) -> None:
    """Write what a model makes of token ids under `key`, for any number of texts of any length."""
    import torch

    tokens = inner.tokenizer(list(said), padding=True, truncation=True, return_tensors="pt").to(inner.device)
    names = [name for name in INPUTS if name in tokens]

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, *values: Any) -> Any:
            return self.inner(dict(zip(names, values, strict=True)))[key]

    free = {0: "texts", 1: "tokens"}
    ways: dict[str, Any] = {"dynamic_axes": {**dict.fromkeys(names, free), "rows": {0: "texts"}}, "opset_version": 17}
    if dynamo:
        free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
        ways = {"dynamic_shapes": (tuple(free for _ in names),), "external_data": False, "verbose": False}
    training = inner.training
    with silent(), torch.no_grad():
        values = tuple(tokens[name] for name in names)
        torch.onnx.export(
            Whole().eval(), values, str(file), dynamo=dynamo, input_names=names, output_names=["rows"], **ways
        )
    inner.train(training)


def _quickened(what: Card, folder: Path, sample: Sequence[Said], shape: Callable[[Floats], Array]) -> Card:
    """Fit 8-bit weights on half of the texts, judge them on the others, keep them if they are near, write the card."""
    fitted, others = sample[::2], sample[1::2]
    if len(others) < _FEW:
        return exact(what, folder)
    graph = Graph(folder, EXACT, limit=what.limit, pad=what.pad)
    in_eight_bits(folder / EXACT, folder / QUICK, [graph.feed(fitted[i : i + 8]) for i in range(0, len(fitted), 8)])
    quick = Graph(folder, QUICK, limit=what.limit, pad=what.pad)
    cosines = _cosines(shape(graph.rows(others)), shape(quick.rows(others, 1)))
    what = replace(what, quick=float(np.quantile(cosines, 0.05)))
    if (what.quick or 0.0) < NEAR:
        (folder / QUICK).unlink()
        logger.info("%s stays in its exact weights: with 8 bits its cosine is %.3f", what.name, what.quick)
    what.write(folder)
    return what


def _spread(said: Sequence[Any]) -> list[Any]:
    """Distinct texts from all over, short enough to be read quickly, in order of length."""
    distinct = list(dict.fromkeys(text[:_LONG] if isinstance(text, str) else text for text in said if text))
    step = max(1, len(distinct) // (2 * _SAMPLE))
    return sorted(distinct[::step][: 2 * _SAMPLE], key=lambda text: (len("".join(text)), text))


def _logits(inner: Any, said: Sequence[Said]) -> Floats:
    import torch

    found = inner.predict(list(said), activation_fn=torch.nn.Identity(), show_progress_bar=False)
    return np.asarray(found, dtype=np.float32).reshape(len(said), -1)


def _centred(rows: Floats) -> Array:
    """Logits as one row around their mean: the cosine of two is their correlation."""
    found: Array = (rows - rows.mean(axis=0)).T
    return found


def _cosines(one: Array, other: Array) -> Array:
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    found: Array = (one * other).sum(axis=1) / np.maximum(norms, 1e-12)
    return found
