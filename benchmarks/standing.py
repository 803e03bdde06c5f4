"""How the peers stand beside the product on one exam, question by question.

Rule: no peer is passed over in silence. One that has no answer, or was asked other questions, is named with the reason.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers.exam import marked

from penchant.evaluation import bootstrap
from penchant.types import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A peer's measures, and how far the product is ahead of it: the difference of NDCG@10 with its 95 % interval."""

    name: str
    ndcg: float
    hit: float
    recall: float
    interval: tuple[float, float]
    ahead: tuple[float, float, float]
    settings: Mapping[str, Any]
    fit: float  # seconds

    def document(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """All peers of one exam, the best first, and the reasons why others are missing."""

    peers: Sequence[Standing]
    missing: Mapping[str, str]
    about: str = ""

    def markdown(self, where: str) -> str:
        """The table of the peers."""
        rows = [
            f"| {p.name} | {p.ndcg:.4f} | {p.interval[0]:.4f} to {p.interval[1]:.4f} | {p.hit:.4f} | {p.recall:.4f} | "
            "{:+.4f} ({:+.4f} to {:+.4f})".format(*p.ahead)
            + f" | {p.fit:.1f} | {_spoken(p.settings)} |"
            for p in self.peers
        ]
        head = [
            "| peer | NDCG | 95 % | Hit | Recall | penchant ahead by (95 %) | fit, s | settings |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        ]
        lines = [f"## Peers, {where}", "", *((self.about, "", *head, *rows) if rows else ())]
        return "\n".join(lines + [f"- {name} has no answer: {why}" for name, why in self.missing.items()])


def standings(place: Path, digest: str, system: Array) -> Standings:
    """The peers of the exam at `place` (without its ending) beside the product's NDCG@10 per question, NaN if none."""
    file = place.with_name(f"{place.name}.json")
    if not file.exists():
        return Standings(peers=(), missing={"every peer": "no contest was held; contest.py holds it"})
    contest = json.loads(file.read_text())
    if contest["digest"] != digest:
        return Standings(peers=(), missing={"every peer": f"asked other questions (digest {contest['digest']})"})
    answers = np.load(file.with_suffix(".npz"))
    ours = system[~np.isnan(system)].astype(np.float64)
    found = [_standing(facts, answers, ours) for facts in contest["peers"].values()]
    return Standings(
        peers=sorted(found, key=lambda standing: -standing.ndcg),
        missing=dict(sorted(contest["missing"].items())),
        about=f"Asked on {contest['date']}, {contest['machine']}; every library in an environment of its own.",
    )


def _standing(facts: Mapping[str, Any], answers: Mapping[str, Array], ours: Array) -> Standing:
    measured = marked(answers[facts["name"]].astype(np.int64), answers["starts"])
    both = np.stack([measured["ndcg"], ours - measured["ndcg"]], axis=1)
    own, gap = bootstrap.means(both, answers["people"])
    return Standing(
        name=facts["name"],
        ndcg=own.mean,
        hit=float(measured["hit"].mean()),
        recall=float(measured["recall"].mean()),
        interval=(own.low, own.high),
        ahead=(gap.mean, gap.low, gap.high),
        settings=facts["settings"],
        fit=facts["seconds"]["fit"],
    )


def _spoken(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {'∞' if value is None else value}" for name, value in settings.items())
