"""A server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, or a hosted one.

Its URL ends where /chat/completions begins, usually in /v1; `#model` behind it names the model, else the first that
the server lists is asked. Answers are held to a schema by `response_format`; a server that refuses that is told the
schema in words instead.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlsplit

from penchant.errors import UsageError
from penchant.language.guard import Written
from penchant.text.speech import Prompt, tokens

_MOST = 4_000_000  # bytes of an answer that are read
_PIECE = 65_536


class Server:
    """A model behind a URL."""

    def __init__(self, url: str, key: str = "") -> None:
        self._parts, self._key = urlsplit(url), key
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise UsageError(f'generator "{url}": a URL such as http://localhost:8000/v1#model is wanted')
        self._model = self._parts.fragment
        self._formats = True  # until the server refuses one

    @property
    def constrained(self) -> bool:
        """Whether the server takes schemas, as far as is known."""
        return self._formats

    def write(self, prompt: Prompt, seconds: float) -> Written:
        """The answer and what the server counted. Raises TimeoutError when late, OSError if the server fails."""
        until = time.monotonic() + seconds
        try:
            answer = self._whole(prompt, until)
        except RefusedError:
            if prompt.schema is None or not self._formats:
                raise
            self._formats = False
            answer = self._whole(prompt, until)
        text = answer["choices"][0]["message"]["content"] or ""
        counted = (answer.get("usage") or {}).get("total_tokens")
        return Written(text, int(counted or tokens(prompt.system + prompt.user) + tokens(text)))

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[str]:
        """The answer piece by piece, from server-sent events."""
        until = time.monotonic() + seconds
        asked = {**self._asked(prompt, until), "stream": True}
        with self._call(until) as call:
            call.send("POST", "/chat/completions", asked)
            for line in call.lines():
                if line.strip() == b"data: [DONE]":
                    return
                if line.startswith(b"data:"):
                    choices = json.loads(line[5:]).get("choices") or [{}]
                    yield choices[0].get("delta", {}).get("content") or ""

    def _whole(self, prompt: Prompt, until: float) -> Any:
        asked = self._asked(prompt, until)
        with self._call(until) as call:
            call.send("POST", "/chat/completions", asked)
            return json.loads(call.body())

    def _asked(self, prompt: Prompt, until: float) -> dict[str, Any]:
        system, schema = prompt.system, prompt.schema
        if schema is not None and not self._formats:
            system = f"{system}\nAnswer with JSON alone, following this schema: {json.dumps(dict(schema))}".strip()
        said = [{"role": "system", "content": system}] if system else []
        asked: dict[str, Any] = {
            "model": self._named(until),
            "messages": [*said, {"role": "user", "content": prompt.user}],
            "max_tokens": prompt.tokens,
            "temperature": 0,
        }
        if schema is not None and self._formats:
            form = {"name": "answer", "schema": dict(schema), "strict": True}
            asked["response_format"] = {"type": "json_schema", "json_schema": form}
        return asked

    def _named(self, until: float) -> str:
        if not self._model:
            with self._call(until) as call:
                call.send("GET", "/models")
                self._model = str(json.loads(call.body())["data"][0]["id"])
        return self._model

    @contextmanager
    def _call(self, until: float) -> Iterator["_Call"]:
        call = _Call(self._parts, self._key, until)
        try:
            yield call
        finally:
            call.close()


class RefusedError(OSError):
    """The server did not like what it was asked."""


class _Call:
    """One request whose every step ends in time."""

    def __init__(self, parts: SplitResult, key: str, until: float) -> None:
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._path, self._until, self._key = parts.path.rstrip("/"), until, key
        self._line = kind(parts.hostname or "", parts.port, timeout=self._left())
        self._line.connect()
        self._socket = self._line.sock  # which the connection forgets once it has an answer
        self._said: HTTPResponse | None = None

    def send(self, method: str, path: str, body: Any = None) -> None:
        """Ask; raises RefusedError for an answer 4xx, OSError for any other that is not 200."""
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._socket.settimeout(self._left())
        self._line.request(method, self._path + path, None if body is None else json.dumps(body), headers)
        self._said = self._line.getresponse()
        if self._said.status != 200:
            told = f"the server answered {self._said.status}: {self.body()[:200].decode(errors='replace')}"
            raise RefusedError(told) if 400 <= self._said.status < 500 else OSError(told)

    def body(self) -> bytes:
        """The whole answer."""
        return b"".join(self._pieces(lambda said: said.read1(_PIECE)))

    def lines(self) -> Iterator[bytes]:
        """The answer line by line."""
        return self._pieces(lambda said: said.readline(_PIECE))

    def close(self) -> None:
        """Hang up."""
        if self._said is not None:
            self._said.close()
        self._line.close()

    def _pieces(self, read: Any) -> Iterator[bytes]:
        size = 0
        while size < _MOST:
            self._socket.settimeout(self._left())
            piece: bytes = read(self._said)
            if not piece:
                return
            size += len(piece)
            yield piece
        raise OSError(f"the server answered more than {_MOST:,} bytes")

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
