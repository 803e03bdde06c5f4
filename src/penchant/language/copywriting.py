"""One or two sentences about each pick, of its facts and reasons: from templates, or from a model that is checked.

What a model writes is read sentence by sentence. A sentence is shown only once it is known to say nothing but what the
brief holds; with the first one that does not, the text ends, and if nothing stands the template does. What a person or
a catalogue says enters a prompt as quoted data.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penchant.errors import GeneratorError
from penchant.language import templates
from penchant.language.facts import Brief, Ground, Style, brief
from penchant.language.grounding import Facts
from penchant.language.prompts import prompt
from penchant.telemetry.measures import Telemetry, log
from penchant.text.speech import Generator, Meters, Moderator, Prompt, Streams
from penchant.types import Item

PLAIN = Style()
_LABEL = re.compile(r"\s*(data|text|answer)\s*[:：]\s*", re.IGNORECASE)  # what small models put before an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A part of what is told of one pick, which may be shown before the rest is there."""

    item: str
    text: str

    def document(self) -> dict[str, Any]:
        """The sentence as everything outside Python sees it."""
        return {"item_id": self.item, "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is told of one pick."""

    item: str
    text: str  # empty where nothing may be said
    language: str
    writer: str  # template, generator or nobody
    rejected: str = ""  # why words of the generator were not taken: too late, or what was not known in them
    cost: Mapping[str, float] = field(default_factory=dict)  # what a language model took: calls, tokens, seconds
    seconds: float = 0.0  # that it took

    def document(self) -> dict[str, Any]:
        """The piece as everything outside Python sees it."""
        told = {"item_id": self.item, "text": self.text, "language": self.language, "written_by": self.writer}
        took = round(self.seconds * 1_000, 3)
        return {**told, "rejected": self.rejected, "cost": dict(self.cost), "took_ms": took}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copywriter:
    """Writes texts; threads may share it. Without a generator, or while it is busy or late, templates speak."""

    style: Style = PLAIN
    generator: Generator | None = None
    deadline: float = 5.0  # seconds per text
    at_once: int = 2  # texts that a generator writes at the same time
    moderators: Sequence[Moderator] = ()
    telemetry: Telemetry = field(default_factory=Telemetry)
    slots: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", threading.BoundedSemaphore(self.at_once))

    def write(self, item: Item, grounds: Sequence[Ground], language: str, place: int = 0) -> Piece:
        """A text about an item for the pick at a place of its list."""
        *_, piece = self.told(item, grounds, language, place)
        assert isinstance(piece, Piece)  # noqa: S101 - the last that comes
        return piece

    def told(self, item: Item, grounds: Sequence[Ground], language: str, place: int = 0) -> Iterator[Sentence | Piece]:
        """Each sentence as soon as it may be shown, then the whole piece."""
        began, known = time.monotonic(), brief(item, grounds, language, self.style)
        said: list[str] = []
        cost: dict[str, float] = {}
        rejected = ""
        for sentence, flaw in self._generated(known, cost):
            rejected = flaw
            if sentence:
                said.append(sentence)
                yield Sentence(item=item.id, text=sentence)
        text, writer = _joined(said, language), "generator"
        if not said:
            text = templates.compose(known, place, self.style.sentences, self.style.length)
            if text and (objection := self._objection(text, language)):
                rejected, text = objection, ""
            writer = "template" if text else "nobody"
            if text:
                yield Sentence(item=item.id, text=text)
        self.telemetry.written(writer, rejected)
        if rejected:
            log.info("a text was not taken: %s", rejected.partition(":")[0])
        took = time.monotonic() - began
        yield Piece(
            item=item.id, text=text, language=language, writer=writer, rejected=rejected, cost=cost, seconds=took
        )

    def _generated(self, known: Brief, cost: dict[str, float]) -> Iterator[tuple[str, str]]:
        """Sentences of the generator that may be shown; if one may not, an empty one with the reason, and no more."""
        if self.generator is None:
            return
        if not self.slots.acquire(blocking=False):
            yield "", "busy"
            return
        try:
            yield from self._checked(known, _metered(self.generator, cost))
        except GeneratorError:
            yield "", "generator"
        except Exception:  # it promised to raise nothing else, and a text is not worth a failure
            log.exception("a generator failed")
            yield "", "generator"
        finally:
            self.slots.release()

    def _checked(self, known: Brief, generator: object) -> Iterator[tuple[str, str]]:
        facts, said = Facts(known), ""
        for sentence in self._asked(facts, generator):
            text = _joined([said, sentence] if said else [sentence], known.language)
            flaw = "length" if len(text) > self.style.length else facts.flaw(sentence)
            flaw = flaw or self._objection(text, known.language)
            yield ("", flaw) if flaw else (sentence, "")
            if flaw:
                return
            said = text

    def _asked(self, facts: Facts, generator: object) -> Iterator[str]:
        """The sentences of the generator's answer, as many as are wanted, each as soon as it is there."""
        asked, until = prompt(facts.brief, self.style), time.monotonic() + self.deadline
        wanted, rest, first = self.style.sentences, "", True
        for part in _parts(generator, asked, self.deadline):
            if time.monotonic() > until:
                raise GeneratorError("the text came too late")
            found, rest = facts.sentences(_unlabelled(rest + part) if first else rest + part)
            first = first and not found
            yield from found[:wanted]
            wanted -= len(found)
            if wanted <= 0 or len(rest) > self.style.length:
                break
        if wanted > 0:
            yield from facts.sentences(rest, done=True)[0][:wanted]

    def _objection(self, text: str, language: str) -> str:
        """What the moderators have against a text; one that fails is taken to object."""
        for moderator in self.moderators:
            try:
                if objection := moderator.objection(text, language):
                    return f"moderator: {objection}"
            except Exception:
                log.exception("a moderator failed; the text is not shown")
                return "moderator: failed"
        return ""


def _metered(generator: Generator, cost: dict[str, float]) -> object:
    """The generator, with what it takes added to `cost` where it can tell."""

    def spend(**amounts: float) -> None:
        for name, amount in amounts.items():
            cost[name] = cost.get(name, 0.0) + amount

    return generator.metered(spend) if isinstance(generator, Meters) else generator


def _parts(generator: object, asked: Prompt, deadline: float) -> Iterator[str]:
    """The answer as it comes, whole from a generator that does not stream."""
    if isinstance(generator, Streams):
        yield from generator.stream(asked, deadline=deadline)
    elif isinstance(generator, Generator):
        yield from generator.generate([asked], deadline=deadline)


def _unlabelled(text: str) -> str:
    """An answer without the label that may stand before it."""
    label = _LABEL.match(text)
    return text[label.end() :] if label else text


def _joined(sentences: Sequence[str], language: str) -> str:
    return ("" if language == "zh" else " ").join(sentences)
