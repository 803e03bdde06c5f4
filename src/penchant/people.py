"""A person's state as it is kept: what the log has and the state store has not read yet is folded in when they ask."""

from collections.abc import Sequence
from dataclasses import dataclass

from penchant import pipeline
from penchant.ports import State, StateStore, digest
from penchant.protocols import Fold
from penchant.state.folds import fold
from penchant.types import Columns
from penchant.world import World

Folded = dict[str, Columns]  # fold name → its columns


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The folds of people, over a store that may lose them; `version` names the folds and kinds that made them."""

    states: StateStore
    folds: Sequence[Fold]
    version: str

    def of(self, world: World, user: str, now: int) -> Folded:
        """The person's folds as of a moment."""
        timeline = world.timeline
        places = timeline.places("user", timeline.users.get(user, -1))
        if len(places) and timeline.time[places[-1]] > now:  # a moment of the past
            return pipeline.person(timeline.until(now), user, self.folds)
        kept = self._kept(world, user)
        fresh = places if kept is None else places[timeline.position[places] > kept.position]
        if kept is not None and not len(fresh):
            return dict(kept.folds)
        folded = fold(self.folds, timeline.events(fresh), dict(kept.folds) if kept else None)
        if len(places):
            self.states.put(user, State(position=world.position, version=self.version, folds=folded))
        return folded

    def _kept(self, world: World, user: str) -> State | None:
        """What is kept and can be gone on from."""
        kept = self.states.get(user)
        if kept is not None and kept.position < world.erased.get(digest(user), 0):
            self.states.delete(user)
            return None
        usable = kept is not None and kept.version == self.version and kept.position <= world.position
        return kept if usable else None
