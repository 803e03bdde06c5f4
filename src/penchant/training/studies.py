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
    ranges, label = {dial.name: _range(dial) for dial in dials}, f"search {name.partition('/')[0]}"
    found = study.get_trials(deepcopy=False)
    while not found or (len(found) <= search.trials and time.monotonic() < until):
        search.progress(label, max(len(found) - 1, 0), search.trials)
        params = _next(found, ranges, search.seed) if found else dict(now)
        value = score(_settings(dials, params) if found else now)
        found.append(optuna.trial.create_trial(params=params, distributions=ranges, value=value))
        study.add_trial(found[-1])  # a trial is written once, whole: one that was cut off was never there
    search.progress(label, search.trials, search.trials)
    return _best(found, dials, now)


def _next(found: Sequence[Any], ranges: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What to try after these trials."""
    import optuna

    sampler = optuna.samplers.TPESampler(seed=seed + len(found), n_startup_trials=_GUESSES)
    desk = optuna.create_study(direction="maximize", sampler=sampler)
    desk.add_trials(found)
    return dict(desk.ask(dict(ranges)).params)


def _best(found: Sequence[Any], dials: Sequence[Dial], now: Settings) -> Best:
    """The best trial, the earliest of equals; the present settings are the first of all."""
    top = max(range(len(found)), key=lambda at: (found[at].value, -at))
    settings = _settings(dials, found[top].params) if top else {}
    return Best(
        trials=len(found) - 1,
        before=found[0].value,
        after=found[top].value,
        settings={name: value for name, value in settings.items() if value != now[name]},
    )


def _settings(dials: Sequence[Dial], found: Settings) -> dict[str, Any]:
    return {dial.name: dial.value(found[dial.name]) for dial in dials}


def _range(dial: Dial) -> Any:
    import optuna

    if dial.whole:
        return optuna.distributions.IntDistribution(round(dial.low), round(dial.high), log=dial.log)
    return optuna.distributions.FloatDistribution(dial.low, dial.high, log=dial.log)
