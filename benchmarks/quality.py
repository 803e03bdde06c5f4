"""The boards: every question of the test time, full ranking, the product's own baselines and the peers beside it.

Run it with `make bench-quality DATA=folder` or `python benchmarks/quality.py [board …]`; for each board it writes
`benchmarks/results/<board>.md`, `.json` and `.npz` (NDCG@10 of every question, by slice and model). Everything is
chosen on the time before the cut; the test time is asked once. Peers are joined from the last contest (`contest.py`),
if they were asked the very same questions.
"""

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from boards import BOARDS, RESULTS, available, opened
from standing import Standing, standings

from penchant.evaluation import table
from penchant.evaluation.report import SYSTEM, Report, ordered

README = Path(__file__).parent.parent / "README.md"
LIBRARIES = ("numpy", "scipy", "lightgbm", "polars", "torch", "sentence-transformers")
KEPT = ("all", "repeats", "novel", "cold")  # slices whose questions are written one by one
PEER = "†"  # stands behind the names of peers


def run(name: str, data: Path | None, cases: int) -> None:
    """Import, evaluate and write one board."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch, opened(name, data, Path(scratch)) as project:
        imported = time.perf_counter() - began
        asked = replace(project.settings.evaluation, cases=cases)
        project.settings = replace(project.settings, evaluation=asked)
        report = project.evaluate(protocol=BOARDS[name].protocol)
    facts = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "versions": {library: version(library) for library in ("penchant", *LIBRARIES)},
        "import_seconds": round(imported, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    write(name, report, facts)


def write(name: str, report: Report, facts: dict[str, Any]) -> None:
    """Write the figures, the questions one by one, and the page of a board."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(
        json.dumps({"facts": facts, **report.document()}, indent=1, default=str) + "\n"
    )
    values = {
        f"{where}/{model}": measures["ndcg"].astype(np.float32)
        for where in KEPT
        for model, measures in report.values[where].items()
    }
    np.savez_compressed(RESULTS / f"{name}.npz", **values)
    took = report.seconds
    machine = (
        f"Machine: {facts['machine']}; {facts['date']}; import and encoding {facts['import_seconds']} s, training "
        f"{took['train']:.0f} s, replay {took['replay']:.0f} s, peak memory {facts['peak_gib']} GiB. "
        + ", ".join(f"{library} {number}" for library, number in facts["versions"].items())
        + "."
    )
    (RESULTS / f"{name}.md").write_text("\n".join([f"# {name}", "", table.markdown(report), machine]) + "\n")


def joined(name: str) -> dict[str, list[Standing]]:
    """Put the peers beside a board that was written, on its page and in its figures; returns slice → standings."""
    place = RESULTS / f"{name}.json"
    document = json.loads(place.read_text())
    values = np.load(RESULTS / f"{name}.npz")
    found, parts = {}, []
    for where, exam in BOARDS[name].exams.items():
        held = standings(RESULTS / "peers" / exam, document["digest"], values[f"{where}/{SYSTEM}"])
        found[where] = held.peers
        parts.append(held.markdown(where))
    document["peers"] = {where: [standing.document() for standing in peers] for where, peers in found.items()}
    place.write_text(json.dumps(document, indent=1) + "\n")
    page = (RESULTS / f"{name}.md").read_text().partition("\n## Peers")[0].rstrip("\n")
    (RESULTS / f"{name}.md").write_text("\n\n".join([page, *parts]) + "\n")
    return found


def short(name: str, peers: dict[str, list[Standing]]) -> list[str]:
    """The short table of a board, for README: the strongest of the product's own parts, and every strong peer."""
    document = json.loads((RESULTS / f"{name}.json").read_text())
    rows, against = document["rows"], document["against"]
    count, cut, digest = document["questions"], document["cut"][:10], document["digest"]
    least = rows[SYSTEM]["all"]["ndcg"] / 3
    own = [row for row in ordered(rows) if rows[row]["all"]["ndcg"] >= least][:8]
    lines = [(_measured(rows[r]["all"], rows[r]["novel"]["ndcg"]), r, against.get(r)) for r in own]
    novel = {peer.name: peer.ndcg for peer in peers.get("novel", [])}
    for peer in peers["all"]:
        if peer.ndcg >= least:
            figures = {"ndcg": peer.ndcg, "interval": peer.interval, "hit": peer.hit}
            lines.append((_measured(figures, novel.get(peer.name)), f"{peer.name} {PEER}", peer.ahead))
    lines = [lines[0], *sorted(lines[1:], key=lambda line: line[0], reverse=True)]
    return [
        f"**{name}**, {BOARDS[name].title}: {count:,} questions after {cut}, digest {digest}.",
        "",
        "| | NDCG@10 | 95 % | hit@10 | novel NDCG@10 | ahead by (95 %) |",
        "|---|---:|---:|---:|---:|---:|",
        *(f"| {row} | {figures} | {_ahead(gap)} |" for figures, row, gap in lines),
    ]


def _measured(found: dict[str, Any], novel: float | None) -> str:
    low, high = found["interval"]
    last = "–" if novel is None else f"{novel:.4f}"
    return f"{found['ndcg']:.4f} | {low:.4f} to {high:.4f} | {found['hit']:.4f} | {last}"


def _ahead(gap: Sequence[float] | None) -> str:
    return "" if gap is None else "{:+.4f} ({:+.4f} to {:+.4f})".format(*gap).replace("-", "−")


def publish() -> None:
    """Join the peers to every board that was written, and put the short tables into README."""
    tables = []
    for name in BOARDS:
        if (RESULTS / f"{name}.npz").exists():
            tables.append("\n".join(short(name, joined(name))))
    text = README.read_text()
    begin, end = text.index("<!-- board -->"), text.index("<!-- /board -->")
    shown = "\n\n".join(tables)
    README.write_text(f"{text[:begin]}<!-- board -->\n{shown}\n{text[end:]}")


def main() -> None:
    """Write the boards that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"boards; all whose data is here by default: {', '.join(BOARDS)}")
    parser.add_argument("--data", type=Path, help="folder of the data sets that are not bundled")
    parser.add_argument("--cases", type=int, default=1_000_000, help="questions asked at most; peers need all")
    parser.add_argument("--join", action="store_true", help="ask nothing: put the peers beside the last boards")
    arguments = parser.parse_args()
    for name in () if arguments.join else arguments.names or available(arguments.data):
        run(name, arguments.data, arguments.cases)
    publish()


if __name__ == "__main__":
    main()
