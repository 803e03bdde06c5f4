"""The command line: one command per verb. It parses and prints; all work is done by a Project.

Exit codes: 0 done; 1 the work failed; 2 wrong usage or config; 130 interrupted. An error is one line on stderr.
"""

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence

import typer

from penchant.cli import terminal
from penchant.cli.commands import commands
from penchant.errors import PenchantError, UsageError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
_MISUSE = typer.BadParameter.__mro__[1]  # every wrong use of an option or argument; it has no public name
DEBUG = "--debug"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` is without the program's name."""
    words, debug = _split(sys.argv[1:] if argv is None else argv)
    terminal.settle()
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exception(error)
        code, said = _verdict(error)
        terminal.fail(said)
    return code


def _run(words: Sequence[str]) -> int:
    for place, word in enumerate(words, start=1):
        if not word.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in word):
            raise UsageError(f"argument {place} is not valid UTF-8")
    command = typer.main.get_command(commands())
    code = command.main(args=list(words), prog_name="penchant", standalone_mode=False)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _split(argv: Sequence[str]) -> tuple[list[str], bool]:
    """The words without `--debug`, which may stand before or after the command, and whether it was there."""
    words = list(argv)
    end = words.index("--") if "--" in words else len(words)
    return [w for place, w in enumerate(words) if w != DEBUG or place > end], DEBUG in words[:end]


def _verdict(error: BaseException) -> tuple[int, str]:
    """The exit code of an error and what to say of it."""
    if isinstance(error, PenchantError):
        return MISUSED if isinstance(error, UsageError) else FAILED, str(error)
    if isinstance(error, _MISUSE):
        return MISUSED, _misuse(error)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return INTERRUPTED, "interrupted"
    if isinstance(error, OSError) and error.filename is not None:
        return FAILED, f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return FAILED, f"no space left: on the project's disk, or where temporary files go ({tempfile.gettempdir()})"
    return FAILED, f"unexpected {type(error).__name__}: {error}; run again with {DEBUG}"


def _misuse(error: BaseException) -> str:
    said = getattr(error, "format_message", lambda: "")() or "a command is missing"
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "penchant"
    return f"{said.rstrip('.')}; see `{path} --help`"
