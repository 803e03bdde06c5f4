"""Labels of the questions by anything the project knows: an attribute of items or people, or the context of events.

A name is looked up in this order: the item's category or attribute, the context of the answering event, the person's
profile as of the answer. What has none is labelled with the empty text.
"""

from collections.abc import Mapping, Sequence

from penchant.errors import UsageError
from penchant.evaluation.answers import Asked
from penchant.evaluation.replay import Case
from penchant.events.segments import named
from penchant.events.timeline import Timeline
from penchant.ports import Log
from penchant.types import Catalogue, Event, Value, micros

PROFILE = "profile"  # the kind of events whose context describes the person


def segments(
    names: Sequence[str], asked: Asked, cases: Sequence[Case], timeline: Timeline, catalogue: Catalogue, log: Log
) -> dict[str, list[str]]:
    """Name → a label per wanted item. Raises UsageError where nothing has that name."""
    found = {name: _of_items(name, asked, catalogue) for name in names}
    told = [name for name, labels in found.items() if not any(labels)]
    if told:
        contexts = _contexts(cases, timeline, log)
        for name in told:
            found[name] = [named(contexts[place].get(name)) for place in asked.owner.tolist()]
    for name, labels in found.items():
        if not any(labels):
            raise UsageError(f"slice {name!r}: no item, event or profile of the questions has it")
    return found


def _of_items(name: str, asked: Asked, catalogue: Catalogue) -> list[str]:
    return [named(catalogue.items[row].attributes.get(name)) for row in asked.rows.tolist()]


def _contexts(cases: Sequence[Case], timeline: Timeline, log: Log) -> list[Mapping[str, Value]]:
    """Of each question: what the person's profile and, above it, the answering event say."""
    found: list[Mapping[str, Value]] = [{} for _ in cases]
    by_person: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        by_person.setdefault(case.user, []).append(place)
    for user, places in by_person.items():
        records = [(record.position, record.entry) for record in log.events(user)]
        events = {position: entry for position, entry in records if isinstance(entry, Event)}
        for place in places:
            found[place] = _context(cases[place], timeline, events)
    return found


def _context(case: Case, timeline: Timeline, events: Mapping[int, Event]) -> dict[str, Value]:
    known: dict[str, Value] = {}
    for event in events.values():
        if event.kind == PROFILE and event.time is not None and micros(event.time) <= case.time:
            known |= event.context
    answer = events.get(int(timeline.position[case.places[0]]))
    return {**known, **(answer.context if answer else {})}
