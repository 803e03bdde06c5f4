"""What a project answers with: release, encoder, language model."""

import time

import numpy as np

from penchant.doctor.findings import Found
from penchant.errors import ArtefactError, GeneratorError, StoreError, UnknownError, allowed
from penchant.ports import ArtefactStore
from penchant.project import Project
from penchant.text.speech import Prompt

_TRIED = 5  # releases that are proposed instead of one that is damaged


def release(project: Project) -> Found:
    """Is the promoted release whole, and is it what answers?"""
    artefacts = project.built.artefacts
    current = artefacts.current()
    if current is None:
        there = [m["version"] for m in artefacts.versions()]
        advice = f"`penchant promote` one of {allowed(there)}" if there else "`penchant train` makes one"
        return "warn", f"none {'is promoted' if there else 'yet'}, the untrained blend answers", advice
    try:
        folder, manifest = artefacts.fetch(current)
    except (ArtefactError, UnknownError, StoreError) as error:
        advice = (
            f"`penchant train` makes another, or `penchant promote` one that is whole: {allowed(_whole(artefacts))}"
        )
        return "fail", f"{error}; {project.engine.release.version} answers", advice
    world = project.engine.follower.catch_up()
    since = len(world.timeline) - int(np.searchsorted(world.timeline.time, int(manifest["until"]), side="right"))
    files = len(manifest["files"])
    said = f"{folder.name} verified, {files:,} files; {since:,} events are newer than it"
    absent = project.engine.release.degraded
    return ("warn", f"{said}; {', '.join(absent)}", "") if absent else ("ok", said, "")


def _whole(artefacts: ArtefactStore) -> list[str]:
    """The newest releases, those of them that are whole."""
    found = []
    for manifest in artefacts.versions()[-_TRIED:]:
        try:
            artefacts.fetch(manifest["version"])
        except (ArtefactError, UnknownError, StoreError):
            continue
        found.append(manifest["version"])
    return found


def encoder(project: Project) -> Found:
    """Does the encoder make what the catalogue holds?"""
    reader, catalogue = project.engine.reader, project.engine.follower.catch_up().catalogue
    wish = reader.wish("a present for a gardener")
    made, held = len(wish), catalogue.vectors.shape[1]
    if held and made != held:
        return "fail", f"{reader.name} makes {made} numbers, the catalogue has {held}", "open the project anew"
    dumb = int(np.count_nonzero(~catalogue.vectors.any(axis=1))) if len(catalogue) else 0
    said = f"{reader.name}, {made} numbers"
    return ("warn", f"{said}; {dumb:,} items say nothing", "give them titles") if dumb else ("ok", said, "")


def generator(project: Project) -> Found:
    """Does the language model answer?"""
    generator, began = project.engine.generator, time.perf_counter()
    if generator is None:
        return "ok", "none is configured", ""
    patience = project.settings.generator.deadline
    try:
        generator.generate([Prompt(user="Say yes.", tokens=4)], deadline=patience)
    except GeneratorError as error:
        return "warn", str(error), "answers go out without it; see [generator] and its server"
    return "ok", f"{generator.name} answered in {time.perf_counter() - began:.1f} s", ""
