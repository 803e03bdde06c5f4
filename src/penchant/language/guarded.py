"""A language model behind a guard: deadline, memory, budget and breaker, so that it may cost time but never an answer.

The model works on threads of the guard: whoever asks is answered in time even if it hangs. Only GeneratorErrors come
out. Requests share a `Guard`; `Guarded` is what one of them sees of it.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from penchant.errors import GeneratorError
from penchant.language import schemas
from penchant.language.guard import Guard, Written
from penchant.text.speech import Prompt, Spend, tokens


def free(**_: float) -> None:
    """Keep no account."""


class Guarded:
    """A generator that keeps its promises; one per request if it is to tell what that request cost."""

    def __init__(self, guard: Guard, spend: Spend = free) -> None:
        self.guard, self._spend = guard, spend

    @property
    def name(self) -> str:
        """What exactly writes."""
        return self.guard.name

    def metered(self, spend: Spend) -> "Guarded":
        """The same generator, telling `spend` of calls, tokens and seconds."""
        return type(self)(self.guard, spend)

    def close(self) -> None:
        """Take no more work."""
        self.guard.close()

    def generate(self, prompts: Sequence[Prompt], *, deadline: float) -> list[str]:
        """One text per prompt, the same prompt the same text. Raises GeneratorError.

        What was written in time is remembered even if other prompts of the call fail.
        """
        keys = [digest(self.name, asdict(prompt)) for prompt in prompts]
        known = {key: text for key in keys if (text := self.guard.texts.get(key)) is not None}
        missing = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in known}
        if cached := len(prompts) - len(missing):
            self.guard.telemetry.generated.labels("remembered").inc(cached)
        if missing:
            known |= self._asked(missing, self.guard.until(deadline))
        return [known[key] for key in keys]

    def stream(self, prompt: Prompt, *, deadline: float) -> Iterator[str]:
        """The answer piece by piece. Raises GeneratorError, possibly behind some of the pieces."""
        key, guard = digest(self.name, asdict(prompt)), self.guard
        if (known := guard.texts.get(key)) is not None:
            guard.telemetry.generated.labels("remembered").inc()
            yield known
            return
        until, asked = guard.until(deadline), _asked(prompt)
        pieces: list[str] = []
        with guard.admitted(1, asked + prompt.tokens, until), self._account() as account:
            try:
                for piece in guard.model.stream(prompt, until - time.monotonic()):
                    if time.monotonic() > until:
                        raise TimeoutError
                    pieces.append(piece)
                    yield piece
            except TimeoutError:
                raise guard.failed("late", "too late") from None
            except Exception as error:
                raise guard.failed("failed", str(error) or type(error).__name__) from error
            finally:
                account(1, asked + tokens("".join(pieces)))
            guard.worked(asked + tokens("".join(pieces)), asked + prompt.tokens)
            guard.texts.keep(key, "".join(pieces))

    def _asked(self, prompts: Mapping[str, Prompt], until: float) -> dict[str, str]:
        guard = self.guard
        sizes = {key: _asked(prompt) + prompt.tokens for key, prompt in prompts.items()}
        with guard.admitted(len(prompts), sum(sizes.values()), until), self._account() as account:
            futures = {key: guard.submit(partial(self._written, prompt), until) for key, prompt in prompts.items()}
            found: dict[str, str] = {}
            try:
                for key, future in futures.items():
                    written = guard.result(future, until)
                    guard.worked(written.tokens, sizes[key])
                    guard.texts.keep(key, written.text)
                    found[key], sizes[key] = written.text, written.tokens
            finally:
                for future in futures.values():
                    future.cancel()
                account(len(prompts), sum(sizes.values()))
        return found

    def _written(self, prompt: Prompt, seconds: float) -> Written:
        """An answer that follows its schema; a model that is not held to one is asked a second time."""
        until, spent = time.monotonic() + seconds, 0
        tries = 1 if prompt.schema is None or self.guard.model.constrained else 2
        while True:
            written = self.guard.model.write(prompt, until - time.monotonic())
            spent, tries = spent + written.tokens, tries - 1
            if prompt.schema is None:
                return Written(written.text, spent)
            try:
                return Written(schemas.read(written.text, prompt.schema), spent)
            except GeneratorError as error:
                if not tries:
                    raise
                prompt = replace(prompt, user=f"{prompt.user}\n\nThis was wrong: {error}. Answer with JSON alone.")

    @contextmanager
    def _account(self) -> Iterator[Callable[[int, int], None]]:
        began = time.monotonic()

        def account(calls: int, size: int) -> None:
            self._spend(calls=calls, tokens=size, seconds=time.monotonic() - began)

        yield account


class Weighing(Guarded):
    """A guarded model that can also say how likely a text is."""

    def likelihood(self, prompt: str, texts: Sequence[str], *, deadline: float) -> list[float]:
        """Mean log-probability per token of each text after the prompt. Raises GeneratorError."""
        guard, until = self.guard, self.guard.until(deadline)
        keys = [digest(self.name, [prompt, text]) for text in texts]
        known = {key: weight for key in keys if (weight := guard.weights.get(key)) is not None}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            size = tokens(prompt) + sum(map(tokens, missing.values()))
            with guard.admitted(1, size, until), self._account() as account:
                said = list(missing.values())
                try:
                    weights = guard.result(guard.submit(partial(guard.model.weigh, prompt, said), until), until)
                finally:
                    account(1, size)
                guard.worked(size, size)
                for key, weight in zip(missing, weights, strict=True):
                    guard.weights.keep(key, weight)
                    known[key] = weight
        return [known[key] for key in keys]


def digest(name: str, asked: Any) -> str:
    """Digest of what a model is asked."""
    said = json.dumps([name, asked], sort_keys=True, default=dict, ensure_ascii=True)
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def _asked(prompt: Prompt) -> int:
    return tokens(prompt.system) + tokens(prompt.user)
