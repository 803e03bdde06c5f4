"""The job that fine-tunes the encoder: it leaves a folder of weights that `[encoder] model` can name.

Rule: nothing is served by itself. A folder's name carries the digest of what is in it, and so do its vectors.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from penchant.errors import NotReadyError, UsageError
from penchant.evaluation.replay import Progress, Replay
from penchant.evaluation.splits import instant_of
from penchant.language.contrast import Contrast, FineTuning
from penchant.language.course import Outcome, require, run
from penchant.language.sentences import saved, sentences
from penchant.telemetry.measures import log
from penchant.training.behaviour import material
from penchant.types import Item, moment

FOLDER = "encoders"  # of a project, where they lie
RECORD = "finetuned.jsonl"  # beside an encoder's weights: what it learned from, and its curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What came of a fine-tune."""

    folder: Path | None  # None: no epoch was better than the encoder as it was
    base: str  # the encoder that was taught
    until: int  # newest event it has learned from, microseconds since 1970
    outcome: Outcome

    def document(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {**asdict(self.outcome), "folder": self.folder and str(self.folder), "base": self.base}


def finetune(
    settings: FineTuning,
    base: str,
    past: Replay,
    text: Callable[[Item], str],
    folder: Path,
    progress: Progress,
) -> Tuned:
    """Teach the encoder `base` what happened in `past`; the outcome lies under `folder`, as does what is unfinished.

    Raises UsageError if nothing is asked for, if a library is missing or the encoder cannot be taught, and
    NotReadyError if too little has happened.
    """
    if settings.finetune == "none":
        raise UsageError('[language] finetune is "none"; write finetune = "contrastive" to teach the encoder')
    require(settings.course())
    if not len(past.timeline):
        raise NotReadyError("fine-tuning: nothing has happened yet")
    timeline, catalogue = past.timeline, past.catalogue
    texts = [text(item) for item in catalogue.items]
    model, prompts = sentences(base, texts)
    task = Contrast(
        material=material(timeline, catalogue, texts, settings), settings=settings, prompts=prompts, model=model
    )
    work, until = folder / "unfinished", int(timeline.time[-1])
    outcome = run(task, settings.course(), work, progress)
    place = saved(model, folder, settings.finetune) if outcome.best else None
    if place is not None:
        (place / RECORD).write_text(_record(settings, base, until, outcome), encoding="utf-8")
    shutil.rmtree(work)
    return Tuned(folder=place, base=base, until=until, outcome=outcome)


def learned_until(model: Path) -> int | None:
    """The newest event (µs) that the encoder in a folder has learned from; None if it was not taught here."""
    file = model / RECORD
    return int(json.loads(file.read_text(encoding="utf-8").splitlines()[0])["until"]) if file.is_file() else None


def before(replay: Replay, cut: str | float | None) -> Replay:
    """The replay of what was before a cut, a date or the last share of the time; all of it if None."""
    if cut is None:
        return replay
    return replace(replay, timeline=replay.timeline.until(instant_of(replay.timeline, cut) - 1))


def warn(model: str, cut: int) -> None:
    """Say so in the log if the encoder has seen what happened from `cut` (µs) on."""
    until = learned_until(Path(model))
    if until is not None and until >= cut:
        log.warning("the encoder %s learned from events up to %s: it has seen what is asked", model, moment(until))


def _record(settings: FineTuning, base: str, until: int, outcome: Outcome) -> str:
    head: Mapping[str, Any] = {"base": base, "until": until, "best": outcome.best, "settings": asdict(settings)}
    return "".join(json.dumps(line) + "\n" for line in (head, *outcome.curve))
