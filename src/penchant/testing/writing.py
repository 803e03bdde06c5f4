"""Generators for tests: they say what a function makes of the prompt, behind the same guard as any other.

generator = says(lambda prompt: "yes")
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from penchant.language.guard import Guard, Written
from penchant.language.guarded import Weighing
from penchant.text.limits import Limits
from penchant.text.speech import Prompt, tokens


class Writes:
    """A writer that answers with a function of the prompt, after `seconds`, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Prompt], str], *, seconds: float = 0.0, constrained: bool = False) -> None:
        self.answer, self.seconds, self.constrained = answer, seconds, constrained
        self.asked: list[Prompt] = []

    def write(self, prompt: Prompt, seconds: float) -> Written:
        """What the function says, late if that takes longer than it may."""
        self.asked.append(prompt)
        time.sleep(min(self.seconds, max(0.0, seconds)))
        if self.seconds > seconds:
            raise TimeoutError
        text = self.answer(prompt)
        return Written(text, tokens(prompt.system + prompt.user + text))

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[str]:
        """The same word by word."""
        for word in self.write(prompt, seconds).text.split(" "):
            yield word + " "

    def weigh(self, prompt: str, texts: Sequence[str], seconds: float) -> list[float]:
        """The share of a text's words that the prompt has, less one."""
        known = set(_words(prompt))
        return [sum(word in known for word in _words(text)) / max(1, len(_words(text))) - 1.0 for text in texts]


class Says:
    """A generator without a guard that gives one answer to everything, or raises it, and keeps what it was asked."""

    name = "says"

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.asked: list[Prompt] = []

    def generate(self, prompts: Sequence[Prompt], *, deadline: float) -> list[str]:
        """The answer, once per prompt."""
        self.asked += prompts
        if isinstance(self.answer, Exception):
            raise self.answer
        return [self.answer] * len(prompts)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def says(answer: Callable[[Prompt], str], *, seconds: float = 0.0, **limits: Any) -> Weighing:
    """A guarded generator that says what the function does."""
    return guarded(Writes(answer, seconds=seconds), **limits)


def guarded(writer: Any, **limits: Any) -> Weighing:
    """A writer of one's own behind a guard."""
    return Weighing(Guard("tests", lambda: writer, Limits(**limits)))
