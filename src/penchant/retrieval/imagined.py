"""Generated recommendations: a language model says what the person would want next, and real items near that are found.

What it writes is never shown and names nothing by itself: it is read like a wish, and only items of the catalogue come
out. Without an answer in time this source finds nothing.
"""

import logging
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt

from penchant.errors import GeneratorError
from penchant.protocols import Context
from penchant.quotes import DATA, past, quoted
from penchant.retrieval.best import best
from penchant.text.speech import Prompt, tokens
from penchant.types import Columns, Floats, Rows

_POLICY = (
    "You know what people of a shop or a service want next. Say in one short sentence what this person would like to "
    f"get next, as a catalogue would describe it: its kind, its style, its use. {DATA}"
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagined:
    """Column `match`, the cosine of an item's text and what the model imagined; no guest is asked for.

    The same history and wish are imagined once, as long as the generator remembers them.
    """

    past: Annotated[int, Ge(1)] = 10  # newest events it is told; 1 or more
    deadline: Annotated[float, Gt(0)] = 1.0  # seconds, above 0, after which nothing is found
    tokens: Annotated[int, Ge(1)] = 4_000  # that one request may have spent with this; 1 or more
    length: Annotated[int, Ge(1)] = 40  # tokens of what it writes at most; 1 or more

    def retrieve(self, context: Context, limit: int) -> Rows:
        vector = self._vector(context)
        if vector is None:
            return np.zeros(0, np.int32)
        return best(context, np.maximum(context.catalogue.vectors @ vector, 0.0), limit)

    def score(self, context: Context, rows: Rows) -> Columns:
        vector = self._vector(context)
        if vector is None:
            return {"match": np.full(len(rows), np.nan, dtype=np.float32)}
        return {"match": (context.catalogue.vectors[rows] @ vector).astype(np.float32)}

    def text(self, context: Context) -> str:
        """What the model imagines. Raises GeneratorError with what an answer may tell of the reason."""
        generator, prompt = context.language.generator, self._prompt(context)
        if generator is None:
            raise GeneratorError("no language model is configured")
        size = tokens(prompt.system + prompt.user) + prompt.tokens
        if context.notes.cost.get("tokens", 0.0) + size > self.tokens:
            raise GeneratorError("the request has no tokens left for it")
        try:
            [said] = generator.generate([prompt], deadline=self.deadline)
        except GeneratorError as error:
            logger.info("imagined: %s", error)
            raise GeneratorError("the language model gave no usable answer in time") from error
        return " ".join(said.split())

    def _vector(self, context: Context) -> Floats | None:
        return context.once((self, "vector"), lambda: self._read(context))

    def _read(self, context: Context) -> Floats | None:
        reader = context.language.reader
        if not len(context.catalogue) or reader is None or not (past(context, self.past) or context.query.text):
            return None
        try:
            text = self.text(context)
        except GeneratorError as why:
            context.notes.degraded.append(f"imagined: {why}")
            return None
        vector = reader.wish(text) if text else None
        return vector if vector is not None and vector.shape == context.catalogue.centre.shape else None

    def _prompt(self, context: Context) -> Prompt:
        wish: Any = context.query.text
        asked = [f"They ask for: {quoted(wish, 200)}"] if wish else []
        did = ["What the person did, oldest first:", *past(context, self.past), *asked, "They would like next:"]
        return Prompt(system=_POLICY, user="\n".join(did), tokens=self.length)
