"""The examination: most basic things first; what cannot be checked because of an earlier failure is left out."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from penchant import config
from penchant.doctor import contents, files, machine, models
from penchant.doctor.findings import Check, Found
from penchant.errors import ArtefactError, PenchantError
from penchant.evaluation.replay import Progress
from penchant.project import Project, quiet

_CHECKS: Mapping[str, Callable[[Project], Found]] = {
    "log": contents.log,
    "items": contents.items,
    "state": contents.states,
    "snapshot": contents.snapshot,
    "release": models.release,
    "encoder": models.encoder,
    "generator": models.generator,
    "clock": contents.clock,
    "rejected": contents.rejected,
    "keys": machine.keys,
}


def examine(folder: Path, progress: Progress = quiet) -> Iterator[Check]:
    """Check a project, most basic things first; what cannot be checked because of an earlier failure is left out."""
    yield from (machine.versions(), machine.extras())
    try:
        settings = config.read(folder)
    except PenchantError as error:
        yield Check(name="config", status="fail", found=str(error))
        return
    yield Check(name="config", status="ok", found=str(folder / config.FILE))
    yield machine.disk(folder)
    yield from files.databases(settings, folder)
    try:
        project = Project(folder, progress=progress)
    except PenchantError as error:
        name = "release" if isinstance(error, ArtefactError) else "stores"
        yield Check(name=name, status="fail", found=str(error), advice="nothing else can be checked before this works")
        return
    with project:
        for name, look in _CHECKS.items():
            yield guarded(name, look, project)


def guarded(name: str, look: Callable[[Project], Found], project: Project) -> Check:
    """What one look at the project finds."""
    try:
        status, found, advice = look(project)
    except Exception as error:  # whatever is broken, the other checks still tell something
        said = str(error) if isinstance(error, PenchantError) else f"{type(error).__name__}: {error}"
        return Check(name=name, status="fail", found=said)
    return Check(name=name, status=status, found=found, advice=advice)
