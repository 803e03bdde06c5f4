"""What every request says, taken out of the vector of one: "I want to buy some" is not what somebody wants to buy.

With e the mean of requests that ask for nothing in particular, ranking by q − share·e asks how much better an item
suits this request than any request.
"""

import numpy as np

from penchant.text.speech import Encoder
from penchant.types import Floats

EMPTY = (
    "I want to buy something",
    "I am looking for something",
    "I would like to see something",
    "please recommend something to me",
    "can you suggest anything?",
    "do you have anything for me?",
    "something",
    "我想买一些东西",
    "请给我推荐一些东西",
    "我想看点什么",
    "有什么推荐吗",
    "东西",
)


def asking(encoder: Encoder) -> Floats:
    """(dim,) the mean vector of requests for nothing in particular."""
    mean: Floats = encoder.encode(EMPTY, "query").mean(axis=0)
    return mean


def wanted(request: Floats, asked: Floats, share: float) -> Floats:
    """(dim,) of unit length: a request less `share` of what every request says; read-only, zero if it says nothing."""
    rest = request - np.float32(share) * asked if request.any() else request
    found: Floats = (rest / max(float(np.linalg.norm(rest)), 1e-9)).astype(np.float32)
    found.setflags(write=False)
    return found
