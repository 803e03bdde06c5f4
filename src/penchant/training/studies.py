"""A search that goes on where it was cut off: Optuna's TPE (Bergstra et al. 2011) over a file, reseeded at every trial.

Since no trial depends on anything but those before it, a search that was stopped and resumed finds what it would have
found in one go.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.errors import UsageError
from penchant.evaluation.replay import Progress
from penchant.training.dials import Dial

Settings = Mapping[str, Any]
_GUESSES = 6  # trials drawn by chance before a model of what is good chooses


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How long to search, and where trials are kept."""

    storage: Any  # of Optuna
    trials: int  # per search, beside the present settings
    seed: int
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """What a search found."""

    trials: int
    before: float  # of the present settings
    after: float
    settings: Settings  # those of the best trial that differ from the present ones; empty if none is better


@contextmanager
def kept(file: Path) -> Iterator[Any]:
    """Storage of trials in an SQLite file. Raises UsageError if Optuna is not installed."""
    try:
        import optuna
    except ImportError:
        raise UsageError("tuning needs Optuna: pip install 'penchant[train]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def best(
    search: Search, name: str, dials: Sequence[Dial], now: Settings, score: Callable[[Settings], float], until: float
) -> Best:
    """Search dials for the highest score, until enough trials or a time (monotonic seconds); `now` is tried first.

    `name` says what is searched and on what: trials kept under it are not repeated.
    """
    import optuna

    study = optuna.create_study(storage=search.storage, study_name=name, direction="maximize", load_if_exists=True)
    ranges = {dial.name: _range(dial) for dial in dials}
    label = f"search {name.partition('/')[0]}"
    for left in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(left.number, state=optuna.trial.TrialState.FAIL)  # cut off in the middle
    while (done := len(_completed(study))) <= search.trials and (time.monotonic() < until or not done):
        search.progress(label, done, search.trials)
        if not done:
            first = optuna.trial.create_trial(params=dict(now), distributions=ranges, value=score(now))
            study.add_trial(first)
            continue
        study.sampler = optuna.samplers.TPESampler(seed=search.seed + done, n_startup_trials=_GUESSES)
        trial = study.ask(ranges)
        study.tell(trial, score(_settings(dials, trial.params)))
    search.progress(label, search.trials, search.trials)
    return _best(_completed(study), dials, now)


def _best(found: Sequence[Any], dials: Sequence[Dial], now: Settings) -> Best:
    top = max(found, key=lambda trial: (trial.value, -trial.number))
    settings = {} if top is found[0] else _settings(dials, top.params)
    return Best(
        trials=len(found) - 1,
        before=found[0].value,
        after=top.value,
        settings={name: value for name, value in settings.items() if value != now[name]},
    )


def _completed(study: Any) -> list[Any]:
    import optuna

    return list(study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)))


def _settings(dials: Sequence[Dial], found: Settings) -> dict[str, Any]:
    return {dial.name: dial.value(found[dial.name]) for dial in dials}


def _range(dial: Dial) -> Any:
    import optuna

    if dial.whole:
        return optuna.distributions.IntDistribution(round(dial.low), round(dial.high), log=dial.log)
    return optuna.distributions.FloatDistribution(dial.low, dial.high, log=dial.log)
