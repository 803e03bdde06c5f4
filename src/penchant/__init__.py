"""Penchant: real-time personalised ranking with language models at its heart.

with penchant.open("shop") as shop:
    slate = shop.recommend("17850", k=10)
"""

from importlib import metadata
from typing import TYPE_CHECKING, Any

from penchant.types import Event, Item, Query, Slate

if TYPE_CHECKING:
    from pathlib import Path

    from penchant.engine import Engine
    from penchant.project import Project

__version__ = metadata.version("penchant")
__all__ = ["Engine", "Event", "Item", "Query", "Slate", "open"]


def open(folder: "str | Path", **options: Any) -> "Project":  # noqa: A001 - the public verb
    """Open the project in a folder that holds a penchant.toml.

    Raises ConfigError if there is none or a key is wrong.
    """
    from penchant.project import Project

    return Project(folder, **options)


def __getattr__(name: str) -> Any:
    if name == "Engine":  # imported on first use: `import penchant` stays light
        from penchant.engine import Engine

        return Engine
    raise AttributeError(name)
