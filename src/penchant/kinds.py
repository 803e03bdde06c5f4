"""The kinds of events: what each says about what a person wants, and the names it goes by."""

from collections.abc import Mapping

import numpy as np


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
