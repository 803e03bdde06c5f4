"""A Report as one page that needs nothing else: no script, no request. Nothing is computed here but places on paper."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from math import isfinite
from typing import Any

from penchant.evaluation import plots, table, tracks
from penchant.evaluation.plots import Point
from penchant.evaluation.report import SYSTEM, Report, ordered

_BOARD = """The pipeline as it would be served, every expert alone, and the best fixed blend of three of them, on the
same questions. Thin lines are 95 % intervals over people."""
_SLICES = """NDCG on parts of the questions. Intervals hold for all slices together (Holm), and are given from 300
questions on."""


def html(report: Report) -> str:
    """The report as a page."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head = f'<meta charset="utf-8">{viewport}<title>Evaluation</title><style>\n{style}</style>'
    board, slices = tracks.board(report), tracks.slices(report)
    rows = (_section("The board", _BOARD, board), _section("By slice", _SLICES, slices))
    parts = (_top(report), *rows, _plots(report), _glad(report), _shown(report), _figures(report))
    inner = "\n".join(part for part in parts if part)
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n<main>\n{inner}\n</main>\n</body></html>\n'


def _top(report: Report) -> str:
    asked, ours = report.question, report.rows[SYSTEM]["all"]
    what = f"{report.questions:,} questions after {report.cut} UTC, target {asked.target}, protocol {asked.protocol}. "
    what += "The whole catalogue is ranked for each, knowing only what had happened before."
    if asked.protocol != "time":
        what = f"{report.questions:,} questions, {asked.protocol}: the {asked.target} of each person, held out."
    low, high = ours["interval"]
    keys = [
        (f"NDCG@{asked.k}", f"{ours['ndcg']:.4f}", f"95 %: {low:.4f} to {high:.4f}"),
        (f"Hit@{asked.k}", f"{ours['hit']:.1%}", "questions with a hit"),
        *_ahead(report),
        ("Answer", f"{report.latency['p50']:.1f} ms", f"{report.latency['p99']:.1f} ms at the 99th percentile"),
        ("Training", f"{report.seconds['train']:.0f} s", f"replay {report.seconds['replay']:.0f} s"),
    ]
    shown = "".join(f"<div><dt>{k}</dt><dd>{v}<small>{escape(s)}</small></dd></div>" for k, v, s in keys)
    bad = " bad" if report.behind() else ""
    verdict = "".join(f'<p class="verdict{bad}">{escape(_sentence(line))}</p>' for line in table.losses(report))
    return f'<header><h1>Evaluation</h1><p>{escape(what)}</p></header><dl class="keys">{shown}</dl>{verdict}'


def _ahead(report: Report) -> list[tuple[str, str, str]]:
    rival = next(iter(table.rivals(report)), None)
    if rival is None:
        return []
    mean, low, high = report.against[rival]
    theirs = report.rows[rival]["all"]["ndcg"]
    share = f"{mean / theirs:+.1%}" if theirs else f"{mean:+.4f}"
    return [(f"Ahead of {escape(rival)}", share, f"{low:+.4f} to {high:+.4f} NDCG")]


def _sentence(line: str) -> str:
    return f"{line[:1].upper()}{line[1:]}."


# ── plots ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plots(report: Report) -> str:
    found = [
        _calibration(report),
        _latency(report),
        *(_trade(report, m) for m in ("novelty", "diversity")),
        _late(report),
    ]
    return f'<div class="plots">{"".join(f for f in found if f)}</div>'


def _calibration(report: Report) -> str:
    groups = report.calibration
    if not groups:
        return ""
    points = [
        Point(
            x=at + 1,
            y=g["rate"],
            low=g["low"],
            high=g["high"],
            strong=True,
            title=f"margins around {g['margin']:.3f}: {g['rate']:.2%} of {g['shown']:,} places",
        )
        for at, g in enumerate(groups)
    ]
    plot = plots.course(points, "tenth of the margins, low to high", "share of hits", "Share of hits by margin")
    return _figure("What a margin promises", "Places of all lists in ten groups by margin. It should only rise.", plot)


def _latency(report: Report) -> str:
    found = report.histogram
    if not sum(found["counts"]):
        return ""
    marks = [(f"{name[1:]} % within {value:.1f} ms", value) for name, value in report.latency.items() if name != "p90"]
    plot = plots.histogram(found["edges"], found["counts"], marks, "milliseconds", "Answers by time")
    return _figure("Time of an answer", "The whole pipeline, one question after another, on one thread.", plot)


def _trade(report: Report, measure: str) -> str:
    names = [
        n for n in ordered(report.rows)[: tracks.SHOWN] if isfinite(report.rows[n]["all"].get(measure, float("nan")))
    ]
    if len(names) < 2:
        return ""
    points = [
        Point(
            x=(found := report.rows[n]["all"])[measure],
            y=found["ndcg"],
            label=n,
            strong=n == SYSTEM,
            title=f"{n}: NDCG {found['ndcg']:.4f}, {measure} {found[measure]:.3f}",
        )
        for n in names
    ]
    about = {"novelty": "Mean −log₂ share of all events.", "diversity": "Mean 1 − cosine between the texts of a list."}
    plot = plots.scatter(points, measure, f"NDCG@{report.question.k}", f"NDCG against {measure}")
    return _figure(f"Against {measure}", about[measure], plot)


def _late(report: Report) -> str:
    if not report.freshness:
        return ""
    found = list(report.freshness.items())
    points = []
    for at, (name, lag) in enumerate(found):
        low, high = _reach(lag)
        title = f"{name}: {lag['ndcg']:.4f}"
        points.append(Point(x=at + 1, y=lag["ndcg"], low=low, high=high, strong=not at, title=title))
    names = list(report.freshness)
    plot = plots.course(points, "", f"NDCG@{report.question.k}", "NDCG by lag of the state", names)
    return _figure("What being up to date is worth", _sentence(table.late(report.freshness)), plot)


def _reach(lag: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Around a late state's NDCG: the interval of its distance to the fresh one."""
    ahead = lag.get("ahead")
    if ahead is None:
        return None, None
    fresh = lag["ndcg"] + ahead["mean"]
    return fresh - ahead["high"], fresh - ahead["low"]


def _figure(title: str, about: str, plot: str) -> str:
    return f"<figure><h3>{escape(title)}</h3><figcaption>{escape(about)}</figcaption>{plot}</figure>"


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _glad(report: Report) -> str:
    names = [SYSTEM, *table.rivals(report, 6)]
    columns = {
        "hits": "hits",
        "value": "value of a hit",
        "value_of_all": "of all they took",
        "valued_ndcg": "NDCG by value",
        "refused": "hits refused later",
        "refused_of_all": "of all they took",
    }
    found = {name: report.satisfaction.get(name, {}) for name in names}
    known = [key for key in columns if any(key in f for f in found.values())]
    if len(known) < 2:
        return ""
    rows = [[name, *(_satisfied(key, f.get(key)) for key in known)] for name, f in found.items()]
    about = "What people gave the things they took where the list had them, and what they sent back or disliked later."
    grid = _table(["model", *(columns[key] for key in known)], rows)
    return _section("Were they glad of it?", about, grid)


def _satisfied(key: str, value: Any) -> str:
    if value is None or not isfinite(value):
        return "–"
    if key.startswith("refused"):
        return f"{value:.2%}"
    return f"{value:,}" if key == "hits" else f"{value:.4f}" if key == "valued_ndcg" else f"{value:.2f}"


def _shown(report: Report) -> str:
    """What people did with the lists they were shown; nothing where no event names a slate."""
    rates = ("answered_rate", "click_rate", "conversion_rate")
    rows = [
        [
            f"{s['surface']}, {s['release']}",
            f"{s['slates']:,}",
            *("{:.2%} ({:.2%} to {:.2%})".format(*s[r]) for r in rates),
        ]
        for s in report.surfaces
    ]
    if not rows:
        return ""
    about = "Logged slates and the events that name them: a slate is answered, a place taken, something bought. People "
    about += "choose their surface, so two surfaces are no comparison of lists."
    headers = ["surface and release", "slates", "answered", "of the places", "led to a purchase"]
    return _section("What people did with their lists", about, _table(headers, rows))


def _figures(report: Report) -> str:
    wheres = [where for where, found in report.rows[SYSTEM].items() if found["cases"]]
    every = [[n, *(table.figure(report.rows[n][w].get("ndcg")) for w in wheres)] for n in ordered(report.rows)]
    parts = [
        _details("Every measure of every model", _table(*table.measures(report))),
        _details(f"NDCG@{report.question.k} of every model on every slice", _table(["model", *wheres], every)),
    ]
    if report.gaps:
        tested = [
            [n, *(table.gap(found[n]) for found in report.gaps.values())] for n in ordered(report.rows) if n != SYSTEM
        ]
        title = f"How far {SYSTEM} is ahead of every model on every slice (95 %, Holm)"
        parts.append(_details(title, _table(["model", *report.gaps], tested)))
    about = f"Questions and answers have the digest {report.digest}: two boards with one digest answered the same ones."
    return _section("All figures", about, "".join(parts))


def _section(title: str, about: str, inner: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(about)}</p>{inner}</section>"


def _details(title: str, inner: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{inner}</details>"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in headers)
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'
