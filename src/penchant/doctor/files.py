"""The files of SQLite, looked at before anything opens them: what is damaged, and what a repair has left."""

from collections.abc import Iterator
from pathlib import Path

from penchant.doctor.findings import Check
from penchant.errors import StoreError
from penchant.settings import Settings
from penchant.stores import salvage
from penchant.stores.places import files_of, mounted_read_only

_REPAIR = "stop the server and run `penchant rebuild`, which saves what can be read and keeps the damaged file"
_AGAIN = "; then import the same files again, which adds what is missing"


def databases(settings: Settings, folder: Path) -> Iterator[Check]:
    """One finding for each damaged file, or one for all of them together."""
    urls = settings.stores
    sound = []
    for file in files_of((urls.items, urls.log, urls.state), folder):
        try:
            found = salvage.damage(file, frozen=mounted_read_only(file.parent))
        except StoreError as error:
            yield Check(name="databases", status="fail", found=str(error))
            continue
        if found is None:
            sound.append(file.name)
        else:
            lacking = f", which cannot be read to their end: {', '.join(found.tables)}" if found.tables else ""
            advice = _REPAIR + (_AGAIN if "log" in found.tables else "")
            yield Check(name="databases", status="fail", found=f"{file}: {found.said}{lacking}", advice=advice)
        for aside in sorted(file.parent.glob(f"{file.name}.{salvage.DAMAGED}-*")):
            advice = "delete it when nothing more is wanted of it: it holds people's data"
            yield Check(name="databases", status="warn", found=f"{aside} was put aside", advice=advice)
    if sound:
        yield Check(name="databases", status="ok", found=f"{', '.join(sound)} sound")
