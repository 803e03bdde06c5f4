"""What people did as material for a fine-tune: what follows what, moments as texts, and questions kept for validation.

Rule: validation asks about the newest moments and about items that are hidden from all that is learned.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from penchant.errors import NotReadyError
from penchant.evaluation.replay import Case, cases, thinned
from penchant.events.timeline import Timeline
from penchant.language.contrast import FineTuning, Material, Moments
from penchant.retrieval import closed_form
from penchant.text.texts import behaviour_text
from penchant.training.lessons import newest, person_by_person
from penchant.types import Array, Catalogue, Floats, Rows

_ASKED = 500  # moments of validation about hidden items, and as many about others, at most
_POOL = 3_000  # items among which they have to be found, at most
_NEAR = 10  # lookalikes kept per item
_LEAST = 20  # moments from which on there is something to learn
_PAST, _FADE = 20, 2.5  # items of a past that say what follows, and steps after which one has faded to 1/e
_AT_ONCE = 512


def material(timeline: Timeline, catalogue: Catalogue, texts: Sequence[str], settings: FineTuning) -> Material:
    """Cut what happened into what is learned from and what is asked. Raises NotReadyError if it is next to nothing."""
    dice = np.random.default_rng(settings.seed)
    size, positive = len(catalogue), timeline.positive()
    held, kept = _newest(timeline, positive, settings.newest)
    hidden = _hidden(timeline, size, settings.hidden, dice)
    known = kept & ~np.append(hidden, False)[timeline.item]
    past = timeline.where(np.flatnonzero(known))
    rows = np.unique(past.item[past.positive()]).astype(np.int32)
    people, before, step = closed_form.matrices(past, size, _PAST, _FADE)
    follows = (before.T @ step).tocsr()
    follows.setdiag(0)
    follows.eliminate_zeros()
    asked = _asked(timeline, held, hidden, settings)
    if len(rows) < 2 or follows.nnz < _LEAST or not len(asked.target):
        raise NotReadyError(f"fine-tuning: {follows.nnz} pairs of items that follow each other; {_LEAST} are needed")
    learned = _learned(past, catalogue, settings) if settings.form == "text" else Moments(past=(), target=rows[:0])
    counts = np.maximum(np.asarray((people > 0).sum(axis=0)).ravel(), 1)
    return Material(
        digest=_digest(texts, follows, learned, asked),
        texts=texts,
        rows=rows,
        popularity=counts / counts.sum(),
        follows=follows,
        near=_near(catalogue.vectors, rows, follows),
        learned=learned,
        asked=asked,
        pool=_pool(asked, rows, hidden, dice),
        hidden=hidden,
    )


def _newest(timeline: Timeline, positive: Array, share: float) -> tuple[list[Case], Array]:
    """The newest moments, and which events are left to learn from."""
    kept = np.ones(len(timeline), dtype=bool)
    if not len(positive):
        return [], kept
    if person_by_person(timeline):
        found = newest(timeline, positive)
        found = thinned(found, max(round(len(found) * share), 1))
        kept[np.concatenate([np.zeros(0, np.int64), *(case.places for case in found)])] = False
        return found, kept
    cut = int(timeline.time[positive[min(int(len(positive) * (1 - share)), len(positive) - 1)]])
    return cases(timeline, cut, int(timeline.time[-1]) + 1), timeline.time < cut


def _hidden(timeline: Timeline, size: int, share: float, dice: np.random.Generator) -> Array:
    met = np.unique(timeline.item[timeline.positive()])
    hidden = np.zeros(size, dtype=bool)
    hidden[dice.choice(met, int(len(met) * share), replace=False)] = True
    return hidden


def _asked(timeline: Timeline, held: Sequence[Case], hidden: Array, settings: FineTuning) -> Moments:
    """The newest moments about hidden items and about others; about hidden ones older moments too where they are few,
    since nothing of them is learned.
    """
    places = np.concatenate([np.zeros(0, np.int64), *(case.places for case in held)])
    positive = timeline.positive()
    old = np.setdiff1d(positive[hidden[timeline.item[positive]]], places)
    cold = places[hidden[timeline.item[places]]]
    cold = np.concatenate([old[::-1][: max(_ASKED - len(cold), 0)], cold])
    warm = places[~hidden[timeline.item[places]]]
    return _moments(timeline, np.concatenate([_some(cold), _some(warm)]), settings.history)


def _some(places: Array) -> Array:
    return places[np.linspace(0, len(places) - 1, _ASKED).round().astype(int)] if len(places) > _ASKED else places


def _moments(timeline: Timeline, places: Array, history: int) -> Moments:
    """Each place as a moment of its person: the newest other items before it, if there are any."""
    past: list[Rows] = []
    target: list[int] = []
    for place in places.tolist():
        before = _before(timeline, place)
        items = timeline.item[before][::-1]
        _, first = np.unique(items, return_index=True)
        items = items[np.sort(first)]
        items = items[items != timeline.item[place]][:history].astype(np.int32)
        if len(items):
            past.append(items)
            target.append(int(timeline.item[place]))
    return Moments(past=past, target=np.array(target, np.int32))


def _before(timeline: Timeline, place: int) -> Array:
    """Places of what the person of an event liked before it."""
    own = timeline.places("user", int(timeline.user[place]))
    own = own[timeline.time[own] < timeline.time[place]]
    liked: Array = own[(timeline.item[own] >= 0) & (timeline.kinds.weights[timeline.kind[own]] > 0)]
    return liked


def _learned(past: Timeline, catalogue: Catalogue, settings: FineTuning) -> Moments:
    """The newest moments with their pasts as text, oldest event first."""
    target: list[int] = []
    said: list[str] = []
    for place in past.positive()[::-1][: settings.moments].tolist():
        before = _before(past, place)[-settings.history :]
        if len(before):
            names = [past.kinds.names[kind] for kind in past.kind[before].tolist()]
            titles = [catalogue.items[row].title for row in past.item[before].tolist()]
            said.append(behaviour_text(list(zip(names, titles, strict=True)), settings.history))
            target.append(int(past.item[place]))
    return Moments(past=(), target=np.array(target, np.int32), behaviour=said)


def _near(vectors: Floats, rows: Rows, follows: Any) -> Rows:
    """The nearest texts of each item among those that never follow it, nor it them."""
    texts = vectors[rows] - vectors[rows].mean(axis=0)
    texts /= np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-9)
    among = follows[rows][:, rows]
    taken = ((among + among.T) > 0).tocsr()
    found = np.full((len(rows), min(_NEAR, max(len(rows) - 1, 0))), -1, np.int32)
    for start in range(0, len(rows), _AT_ONCE):
        part = np.arange(start, min(start + _AT_ONCE, len(rows)))
        like = texts[part] @ texts.T
        like[taken[part].toarray()] = -np.inf
        like[np.arange(len(part)), part] = -np.inf
        top = np.argsort(-like, axis=1, kind="stable")[:, : found.shape[1]]
        found[part] = np.where(np.isfinite(np.take_along_axis(like, top, axis=1)), rows[top], -1)
    return found


def _pool(asked: Moments, rows: Rows, hidden: Array, dice: np.random.Generator) -> Rows:
    needed = np.unique(np.concatenate([asked.target, *asked.past]))
    others = np.setdiff1d(np.union1d(rows, np.flatnonzero(hidden)), needed)
    room = min(max(_POOL - len(needed), 0), len(others))
    return np.union1d(needed, dice.choice(others, room, replace=False)).astype(np.int32)


def _digest(texts: Sequence[str], follows: Any, learned: Moments, asked: Moments) -> str:
    total = hashlib.blake2b(digest_size=8)
    for text in (*texts, *learned.behaviour):
        total.update(f"{text}\0".encode("utf-8", "replace"))
    for array in (follows.indptr, follows.indices, follows.data, learned.target, asked.target):
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()
