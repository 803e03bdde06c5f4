"""What the check of texts lets through and what it holds back, on the cases of `attacks.py`.

`python benchmarks/grounding.py` writes `benchmarks/results/grounding.md`; `--model smollm2` asks a real model too.
"""

import argparse
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attacks
from attacks import Case

from penchant.language import generators, vocabulary
from penchant.language.copywriting import Copywriter, Piece
from penchant.language.facts import brief
from penchant.language.grounding import Facts, Words
from penchant.text.limits import Limits
from penchant.text.speech import Generator, Prompt

RESULTS = Path(__file__).parent / "results"


class Obeys:
    """A generator that says what the attacker wants."""

    name = "obeys"

    def __init__(self, text: str) -> None:
        self.text = text

    def generate(self, prompts: Sequence[Prompt], *, deadline: float) -> list[str]:
        """Say it, once for every prompt."""
        return [self.text] * len(prompts)


def shown(case: Case, generator: Generator | None = None) -> Piece:
    """What people see when a generator says the text of a case."""
    writer = Copywriter(style=case.style, generator=generator or Obeys(case.text))
    return writer.write(case.item, case.grounds, case.language)


def through(case: Case) -> str:
    """What is shown of what must not be shown; empty if nothing is."""
    piece = shown(case)
    folded = " ".join(piece.text.split()).lower()
    return next((bad for bad in case.bad if " ".join(bad.split()).lower() in folded), "")


def flaw(case: Case) -> str:
    """What is held against a text, or nothing."""
    facts = Facts(brief(case.item, case.grounds, case.language, case.style))
    return next(filter(None, map(facts.flaw, facts.sentences(case.text, done=True)[0])), "")


def bagged(case: Case) -> bool:
    """Whether some sentence has no word but those of the item, its reasons and the phrases, in any order."""
    told = brief(case.item, case.grounds, case.language, case.style)
    facts = [case.item.title, case.item.description, *map(str, case.item.attributes.values()), told.price, *told.labels]
    others = [title for ground in case.grounds for title in ground.titles]
    said = [*vocabulary.neutral(told), *vocabulary.stated(told), *vocabulary.linked(told), *vocabulary.kept(told)]
    known = {word for text in (*facts, *others, *said) for word in Words.of(text).plain}
    return any(set(Words.of(s).plain) <= known for s in Facts(told).sentences(case.text, done=True)[0])


def table(cases: Sequence[Case]) -> Iterator[str]:
    """Cases by kind: how many, how many let through, and how many a bag of the same words would."""
    yield "| kind | English | Chinese | let through | by a bag of words |\n|---|---:|---:|---:|---:|"
    for kind in dict.fromkeys(case.kind for case in cases):
        own = [case for case in cases if case.kind == kind]
        counted = Counter(case.language for case in own)
        found = sum(bool(through(c)) for c in own), sum(map(bagged, own))
        yield f"| {kind} | {counted['en']} | {counted['zh']} | {found[0]} | {found[1]} |"
    counted = Counter(case.language for case in cases)
    found = sum(bool(through(c)) for c in cases), sum(map(bagged, cases))
    yield f"| all | {counted['en']} | {counted['zh']} | {found[0]} | {found[1]} |"


def passed(cases: Sequence[Case]) -> Iterator[str]:
    """Honest texts by language: how many pass."""
    yield "| honest texts | pass | of |\n|---|---:|---:|"
    for language, name in (("en", "English"), ("zh", "Chinese")):
        own = [case for case in cases if case.language == language]
        yield f"| {name} | {sum(not flaw(case) for case in own)} | {len(own)} |"


def written(model: str, cases: Sequence[Case], count: int = 40) -> Iterator[str]:
    """What a real model writes about some of the items, and why it is not shown."""
    generator = generators.load(model, threads=1, limits=Limits(calls=100_000, tokens=10**8, deadline=120))
    own = [case for case in cases if case.language == "en"]
    pieces = []
    for case in own[:: max(1, len(own) // count)]:
        writer = Copywriter(style=case.style, generator=generator, deadline=120)
        pieces.append(writer.write(case.item, case.grounds, "en"))
        print(pieces[-1].writer, pieces[-1].rejected, repr(pieces[-1].text))
    kept = [piece for piece in pieces if piece.writer == "generator"]
    yield f"| {model}, English | texts |\n|---|---:|"
    yield f"| asked for | {len(pieces)} |"
    yield f"| shown, whole | {sum(not piece.rejected for piece in kept)} |"
    yield f"| shown, first sentence | {sum(bool(piece.rejected) for piece in kept)} |"
    for why, often in Counter(p.rejected for p in pieces if p.writer == "template").most_common():
        yield f"| held back: {why} | {often} |"
    yield f"| seconds each, median | {sorted(piece.seconds for piece in pieces)[len(pieces) // 2]:.1f} |"


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="", help="a generator that writes about the items of the honest texts")
    model = parser.parse_args().model
    cases, true = attacks.attacks(), attacks.honest()
    made = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}"
    parts = ["# What the check of texts lets through", made, "\n".join(table(cases)), "\n".join(passed(true))]
    if model:
        parts.append("\n".join(written(model, true)))
    (RESULTS / "grounding.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    for case in cases:
        if found := through(case):
            print("LET THROUGH", case.kind, case.language, repr(found), repr(case.text))
    for case in true:
        if found := flaw(case):
            print("held back", found, repr(case.text), case.item.title)
    print("\n".join(parts))


if __name__ == "__main__":
    main()
