"""The kinds of events: what each says about what a person wants, and the names it goes by."""

from collections.abc import Mapping

import numpy as np

WEIGHTS = {
    "view": 0.2,
    "click": 0.5,
    "cart": 1.0,
    "purchase": 2.0,
    "rating": 1.0,
    "like": 1.0,
    "review": 1.0,
    "search": 0.0,
    "wish": 0.0,
    "profile": 0.0,
    "steer": 0.0,
    "unsteer": 0.0,
    "dislike": -1.0,
    "return": -1.0,
    "other": 0.5,
}
_SPELLINGS = {
    "view": ("browse", "pageview", "impression", "浏览"),
    "click": ("点击",),
    "cart": ("add_to_cart", "addtocart", "加购"),
    "purchase": ("buy", "order", "transaction", "购买"),
    "rating": ("评分",),
    "review": ("评论",),
    "search": ("搜索",),
    "return": ("refund", "退货"),
    "like": ("thumbs_up", "favorite", "favourite", "喜欢", "收藏"),
    "dislike": ("unlike", "thumbs_down", "不喜欢", "踩"),
}
ALIASES = {spelling: kind for kind, spellings in _SPELLINGS.items() for spelling in spellings}


class Kinds:
    """The kinds of events with their weights; a code is the kind's place in `names`."""

    def __init__(self, weights: Mapping[str, float], aliases: Mapping[str, str]) -> None:
        self.names = (*(k for k in sorted(weights) if k != "other"), "other")
        self.weights = np.array([weights.get(k, 0.0) for k in self.names], dtype=np.float32)
        self.aliases = dict(aliases)
        self._codes = {name: code for code, name in enumerate(self.names)}

    def canonical(self, kind: str) -> str:
        """The house name of a kind, whatever language, library or case it comes in."""
        spelled = kind.strip()
        small = "_".join(spelled.lower().replace("-", " ").split())
        return self.aliases.get(spelled) or self.aliases.get(small) or (small if small in self._codes else spelled)

    def code(self, kind: str) -> int:
        """The kind's code; kinds without a weight of their own share the code of `other`."""
        return self._codes.get(kind, len(self.names) - 1)
