"""How people feel in what they write, learned from a few labelled texts, and a watch that tells when it turns.

The head is a logistic regression with a ridge on the encoder's vectors. The watch is a fold: the same texts in the same
order give the same alarms.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import binom

from penchant.errors import UsageError
from penchant.text.speech import Encoder
from penchant.text.texts import clean
from penchant.types import Array, Floats

_RIDGE = 0.01  # per text: weak, since unit vectors of one language differ little


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentiment:
    """A head on an encoder that tells negative texts; made by `learn`."""

    encoder: Encoder = field(repr=False)
    centre: Floats = field(repr=False)  # (dim,) mean of the labelled texts
    weights: Array = field(repr=False)  # (dim,)
    base: float

    def negative(self, texts: Sequence[str]) -> Array:
        """(len(texts),) probabilities that a text is negative."""
        if not texts:
            return np.zeros(0)
        read = self.encoder.encode([clean(text) for text in texts], "query") - self.centre
        found: Array = expit(read @ self.weights + self.base)
        return found


def learn(encoder: Encoder, negative: Sequence[str], positive: Sequence[str]) -> Sentiment:
    """Learn from a handful of negative and of positive texts. Raises UsageError if either has none."""
    if not negative or not positive:
        raise UsageError(f"sentiment: {len(negative)} negative, {len(positive)} positive texts; wanted are both")
    read = encoder.encode([clean(text) for text in (*negative, *positive)], "query").astype(np.float64)
    centre = read.mean(axis=0)
    spread = float(np.sqrt(np.mean(np.sum((read - centre) ** 2, axis=1)))) or 1.0
    given = (read - centre) / spread
    bad = np.repeat([1.0, 0.0], [len(negative), len(positive)])
    weight = 0.5 * len(bad) / np.where(bad == 1, len(negative), len(positive))  # both sides count alike
    sign = 2 * bad - 1

    def loss(point: Array) -> tuple[float, Array]:
        margin = sign * (given @ point[:-1] + point[-1])
        slope = -sign * weight * expit(-margin)
        ridge = _RIDGE * len(bad)
        value = float(weight @ np.logaddexp(0, -margin)) + 0.5 * ridge * float(point[:-1] @ point[:-1])
        return value, np.append(given.T @ slope + ridge * point[:-1], slope.sum())

    point = minimize(loss, np.zeros(given.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return Sentiment(
        encoder=encoder, centre=centre.astype(np.float32), weights=point[:-1] / spread, base=float(point[-1])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the watch makes of one text."""

    text: str
    negative: float  # probability
    share: float  # of negative texts among the newest
    alarm: bool  # does a surge begin with this text?


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Reads a stream of texts and gives the alarm once when more of the newest are negative than chance explains."""

    sentiment: Sentiment
    window: int = 10  # newest texts that are looked at together, 1 or more
    usual: float = 0.2  # share of negative texts on a usual day, between 0 and 1
    chance: float = 0.001  # of as many on a usual day, below which it is a surge; between 0 and 1

    def __post_init__(self) -> None:
        if self.window < 1 or not 0 < self.usual < 1 or not 0 < self.chance < 1:
            wanted = "window 1 or more, usual and chance between 0 and 1"
            raise UsageError(f"watch: window {self.window}, usual {self.usual}, chance {self.chance}; wanted: {wanted}")

    def read(self, texts: Iterable[str]) -> Iterator[Reading]:
        """A reading per text, as the texts come; after an alarm the next comes once the surge is over."""
        newest: deque[bool] = deque(maxlen=self.window)
        surge = False
        for text in texts:
            negative = float(self.sentiment.negative([text])[0])
            newest.append(negative >= 0.5)
            before, surge = surge, self._surge(newest, surge)
            yield Reading(text=text, negative=negative, share=sum(newest) / len(newest), alarm=surge and not before)

    def _surge(self, newest: "deque[bool]", surge: bool) -> bool:
        """Binomial tail; a surge that is there ends once the share is a usual one again."""
        count = sum(newest)
        if surge:
            return count > self.usual * len(newest)
        return bool(binom.sf(count - 1, len(newest), self.usual) < self.chance)
