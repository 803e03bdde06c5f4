"""The contest: every peer answers the questions of the boards, in an environment of its own.

`make bench-quality DATA=folder` runs it before the boards. For each exam it writes `results/peers/<exam>.json`
(settings, versions, seconds and quality of each peer, and why one is missing) and `.npz` (ranks of all that is wanted,
by peer; 0 behind the hundredth). What is done already is not done again; `--again` begins anew, `--chosen` takes the
settings of the last contest instead of searching for them. The neural peer takes hours where the catalogue is large:
`--peers` names who is asked.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from boards import BOARDS, RESULTS, SCRATCH, available, opened
from questions import Asked, export

PEERS = Path(__file__).parent / "peers"
SCRIPTS = {  # script → its requirements, none where numpy and scipy do, and its peers
    "popularity": ("", ("popular-1d", "popular-3d", "popular-7d", "popular-30d", "popular-all")),
    "personal": ("", ("personal-frequency", "tifu-knn")),
    "sessions": ("", ("v-sknn",)),
    "implicit_models": ("implicit", ("implicit-bm25", "implicit-cosine", "implicit-tfidf", "implicit-als")),
    "blend": ("implicit", ("tuned-blend",)),
    "rectools_models": ("rectools", ("rectools-ease", "rectools-sasrec")),
}
SHOWN = 100  # ranks behind it are not kept
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def write_exams(name: str, data: Path | None, place: Path) -> list[str]:
    """Export the questions of a board, and return the names of its exams."""
    board = BOARDS[name]
    names = list(board.exams.values())
    if all((place / exam / "test" / "facts.json").exists() for exam in names):
        return names
    with tempfile.TemporaryDirectory() as scratch, opened(name, data, Path(scratch), quick=True) as project:
        for where, exam in board.exams.items():
            asked = Asked(protocol=board.protocol, target=board.target, novel=where == "novel")
            export(project, asked, exam, place / exam)
    return names


def environment(requirements: str, place: Path) -> tuple[str, str]:
    """The interpreter that has these requirements, and what went wrong if there is none."""
    if not requirements:
        return sys.executable, ""
    folder, wanted = place / requirements, (PEERS / f"{requirements}.txt").read_text()
    python, made = folder / "bin" / "python", folder / "made.txt"
    if made.exists() and made.read_text() == wanted:
        return str(python), ""
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "-r", str(PEERS / f"{requirements}.txt")],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            return "", f"its environment cannot be made: {last_line(done.stderr)}"
    made.write_text(wanted)
    return str(python), ""


def last_line(text: str) -> str:
    return next((line for line in reversed(text.strip().splitlines()) if line.strip()), "no message")


def sit(exam: str, place: Path, chosen: bool, only: Sequence[str] = ()) -> dict[str, str]:
    """Let all peers, or only some, sit an exam; returns script → why it has no answer."""
    missing = {}
    for script, (requirements, names) in SCRIPTS.items():
        asked = [name for name in names if not only or name in only]
        if not asked:
            continue
        python, trouble = environment(requirements, place / "environments")
        if not trouble:
            command = [python, "-W", "ignore", str(PEERS / f"{script}.py")]
            command += [str(place / "exams" / exam), str(place / "answers" / exam), *asked]
            if chosen:
                command += ["--settings", str(RESULTS / "peers" / f"{exam}.json")]
            done = subprocess.run(
                command, env={**os.environ, **ONE_THREAD}, stderr=subprocess.PIPE, text=True, check=False
            )
            trouble = last_line(done.stderr) if done.returncode else ""
        if trouble:
            missing[script] = trouble
    return missing


def earlier(exam: str, digest: str) -> dict[str, Any]:
    """What came of the same questions before; empty if others were asked."""
    kept = RESULTS / "peers" / f"{exam}.json"
    document: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    return document if document.get("digest") == digest else {}


def collect(exam: str, place: Path, troubles: dict[str, str]) -> None:
    """Put the answers to one exam side by side, beside those of before; `troubles` says why a script has none."""
    digest = json.loads((place / "exams" / exam / "test" / "facts.json").read_text())["digest"]
    before = earlier(exam, digest)
    found = [json.loads(file.read_text()) for file in (place / "answers" / exam).glob("*.json")]
    answered = before.get("peers", {}) | {facts["name"]: facts for facts in found if facts["digest"] == digest}
    peers = {name: facts for name, facts in answered.items() if "absent" not in facts}
    missing = {name: facts["absent"] for name, facts in answered.items() if "absent" in facts}
    for script, (_, names) in SCRIPTS.items():
        why = dict.fromkeys(names, "no answer yet") | before.get("missing", {})
        missing |= {name: troubles.get(script, why[name]) for name in names if name not in answered}
    document = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, one thread",
        "digest": digest,
        "missing": dict(sorted(missing.items())),
        "peers": {name: peers[name] for name in sorted(peers, key=lambda name: -peers[name]["ndcg"])},
    }
    kept = RESULTS / "peers" / f"{exam}.json"
    ranks = np.load(kept.with_suffix(".npz")) if before else {}
    columns = {name: ranks[name] for name in peers if name in ranks}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(document, indent=1) + "\n")
    asked = np.load(place / "exams" / exam / "test" / "questions.npz")
    columns |= {"people": asked["user"], "starts": asked["wanted_starts"].astype(np.int32)}
    for name in peers:
        if (answers := place / "answers" / exam / f"{name}.npz").exists():
            given = np.load(answers)["ranks"]
            columns[name] = np.where(given > SHOWN, 0, given).astype(np.uint8)
    np.savez_compressed(kept.with_suffix(".npz"), **columns)
    print(f"{exam}: {len(peers)} peers" + "".join(f"; {name} is missing: {why}" for name, why in missing.items()))


def main() -> None:
    """Hold the contest on the boards that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"boards; all whose data is here by default: {', '.join(BOARDS)}")
    parser.add_argument("--data", type=Path, help="folder of the data sets that are not bundled")
    parser.add_argument("--scratch", type=Path, default=SCRATCH, help="folder of environments, exams and answers")
    parser.add_argument("--again", action="store_true", help="throw exams and answers of before away")
    parser.add_argument("--chosen", action="store_true", help="take the settings of the last contest")
    parser.add_argument("--peers", nargs="+", default=(), help="who is asked; everybody by default")
    arguments = parser.parse_args()
    for name in arguments.names or available(arguments.data):
        for exam in BOARDS[name].exams.values() if arguments.again else ():
            for part in ("exams", "answers"):
                shutil.rmtree(arguments.scratch / part / exam, ignore_errors=True)
        for exam in write_exams(name, arguments.data, arguments.scratch / "exams"):
            collect(exam, arguments.scratch, sit(exam, arguments.scratch, arguments.chosen, arguments.peers))


if __name__ == "__main__":
    main()
