"""A pipeline as it was configured, before anything is trained; with a folder of models it becomes a Release."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from penchant.protocols import Recalls, Release, Rule, Source, Stage, Trainable
from penchant.recollection import hearing
from penchant.rests import rest
from penchant.types import NEVER

UNTRAINED = "untrained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Plug-ins by name, in order. A source or stage may be a recipe; `otherwise` stands in for an untrained stage."""

    rules: Mapping[str, Rule]
    sources: Mapping[str, tuple[Source | Trainable[Source], int]]  # with the quota of each
    stages: Mapping[str, Stage | Trainable[Stage]]
    otherwise: Mapping[str, Stage]
    similar: tuple[str, ...]  # sources that answer what is like an item

    def release(self, folder: Path | None = None, *, version: str = UNTRAINED, until: int = NEVER) -> Release:
        """The release whose models lie in `folder`, one sub-folder per recipe; recipes without one are left out."""
        missing = []
        sources: dict[str, tuple[Source, int]] = {}
        for name, (source, limit) in self.sources.items():
            loaded = _loaded(source, folder, name)
            if loaded is None:
                missing.append(f"{name}: not trained yet")
            else:
                sources[name] = (loaded, limit)
        stages: dict[str, Stage] = {}
        for name, stage in self.stages.items():
            ready = _loaded(stage, folder, name) or self.otherwise.get(name)
            if ready is not None:
                stages[name] = ready
            if ready is None or ready is self.otherwise.get(name):
                missing.append(f"{name}: not trained yet")
        similar = {name: sources[name] for name in self.similar if name in sources}
        return Release(
            version=version,
            until=until,
            rules=self.rules,
            sources=sources,
            stages=stages,
            similar=similar,
            recalls=max((stage.recalls for stage in stages.values() if isinstance(stage, Recalls)), default=0),
            hears=hearing(stages.values()),
            degraded=tuple(missing),
        )

    def digest(self) -> str:
        """Names the plug-ins and their settings."""
        parts = [self.rules, self.sources, self.stages, self.otherwise, self.similar]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def recipes(self) -> dict[str, Trainable[Any]]:
        """The sources that have to be trained."""
        return {name: source for name, (source, _) in self.sources.items() if trainable(source)}

    def rankers(self) -> dict[str, Trainable[Any]]:
        """The stages that have to be trained, on replayed rows."""
        return {name: stage for name, stage in self.stages.items() if trainable(stage)}


def trainable(plugin: object) -> TypeGuard[Trainable[Any]]:
    """Whether a plug-in is a recipe rather than ready to use."""
    return hasattr(plugin, "train") and hasattr(plugin, "load")


def _loaded(plugin: Any, folder: Path | None, name: str) -> Any:
    if not trainable(plugin):
        return plugin
    if folder is None or not (folder / name).is_dir():
        return None
    rest()
    return plugin.load(folder / name)
