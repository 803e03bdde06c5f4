"""Contrastive fine-tuning of an encoder on behaviour: texts of what people did next come near each other.

Two forms. `items`: a batch is some items, and each must tell which of the others follow it; what follows what is read
off everybody's past at once, so every text read serves many pairs (in the spirit of beeFormer, Vančura et al. 2024).
`text`: a person's behaviour as one text must tell the next item among those of the batch (Yi et al. 2019). In both,
lookalikes that nobody took are mined as negatives, and popularity is taken out of what the texts have to explain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.language.course import Course
from penchant.text.texts import clean
from penchant.types import Array, Floats, Rows

K = 20  # depth of the NDCG by which epochs are compared
_AT_ONCE = 64  # texts of a forward pass without gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """[language] How `penchant finetune` teaches the encoder what people do."""

    finetune: Literal["none", "contrastive"] = "none"  # contrastive: texts of what people did next come near each other
    form: Literal["items", "text"] = "items"  # a past is its items, each read alone, or one text
    epochs: Annotated[int, Ge(1)] = 3  # passes over the items, or over the moments if the form is text; 1 or more
    batch: Annotated[int, Ge(2)] = 64  # items or moments per batch, each of which brings others; 2 or more
    accumulate: Annotated[int, Ge(1)] = 1  # batches whose gradients are added up before a step; 1 or more
    mined: Annotated[float, Interval(ge=0, le=1)] = 0.0  # lookalikes that nobody took, per item or moment; 0 to 1
    popularity: Annotated[float, Interval(ge=0, le=1)] = 0.0  # share of popularity, 0 to 1, that texts must explain
    temperature: Annotated[float, Gt(0)] = 0.05  # of the softmax over the batch; above 0
    rate: Annotated[float, Gt(0)] = 5e-5  # learning rate at its highest, above 0; it falls to zero by the end
    warmup: Annotated[float, Interval(ge=0, lt=1)] = 0.1  # share of the steps, 0 to below 1, in which the rate rises
    patience: Annotated[int, Ge(1)] = 2  # epochs without a better validation after which training ends; 1 or more
    layers: Annotated[int, Ge(0)] = 3  # top layers that learn; 0: all, and the embeddings
    lora: Annotated[int, Ge(0)] = 0  # rank of LoRA adapters, which learn alone; 0: the weights themselves learn
    length: Annotated[int, Ge(4)] = 32  # tokens of a text that are read while learning; 4 or more
    history: Annotated[int, Ge(1)] = 5  # newest items of a past in the form text, and in validation; 1 or more
    moments: Annotated[int, Ge(1)] = 20_000  # moments learned from at most in the form text, the newest; 1 or more
    hidden: Annotated[float, Interval(gt=0, lt=1)] = 0.1  # share of items, between 0 and 1, kept for validation
    newest: Annotated[float, Interval(gt=0, lt=1)] = 0.1  # share of the moments, between 0 and 1, kept for validation
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"  # auto: the half precision the device has, if any
    every: Annotated[float, Gt(0)] = 300.0  # seconds between two checkpoints, above 0
    track: Literal["none", "tensorboard", "wandb"] = "none"  # where the curves go, beside the terminal
    seed: Annotated[int, Interval(ge=0, lt=2**31)] = 0  # of all that is drawn by chance; 0 or more

    def course(self) -> Course:
        """How the loop runs."""
        return Course(**{f.name: getattr(self, f.name) for f in fields(Course)})


UNTAUGHT = FineTuning()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Moments of people: what each had done, newest first, and what came next."""

    past: Sequence[Rows]
    target: Rows  # one item per moment
    behaviour: Sequence[str] = ()  # the past as text


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is learned from, and what is asked after every epoch."""

    digest: str  # of all the rest
    texts: Sequence[str] = field(repr=False)  # one per item
    rows: Rows = field(repr=False)  # items that may be learned from, ascending
    popularity: Array = field(repr=False)  # share of what was taken, per item; above 0
    follows: Any = field(repr=False)  # csr, items × items: how much the second follows the first
    near: Rows = field(repr=False)  # len(rows) × some: lookalikes of each that never follow it; -1 where there are none
    learned: Moments = field(repr=False)
    asked: Moments = field(repr=False)
    pool: Rows = field(repr=False)  # items among which the asked ones have to be found, ascending
    hidden: Array = field(repr=False)  # bool per item: kept from the training


@dataclass(kw_only=True)
class Contrast:
    """The task of one encoder."""

    material: Material
    settings: FineTuning
    prompts: dict[str, str]  # said before a text, by role
    model: Any = field(repr=False)  # SentenceTransformer

    @property
    def batches(self) -> int:
        """In an epoch every item, or every moment, is met once."""
        size = len(self.material.rows) if self.settings.form == "items" else len(self.material.learned.target)
        return max(math.ceil(size / self.settings.batch), 1)

    def loss(self, model: Any, number: int) -> Any:
        """Cross-entropy of what follows over the batch's items; popularity is a bias of its own, and not learned."""
        import torch

        dice = np.random.default_rng([self.settings.seed, number])
        asking, rows, wanted = (
            self._items(dice, number) if self.settings.form == "items" else self._moments(dice, number)
        )
        vectors = self._read(model, [self.material.texts[row] for row in rows], "passage")
        asked = vectors if asking is None else self._read(model, asking, "query")
        scores = asked @ vectors.T / self.settings.temperature + self._bias(rows).to(vectors.device)
        if asking is None:
            scores = scores.masked_fill(torch.eye(len(rows), dtype=torch.bool, device=scores.device), -1e4)
        found = torch.as_tensor(wanted, device=scores.device)
        mass = found.sum(1)
        told = mass > 0
        share = found[told] / mass[told, None]
        weight = mass[told].sqrt()  # what follows a rare item is mostly chance
        lost = -(share * torch.log_softmax(scores[told], dim=1)).sum(1)
        return (lost * weight).sum() / weight.sum().clamp(min=1e-9)

    def judge(self, model: Any) -> dict[str, float]:
        """NDCG@20 of what came next, found among the pool by the mean of the past: of hidden items, and of others."""
        pool, asked, hidden = self.material.pool, self.material.asked, self.material.hidden
        vectors = self._all([self.material.texts[row] for row in pool], model)
        vectors -= vectors.mean(axis=0)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        gains = np.zeros(len(asked.target))
        for place, (past, target) in enumerate(zip(asked.past, asked.target.tolist(), strict=True)):
            met = np.searchsorted(pool, past)
            scores = vectors @ (np.exp(-np.arange(len(met)) / 2.5).astype(np.float32) @ vectors[met])
            scores[met] = -np.inf
            ahead = int((scores > scores[np.searchsorted(pool, target)]).sum())
            gains[place] = 1 / math.log2(ahead + 2) if ahead < K else 0.0
        cold = hidden[asked.target]
        return {name: float(gains[of].mean()) for name, of in (("cold", cold), ("warm", ~cold)) if of.any()}

    def _items(self, dice: np.random.Generator, number: int) -> tuple[None, Rows, Floats]:
        """Some items in order of the epoch, for each one that follows it, and lookalikes; and what follows what."""
        own = self.material
        seeds = self._turn(len(own.rows), number)
        rows = own.rows[seeds]
        after = [self._follower(dice, row) for row in rows.tolist()]
        found = np.unique(np.concatenate([rows, np.array(after, np.int32), self._mined(dice, seeds)]))
        found = found[found >= 0].astype(np.int32)
        return None, found, own.follows[found][:, found].toarray().astype(np.float32)

    def _follower(self, dice: np.random.Generator, row: int) -> int:
        follows = self.material.follows
        part = slice(follows.indptr[row], follows.indptr[row + 1])
        chances = follows.data[part]
        return int(dice.choice(follows.indices[part], p=chances / chances.sum())) if len(chances) else -1

    def _moments(self, dice: np.random.Generator, number: int) -> tuple[list[str], Rows, Floats]:
        """Some moments in order of the epoch: behaviours, the items of the batch, and which came next."""
        own = self.material
        some = self._turn(len(own.learned.target), number)
        targets = own.learned.target[some]
        mined = self._mined(dice, np.searchsorted(own.rows, targets))
        rows = np.unique(np.concatenate([targets, mined[mined >= 0]])).astype(np.int32)
        wanted = np.zeros((len(some), len(rows)), np.float32)
        wanted[np.arange(len(some)), np.searchsorted(rows, targets)] = 1.0
        return [own.learned.behaviour[place] for place in some.tolist()], rows, wanted

    def _mined(self, dice: np.random.Generator, places: Array) -> Rows:
        near = self.material.near
        if not near.shape[1]:
            return np.zeros(0, np.int32)
        some = dice.permutation(places)[: round(len(places) * min(self.settings.mined, 1.0))]
        found: Rows = near[some, dice.integers(0, near.shape[1], len(some))]
        return found

    def _turn(self, size: int, number: int) -> Array:
        """The places that batch `number` holds: each epoch has an order of its own."""
        epoch, place = divmod(number, self.batches)
        order = np.random.default_rng([self.settings.seed, epoch, 1]).permutation(size)
        return order[place * self.settings.batch : (place + 1) * self.settings.batch]

    def _bias(self, rows: Rows) -> Any:
        """ln p of each item where the batch is a sample of the catalogue, less where it is one of what was taken."""
        import torch

        known = np.log(self.material.popularity[rows])
        share = 1 - self.settings.popularity if self.settings.form == "items" else -self.settings.popularity
        return torch.as_tensor(share * (known - known.mean()), dtype=torch.float32)[None, :]

    def _read(self, model: Any, texts: Sequence[str], role: str) -> Any:
        """(texts × dim) vectors of unit length."""
        import torch

        said = [self.prompts[role] + clean(text) for text in texts]
        length = min(self.settings.length, self.model.max_seq_length or self.settings.length)
        given = self.model.tokenizer(said, padding=True, truncation=True, max_length=length, return_tensors="pt")
        device = next(self.model.parameters()).device
        found = model({name: value.to(device) for name, value in given.items()})["sentence_embedding"]
        return torch.nn.functional.normalize(found.float(), dim=1)

    def _all(self, texts: Sequence[str], model: Any) -> Floats:
        order = np.argsort([len(text) for text in texts], kind="stable")
        found: Floats = np.zeros((len(texts), 0), np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            part = order[start : start + _AT_ONCE]
            vectors = self._read(model, [texts[place] for place in part], "passage").cpu().numpy()
            found = found if found.shape[1] else np.zeros((len(texts), vectors.shape[1]), np.float32)
            found[part] = vectors
        return found
