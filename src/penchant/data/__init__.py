"""What travels with the package: two small data sets of real behaviour, and what one watches a server with."""

from importlib.resources import files
from pathlib import Path

from penchant.errors import UnknownError, allowed

NAMES = ("shop", "movies")


def dataset(name: str) -> Path:
    """Return the folder of a data set: `events.parquet`, `items.parquet`, `penchant.toml` and its licence.

    The folder is part of the installation: copy it before working in it. Raises `UnknownError` for other names.
    """
    if name not in NAMES:
        raise UnknownError(f"no bundled data set {name!r}; there are: {allowed(NAMES)}")
    return Path(str(files(__name__) / name))


def watching() -> Path:
    """Return the folder of `dashboard.json`, for Grafana, and `alerts.yaml`, rules for Prometheus."""
    return Path(str(files(__name__) / "watch"))
