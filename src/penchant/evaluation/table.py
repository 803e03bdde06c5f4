"""A Report for reading: facts and tables as text, as Markdown and as a page. Nothing is computed here."""

from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import Any

from penchant.evaluation.report import SLICES, SYSTEM, Report, ordered

Grid = tuple[Sequence[str], list[list[str]]]  # headers, rows; the first column is a name, the others are figures

_MEASURES = {
    "ndcg": "NDCG",
    "hit": "Hit",
    "recall": "Recall",
    "precision": "Precision",
    "f1": "F1",
    "mrr": "MRR",
    "auc": "AUC",
    "coverage": "Coverage",
    "novelty": "Novelty",
    "diversity": "Diversity",
}
_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; margin: 3em auto; max-width: 75em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1.5em 0 }
th, td { padding: .3em .8em; text-align: right; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left }
tbody tr:first-child { font-weight: 600 }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #ddd } th, td { border-color: #444 } }
"""


def facts(report: Report) -> list[str]:
    """What was asked of whom, how long it took and how fast the answers were."""
    asked, slow = report.question, report.latency
    took = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in report.seconds.items())
    return [
        f"{report.questions:,} questions (digest {report.digest}), protocol {asked.protocol}, target {asked.target}, "
        f"cut {report.cut} UTC, the best {asked.k} of the whole catalogue",
        f"one answer: {slow['p50']:.1f} ms in the median, {slow['p99']:.1f} ms at the 99th percentile; {took}",
    ]


def measures(report: Report) -> Grid:
    """All questions: every measure by model, with NDCG's 95 % interval and the difference of the system to it."""
    headers = ["model", *_MEASURES.values(), "NDCG 95 %", f"{SYSTEM} ahead by (95 %)"]
    rows = []
    for name in ordered(report.rows):
        found = report.rows[name]["all"]
        figures = [figure(found.get(measure)) for measure in _MEASURES]
        rows.append([name, *figures, _range(found.get("interval")), _gap(report.against.get(name))])
    return headers, rows


def slices(report: Report) -> Grid:
    """NDCG by model on every slice of the questions; the headers say how many there are."""
    first = next(iter(report.rows.values()))
    headers = [f"NDCG@{report.question.k} by slice", *(f"{where} ({first[where]['cases']:,})" for where in SLICES)]
    rows = [
        [name, *(figure(report.rows[name][where].get("ndcg")) for where in SLICES)] for name in ordered(report.rows)
    ]
    return headers, rows


def markdown(report: Report) -> str:
    """The report as Markdown."""
    parts = ["\n".join(f"- {fact}" for fact in facts(report))]
    for headers, rows in (measures(report), slices(report)):
        rule = ["---", *["---:"] * (len(headers) - 1)]
        parts.append("\n".join("| " + " | ".join(cells) + " |" for cells in (headers, rule, *rows)))
    return "\n\n".join(parts) + "\n"


def html(report: Report) -> str:
    """The report as one page that needs nothing else."""
    body = [f"<p>{escape(fact)}</p>" for fact in facts(report)]
    body += [_table(headers, rows) for headers, rows in (measures(report), slices(report))]
    head = f'<meta charset="utf-8"><title>Evaluation</title><style>\n{_STYLE}</style>'
    inner = "\n".join(body)
    page = f'<html lang="en">\n<head>{head}</head>\n<body>\n<h1>Evaluation</h1>\n{inner}\n</body></html>'
    return f"<!doctype html>\n{page}\n"


def figure(value: Any) -> str:
    """A measure in four decimals; – if there is none."""
    return f"{value:.4f}" if value is not None and isfinite(value) else "–"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in headers)
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _range(interval: Sequence[float] | None) -> str:
    return "–" if interval is None else f"{figure(interval[0])} to {figure(interval[1])}"


def _gap(gap: Sequence[float] | None) -> str:
    return "" if gap is None else f"{gap[0]:+.4f} ({gap[1]:+.4f} to {gap[2]:+.4f})"
