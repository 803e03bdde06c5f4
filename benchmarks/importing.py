"""How fast events become durable, and in how much memory: `python benchmarks/importing.py [rows]` on a made-up file.

The rows are real in shape (skewed people and items, one second apart); each size runs in a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

import penchant

RESULTS = Path(__file__).parent / "results"


def make(rows: int, path: Path) -> None:
    """Write a Parquet file of events."""
    dice = np.random.default_rng(0)
    users = (dice.pareto(1.2, rows) * 100).astype(np.int64) % max(rows // 20, 1)
    items = (dice.pareto(1.1, rows) * 20).astype(np.int64) % 20_000
    frame = pl.DataFrame({"user_id": users, "item_id": items, "timestamp": 1_600_000_000 + np.arange(rows)})
    frame.with_columns(pl.col("user_id", "item_id").cast(pl.String)).write_parquet(path, row_group_size=250_000)


def measure(rows: int) -> None:
    """Import a file of `rows` events into a fresh project and print a line of the table."""
    with tempfile.TemporaryDirectory() as scratch:
        make(rows, Path(scratch) / "events.parquet")
        (Path(scratch) / "penchant.toml").write_text('[encoder]\nmodel = "hashing"\n')
        with penchant.open(scratch) as project:
            began = time.perf_counter()
            summary = project.import_events(Path(scratch) / "events.parquet")
            took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"| {summary.written:,} | {took:.1f} | {summary.written / took:,.0f} | {peak:.2f} |")


def main() -> None:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[400_000, 10_000_000])
    sizes = parser.parse_args().rows
    if len(sizes) == 1:
        return measure(sizes[0])
    head = "# importing\n\n| events durable | seconds | events/s | peak GiB |\n|---:|---:|---:|---:|\n"
    runs = [
        subprocess.run([sys.executable, __file__, str(n)], check=True, capture_output=True, text=True) for n in sizes
    ]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "importing.md").write_text(head + "".join(run.stdout for run in runs))
    print((RESULTS / "importing.md").read_text())
    return None


if __name__ == "__main__":
    main()
