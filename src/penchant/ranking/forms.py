"""The two forms of dynamic weights, each with its slopes: an attentive sum over experts, and the strongest interest.

`Sum`: score = e^τ Σ_j softmax(w)_j s_j, where w comes of a layer of tanh units over the person, the item and the
experts' standings, and s are those standings, u·M_h·i of every text head h, and a zero that takes what nobody deserves.
`Maximum`: score = e^τ max_h u·M_h·i / ‖M_h‖_F, where u is the person with a constant and i everything about the item.
"""

from dataclasses import dataclass

import numpy as np

from penchant.ranking.descent import Weights
from penchant.ranking.facts import Facts
from penchant.types import Array

_SCALE = np.log(10.0)  # scores start where a difference of one share decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Attention over the experts."""

    heads: int
    hidden: int

    def start(self, facts: Facts, dice: np.random.Generator) -> dict[str, Array]:
        """Equal attention to everybody, and heads near the plain likeness of texts."""
        size, directions = self._seen(facts).shape[1], facts.text.shape[1]
        voices = facts.experts.shape[1] + self.heads + 1
        noise = dice.normal(size=(self.heads, directions, directions)) * 0.1
        return {
            "inward": dice.normal(size=(size, self.hidden)) / np.sqrt(max(size, 1)),
            "bend": np.zeros(self.hidden),
            "outward": np.zeros((self.hidden, voices)),
            "lean": np.zeros(voices),
            "heads": np.eye(directions)[None] + noise,
            "scale": np.array(_SCALE),
        }

    def score(self, weights: Weights, facts: Facts) -> Array:
        """One score per row."""
        attention, voices, _ = self.attend(weights, facts)
        scores: Array = np.exp(weights["scale"]) * (attention * voices).sum(axis=1)
        return scores

    def attend(self, weights: Weights, facts: Facts) -> tuple[Array, Array, Array]:
        """(rows × voices) attention and what each voice says, and the hidden layer."""
        hidden = np.tanh(self._seen(facts) @ weights["inward"] + weights["bend"])
        free = hidden @ weights["outward"] + weights["lean"]
        free = np.exp(free - free.max(axis=1, keepdims=True))
        heads = [np.einsum("nd,nd->n", facts.reader @ m, facts.text) for m in weights["heads"]]
        voices = np.column_stack([facts.experts, *heads, np.zeros(len(hidden))])
        return free / free.sum(axis=1, keepdims=True), voices, hidden

    def slope(self, weights: Weights, facts: Facts, by: Array) -> dict[str, Array]:
        """Gradient of the loss by every weight, given its gradient `by` score."""
        attention, voices, hidden = self.attend(weights, facts)
        mean = (attention * voices).sum(axis=1)
        steep = np.exp(weights["scale"]) * by
        free = steep[:, None] * attention * (voices - mean[:, None])
        inner = (free @ weights["outward"].T) * (1 - hidden**2)
        first = facts.experts.shape[1]
        by_head = (steep[:, None] * attention)[:, first : first + self.heads]
        return {
            "inward": self._seen(facts).T @ inner,
            "bend": inner.sum(axis=0),
            "outward": hidden.T @ free,
            "lean": free.sum(axis=0),
            "heads": np.einsum("nh,nd,ne->hde", by_head, facts.reader, facts.text, optimize=True),
            "scale": np.array(steep @ mean),
        }

    def parts(self, weights: Weights, facts: Facts) -> tuple[Array, Array, Array, Array]:
        """What each expert, each column of the item, the texts and the constant add to every score."""
        attention, voices, _ = self.attend(weights, facts)
        said, count = np.exp(weights["scale"]) * attention * voices, facts.experts.shape[1]
        return said[:, :count], np.zeros_like(facts.item), said[:, count:].sum(axis=1), np.zeros(len(said))

    def _seen(self, facts: Facts) -> Array:
        return np.concatenate([facts.person, facts.item, facts.experts], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maximum:
    """The strongest of several interests, each a matrix between person and item."""

    heads: int

    def start(self, facts: Facts, dice: np.random.Generator) -> dict[str, Array]:
        """Interests by chance; the first trusts every expert alike and likes like texts."""
        person, item = self._sides(facts)
        matrices = dice.normal(size=(self.heads, person.shape[1], item.shape[1])) * 0.1
        experts, directions = facts.experts.shape[1], facts.text.shape[1]
        matrices[:, -1, :experts] += 1.0
        matrices[:, :directions, experts : experts + directions] += np.eye(directions)
        return {"matrices": matrices, "scale": np.array(_SCALE)}

    def score(self, weights: Weights, facts: Facts) -> Array:
        """One score per row."""
        scores: Array = np.exp(weights["scale"]) * self._interests(weights, facts).max(axis=1)
        return scores

    def slope(self, weights: Weights, facts: Facts, by: Array) -> dict[str, Array]:
        """Gradient of the loss by every weight, given its gradient `by` score; only the strongest interest learns."""
        person, item = self._sides(facts)
        interests = self._interests(weights, facts)
        strongest, steep = interests.argmax(axis=1), np.exp(weights["scale"]) * by
        found = np.zeros_like(weights["matrices"])
        for head, matrix in enumerate(weights["matrices"]):
            mine, length = strongest == head, np.linalg.norm(matrix)
            rise = (person[mine] * steep[mine, None]).T @ item[mine] / length
            found[head] = rise - (steep[mine] @ interests[mine, head]) * matrix / length**2
        return {"matrices": found, "scale": np.array(steep @ interests.max(axis=1))}

    def parts(self, weights: Weights, facts: Facts) -> tuple[Array, Array, Array, Array]:
        """What each expert, each column of the item, the texts and the constant add to every score."""
        person, item = self._sides(facts)
        unit = weights["matrices"] / np.linalg.norm(weights["matrices"], axis=(1, 2), keepdims=True)
        strongest = self._interests(weights, facts).argmax(axis=1)
        added = np.zeros_like(item)
        for head, matrix in enumerate(unit):
            mine = strongest == head
            added[mine] = np.exp(weights["scale"]) * (person[mine] @ matrix) * item[mine]
        experts, directions = facts.experts.shape[1], facts.text.shape[1]
        texts = added[:, experts : experts + directions].sum(axis=1)
        return added[:, :experts], added[:, experts + directions : -1], texts, added[:, -1]

    def _interests(self, weights: Weights, facts: Facts) -> Array:
        """(rows × heads) u·M_h·i / ‖M_h‖_F."""
        person, item = self._sides(facts)
        found = [np.einsum("nd,nd->n", person @ m / np.linalg.norm(m), item) for m in weights["matrices"]]
        return np.stack(found, axis=1)

    def _sides(self, facts: Facts) -> tuple[Array, Array]:
        one = np.ones((len(facts.experts), 1))
        person = np.concatenate([facts.reader, facts.person, one], axis=1)
        return person, np.concatenate([facts.experts, facts.text, facts.item, one], axis=1)
