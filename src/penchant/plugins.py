"""Names of plug-ins → classes: one literal table and one entry-point group, imported on use.

A stranger's package adds to it with an entry point in the group `penchant.plugins` named `<family>.<kind>`.
"""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from penchant.errors import ConfigError, allowed

FAMILIES = ("sources", "stages", "rules", "folds", "moderators")
_BUILT_IN = {
    "sources.crowd": "penchant.retrieval.crowd:Crowd",
    "sources.popular": "penchant.retrieval.popular:Popular",
    "sources.again": "penchant.retrieval.again:Again",
    "sources.linear": "penchant.retrieval.linear:Linear",
    "sources.neighbours": "penchant.retrieval.neighbours:Neighbours",
    "sources.sequence": "penchant.retrieval.sequence:Sequence",
    "sources.sessions": "penchant.retrieval.sessions:Sessions",
    "sources.habits": "penchant.retrieval.habits:Habits",
    "sources.factors": "penchant.retrieval.factors:Factors",
    "sources.ratings": "penchant.retrieval.ratings:Ratings",
    "sources.imagined": "penchant.retrieval.imagined:Imagined",
    "sources.nearest": "penchant.retrieval.nearest:Nearest",
    "sources.lexical": "penchant.retrieval.lexical:Lexical",
    "stages.likelihood": "penchant.features.likelihood:Likelihood",
    "sources.steered": "penchant.retrieval.steered:Asked",
    "stages.standings": "penchant.features.standings:Standings",
    "stages.item": "penchant.features.item:ItemFacts",
    "stages.match": "penchant.features.match:Match",
    "stages.repeats": "penchant.features.repeats:Repeats",
    "stages.person": "penchant.features.person:Person",
    "stages.moment": "penchant.features.person:Moment",
    "stages.readings": "penchant.features.readings:Readings",
    "stages.blend": "penchant.ranking.blend:Blend",
    "stages.trees": "penchant.ranking.trees:Trees",
    "stages.gated": "penchant.ranking.gated:Gated",
    "stages.online": "penchant.ranking.online:Online",
    "stages.fusion": "penchant.ranking.fusion:Fusion",
    "stages.listwise": "penchant.ranking.listwise:Listwise",
    "stages.steered": "penchant.reranking.steered:Steered",
    "stages.asked": "penchant.reranking.asked:Asked",
    "stages.cross": "penchant.language.cross:Cross",
    "stages.diversity": "penchant.reranking.diversity:Diversity",
    "stages.dpp": "penchant.reranking.dpp:Determinantal",
    "stages.calibration": "penchant.reranking.calibration:Calibration",
    "stages.caps": "penchant.reranking.quotas:Caps",
    "stages.fresh": "penchant.reranking.quotas:Fresh",
    "stages.explore": "penchant.reranking.exploration:Explore",
    "rules.available": "penchant.reranking.allowed:Available",
    "rules.excluded": "penchant.reranking.allowed:NotExcluded",
    "rules.repeats": "penchant.reranking.allowed:Repeats",
    "moderators.blocklist": "penchant.language.moderation:Blocklist",
    "rules.steered": "penchant.reranking.steered:Filters",
    "folds.recent": "penchant.state.folds:Recent",
    "folds.interest": "penchant.state.folds:Interest",
    "folds.counts": "penchant.state.folds:Counts",
    "folds.rates": "penchant.state.folds:Rates",
}


def names(family: str) -> list[str]:
    """The kinds there are in a family."""
    found = (*_BUILT_IN, *(e.name for e in entry_points(group="penchant.plugins")))
    return sorted(name.split(".", 1)[1] for name in found if name.startswith(f"{family}."))


def find(family: str, kind: str) -> type[Any]:
    """The plug-in class of a kind. Raises ConfigError listing the kinds there are."""
    name = f"{family}.{kind}"
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        found: type[Any] = getattr(import_module(module), attribute)
        return found
    for entry in entry_points(group="penchant.plugins", name=name):
        loaded: type[Any] = entry.load()
        return loaded
    raise ConfigError(f"{family}: there is no {kind!r}; there are {allowed(names(family))}")
