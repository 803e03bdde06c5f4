"""How a peer sits an exam: settings are chosen on the validation part, one at a time; the test part is asked once.

A script of peers ends in `sitting.main(PEERS)` and is run as `python script.py EXAM OUT [peer …]`. For each peer it
writes `OUT/<peer>.npz` (`ranks` of all that is wanted, in the order of the exam) and `OUT/<peer>.json`.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import exam as exams
import numpy as np
from exam import NEVER, Exam


@dataclass(frozen=True)
class Peer:
    """A recommender: `learn(exam, settings)` gives a model, `score(model, exam, questions, settings)` its scores.

    `grid` has what each setting may be, the first value being where the search begins; `learned` names the settings
    that only `learn` reads. `rounds` says how often the search goes through all settings.
    """

    name: str
    learn: Callable[[Exam, Mapping[str, Any]], Any]
    score: Callable[[Any, Exam, np.ndarray, Mapping[str, Any]], np.ndarray]
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    learned: Sequence[str] = ()
    rounds: int = 2
    sits: Callable[[Exam], bool] = lambda exam: True  # if the exam is one for it
    wants: str = ""  # what an exam has that is one for it
    libraries: Sequence[str] = ("numpy", "scipy")
    batch: int = 128
    choose: Callable[[Exam], "Chosen"] | None = None  # a search of its own


@dataclass
class Chosen:
    """The settings of a peer that were best on the validation part, and all that was tried."""

    settings: dict
    ndcg: float
    tried: int
    seconds: float


def choose(peer: Peer, exam: Exam) -> Chosen:
    """Go through the settings one by one, keeping what is best, until a round changes nothing."""
    began = time.perf_counter()
    models: dict = {}
    tried: dict = {}
    everybody = np.arange(len(exam))

    def quality(settings: dict) -> float:
        key = tuple(settings.items())
        if key not in tried:
            fit = tuple(settings[name] for name in peer.learned)
            if fit not in models:
                models.clear()  # one at a time: some fill the memory
                models[fit] = peer.learn(exam, settings)
            found = exams.answers(exam, lambda q: peer.score(models[fit], exam, q, settings), everybody, peer.batch)
            tried[key] = float(exams.marks(exam, found)["ndcg"].mean())
            print(f"  {peer.name} {settings}: {tried[key]:.4f}", flush=True)
        return tried[key]

    settings = {name: values[0] for name, values in peer.grid.items()}
    best = quality(settings)
    for _ in range(peer.rounds):
        before = dict(settings)
        for name in [n for n in peer.grid if n not in peer.learned] + list(peer.learned):
            for value in peer.grid[name]:
                other = {**settings, name: value}
                if (found := quality(other)) > best:
                    settings, best = other, found
        if settings == before:
            break
    return Chosen(settings, best, len(tried), time.perf_counter() - began)


def sit(peer: Peer, folder: Path, out: Path, known: Mapping[str, Any]) -> None:
    """Choose, learn, answer, write; `known` has settings that were chosen before."""
    facts = json.loads((folder / "test" / "facts.json").read_text())
    done = out / f"{peer.name}.json"
    if done.exists() and json.loads(done.read_text())["digest"] == facts["digest"]:
        return
    exam = exams.read(folder / "validation")
    out.mkdir(parents=True, exist_ok=True)
    if not peer.sits(exam):
        absent = {"name": peer.name, "digest": facts["digest"], "absent": peer.wants}
        done.write_text(json.dumps(absent, indent=1) + "\n")
        return
    if peer.name in known:
        before = known[peer.name]
        chosen = Chosen(
            spoken(before["settings"]), before["validation_ndcg"], before["tried"], before["seconds"]["choose"]
        )
    else:
        chosen = peer.choose(exam) if peer.choose else choose(peer, exam)
    exam = exams.read(folder / "test")
    began = time.perf_counter()
    model = peer.learn(exam, chosen.settings)
    fit = time.perf_counter() - began
    everybody = np.arange(len(exam))
    began = time.perf_counter()
    found = exams.answers(exam, lambda q: peer.score(model, exam, q, chosen.settings), everybody, peer.batch)
    marked = exams.marks(exam, found)
    facts = {
        "name": peer.name,
        "digest": exam.facts["digest"],
        "questions": len(exam),
        "settings": written(chosen.settings),
        "validation_ndcg": chosen.ndcg,
        "tried": chosen.tried,
        "seconds": {
            "choose": round(chosen.seconds, 1),
            "fit": round(fit, 2),
            "answer": round(time.perf_counter() - began, 1),
        },
        "versions": {library: version(library) for library in peer.libraries},
        **{name: float(values.mean()) for name, values in marked.items()},
    }
    np.savez_compressed(out / f"{peer.name}.npz", ranks=found)
    (out / f"{peer.name}.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"{exam.facts['name']} {peer.name}: NDCG {facts['ndcg']:.4f}, hit {facts['hit']:.4f}", flush=True)


def written(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON has them, which knows no infinity."""
    return {name: None if value == NEVER else value for name, value in settings.items()}


def spoken(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they were before they were written."""
    return {name: NEVER if value is None else value for name, value in settings.items()}


def main(peers: Sequence[Peer]) -> None:
    """Let all peers of a script, or those that are named, sit an exam; who has an answer already does not sit again."""
    parser = argparse.ArgumentParser()
    parser.add_argument("exam", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--settings", type=Path, help="results of an earlier contest, whose settings are taken")
    arguments = parser.parse_args()
    known = json.loads(arguments.settings.read_text())["peers"] if arguments.settings else {}
    for peer in peers:
        if not arguments.names or peer.name in arguments.names:
            sit(peer, arguments.exam, arguments.out, known)
