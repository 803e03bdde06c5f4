"""One person's past through a trained self-attention network, in NumPy: what a sequence model does while serving.

Blocks of pre-normalised self-attention and a ReLU layer (SASRec: Kang & McAuley 2018). Where an event stands is told by
a bias for each pair: how many steps and, in logarithmic buckets, how much time lie between the two.
"""

from collections.abc import Mapping

import numpy as np

from penchant.retrieval.windows import buckets
from penchant.types import Array, Floats

_FAINT = 1e-5  # added to a variance, as in the training


def read(weights: Mapping[str, Array], vectors: Floats, steps: Array, times: Array, timed: bool) -> Floats:
    """(width,) state after a past: vectors of its items (events × width), their steps and times, oldest first."""
    states = vectors * np.float32(np.sqrt(vectors.shape[1]))
    between = steps[:, None] - steps[None, :]
    before, apart = between >= 0, buckets(times, timed)
    between = np.clip(between, 0, weights["steps"].shape[1] - 1)
    last = len(weights["steps"]) - 1
    for block in range(last + 1):
        asking = slice(-1 if block == last else 0, None)  # of the last block only the newest state is wanted
        bias = weights["steps"][block][between[asking]] + weights["gaps"][block][apart[asking]]
        bias = np.where(before[asking][:, :, None], bias, np.float32(-1e9))
        states = states[asking] + _attention(weights, block, states, bias.transpose(2, 0, 1))
        states = states + _layer(weights, block, states)
    found: Floats = _normal(states[-1:], weights["normal"], weights["normal_shift"])[0]
    return found


def _attention(weights: Mapping[str, Array], block: int, states: Floats, bias: Floats) -> Floats:
    """What the newest of the states, as many as `bias` (heads × asking × states) has, take from all of them."""
    (heads, asking, events), width = bias.shape, states.shape[1]
    calm = _normal(states, weights["first"][block], weights["first_shift"][block])
    mixed = calm @ weights["mix"][block] + weights["mix_shift"][block]
    query, key, value = mixed.reshape(events, 3, heads, width // heads).transpose(1, 2, 0, 3)
    logits = query[:, events - asking :] @ key.transpose(0, 2, 1) / np.float32(np.sqrt(width // heads)) + bias
    share = np.exp(logits - logits.max(axis=-1, keepdims=True))
    share /= share.sum(axis=-1, keepdims=True)
    joined = (share @ value).transpose(1, 0, 2).reshape(asking, width)
    found: Floats = joined @ weights["join"][block] + weights["join_shift"][block]
    return found


def _layer(weights: Mapping[str, Array], block: int, states: Floats) -> Floats:
    calm = _normal(states, weights["second"][block], weights["second_shift"][block])
    wide = np.maximum(calm @ weights["widen"][block] + weights["widen_shift"][block], 0)
    found: Floats = wide @ weights["narrow"][block] + weights["narrow_shift"][block]
    return found


def _normal(states: Floats, scale: Floats, shift: Floats) -> Floats:
    """Layer normalisation (Ba et al. 2016)."""
    centred = states - states.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(_FAINT))
    found: Floats = centred / spread * scale + shift
    return found
