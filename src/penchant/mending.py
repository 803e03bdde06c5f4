"""What has to be mended before a project can be opened: its damaged databases, and what was kept of them."""

from pathlib import Path

from penchant.settings import Settings
from penchant.snapshots import FOLDER, Snapshots
from penchant.stores import salvage
from penchant.stores.places import files_of


def mend(settings: Settings, folder: Path) -> list[salvage.Salvaged]:
    """Put a new file in the place of every damaged one of SQLite, with all that can be read of it."""
    urls = settings.stores
    damaged = [file for file in files_of((urls.items, urls.log, urls.state), folder) if salvage.damage(file)]
    if damaged:
        Snapshots(folder / FOLDER).clear()  # they may tell of events that the log has lost
    return [salvage.salvage(file) for file in damaged]
