"""Wishes that say what is not wanted: Recipe-MPR, 500 wishes with five options each, one of them right.

    python benchmarks/wishes.py 500QA.json

The wishes are split once by the digest of their text: what there is to choose is chosen on the development half, and
the test half is looked at once. Options that score alike share the point. Intervals are over wishes (1,000 resamples).
"""

import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np

from penchant.language.encoders import load
from penchant.text.lexicon import stem, tokens

OUT = Path(__file__).parent / "results" / "steering" / "wishes.json"
NEGATION = re.compile(
    r"\b(?:but\s+)?(?:(?:i\s+)?(?:do not|don't|dont|doesn't|does not|didn't|isn't|is not|aren't|are not|can't|"
    r"cannot|won't|not|never|no longer)\s+(?:really\s+|usually\s+|too\s+)?(?:want|like|have|eat|contain|contains|"
    r"include|use|using|be|need|taste|enjoy|handle|stand|find|buy|get|know|into|a fan of|in the mood for|"
    r"comfortable with|able to)?|without|excluding|except|avoid(?:ing)?|hates?|dislikes?|allergic to|ran out of|"
    r"run out of|out of|forgot(?:\s+to\s+buy)?|sick of(?:\s+eating)?|tired of|instead of|rather than|no|other than|"
    r"anything but|free of)\b"
)
END = re.compile(r"[,.;!?]|\b(?:but|and i|so i|because|since|while|for my|that i|that is)\b")
SPLIT = re.compile(r"\b(?:but not|without|not|no)\b(.*)")
ASIDE = (
    "a an the of to in on for with and or that is are it its i me my some any recipe recipes dish food meal made make"
)
LITTLE = frozenset(ASIDE.split())


def unwanted(text: str) -> list[str]:
    """The phrases behind negations."""
    said, found, place = re.sub(r"\b([a-z]+)-free\b", r", without \1,", text.lower().replace("’", "'")), [], 0
    while match := NEGATION.search(said, place):
        end = END.search(said, match.end() + 1)
        place = end.start() if end else len(said)
        found.append(said[match.end() : place].strip(" ,.?!"))
    return [phrase for phrase in found if phrase]


def content(text: str) -> list[str]:
    """The words of a text that say something."""
    return [word for word in tokens(text) if word not in LITTLE and len(word) > 1]


class Board:
    """The features of every wish and option, and what each variant makes of them."""

    def __init__(self, wishes: list[dict]) -> None:
        self.wishes = wishes
        options = sorted({text for wish in wishes for text in wish["options"].values()})
        phrases = sorted({p for wish in wishes for p in unwanted(wish["query"])})
        tails = [m[1].strip() for wish in wishes if (m := SPLIT.search(wish["query"])) and m[1].strip()]
        words = sorted({w for text in [*options, *phrases] for w in content(text)})
        texts = sorted({*options, *phrases, *tails, *words, *(w["query"].strip() for w in wishes)}, key=len)
        encoder = load("minilm", texts=texts[:10])
        self.vector = dict(zip(texts, encoder.encode(texts, "query"), strict=True))
        self.centre = np.mean([self.vector[o] for o in options], axis=0)
        self.middle = np.mean([self.vector[w] for w in words], axis=0)
        self.rare = {w: np.log(len(options) / (1 + sum(w in set(content(o)) for o in options))) for w in words}

    def like(self, options: list[str], text: str, centre: np.ndarray) -> np.ndarray:
        """Cosines after a centre is taken out."""
        return _unit(np.stack([self.vector[o] for o in options]) - centre) @ _unit(self.vector[text] - centre)

    def variants(self, wish: dict) -> dict[str, np.ndarray]:
        """Score of each option by each variant; weights of the last ones were chosen on the development half."""
        options, text = list(wish["options"].values()), wish["query"].strip()
        nothing = np.zeros(self.centre.shape, np.float32)
        plain, centred = self.like(options, text, nothing), self.like(options, text, self.centre)
        tail = SPLIT.search(wish["query"])
        split = self.like(options, tail[1].strip(), nothing) if tail and tail[1].strip() else 0.0
        phrases = unwanted(text)
        against = np.max([self.like(options, p, self.centre) for p in phrases], axis=0) if phrases else np.zeros(5)
        said = [w for p in phrases for w in content(p)]
        word = np.array([self.nearest(said, content(o)) for o in options])
        named = np.array([self.shared(said, content(o)) for o in options])
        return {
            "cosine of the encoder": plain,
            "split at but not / without / no, less .8 of the rest": plain - 0.8 * split,
            "catalogue's mean taken out": centred,
            "less .5 of the likeness to unwanted phrases": centred - 0.5 * against,
            "less .5 of the likeness of unwanted words": centred - 0.5 * word,
            "less .25 of unwanted words that are named": centred - 0.25 * named,
            "less .3 by likeness and .15 by name": centred - 0.3 * word - 0.15 * named,
            "less .4 by phrase, .4 by word and .2 by name": centred - 0.4 * against - 0.4 * word - 0.2 * named,
        }

    def nearest(self, said: list[str], there: list[str]) -> float:
        """Mean over unwanted words, the rare ones counting most, of the likeness of the nearest word of an option."""
        if not said or not there:
            return 0.0
        one, other = (_unit(np.stack([self.vector[w] for w in ws]) - self.middle) for ws in (said, there))
        return float(np.average((one @ other.T).max(axis=1), weights=[max(self.rare[w], 0.1) for w in said]))

    def shared(self, said: list[str], there: list[str]) -> float:
        """The share of the unwanted words that an option has, the rare ones counting most."""
        stems = {stem(w) for w in there}
        weights = [max(self.rare[w], 0.1) for w in said]
        return float(np.average([stem(w) in stems for w in said], weights=weights)) if said else 0.0


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def right(scores: np.ndarray, wish: dict) -> float:
    """1 for the right option alone at the top, a share of it where others score alike."""
    top = [list(wish["options"])[at] for at in np.flatnonzero(scores >= scores.max() - 1e-9)]
    return float(wish["answer"] in top) / len(top)


def measured(points: np.ndarray) -> list[float]:
    """Mean and its 95 % interval."""
    dice = np.random.default_rng(0)
    draws = [points[dice.integers(0, len(points), len(points))].mean() for _ in range(1_000)]
    return [round(float(v), 3) for v in (points.mean(), *np.quantile(draws, (0.025, 0.975)))]


def main(file: str) -> None:
    """Measure every variant on both halves."""
    wishes = json.loads(Path(file).read_text())
    board = Board(wishes)
    half = {w["query"]: ("development", "test")[hashlib.sha256(w["query"].encode()).digest()[0] % 2] for w in wishes}
    points: dict[tuple[str, str], dict[str, list[float]]] = {}
    for wish in wishes:
        kind = "negated" if wish["query_type"]["Negated"] else "rest"
        for name, scores in board.variants(wish).items():
            for part in ("overall", kind):
                points.setdefault((half[wish["query"]], name), {}).setdefault(part, []).append(right(scores, wish))
    found = [
        {"half": h, "variant": name, **{part: measured(np.array(p)) for part, p in sorted(parts.items())}}
        for (h, name), parts in sorted(points.items())
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    for row in found:
        print(row["half"], row["variant"], row["overall"], row["negated"], row["rest"])


if __name__ == "__main__":
    main(sys.argv[1])
