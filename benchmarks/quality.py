"""The boards on the bundled data: every question of the test time, full ranking, baselines beside it.

Run it with `make bench` or `python benchmarks/quality.py [shop] [movies]`; it writes `benchmarks/results/<name>.md`
and `.json`. Everything is chosen on the time before the cut; the test time is asked once.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import penchant
from penchant.data import NAMES, dataset
from penchant.evaluation import table
from penchant.evaluation.report import SYSTEM, ordered

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parent.parent / "README.md"
TITLES = {
    "shop": "the first basket of each known customer, repeats kept",
    "movies": "every rating of a returning person in the last tenth of the time",
}
LIBRARIES = ("numpy", "scipy", "lightgbm", "polars", "torch", "sentence-transformers")


def run(name: str, cases: int) -> None:
    """Import, evaluate and write one board."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(dataset(name) / "penchant.toml", scratch)
        began = time.perf_counter()
        with penchant.open(scratch) as project:
            project.import_items(dataset(name) / "items.parquet")
            project.import_events(dataset(name) / "events.parquet")
            imported = time.perf_counter() - began
            asked = replace(project.settings.evaluation, cases=cases)
            project.settings = replace(project.settings, evaluation=asked)
            report = project.evaluate()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    facts = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "versions": {library: version(library) for library in ("penchant", *LIBRARIES)},
        "import_seconds": round(imported, 1),
        "peak_gib": round(peak, 2),
    }
    RESULTS.mkdir(exist_ok=True)
    document = {"facts": facts, **report.document()}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1, default=str) + "\n")
    lines = [
        f"# {name}",
        "",
        table.markdown(report),
        "",
        f"Machine: {facts['machine']}; {facts['date']}; import and encoding {facts['import_seconds']} s, "
        f"training {report.seconds['train']:.0f} s, replay {report.seconds['replay']:.0f} s, "
        f"peak memory {facts['peak_gib']} GiB. "
        + ", ".join(f"{library} {number}" for library, number in facts["versions"].items())
        + ".",
    ]
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def board(name: str) -> list[str]:
    """The short table of a board, for README."""
    document = json.loads((RESULTS / f"{name}.json").read_text())
    rows, against = document["rows"], document["against"]
    count, cut, digest = document["questions"], document["cut"][:10], document["digest"]
    lines = [
        f"**{name}**, {TITLES[name]}: {count:,} questions after {cut}, digest {digest}.",
        "",
        "| | NDCG@10 | 95 % | hit@10 | novel NDCG@10 | ahead by (95 %) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in [name for name in ordered(rows) if rows[name]["all"]["ndcg"] >= rows[SYSTEM]["all"]["ndcg"] / 3]:
        found, (low, high) = rows[row]["all"], rows[row]["all"]["interval"]
        gap = "" if row == SYSTEM else "+{:.4f} (+{:.4f} to +{:.4f})".format(*against[row]).replace("+-", "−")
        novel = rows[row]["novel"]["ndcg"]
        lines.append(
            f"| {row} | {found['ndcg']:.4f} | {low:.4f} to {high:.4f} | {found['hit']:.4f} | {novel:.4f} | {gap} |"
        )
    return lines


def publish() -> None:
    """Put the short tables between README's marks."""
    text = README.read_text()
    begin, end = text.index("<!-- board -->"), text.index("<!-- /board -->")
    tables = "\n\n".join("\n".join(board(name)) for name in NAMES)
    README.write_text(f"{text[:begin]}<!-- board -->\n{tables}\n{text[end:]}")


def main() -> None:
    """Write the boards that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="data sets; all by default")
    parser.add_argument("--cases", type=int, default=1_000_000, help="questions asked at most")
    arguments = parser.parse_args()
    for name in arguments.names or NAMES:
        run(name, arguments.cases)
    publish()


if __name__ == "__main__":
    main()
