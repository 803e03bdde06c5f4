"""What reads texts and what writes them, as the rest of the house sees it; `language/` has those who do.

Nothing that a generator says is believed: whoever asks checks the answer and has one of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, runtime_checkable

from penchant.types import Floats, Item


class Encoder(Protocol):
    """Texts to unit vectors."""

    @property
    def name(self) -> str: ...
    @property
    def dim(self) -> int: ...
    def encode(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Floats:
        """(len(texts) × dim) float32, rows of unit length."""
        ...


@runtime_checkable
class Truncates(Protocol):
    """An encoder that can tell which texts are too long for it."""

    def truncated(self, texts: Sequence[str]) -> int:
        """How many of the texts are cut short."""
        ...


class Reader(Protocol):
    """Reads the catalogue and what people say: an encoder with its template and its cache."""

    @property
    def name(self) -> str: ...
    def items(self, items: Sequence[Item]) -> Floats:
        """(len(items) × dim) vectors of the items' texts; each distinct text is encoded once, ever."""
        ...

    def wish(self, text: str) -> Floats:
        """(dim,) vector of a query in plain words."""
        ...

    def text(self, item: Item) -> str:
        """What is read of an item."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a language model is asked."""

    user: str  # the question; whatever it quotes of catalogue or people is data, not instruction
    system: str = ""  # the policy
    schema: Mapping[str, Any] | None = None  # JSON schema that the answer has to follow
    tokens: int = 128  # of the answer at most


@runtime_checkable
class Generator(Protocol):
    """Prompts to texts."""

    @property
    def name(self) -> str: ...
    def generate(self, prompts: Sequence[Prompt], *, deadline: float) -> list[str]:
        """One text per prompt, `deadline` seconds from now at the latest.

        Raises GeneratorError if the model is late, out of budget or not there; never anything else.
        """
        ...


@runtime_checkable
class Streams(Protocol):
    """A generator that can be read while it writes."""

    def stream(self, prompt: Prompt, *, deadline: float) -> Iterator[str]:
        """The answer piece by piece; raises GeneratorError as `generate` does."""
        ...


@runtime_checkable
class Weighs(Protocol):
    """A generator that can say how likely a text is."""

    def likelihood(self, prompt: str, texts: Sequence[str], *, deadline: float) -> list[float]:
        """Mean log-probability per token of each text after the prompt; raises GeneratorError as `generate` does."""
        ...


class Spend(Protocol):
    """Keeps account of what one answer takes."""

    def __call__(self, **amounts: float) -> None:
        """Add calls, tokens and seconds."""
        ...


@runtime_checkable
class Meters(Protocol):
    """A generator that can tell what it costs."""

    def metered(self, spend: Spend) -> Generator:
        """The same generator, telling `spend` of every call's calls, tokens and seconds."""
        ...


def tokens(text: str) -> int:
    """About how many tokens a text has: one for every four bytes of UTF-8, as is usual for English and Chinese."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


@runtime_checkable
class Moderator(Protocol):
    """Judges texts that people are to see, whoever wrote them."""

    def objection(self, text: str, language: str) -> str:
        """What is against a text, in a word or two for the log; empty if nothing is. An error counts as one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What a plug-in may read and write with; without a reader texts say nothing, without a generator nobody writes."""

    reader: Reader | None = None
    generator: Generator | None = None

    def wish(self, text: str | None) -> Floats | None:
        """(dim,) vector of a text; None if there is no text or no reader."""
        return self.reader.wish(text) if text and self.reader is not None else None

    def metered(self, spend: Spend) -> "Language":
        """The same for one answer, which keeps account of what its texts take."""
        generator: object = self.generator
        return replace(self, generator=generator.metered(spend)) if isinstance(generator, Meters) else self


SILENT = Language()
