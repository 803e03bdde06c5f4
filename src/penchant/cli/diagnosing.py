"""The command that says where wanted items are lost, and why."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli import terminal
from penchant.cli.options import AsJson, Folder, Protocol, opened

if TYPE_CHECKING:
    from penchant.evaluation.diagnosis import Diagnosis

_SHOWN = 15  # columns that are listed
_FATES = {
    "found": "found, in the list",
    "catalogue": "lost: not known yet",
    "retrieval": "lost: no source had it",
    "ranking": "lost: the ranker put others first",
}


def diagnose(
    folder: Folder,
    protocol: Annotated[Protocol, typer.Option("--protocol", help="How the log is cut.")] = Protocol.TIME,
    cases: Annotated[int | None, typer.Option("--cases", min=1, help="Questions asked at most.")] = None,
    release: Annotated[
        str | None,
        typer.Option("--release", metavar="VERSION", help="Ask this release, which must have ended before the cut."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Say where wanted items are lost, what each source brings, which columns decide, and what has drifted."""
    from penchant.evaluation.advice import advice

    with opened(folder) as project:
        found = project.diagnose(protocol=protocol.value, cases=cases, release=release)
    if json:
        terminal.as_json({**found.document(), "advice": advice(found)})
        return
    terminal.say(*facts(found), "")
    for headers, rows in (fates(found), sources(found), columns(found), weeks(found)):
        if rows:
            terminal.table(headers, rows, right=range(1, len(headers)))
            terminal.say("")
    terminal.say(*(f"- {sentence}" for sentence in advice(found)))


def facts(found: "Diagnosis") -> list[str]:
    """What was asked, and how much of it the candidates hold."""
    union = found.union
    return [
        f"{found.targets:,} items that {found.questions:,} questions went for (digest {found.digest}), target "
        f"{found.target}, cut {found.cut} UTC; perfect lists of {found.k} would hold {found.possible:.1%} of them",
        f"the union of the sources has {union['size']:.0f} candidates and {union['recall']:.1%} of what is wanted; "
        f"300 of them would have {union['recall_300']:.1%}",
    ]


Grid = tuple[Sequence[str], list[Sequence[object]]]


def fates(found: "Diagnosis") -> Grid:
    """What became of what people went for."""
    return ("what became of it", "share"), [(_FATES.get(n, _told(n)), f"{s:.1%}") for n, s in found.fates.items()]


def _told(fate: str) -> str:
    what, _, name = fate.partition(":")
    return f"lost: forbidden by {name}" if what == "rule" else f"lost: moved out by {name}"


def sources(found: "Diagnosis") -> Grid:
    """What each source brings."""
    headers = ("source", "limit", "finds", "recall", "alone")
    lines: list[Sequence[object]] = [
        (s["source"], s["limit"], f"{s['listed']:.0f}", f"{s['recall']:.1%}", f"{s['alone']:.1%}")
        for s in found.sources
    ]
    return headers, lines


def columns(found: "Diagnosis") -> Grid:
    """The weightiest columns of the ranker."""
    lines = [_column(column) for column in found.columns[:_SHOWN]]
    return (f"column of {found.ranker}", "weight", "NDCG lost if shuffled", "drift"), lines


def _column(column: Mapping[str, Any]) -> Sequence[object]:
    drop, drift = column["drop"], column["drift"]
    return (
        column["column"],
        f"{column['weight']:.1%}",
        "" if drop is None else f"{drop:+.4f}",
        "" if isnan(drift) else f"{drift:.2f}",
    )


def weeks(found: "Diagnosis") -> Grid:
    """The newest weeks of the log."""
    kinds = sorted({kind for week in found.weeks for kind in week["kinds"]})
    lines: list[Sequence[object]] = [
        (w["week"], w["events"], f"{w['new']:.1%}", *(f"{w['kinds'].get(kind, 0.0):.0%}" for kind in kinds))
        for w in found.weeks
    ]
    return ("week of", "events", "new items", *kinds), lines
