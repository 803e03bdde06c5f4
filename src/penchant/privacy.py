"""What is kept about a person, shown whole and removed whole. Nothing here knows a clock or a surface.

Documents carry the names that files and HTTP use; models stay as they are until the next training.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from penchant.ports import Log, State, StateStore, digest
from penchant.types import Event, Pick, Query, Slate

Document = dict[str, Any]

REMAINING = ("models trained before this moment: what they learned in sum goes with the next training",)
_NAMES: Mapping[type, Mapping[str, str]] = {
    Event: {
        "id": "event_id",
        "user": "user_id",
        "item": "item_id",
        "kind": "event_type",
        "time": "timestamp",
        "slate": "slate_id",
    },
    Query: {"user": "user_id", "item": "item_id"},
    Pick: {"item": "item_id"},
    Slate: {"id": "slate_id", "time": "timestamp", "picks": "items"},
}


def export(log: Log, states: StateStore, user: str) -> Document:
    """Gather everything kept about a person: `user_id`, `events`, `slates` and a summary of their `state`.

    Lists are empty and `state` is None where nothing is kept; see `holds`.
    """
    return {
        "user_id": user,
        "events": [_document(record.entry) for record in log.events(user)],
        "slates": [_document(record.entry) for record in log.slates(user=user)],
        "state": _summary(states.get(user)),
    }


def holds(kept: Document) -> bool:
    """Whether an export has anything in it."""
    return bool(kept["events"] or kept["slates"] or kept["state"])


def forget(log: Log, states: StateStore, user: str, *, at: datetime | None = None) -> Document:
    """Remove a person's events, slates and state and answer with a receipt, which names nobody.

    `removed` counts what was there, zeros for a person of whom nothing was kept; `digest` is sha256 of the user id,
    as it stands in the log; `remaining` says what is not removed yet.
    """
    state = states.get(user)
    known = state is not None or log.events(user) or log.slates(user=user)
    counts = log.forget(user) if known else {}  # a log does not grow by requests about nobody
    states.delete(user)
    removed = {"events": counts.get("events", 0), "slates": counts.get("slates", 0), "states": int(state is not None)}
    return {
        "removed": removed,
        "forgotten_at": _document(at),
        "digest": digest(user),
        "remaining": list(REMAINING) if known else [],
    }


def _summary(state: State | None) -> Document | None:
    """How much each fold holds; its content is derived from the events."""
    if state is None:
        return None
    sizes = {name: max((len(c) for c in columns.values()), default=0) for name, columns in state.folds.items()}
    return {"position": state.position, "folds": sizes}


def _document(value: Any) -> Any:
    """A value as JSON has it, under the names of the outside."""
    if is_dataclass(value):
        names = _NAMES.get(type(value), {})
        return {names.get(f.name, f.name): _document(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    if isinstance(value, Mapping):
        return {key: _document(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_document(part) for part in value]
    return value
