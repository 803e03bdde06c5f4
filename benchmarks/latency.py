"""How long one answer and one event take, each beside a ceiling measured in the same run: `penchant bench` of the shop.

`python benchmarks/latency.py` trains on the bundled shop, then writes `benchmarks/results/latency.md` and `.json`.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import penchant
from penchant.benchmark.measures import bench
from penchant.cli import terminal
from penchant.data import dataset

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="calls of each kind")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch, terminal.progress() as progress:
        folder = Path(scratch)
        shutil.copy(dataset("shop") / "penchant.toml", folder)
        with penchant.open(folder) as project:
            project.import_items(dataset("shop") / "items.parquet")
            project.import_events(dataset("shop") / "events.parquet")
            project.train()
        found = bench(folder, rounds=rounds, progress=progress)
    text = f"# latency\n\n{found.markdown()}"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latency.md").write_text(text)
    (RESULTS / "latency.json").write_text(json.dumps(found.document(), indent=2) + "\n")
    print(text)


if __name__ == "__main__":
    main()
