"""Any causal language model of Hugging Face through transformers: one token after the other, the likeliest each.

Nothing holds it to a schema; the guard reads its answers and asks a second time.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from penchant.language.guard import Written
from penchant.text.speech import Prompt

_PENDING = "�"  # what a character looks like while some of its bytes are still to come


class Causal:
    """A tokenizer and a model."""

    constrained = False

    def __init__(self, tokenizer: Any, model: Any, *, context: int) -> None:
        self._tokenizer, self._model = tokenizer, model.eval()
        own = getattr(model.config, "max_position_embeddings", None) or context
        self._context = min(context, int(own))
        self._lock = threading.Lock()

    def write(self, prompt: Prompt, seconds: float) -> Written:
        """The answer and its tokens. Raises TimeoutError when the seconds are over."""
        with self._mine(seconds) as until:
            asked = self._asked(prompt)
            said = list(self._next(asked, prompt.tokens, until))
            return Written(self._text(said), len(asked) + len(said))

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[str]:
        """The answer piece by piece. Raises TimeoutError when the seconds are over."""
        with self._mine(seconds) as until:
            said: list[int] = []
            told = ""
            for token in self._next(self._asked(prompt), prompt.tokens, until):
                said.append(token)
                text = self._text(said)
                if not text.endswith(_PENDING):
                    yield text[len(told) :]
                    told = text
            yield self._text(said)[len(told) :]

    def weigh(self, prompt: str, texts: Sequence[str], seconds: float) -> list[float]:
        """Mean log-probability per token of each text after the prompt."""
        with self._mine(seconds) as until:
            asked = self._tokenizer(prompt)["input_ids"] or [self._end]
            said = [self._tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
            room = self._context - max(map(len, said), default=0)
            return [self._weight(asked[-max(1, room) :], text, until) for text in said]

    def _weight(self, asked: list[int], text: list[int], until: float) -> float:
        import torch

        if time.monotonic() > until:
            raise TimeoutError
        if not text:
            return float("-inf")
        with torch.inference_mode():
            whole = torch.tensor([[*asked, *text]], device=self._model.device)
            logits = self._model(input_ids=whole).logits[0, len(asked) - 1 : -1].float()
            weights = torch.log_softmax(logits, dim=-1)[torch.arange(len(text)), torch.tensor(text)]
        return float(weights.mean())

    def _next(self, asked: list[int], most: int, until: float) -> Iterator[int]:
        """Token after token until the model ends, has said enough, or is late."""
        import torch

        given, past = asked[-max(1, self._context - most) :], None
        for _ in range(most):
            if time.monotonic() > until:
                raise TimeoutError
            with torch.inference_mode():
                ids = torch.tensor([given], device=self._model.device)
                out = self._model(input_ids=ids, past_key_values=past, use_cache=True)
            token, past = int(out.logits[0, -1].argmax()), out.past_key_values
            if token == self._end:
                return
            yield token
            given = [token]

    def _asked(self, prompt: Prompt) -> list[int]:
        """Tokens of a prompt, in the model's own form of a conversation if it has one."""
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        said = [*system, {"role": "user", "content": prompt.user}]
        if getattr(self._tokenizer, "chat_template", None):
            text = self._tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
            return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        text = "\n\n".join(part["content"] for part in said) + "\n\n"
        return list(self._tokenizer(text)["input_ids"]) or [self._end]

    def _text(self, said: Sequence[int]) -> str:
        return str(self._tokenizer.decode(said, skip_special_tokens=True))

    @property
    def _end(self) -> int:
        found = self._tokenizer.eos_token_id
        return 0 if found is None else int(found)

    @contextmanager
    def _mine(self, seconds: float) -> Iterator[float]:
        """Have the model alone until the time that is yielded."""
        until = time.monotonic() + seconds
        if not self._lock.acquire(timeout=max(0.0, seconds)):
            raise TimeoutError
        try:
            yield until
        finally:
            self._lock.release()
