"""What no text about a pick may hold, whoever wrote it. Other judges are plug-ins of the family `moderators`."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Blocklist:
    """Keeps texts back that hold a word or phrase, in any case, accent or width, and however it is spaced out."""

    words: tuple[str, ...] = ()  # words and phrases, in any language; Latin ones as whole words

    def objection(self, text: str, language: str) -> str:
        """Say whether one of the words is in a text."""
        plain = _folded(text)
        spaced = f" {' '.join(_parts(plain))} "
        joined = "".join(c for c in plain if c.isalnum())
        return "blocklist" if any(_within(word, spaced, joined) for word in self._listed) else ""

    @cached_property
    def _listed(self) -> tuple[str, ...]:
        return tuple(found for word in self.words if (found := " ".join(_parts(_folded(word)))))


def _within(word: str, spaced: str, joined: str) -> bool:
    if word.isascii():
        letters = " ".join(word.replace(" ", ""))
        return f" {word} " in spaced or (len(word) > 3 and f" {letters} " in spaced)  # whole, or l i k e  t h i s
    return word.replace(" ", "") in joined


def _folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")


def _parts(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text).split()
