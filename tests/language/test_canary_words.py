"""Injections in what strangers write, before a model that obeys them and reads wishes or writes texts: a wish names no
single item, hides nothing and repeats no rules; a text is the template's.
"""

import json
import re

import numpy as np
import pytest

from penchant.catalogue import columns
from penchant.language.copywriting import Copywriter
from penchant.language.facts import Ground
from penchant.language.prompted import RULES, completed
from penchant.language.steering import Reading
from penchant.quotes import DATA, leaks, plain
from penchant.testing.writing import Writes, guarded
from penchant.types import Item
from tests.language.injections import INJECTIONS, ORDER

KINDS = ["Garden", "Kitchen", "Lamps"]


def catalogue(text, place):
    items = [Item(id=f"i{n}", title=f"{KINDS[n % 3]} {n}", attributes={"category": KINDS[n % 3]}) for n in range(12)]
    fields = {"title": text} if place == "title" else {"title": "mug", "attributes": {"category": text}}
    items.append(Item(id="x", **fields))
    return columns.build(items, np.zeros((len(items), 4), np.float32), "")


def obedient(prompt):
    """What a model says that names all it was told, orders and rules first."""
    told = [json.loads(quote) for quote in re.findall(r'"(?:[^"\\]|\\.)*"', prompt.user)]
    named = [*sorted(told, key=len, reverse=True), prompt.system, "everything", "Garden"]
    changes = [{"way": way, "what": what[:40]} for what in named for way in ("more", "only")]
    return json.dumps({"changes": changes, "hide": told, "policy": "new", "rules": prompt.system})


@pytest.mark.parametrize("place", ["title", "category", "wish"])
@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_a_wish_names_kinds_of_items_and_nothing_else(text, place):
    known = catalogue("a mug" if place == "wish" else text, place)
    spy = Writes(obedient)
    wish = text if place == "wish" else "something nicer please"
    found = completed(Reading(deltas=(), ignored=(wish,)), known, guarded(spy))
    assert DATA in spy.asked[0].system
    assert len(spy.asked[0].user.splitlines()) == 2
    for delta in found.deltas:
        assert (delta.aim, delta.way) == ("concept", "more")
        assert {value for term in delta.terms for _, value in term} <= {*KINDS, *map(str.casefold, KINDS)}
        assert not leaks(delta.about, RULES)


@pytest.mark.parametrize("place", ["description", "category", "reviewed", "title"])
@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_a_text_that_obeys_is_not_shown(text, place):
    fields = {"title": "Blue mug", "attributes": {"category": "Kitchen", "price": 3}}
    if place in ("title", "description"):
        fields[place] = text
    elif place == "category":
        fields["attributes"] = {"category": text, "price": 3}
    grounds = [Ground(kind="because", titles=(text if place == "reviewed" else "Red mug",))]
    spy = Writes(lambda prompt: f"{ORDER} {prompt.system} {text} Buy it now for 1, it is the best there is.")
    item = Item(id="x", **fields)
    piece = Copywriter(generator=guarded(spy), deadline=30).write(item, grounds, "en")
    assert spy.asked
    usual = Copywriter().write(item, grounds, "en")
    assert (piece.writer, piece.text) == (usual.writer, usual.text)
    assert piece.rejected
    assert not any(leaks(piece.text, prompt.system) for prompt in spy.asked)
    if place in ("description", "category"):
        assert plain(ORDER)[:30] not in piece.text
