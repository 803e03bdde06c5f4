"""The page of everything that can stand in a pipeline."""

from collections.abc import Iterator

from penchant import plugins, protocols
from penchant.build import FOLDS
from penchant.testing import plugins as suites
from penchant.text import speech
from reference import tables
from reference.source import doc, first, is_property, methods, signature

PROTOCOLS = {
    "sources": protocols.Source,
    "stages": protocols.Stage,
    "rules": protocols.Rule,
    "folds": protocols.Fold,
    "moderators": speech.Moderator,
}
UNTRAINED = {
    "sources": "It is trained; until then it is left out.",
    "stages": "It is trained; until then its `otherwise` stands in.",
}


def page() -> Iterator[str]:
    """Every family with its protocol and the kinds that are built in."""
    yield "# Plug-ins"
    yield doc(protocols) + "\n[How to write one](../howto/write-a-plug-in.md)."
    for family, protocol in PROTOCOLS.items():
        yield f"## {family.capitalize()}\n\n{doc(protocol)}"
        yield "\n".join(_methods(protocol))
        if family == "folds":
            kept = ", ".join(f"`{kind}`" for kind in FOLDS)
            yield f"What is kept about a person is {kept}; they have no settings in the file."
        for kind in built_in(family):
            yield from _plug_in(family, kind)
    yield "## Contract suites\n\n" + doc(suites)
    yield "\n".join(f"- `{name}`: {first(getattr(suites, name))}" for name in suites.__all__)


def built_in(family: str) -> list[str]:
    """The kinds that come with Penchant, whatever else is installed."""
    return [kind for kind in plugins.names(family) if plugins.find(family, kind).__module__.startswith("penchant.")]


def _methods(protocol: type) -> Iterator[str]:
    for name, node in methods(protocol):
        said = first(getattr(protocol, name))
        call = name if is_property(node) else signature(node)
        yield f"- `{call}`" + (f": {said}" if said else "")


def _plug_in(family: str, kind: str) -> Iterator[str]:
    cls = plugins.find(family, kind)
    yield f"### {kind}\n\n{doc(cls)}"
    if hasattr(cls, "train"):
        yield UNTRAINED[family]
    yield tables.settings(cls, cls())
