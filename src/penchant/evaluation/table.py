"""A Report for reading, as text and as Markdown: facts and tables. Nothing is computed here."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from penchant.evaluation.report import SYSTEM, Report, ordered
from penchant.evaluation.slices import ENOUGH

Grid = tuple[Sequence[str], list[list[str]]]  # headers, rows; the first column is a name, the others are figures

MEASURES = {
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


def facts(report: Report) -> list[str]:
    """What was asked of whom, how fast the answers were, what people thought of them, and where the system loses."""
    asked, slow = report.question, report.latency
    took = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in report.seconds.items())
    said = [
        f"{report.questions:,} questions (digest {report.digest}), protocol {asked.protocol}, target {asked.target}, "
        f"cut {report.cut} UTC, the best {asked.k} of the whole catalogue",
        f"one answer: {slow['p50']:.1f} ms in the median, {slow['p99']:.1f} ms at the 99th percentile; {took}",
        glad(report.satisfaction.get(SYSTEM, {})),
        late(report.freshness),
        *losses(report),
    ]
    return [line for line in said if line]


def glad(found: Mapping[str, Any]) -> str:
    """What people gave the hits and how many they refused, beside everything they took; empty if the log is silent."""
    parts = []
    if "value" in found:
        parts.append(
            f"hits are worth {found['value']:.2f} on average, all that people took {found['value_of_all']:.2f}"
        )
        parts.append(f"NDCG by value {figure(found['valued_ndcg'])}")
    if "refused" in found:
        parts.append(f"{found['refused']:.1%} of the hits are refused later, {found['refused_of_all']:.1%} of all")
    return "; ".join(parts)


def late(found: Mapping[str, Mapping[str, Any]]) -> str:
    """NDCG with a state that lags behind; empty if that was not asked."""
    parts = []
    for name, lag in found.items():
        gap = lag.get("ahead")
        change = f" ({-gap['mean']:+.4f}; {-gap['high']:+.4f} to {-gap['low']:+.4f})" if gap else ""
        parts.append(f"{name} {figure(lag['ndcg'])}{change}")
    return "NDCG of a state that is " + ", ".join(parts) if parts else ""


def losses(report: Report) -> list[str]:
    """Whether any slice is lost to what was chosen on validation."""
    if not report.gaps or not report.chosen:
        return []
    behind = report.behind()
    count, others = len(report.gaps), " and ".join(report.chosen)
    if not behind:
        return [f"none of the {count} slices of {ENOUGH} questions or more is lost to {others}, chosen on validation"]
    return [f"the slice {where} is lost to {name}: {gap(report.gaps[where][name])}" for where, name in behind]


def measures(report: Report) -> Grid:
    """All questions: every measure by model, with NDCG's 95 % interval and the difference of the system to it."""
    headers = ["model", *MEASURES.values(), "NDCG 95 %", f"{SYSTEM} ahead by (95 %)"]
    rows = []
    for name in ordered(report.rows):
        found = report.rows[name]["all"]
        figures = [figure(found.get(measure)) for measure in MEASURES]
        ahead = report.against.get(name)
        last = "" if ahead is None else gap(dict(zip(("mean", "low", "high"), ahead, strict=True)))
        rows.append([name, *figures, _range(found.get("interval")), last])
    return headers, rows


def slices(report: Report) -> Grid:
    """NDCG on every slice of the system and of its strongest rivals, with how far it is ahead of the first of them.

    The intervals hold for all slices together; they are given from 300 questions on.
    """
    names = [SYSTEM, *rivals(report)]
    headers = [f"NDCG@{report.question.k} by slice", "questions", *names]
    headers += [f"ahead of {names[1]} by (95 %, Holm)"] if len(names) > 1 else []
    rows = []
    for where, first in report.rows[SYSTEM].items():
        figures = [figure(report.rows[name][where].get("ndcg")) for name in names]
        held = report.gaps.get(where, {}).get(names[1]) if len(names) > 1 else None
        rows.append([where, f"{first['cases']:,}", *figures, *([gap(held) if held else ""] if len(names) > 1 else [])])
    return headers, rows


def rivals(report: Report, most: int = 3) -> list[str]:
    """What was chosen on validation, then the best of the board, `most` in all."""
    found = [name for name in ordered(report.rows) if name != SYSTEM]
    return list(dict.fromkeys([*report.chosen, *found]))[:most]


def markdown(report: Report) -> str:
    """The report as Markdown."""
    parts = ["\n".join(f"- {fact}" for fact in facts(report))]
    for headers, rows in (measures(report), slices(report)):
        rule = ["---", *["---:"] * (len(headers) - 1)]
        parts.append("\n".join("| " + " | ".join(cells) + " |" for cells in (headers, rule, *rows)))
    return "\n\n".join(parts) + "\n"


def figure(value: Any) -> str:
    """A measure in four decimals; – if there is none."""
    return f"{value:.4f}" if value is not None and isfinite(value) else "–"


def gap(found: Mapping[str, float]) -> str:
    """A difference with its interval."""
    return f"{found['mean']:+.4f} ({found['low']:+.4f} to {found['high']:+.4f})"


def _range(interval: Sequence[float] | None) -> str:
    return "–" if interval is None else f"{figure(interval[0])} to {figure(interval[1])}"
