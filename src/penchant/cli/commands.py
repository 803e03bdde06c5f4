"""Which commands there are, in the order in which one meets them."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from penchant import __version__
from penchant.cli import (
    asking,
    data,
    demo,
    diagnosing,
    enriching,
    estimating,
    finetuning,
    keys,
    learning,
    measuring,
    operating,
    terminal,
    tuning,
    writing,
)

_COMMANDS: tuple[tuple[str, str, Callable[..., None]], ...] = (
    ("Start", "demo", demo.demo),
    ("Start", "init", data.init),
    ("Start", "import", data.import_),
    ("Start", "enrich", enriching.enrich),
    ("Learn", "train", learning.train),
    ("Learn", "evaluate", learning.evaluate),
    ("Learn", "tune", tuning.tune),
    ("Learn", "finetune", finetuning.finetune),
    ("Learn", "diagnose", diagnosing.diagnose),
    ("Learn", "estimate", estimating.estimate),
    ("Answer", "recommend", asking.recommend),
    ("Answer", "similar", asking.similar),
    ("Answer", "steer", asking.steer),
    ("Answer", "why", asking.why),
    ("Answer", "copy", writing.copy),
    ("Answer", "serve", operating.serve),
    ("Operate", "keys create", keys.create),
    ("Operate", "keys list", keys.list_),
    ("Operate", "keys revoke", keys.revoke),
    ("Operate", "releases", learning.releases),
    ("Operate", "promote", learning.promote),
    ("Operate", "rebuild", operating.rebuild),
    ("Operate", "export", operating.export),
    ("Operate", "forget", operating.forget),
    ("Operate", "doctor", operating.doctor),
    ("Operate", "bench", measuring.bench),
)
_GROUPS = {"keys": "Who may ask the server: create, list and revoke API keys."}


def commands() -> typer.Typer:
    """The whole command line."""
    options: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False}
    app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]}, **options)
    app.callback(invoke_without_command=True)(penchant)
    groups: dict[str, typer.Typer] = {}
    for panel, name, function in _COMMANDS:
        group, _, verb = name.rpartition(" ")
        if not group:
            app.command(name, rich_help_panel=panel)(function)
            continue
        if group not in groups:
            groups[group] = typer.Typer(**options)
            app.add_typer(groups[group], name=group, help=_GROUPS[group], rich_help_panel=panel)
        groups[group].command(verb)(function)
    return app


def functions() -> dict[str, Callable[..., None]]:
    """Every command's words and what it runs."""
    return {name: function for _, name, function in _COMMANDS}


def penchant(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback if something goes wrong.")] = False,
) -> None:
    """Rank what a person is likely to want next, the moment they want it."""
    if version:
        terminal.say(f"penchant {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())
        raise typer.Exit(2)
