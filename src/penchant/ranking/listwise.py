"""A language model reorders the top of a list, as far as it may: late, spent or confused, the list stays as it was.

The model sees short aliases and can say nothing but an order of them; no item moves further than `moves` places.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.errors import GeneratorError
from penchant.protocols import Context
from penchant.quotes import DATA, history, named, past, quoted
from penchant.text.limits import Minute
from penchant.text.speech import Prompt, tokens
from penchant.types import MARK, Array, Candidates

PREFERENCE = f"listwise{MARK}"  # 1 for what the model likes best to -1 for what it likes least; 0 where not asked
_ALIASES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_POLICY = (
    "You order what a shop or a service offers to one person, what suits them best first, judging by what they did. "
    f"{DATA} Answer with the letters of the offers alone."
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Listwise:
    """Reorder the best `top` as the language model would; scores stay.

    What it prefers is kept by the slate as `listwise~z`, from which a ranker can learn ([training] taught).
    """

    asks: ClassVar[bool] = True  # a model for an order: not where many questions are replayed to judge a ranker

    top: Annotated[int, Interval(ge=2, le=26)] = 20  # items it is shown, 2 to 26
    moves: Annotated[int, Ge(0)] = 10  # places an item may move at most, 0 or more; what an injection can gain
    events: Annotated[int, Ge(0)] = 20  # a person who went for more things than these is not asked for; 0 or more
    past: Annotated[int, Ge(0)] = 10  # newest events it is told; 0 or more
    deadline: Annotated[float, Gt(0)] = 1.0  # seconds, above 0, after which the list stays as it was
    calls: Annotated[int, Ge(1)] = 60  # per minute, 1 or more; the longer a person's history the fewer they may use
    tokens: Annotated[int, Ge(1)] = 4_000  # that one request may have spent with this; 1 or more

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        count = min(self.top, len(candidates))
        if count < 2 or history(context) > self.events:
            return candidates
        try:
            preferred = self._asked(context, candidates.rows[:count])
        except GeneratorError as why:
            context.notes.degraded.append(f"listwise: {why}")
            return candidates
        likes = np.zeros(len(candidates), np.float32)
        likes[preferred] = np.linspace(1.0, -1.0, count)
        order = np.concatenate([bounded(preferred, self.moves), np.arange(count, len(candidates))])
        return candidates.with_columns({PREFERENCE: likes}).take(order)

    def _asked(self, context: Context, rows: Array) -> list[int]:
        """Places in the order the model prefers. Raises GeneratorError with what an answer may tell of the reason."""
        generator, notes = context.language.generator, context.notes
        if generator is None:
            raise GeneratorError("no language model is configured")
        prompt = self._prompt(context, rows)
        size = tokens(prompt.system + prompt.user) + prompt.tokens
        if notes.cost.get("tokens", 0.0) + size > self.tokens:
            raise GeneratorError("the request has no tokens left for it")
        if not self._affords(history(context)):
            raise GeneratorError("the calls of this minute are spent, or kept for newer people")
        try:
            [answer] = generator.generate([prompt], deadline=self.deadline)
        except GeneratorError as error:
            logger.info("listwise: %s", error)
            raise GeneratorError("the language model gave no usable answer in time") from error
        return ordered(answer, len(rows))

    def _affords(self, events: int) -> bool:
        """Take one of the minute's calls; people with a history must leave a share of them to those with less."""
        kept = int(self.calls * events / (2 * self.events)) if self.events else 0
        return not self._minute.reserve(1, 0, leave=kept)

    @cached_property
    def _minute(self) -> Minute:
        return Minute(calls=self.calls, tokens=1)

    def _prompt(self, context: Context, rows: Array) -> Prompt:
        items, aliases = context.catalogue.items, _ALIASES[: len(rows)]
        did = past(context, self.past) if self.past else []
        wish = context.query.text
        lines = [
            "What the person did, oldest first:" if did else "Nothing is known of the person.",
            *did,
            *([f"They ask for: {quoted(wish, 200)}"] if wish else []),
            "Offers:",
            *(f"{alias}: {named(items[row])}" for alias, row in zip(aliases, rows.tolist(), strict=True)),
            f"Order all {len(rows)} letters, best first.",
        ]
        return Prompt(system=_POLICY, user="\n".join(lines), schema=_schema(aliases), tokens=20 + 6 * len(rows))


def ordered(answer: str, count: int) -> list[int]:
    """Places by an answer: known aliases in the order of their first mention, then all others as they stood."""
    try:
        said = json.loads(answer)["order"]
    except (ValueError, KeyError, TypeError):
        said = []
    aliases = [alias for alias in said if isinstance(alias, str)] if isinstance(said, list) else []
    places = [_ALIASES.find(alias) for alias in dict.fromkeys(aliases) if len(alias) == 1]
    known = [place for place in places if 0 <= place < count]
    return [*known, *(place for place in range(count) if place not in set(known))]


def bounded(preferred: Sequence[int], moves: int) -> Array:
    """The order nearest to the preferred one, greedily, in which nothing moves further than `moves` places.

    At each place stands what has to stand there at the latest, else what is preferred of all that may stand there.
    """
    waiting, found = list(preferred), []
    for place in range(len(preferred)):
        due = place - moves
        chosen = due if due in waiting else next(p for p in waiting if p <= place + moves)
        waiting.remove(chosen)
        found.append(chosen)
    return np.array(found, dtype=np.int64)


def _schema(aliases: str) -> dict[str, Any]:
    order = {"type": "array", "items": {"enum": list(aliases)}, "minItems": 1, "maxItems": len(aliases)}
    return {"type": "object", "properties": {"order": order}, "required": ["order"], "additionalProperties": False}
