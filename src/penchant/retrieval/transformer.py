"""Training of the self-attention network that `attention` reads with. The only module here that needs PyTorch.

Every event of a window is told to foresee an item of the person's next step, by cross-entropy over all items or, where
there are more than `negatives`, over a drawn part of them with the logQ correction (Yi et al. 2019). An item is a
projection of its text and a free part of its own; the free part is left out at times, so that the text learns to stand
alone. AdamW with warm-up and a cosine; the best epoch on the last steps of a tenth of the people is kept.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from penchant.retrieval.sequence import Sequence
from penchant.retrieval.windows import BUCKETS, Past, batches, buckets, following, last_steps, padded, windows
from penchant.types import Array, Floats

_SHARE, _MOST, _LEAST = 10, 1_000, 20  # one person in ten is held out, at most and at least so many
_WARM = 0.05  # share of the training in which the rate rises
_SMALL = 0.02  # spread of a free part before training
_DEPTH = 10  # NDCG@10 is what is held on to


Weights = dict[str, Any]  # name → tensor


@dataclass(frozen=True, slots=True)
class Fitted:
    """Arrays by name, in which `items` is what each item is made of in the end, and how well it went."""

    arrays: dict[str, Array]
    epochs: int  # after how many the weights are kept
    ndcg: float  # on the people held out; NaN if there are too few


def fit(past: Past, text: Floats, shape: Sequence, seed: int) -> Fitted:
    """Train on a past whose items are numbered as the rows of `text` (items × dim)."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(seed)
        return _Training(past, text, shape, np.random.default_rng(seed), device).run()


class _Training:
    """One training: its data, its weights and its dice."""

    def __init__(self, past: Past, text: Floats, shape: Sequence, dice: np.random.Generator, device: Any) -> None:
        self.shape, self.dice, self.device = shape, dice, device
        self.whole, self.held = past, _held(past, dice)
        self.past = past.take(~np.isin(past.step, self.held)) if len(self.held) else past
        self.windows = windows(self.past, shape.length)
        self.text = torch.from_numpy(text).to(device)
        self.weights = _start(len(text), text.shape[1], shape)
        self.drawing = _popularity(past.item, len(text))

    def run(self) -> Fitted:
        optimiser = self._optimiser()
        per_epoch = len(batches(self.windows, self.shape.events, np.random.default_rng(0)))
        best, kept, done = -1.0, self._arrays(), 0
        for epoch in range(self.shape.epochs):
            for place, part in enumerate(batches(self.windows, self.shape.events, self.dice)):
                share = (epoch * per_epoch + place) / (per_epoch * self.shape.epochs)
                for group in optimiser.param_groups:
                    group["lr"] = self.shape.rate * _pace(share)
                self._learn(self.windows[part], optimiser)
            found = self._ndcg() if len(self.held) else float(epoch)
            if found > best:
                best, kept, done = found, self._arrays(), epoch + 1
        return Fitted(kept, done, best if len(self.held) else math.nan)

    def _optimiser(self) -> Any:
        decayed = [self.weights[name] for name in ("mix", "join", "widen", "narrow", "own")]
        others = [w for w in self.weights.values() if w.numel() and not any(w is d for d in decayed)]
        groups = [{"params": decayed, "weight_decay": self.shape.decay}, {"params": others, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=self.shape.rate, betas=(0.9, 0.98), fused=True)

    def _learn(self, part: Array, optimiser: Any) -> None:
        """One step of the optimiser on some windows."""
        places, there = padded(part)
        wanted = following(self.past, places, self.dice)
        wanted[~there | (places < part[:, 2:3])] = -1
        if (wanted < 0).all():
            return
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.shape.bfloat16):
            table = self._table(self.shape.forget)
            states = self._states(self.past, table, places, there, self.shape.dropout)
            asked = self._tensor(np.flatnonzero(wanted.ravel() >= 0))
            states, answers = states.reshape(-1, self.shape.width)[asked], self._tensor(wanted.ravel())[asked]
            loss = self._loss(states, answers, table)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    def _loss(self, states: Any, answers: Any, table: Any) -> Any:
        if len(table) <= self.shape.negatives:
            return functional.cross_entropy(states @ table.T, answers)
        count = self.shape.negatives
        drawn = np.unique(self.dice.choice(len(table), size=count, p=self.drawing))
        chance = -np.expm1(count * np.log1p(-self.drawing[drawn]))  # of being drawn at least once
        rows = self._tensor(drawn)
        others = states @ table[rows].T - torch.from_numpy(np.log(chance)).to(self.device, torch.float32)
        others = others.masked_fill(rows[None, :] == answers[:, None], -1e9)
        right = (states * table[answers]).sum(dim=1, keepdim=True)
        return functional.cross_entropy(torch.cat([right, others], dim=1), torch.zeros_like(answers))

    def _table(self, forget: float = 0.0) -> Any:
        """A vector for every item (items × width)."""
        own = self.weights["own"]
        if forget:
            own = own * (torch.rand(len(own), 1) >= forget)
        return own + self.text @ self.weights["text"]

    def _states(self, past: Past, table: Any, places: Array, there: Array, dropout: float) -> Any:
        """(windows × places × width) states; a step sees itself and the steps before it."""
        steps = np.where(there, past.step[places], np.iinfo(np.int32).max)
        between = steps[:, :, None] - steps[:, None, :]
        seen = self._tensor((between >= 0) & there[:, None, :])
        apart = self._tensor(buckets(past.time[places], past.timed))
        near = self._tensor(np.clip(between, 0, self.shape.length))
        states = functional.dropout(table[self._tensor(past.item[places])] * math.sqrt(self.shape.width), dropout)
        for block in range(self.shape.blocks):
            w = {name: tensor[block] for name, tensor in self.weights.items() if name in _BLOCKS}
            bias = (w["steps"][near] + w["gaps"][apart]).permute(0, 3, 1, 2).masked_fill(~seen[:, None], -1e9)
            states = states + functional.dropout(_attention(w, states, bias, dropout), dropout)
            calm = functional.layer_norm(states, states.shape[-1:], w["second"], w["second_shift"])
            wide = functional.dropout(functional.relu(calm @ w["widen"] + w["widen_shift"]), dropout)
            states = states + functional.dropout(wide @ w["narrow"] + w["narrow_shift"], dropout)
        return functional.layer_norm(states, states.shape[-1:], self.weights["normal"], self.weights["normal_shift"])

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _ndcg(self) -> float:
        """Mean NDCG@10 of one item of each held step, ranked among all."""
        past, first, table = self.whole, self.whole.first[self.held], self._table()
        begins = np.searchsorted(past.user, past.user[first])
        asked = np.stack([np.maximum(begins, first - self.shape.length), first, first], axis=1)
        found = 0.0
        for part in batches(asked, self.shape.events, np.random.default_rng(0)):
            places, there = padded(asked[part])
            states = self._states(past, table, places, there, 0.0)
            last = states[torch.arange(len(part)), self._tensor(there.sum(axis=1) - 1)]
            logits = last @ table.T
            right = logits.gather(1, self._tensor(past.item[first[part]])[:, None])
            rank = (logits > right).sum(dim=1).cpu().numpy()
            found += float(np.where(rank < _DEPTH, 1 / np.log2(rank + 2), 0).sum())
        return found / len(asked)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _arrays(self) -> dict[str, Array]:
        found = {name: tensor.detach().float().cpu().numpy().copy() for name, tensor in self.weights.items()}
        del found["own"]
        return {**found, "items": self._table().float().cpu().numpy()}

    def _tensor(self, array: Array) -> Any:
        kind = torch.bool if array.dtype == bool else torch.int64
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device, kind)


_BLOCKS = (
    *("first", "first_shift", "mix", "mix_shift", "join", "join_shift", "steps", "gaps"),
    *("second", "second_shift", "widen", "widen_shift", "narrow", "narrow_shift"),
)


def _start(items: int, dim: int, shape: Sequence) -> Weights:
    """Weights before training; every product is `input @ weight`."""
    width, blocks = shape.width, shape.blocks

    def even(rows: int, columns: int) -> Any:
        """Uniform weights that keep the spread of what passes (Glorot & Bengio 2010)."""
        return (torch.rand(blocks, rows, columns) * 2 - 1) * math.sqrt(6 / (rows + columns))

    made = {
        "own": torch.randn(items, width) * _SMALL,
        "text": torch.randn(dim, width) * _SMALL * math.sqrt(width / max(dim, 1)),
        "mix": torch.cat([even(width, 3 * width)], dim=2),
        "join": even(width, width),
        "widen": even(width, width),
        "narrow": even(width, width),
        "steps": torch.zeros(blocks, shape.length + 1, shape.heads),
        "gaps": torch.zeros(blocks, BUCKETS, shape.heads),
        "mix_shift": torch.zeros(blocks, 3 * width),
        **{f"{name}_shift": torch.zeros(blocks, width) for name in ("join", "widen", "narrow", "first", "second")},
        **{name: torch.ones(blocks, width) for name in ("first", "second")},
        "normal": torch.ones(width),
        "normal_shift": torch.zeros(width),
    }
    return {name: tensor.requires_grad_() for name, tensor in made.items()}


def _attention(w: Mapping[str, Any], states: Any, bias: Any, dropout: float) -> Any:
    heads, (rows, events, width) = bias.shape[1], states.shape
    calm = functional.layer_norm(states, states.shape[-1:], w["first"], w["first_shift"])
    mixed = (calm @ w["mix"] + w["mix_shift"]).view(rows, events, 3, heads, width // heads)
    query, key, value = mixed.permute(2, 0, 3, 1, 4)
    share = (query @ key.transpose(-1, -2) / math.sqrt(width // heads) + bias).softmax(dim=-1)
    joined = (functional.dropout(share, dropout) @ value).transpose(1, 2).reshape(rows, events, width)
    return joined @ w["join"] + w["join_shift"]


def _held(past: Past, dice: np.random.Generator) -> Array:
    """The last steps of the people whose next choice tells when to stop; none if there are too few."""
    last = last_steps(past)
    count = min(len(last) // _SHARE, _MOST)
    return np.sort(dice.permutation(last)[:count]) if count >= _LEAST else last[:0]


def _popularity(item: Array, size: int) -> Array:
    """The chance with which each item is drawn as one that was not chosen: its events to the power of ¾."""
    weight = (np.bincount(item, minlength=size) + 1.0) ** 0.75
    chance: Array = weight / weight.sum()
    return chance


def _pace(share: float) -> float:
    """Share of the learning rate after a share of the training."""
    return min((share + 0.001) / _WARM, 1.0) * 0.5 * (1 + math.cos(math.pi * share))
