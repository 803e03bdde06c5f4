"""Encoders behind a URL: whatever answers POST /v1/embeddings as OpenAI does — vLLM, llama.cpp, Ollama, a hosted one.

Written "http://localhost:8000/v1#model-name". Texts go out in batches; a server that is busy is asked again, one that
refuses is not. The rule: a wrong answer is an error and never a vector.
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np

from penchant.errors import NotReadyError, UsageError
from penchant.language.models import Role, prompts, unit
from penchant.types import Array, Floats

BATCH = 64  # texts per request
LIMIT = 8_000  # characters read of a text
_BUSY = (408, 409, 425, 429, 500, 502, 503, 504)  # statuses after which the same request may succeed
_TRIES: Mapping[str, int] = {"query": 2, "passage": 5}  # somebody waits for the answer to a query
_PAUSE, _LONGEST = 0.5, 20.0  # seconds before the second try, doubled every time, and at most


class Remote:
    """A model behind a URL. Threads may share it."""

    def __init__(self, url: str, *, key: str = "", timeout: float = 30.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.fragment:
            raise UsageError(
                f'encoder "{url}": a URL with the model behind # is wanted, http://localhost:8000/v1#model'
            )
        self.model = parts.fragment
        self.name = f"{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}#{self.model}"
        self._address = parts._replace(fragment="", path=parts.path.rstrip("/") + "/embeddings").geturl()
        self._key, self._timeout = key, timeout
        self._prompts = prompts({}, self.model)
        self._lock = threading.Lock()

    @property
    def dim(self) -> int:
        """Numbers per text, as the server's first answer has them."""
        with self._lock:
            return self._dim

    def encode(self, texts: Sequence[str], role: Role) -> Floats:
        """(len(texts) × dim) float32, rows of unit length.

        Raises NotReadyError if the server cannot be reached in time, UsageError if it refuses.
        """
        return unit(self.name, texts, self.dim, lambda said: self._rows(said, role))

    def truncated(self, texts: Sequence[str]) -> int:
        """Count the texts of more than `LIMIT` characters; what the server cuts off below that it does not tell."""
        return sum(len(text) > LIMIT for text in texts)

    @cached_property
    def _dim(self) -> int:
        return int(self._ask(["dimension"], _TRIES["passage"]).shape[1])

    def _rows(self, said: Sequence[str], role: Role) -> Array:
        whole = [self._prompts[role] + text[:LIMIT] for text in said]
        rows = np.concatenate([self._ask(whole[i : i + BATCH], _TRIES[role]) for i in range(0, len(whole), BATCH)])
        if rows.shape[1] != self.dim:
            raise NotReadyError(f"encoder {self.name} answered with {rows.shape[1]} numbers; they were {self.dim}")
        return rows

    def _ask(self, said: Sequence[str], tries: int) -> Array:
        body = json.dumps({"model": self.model, "input": list(said), "encoding_format": "float"}).encode()
        for left in reversed(range(tries)):
            try:
                return _vectors(self._post(body), len(said), self.name)
            except HTTPError as error:
                told = f"encoder {self.name}: the server answered {error.code}: {_told(error)}"
                if error.code not in _BUSY:
                    raise UsageError(told) from None
                wait = error.headers.get("Retry-After", "")
            except (URLError, HTTPException, OSError, ValueError) as error:
                told, wait = f"encoder {self.name} cannot be reached: {getattr(error, 'reason', error)}", ""
            if left:
                time.sleep(min(_LONGEST, float(wait) if wait.isdigit() else _PAUSE * 2 ** (tries - 1 - left)))
        raise NotReadyError(f"{told}; asked {tries} times")

    def _post(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        asked = Request(self._address, body, headers)  # noqa: S310 the scheme was checked
        with urlopen(asked, timeout=self._timeout) as answer:  # noqa: S310
            return json.load(answer)


def _vectors(answer: Any, count: int, name: str) -> Array:
    """(count × dim) of an answer, in the order of the question. Raises ValueError if it is not that."""
    try:
        rows = sorted(answer["data"], key=lambda row: row["index"])
        found = np.array([row["embedding"] for row in rows], dtype=np.float32)
    except (KeyError, TypeError) as error:
        raise ValueError(f"its answer is no list of embeddings ({error})") from None
    if found.ndim != 2 or len(found) != count or [row["index"] for row in rows] != list(range(count)):
        raise ValueError(f"its answer has not one embedding for each of {count} texts")
    return found


def _told(error: HTTPError) -> str:
    """What a server says of its refusal, in one line."""
    return " ".join(error.read(2_000).decode(errors="replace").split())[:200] or error.reason
