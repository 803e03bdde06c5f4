"""Questions answered from the past: the reply that was given to the nearest question, or none if none is near.

Nothing is made up: an answer is a reply that somebody wrote, and it says to which question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from penchant.errors import UsageError
from penchant.text.speech import Encoder
from penchant.text.texts import clean
from penchant.types import Floats

NEAR = 0.25  # centred cosine from which on two questions may be one


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is replied to a question, and why."""

    text: str  # the reply; empty if no past question is near
    question: str  # the nearest past question
    similarity: float  # centred cosine to it, -1 to 1

    @property
    def known(self) -> bool:
        """Was a past question near enough?"""
        return bool(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Past questions with their replies, ready to be asked; made by `remember`."""

    encoder: Encoder = field(repr=False)
    questions: Sequence[str]
    replies: Sequence[str]
    near: float
    centre: Floats = field(repr=False)  # (dim,) what all past questions have in common, which tells none apart
    vectors: Floats = field(repr=False)  # (questions × dim) unit rows around it

    def ask(self, questions: Sequence[str]) -> list[Answer]:
        """An answer per question, in their order."""
        if not questions:
            return []
        asked = self.encoder.encode([clean(text) for text in questions], "query")
        alike = _around(asked, self.centre) @ self.vectors.T
        return [self._answer(row, int(np.argmax(row))) for row in alike]

    def _answer(self, row: Floats, best: int) -> Answer:
        near = float(row[best]) >= self.near
        text = self.replies[best] if near else ""
        return Answer(text=text, question=self.questions[best], similarity=float(row[best]))


def remember(encoder: Encoder, replies: Mapping[str, str], *, near: float = NEAR) -> Answers:
    """Learn past questions and what was replied to each; below a centred cosine of `near` nothing is answered.

    Raises UsageError for fewer than two questions, an empty reply, or a `near` outside -1 to 1.
    """
    if len(replies) < 2:
        raise UsageError(f"answers: {len(replies)} past questions; wanted are at least 2, to tell them apart")
    if unanswered := [question for question, reply in replies.items() if not reply.strip()]:
        raise UsageError(f"answers: no reply to {unanswered[0]!r}; wanted is one for every question")
    if not -1 <= near <= 1:
        raise UsageError(f"answers: near is {near}; allowed is -1 to 1")
    questions = list(replies)
    read = encoder.encode([clean(text) for text in questions], "query")
    centre = read.mean(axis=0)
    return Answers(
        encoder=encoder,
        questions=questions,
        replies=list(replies.values()),
        near=near,
        centre=centre,
        vectors=_around(read, centre),
    )


def _around(vectors: Floats, centre: Floats) -> Floats:
    """Unit rows of what is left without the centre; zero where nothing is."""
    left = vectors - centre
    length = np.linalg.norm(left, axis=1, keepdims=True)
    found: Floats = np.divide(left, length, out=np.zeros_like(left), where=length > 1e-6)
    return found
