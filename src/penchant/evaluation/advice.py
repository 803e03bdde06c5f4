"""What to do next, in sentences, from a Diagnosis. Nothing is computed here."""

from collections.abc import Iterator

from penchant.evaluation.diagnosis import Diagnosis
from penchant.evaluation.losses import FOUND, MISSED, RANKED, RULE, STAGE, UNKNOWN

_NOTABLE = 0.02  # share of the wanted items from which on a loss to a rule or a stage is spoken of
_NOTHING = 0.001  # recall of its own below which a source can be spared
_DRIFTED = 0.25  # stability index from which on a column has another distribution
_TURNED = 0.1  # share by which a kind of event has become rarer or more frequent
_ADVICE = {
    UNKNOWN: "they were unknown at that moment: import items as soon as they exist, with their texts",
    MISSED: "no source had them among its best: raise the limits of the sources that bring most of their own, or add "
    "one that looks elsewhere",
    RANKED: "they were candidates, but the ranker put others first: give it more to learn from ([training] cases), "
    "better columns, or let `penchant tune` search its settings",
}


def advice(found: Diagnosis) -> list[str]:
    """Sentences, the weightiest first; never empty."""
    said = [*_degraded(found), *_losses(found), *_sources(found), *_drift(found)]
    return said or ["nothing stands out"]


def _degraded(found: Diagnosis) -> Iterator[str]:
    for what in found.degraded:
        yield f"{what}: what follows is about its stand-in."


def _losses(found: Diagnosis) -> Iterator[str]:
    """The greatest loss always, and every rule or stage that costs something."""
    lost = {name: share for name, share in found.fates.items() if name != FOUND and share > 0}
    for place, (name, share) in enumerate(lost.items()):
        if name in _ADVICE and place == 0:
            yield f"Most is lost at {name}, {share:.1%} of what people went for: {_ADVICE[name]}."
        elif name.startswith(RULE) and share >= _NOTABLE:
            rule = name.removeprefix(RULE)
            yield f"The rule {rule!r} forbids {share:.1%} of what people went for: see whether it has to."
        elif name.startswith(STAGE) and share >= _NOTABLE:
            stage = name.removeprefix(STAGE)
            yield f"The stage {stage!r} moves {share:.1%} of it out of the list: turn it down if that is too much."


def _sources(found: Diagnosis) -> Iterator[str]:
    for source in found.sources:
        name = source["source"]
        if not source["recall"]:
            yield f"The source {name!r} found nothing that was wanted: look at its settings, or leave it out."
        elif source["alone"] < _NOTHING:
            quota = source["limit"]
            yield f"The source {name!r} finds next to nothing of its own: its {quota} places could go to others."
    best = max(found.sources, key=lambda s: s["alone"], default=None)
    if best is not None and best["alone"] >= _NOTABLE:
        yield f"Without {best['source']!r}, {best['alone']:.1%} would not be candidates: it brings most of its own."


def _drift(found: Diagnosis) -> Iterator[str]:
    turned = [c["column"] for c in found.columns[:20] if c["drift"] > _DRIFTED]
    if turned:
        yield f"Columns that are unlike what the ranker learned from: {', '.join(turned)}. Train more often."
    if len(found.weeks) > 2:
        *before, now = found.weeks[:-1]  # the newest week may have just begun
        for kind in sorted(now["kinds"]):
            usual = sum(w["kinds"].get(kind, 0.0) for w in before) / len(before)
            share = now["kinds"][kind]
            if abs(share - usual) > _TURNED:
                yield f"Events of the kind {kind!r} are {share:.0%} of the last full week, {usual:.0%} before."
    if found.cold >= _NOTABLE:
        yield f"{found.cold:.1%} of what people went for was new since the cut: only texts and live counts find it."
