"""A GGUF file through llama-cpp-python: answers held to a JSON schema by a grammar, likelihoods from its logits.

One answer at a time; the deadline reaches into the library, which gives up between two steps of a computation.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from penchant.language.guard import Written
from penchant.text.speech import Prompt
from penchant.types import Array

_BATCH = 128  # tokens between two looks at the clock


class Gguf:
    """A model of a GGUF file; greedy, so that the same prompt has the same answer."""

    constrained = True

    def __init__(self, file: Path, *, context: int, threads: int | None) -> None:
        import llama_cpp
        from llama_cpp import _internals, llama

        for module in (llama, _internals):  # it would turn the whole process's output off while it loads
            module.suppress_stdout_stderr = _untouched
        self._lock, self._until = threading.Lock(), np.inf
        self._model: Any = llama_cpp.Llama(
            model_path=str(file),
            n_ctx=context,
            n_batch=_BATCH,
            n_threads=threads,
            n_threads_batch=threads,
            n_gpu_layers=-1,  # all of them, where there is a GPU
            logits_all=True,  # has room for the logits of every token; they are only computed for `weigh`
            seed=0,
            verbose=False,
        )
        self._abort = llama_cpp.ggml_abort_callback(lambda _: time.monotonic() > self._until)
        llama_cpp.llama_set_abort_callback(self._model.ctx, self._abort, None)

    def write(self, prompt: Prompt, seconds: float) -> Written:
        """The answer and its tokens. Raises TimeoutError when the seconds are over."""
        with self._mine(seconds):
            text = "".join(self._pieces(prompt))
            return Written(text, int(self._model.n_tokens))

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[str]:
        """The answer piece by piece. Raises TimeoutError when the seconds are over."""
        with self._mine(seconds):
            yield from self._pieces(prompt)

    def weigh(self, prompt: str, texts: Sequence[str], seconds: float) -> list[float]:
        """Mean log-probability per token of each text after the prompt, which is read once."""
        with self._mine(seconds):
            asked, model = self._tokens(prompt, begins=True), self._model
            said = [self._tokens(text, begins=False) for text in texts]
            asked = asked[: model.n_ctx() - max(map(len, said), default=0)]
            model.reset()
            model.eval(asked[:-1])
            model._logits_all = True
            model.eval(asked[-1:])
            return [self._weight(len(asked), text) for text in said]

    def _weight(self, begin: int, text: Sequence[int]) -> float:
        if not text:
            return float("-inf")
        model = self._model
        model.n_tokens = begin  # everything behind the prompt is forgotten
        first = model.scores[begin - 1].copy()
        model.eval(text)
        rows = np.vstack([first, model.scores[begin : begin + len(text) - 1]])
        return float(_log_softmax(rows)[np.arange(len(text)), text].mean())

    def _tokens(self, text: str, *, begins: bool) -> list[int]:
        found: list[int] = self._model.tokenize(text.encode("utf-8", "replace"), add_bos=begins, special=False)
        return found or [self._model.token_bos()]

    def _pieces(self, prompt: Prompt) -> Iterator[str]:
        grammar = {"type": "json_object", "schema": dict(prompt.schema)} if prompt.schema is not None else None
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        said = self._model.create_chat_completion(
            [*system, {"role": "user", "content": prompt.user}],
            response_format=grammar,
            max_tokens=prompt.tokens,
            temperature=0.0,
            stream=True,
        )
        for part in said:
            if time.monotonic() > self._until:
                raise TimeoutError
            yield part["choices"][0]["delta"].get("content") or ""

    @contextmanager
    def _mine(self, seconds: float) -> Iterator[None]:
        """Have the model alone for as long; what it was stopped at is told as lateness."""
        until = time.monotonic() + seconds
        if not self._lock.acquire(timeout=max(0.0, seconds)):
            raise TimeoutError
        try:
            self._until, self._model._logits_all = until, False
            yield
        except RuntimeError:
            if time.monotonic() > until:
                raise TimeoutError from None
            raise
        finally:
            self._until = np.inf
            self._lock.release()


def _untouched(disable: bool = True) -> AbstractContextManager[None]:
    return nullcontext()


def _log_softmax(rows: Array) -> Array:
    shifted = rows - rows.max(axis=1, keepdims=True)
    found: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found
