"""The desk: a slate, or a person and items, to texts about each pick. Everybody who wants texts asks here.

Facts are those of the catalogue as it is now; reasons are those of the answer the pick stands in. Nothing is logged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penchant.engine import Engine
from penchant.errors import ArtefactError, UnknownError, UsageError
from penchant.explain import sentences
from penchant.language.copywriting import Copywriter, Piece, Sentence
from penchant.language.facts import Ground
from penchant.types import Catalogue, Pick, Query

MOST = 100  # picks of one answer that texts are written for
LANGUAGES = ("en", "zh")
Reasons = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Finds out what a text may rest on, and has it written."""

    engine: Engine
    writer: Copywriter

    def told(
        self,
        *,
        user: str | None = None,
        items: Sequence[str] = (),
        slate: str | None = None,
        k: int = 10,
        language: str = "en",
    ) -> Iterator[Sentence | Piece]:
        """Texts about a slate, about a person's picks or items, or about items alone, whichever is named.

        Each sentence comes once it may be shown, and behind the last one of a pick the whole piece.
        """
        if slate is not None:
            return self.slate(slate, k=k, language=language)
        if user is not None:
            return self.person(user, items, k=k, language=language)
        return self.items(items, language=language)

    def slate(self, slate: str, *, k: int = 10, language: str = "en") -> Iterator[Sentence | Piece]:
        """Texts about the first `k` picks of a logged slate: each sentence once it may be shown, then the whole piece.

        Raises UnknownError if there is no such slate, before anything is written.
        """
        _check(k, language)
        try:
            picks = self.engine.reasoned(slate, language).picks
        except ArtefactError:  # its release is gone, and with it the reasons
            picks = self.engine.slate(slate).picks
        return self._written(picks[:k], self._catalogue(), language)

    def person(
        self, user: str, items: Sequence[str] = (), *, k: int = 10, language: str = "en"
    ) -> Iterator[Sentence | Piece]:
        """Texts about items for a person, or, without items, about what the person would be offered now.

        Raises UnknownError if nothing is known of the person or of an item.
        """
        _check(k, language)
        if user not in self.engine.follower.catch_up().timeline.users:
            raise UnknownError("nothing is known about this person")
        chosen = self._known(items)
        query = Query(user=user, k=len(chosen) or k, candidates=chosen or None, surface="rank" if chosen else "home")
        picks = {pick.item: pick for pick in self.engine.preview(query, language).picks}
        ordered = [picks[item] for item in chosen] if chosen else list(picks.values())
        return self._written(ordered, self._catalogue(), language)

    def items(self, items: Sequence[str], *, language: str = "en") -> Iterator[Sentence | Piece]:
        """Texts about items for nobody in particular. Raises UnknownError if there is no such item."""
        _check(1, language)
        picks = [Pick(item=item, score=0.0) for item in self._known(items, most=None)]
        return self._written(picks, self._catalogue(), language)

    def _written(self, picks: Sequence[Pick], catalogue: Catalogue, language: str) -> Iterator[Sentence | Piece]:
        known = [pick for pick in picks if pick.item in catalogue.row_of]
        for place, pick in enumerate(known):
            item = catalogue.items[catalogue.row_of[pick.item]]
            yield from self.writer.told(item, grounds(pick.reasons), language, place)

    def _known(self, items: Sequence[str], most: int | None = MOST) -> tuple[str, ...]:
        chosen, known = tuple(dict.fromkeys(items)), self._catalogue().row_of
        if most is not None and len(chosen) > most:
            raise UsageError(f"{len(chosen)} items; at most {most} are written about at once")
        if unknown := [item for item in chosen if item not in known]:
            raise UnknownError(f"no item {unknown[0]!r}")
        return chosen

    def _catalogue(self) -> Catalogue:
        return self.engine.follower.catch_up().catalogue


def grounds(reasons: Reasons) -> list[Ground]:
    """What of a pick's reasons may be said, strongest first: those that `explain` would say too."""
    return [ground for reason in reasons if reason["text"] and (ground := _ground(reason)) is not None]


def _ground(reason: Mapping[str, Any]) -> Ground | None:
    kind, evidence = reason["kind"], reason["evidence"]
    if kind == "because":
        if titles := sentences.causes(evidence):
            return Ground(kind=kind, titles=tuple(titles))
        return Ground(kind="looking", titles=(sentences.looked_at(evidence),))
    if kind == "alike":
        return Ground(kind=kind, titles=tuple(evidence["items"][:1]))
    if kind == "popular" and (busiest := sentences.busiest(evidence)):
        return Ground(kind=kind, window=busiest[0], figures={"events": busiest[1]})
    if kind == "taste":
        category = evidence["speaks"] == "category"
        return Ground(kind=kind, category=evidence["category"]) if category else Ground(kind="price")
    figures = {name: float(evidence[name]) for name in ("count", "days", "value") if evidence.get(name) is not None}
    return None if kind == "moved" else Ground(kind=kind, figures=figures)


def _check(k: int, language: str) -> None:
    if language not in LANGUAGES:
        raise UsageError(f"language is {language!r}; allowed are {', '.join(LANGUAGES)}")
    if not 1 <= k <= MOST:
        raise UsageError(f"k is {k}; allowed is 1 to {MOST}")
