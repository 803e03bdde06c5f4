"""The error tree. Every message says what was found, what was wanted and what exists.

PenchantError
├── UsageError        the caller's words are off (exit code 2, HTTP 400)
│   └── ConfigError   penchant.toml is off; names file and key
├── UnknownError      a well-formed name of something that does not exist (HTTP 404)
├── NotReadyError     cannot be answered yet: retry later (HTTP 503)
├── GeneratorError    a language model gave no answer that can be used, in time or at all
├── StoreError        a store cannot be read or written
└── ArtefactError     a release is damaged or does not fit this catalogue
"""

from collections.abc import Iterable


class PenchantError(Exception):
    """Base of all errors that Penchant raises on purpose; its text is one clear line."""


class UsageError(PenchantError):
    """The caller asked for something malformed; nothing was changed."""


class ConfigError(UsageError):
    """The configuration names an unknown key, plug-in or a value that is not allowed."""


class UnknownError(PenchantError):
    """A well-formed id that names nothing here."""


class NotReadyError(PenchantError):
    """The answer is not to be had yet; asking again later may succeed."""


class GeneratorError(PenchantError):
    """A language model gave no usable answer: too late, out of budget, not there, or not what was asked for."""


class StoreError(PenchantError):
    """A store could not be opened, read or written."""


class ArtefactError(PenchantError):
    """A release folder is incomplete, altered or made for another catalogue."""


def allowed(names: Iterable[str]) -> str:
    """Render the allowed names of a message: sorted, comma-separated."""
    return ", ".join(sorted(names)) or "(none)"
